"""The windows of a study by role, with the input channels of its models."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ppgkd.datasets.ppg_channels import is_first_channel, name_without_channel
from ppgkd.errors import PpgkdError
from ppgkd.models.capacity import InputShape
from ppgkd.study.roles import REQUIRED_ROLES, ROLES
from ppgkd.windows.read import Windows, concatenate_windows, read_selected
from ppgkd.windows.table import WindowsFile

EVALUATED_ROLES = ("val", "test")


@dataclass(frozen=True)
class StudyWindows:
    """The windows of a study, by role.

    After the final training of a study with folds, which has no test subjects, ``test`` has the
    windows of ``val``.

    Attributes
    ----------
    train, val, test, pretrain, unlabelled
        Windows of the roles.
    n_train_of_all, n_transfer_of_all
        In a subset of the training people, number of windows of ``train`` and of `transfer` with
        all of them; otherwise None.
    """

    train: Windows
    val: Windows
    test: Windows
    pretrain: Windows | None = None
    unlabelled: Windows | None = None
    n_train_of_all: int | None = None
    n_transfer_of_all: int | None = None

    @property
    def transfer(self) -> Windows:
        """The transfer set of distillation: train, and unlabelled without its reference."""
        if self.unlabelled is None:
            return self.train
        without_reference = self.unlabelled.index.assign(hr_bpm=np.float32("nan"))
        return concatenate_windows([self.train, replace(self.unlabelled, index=without_reference)])

    @property
    def pretraining(self) -> Windows | None:
        """Windows of the teachers' pretraining, if any: pretrain and train."""
        return None if self.pretrain is None else concatenate_windows([self.pretrain, self.train])


def read_study_windows(
    window_paths: Iterable[str | Path], splits_path: str | Path, inputs: InputShape
) -> StudyWindows:
    """Read the windows of all roles, with the input channels of the models.

    Parameters
    ----------
    window_paths
        The study's windows files.
    splits_path
        Table of `ppgkd.splits.assignment.split_subjects`, as CSV; or of
        `ppgkd.splits.people.take_subset`.
    inputs
        Input shape of the models. The first PPG channels of a dataset are used. If a dataset in
        the roles ``pretrain`` and ``unlabelled`` has fewer, its channels are repeated in turn. If
        each channel is a recording of its own (`ppgkd.datasets.ppg_channels`), only the first one
        is evaluated.

    Raises
    ------
    PpgkdError
        If a file cannot be read, lacks a channel, or a required role has no windows.
    """
    splits = _read_splits(splits_path)
    channels = input_channels(inputs)
    files = [WindowsFile(path) for path in window_paths]
    roles = _roles(files, splits)
    of_all: dict[str, Any] = {}
    if "full_role" in splits:
        counted = Counter(
            role for file in files for role in _roles_of_windows(file.index, splits["full_role"])
        )
        of_all = {
            "n_train_of_all": counted["train"],
            "n_transfer_of_all": counted["train"] + counted["unlabelled"],
        }
    found = [role for role in ROLES if any((of_file == role).any() for of_file in roles)]
    is_final = "test" not in set(splits["role"])
    for role in REQUIRED_ROLES[:2] if is_final else REQUIRED_ROLES:
        if role not in found:
            raise PpgkdError(f"No windows are left for role '{role}'; see {splits_path}.")
    windows: dict[str, Any] = {
        role: read_selected(
            [(file, of_file == role) for file, of_file in zip(files, roles, strict=True)],
            channels,
            fill=role not in REQUIRED_ROLES,
        )
        for role in found
    }
    return StudyWindows(**{"test": windows["val"], **windows, **of_all})


def training_amount(files: Sequence[WindowsFile], splits_path: str | Path) -> tuple[int, int]:
    """Number of people whose labelled windows are learned from, and of these windows.

    The further channels of a recording do not count.

    Parameters
    ----------
    files
        The study's windows files.
    splits_path
        As in `read_study_windows`.
    """
    trains = [
        (roles == "train") & file.index["recording"].map(is_first_channel).to_numpy(bool)
        for file, roles in zip(files, _roles(files, _read_splits(splits_path)), strict=True)
    ]
    people = {
        subject
        for file, own in zip(files, trains, strict=True)
        for subject in file.index["subject"][own]
    }
    return len(people), int(sum(own.sum() for own in trains))


def input_channels(inputs: InputShape) -> tuple[str, ...]:
    """Names of the input channels of the models."""
    ppg = tuple(f"ppg_{number}" for number in range(1, inputs.ppg_channels + 1))
    return (*ppg, "acc_x", "acc_y", "acc_z") if inputs.acc_channels else ppg


def _read_splits(path: str | Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype=str).set_index(["dataset", "subject"])


def _roles(files: Sequence[WindowsFile], splits: pd.DataFrame) -> list[NDArray[np.object_]]:
    """Role of each window of each file, in a subset of what is there of each person."""
    roles = [_roles_of_windows(file.index, splits["role"]) for file in files]
    if "max_windows" in splits:
        for file, of_file in zip(files, roles, strict=True):
            of_file[_is_beyond(file.index, splits["max_windows"])] = None
    return roles


def _roles_of_windows(index: pd.DataFrame, role_of: pd.Series[str]) -> NDArray[np.object_]:
    """Role of each window; of further channels of a recording, none if it would be evaluated."""
    keys = pd.MultiIndex.from_frame(index[["dataset", "subject"]])
    roles = role_of.reindex(keys).to_numpy(dtype=object)
    others = ~index["recording"].map(is_first_channel).to_numpy(dtype=bool)
    roles[others & np.isin(roles.astype(str), EVALUATED_ROLES)] = None
    return roles


def _is_beyond(index: pd.DataFrame, max_windows: pd.Series[str]) -> NDArray[np.bool_]:
    """Whether a window comes after those that are taken of its subject."""
    recording = index["recording"].map(name_without_channel)
    keys = pd.DataFrame({"subject": index["subject"], "of": recording, "window": index["window"]})
    # the channels of a recording have the same windows
    distinct = keys.drop_duplicates()
    distinct = distinct.assign(number=distinct.groupby("subject").cumcount())
    number = keys.merge(distinct, how="left")["number"].to_numpy()
    limits = max_windows.reindex(pd.MultiIndex.from_frame(index[["dataset", "subject"]]))
    return np.asarray(number >= limits.astype(float).fillna(np.inf).to_numpy())
