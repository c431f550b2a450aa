"""The windows of a study by role, with the input channels of its models."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ppgkd.datasets.ppg_channels import is_first_channel
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
    """

    train: Windows
    val: Windows
    test: Windows
    pretrain: Windows | None = None
    unlabelled: Windows | None = None

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
        Table of `ppgkd.splits.assignment.split_subjects`, as CSV.
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
    splits = pd.read_csv(splits_path, dtype=str)
    role_of = splits.set_index(["dataset", "subject"])["role"]
    channels = input_channels(inputs)
    files = [WindowsFile(path) for path in window_paths]
    roles = [_roles_of_windows(file.index, role_of) for file in files]
    found = [role for role in ROLES if any((of_file == role).any() for of_file in roles)]
    is_final = "test" not in set(role_of)
    for role in REQUIRED_ROLES[:2] if is_final else REQUIRED_ROLES:
        if role not in found:
            raise PpgkdError(f"No windows are left for role '{role}'; see {splits_path}.")
    windows = {
        role: read_selected(
            [(file, of_file == role) for file, of_file in zip(files, roles, strict=True)],
            channels,
            fill=role not in REQUIRED_ROLES,
        )
        for role in found
    }
    return StudyWindows(**{"test": windows["val"], **windows})


def input_channels(inputs: InputShape) -> tuple[str, ...]:
    """Names of the input channels of the models."""
    ppg = tuple(f"ppg_{number}" for number in range(1, inputs.ppg_channels + 1))
    return (*ppg, "acc_x", "acc_y", "acc_z") if inputs.acc_channels else ppg


def _roles_of_windows(index: pd.DataFrame, role_of: pd.Series[str]) -> NDArray[np.object_]:
    """Role of each window; of further channels of a recording, none if it would be evaluated."""
    keys = pd.MultiIndex.from_frame(index[["dataset", "subject"]])
    roles = role_of.reindex(keys).to_numpy(dtype=object)
    others = ~index["recording"].map(is_first_channel).to_numpy(dtype=bool)
    roles[others & np.isin(roles.astype(str), EVALUATED_ROLES)] = None
    return roles
