"""The datasets of a study, with the recordings and PPG channels that it takes of them."""

from __future__ import annotations

import re
from dataclasses import replace

from ppgkd.datasets.own.dataset import own_dataset
from ppgkd.datasets.registry import DATASETS, Dataset, get_dataset, simulated_dataset
from ppgkd.errors import PpgkdError
from ppgkd.study.configuration import Configuration, DatasetSplit
from ppgkd.study.roles import REQUIRED_ROLES


def use_dataset(name: str, configuration: Configuration) -> Dataset:
    """Find a dataset of a study, and check that it has the channels that the models see.

    Raises
    ------
    PpgkdError
        If there is no such dataset, or it lacks a channel.
    """
    split, inputs = configuration.datasets[name], configuration.inputs
    dataset = _with_ppg_channels(_find_dataset(name, configuration), split.ppg)
    dataset = _without_doubtful(dataset, split.include or [])
    if not dataset.has_reference:
        _require_unlabelled(name, split)
    if inputs.accelerometer and not dataset.acc_channels and split.acceleration is None:
        raise PpgkdError(
            f"Dataset '{name}' has no accelerometer, and 'inputs.accelerometer' is true; set it to "
            "false, so that the study's models see the PPG alone, or, if the sensor was held "
            f"still, set 'datasets.{name}.acceleration: still', so that they get zeros, or leave "
            "the dataset out."
        )
    if split.acceleration and dataset.acc_channels:
        raise PpgkdError(
            f"'datasets.{name}.acceleration' is 'still', but the dataset has an accelerometer; "
            "leave the key out."
        )
    wanted = inputs.ppg_channels
    evaluated = any(split.has_subjects(role) for role in REQUIRED_ROLES)
    if wanted > dataset.ppg_channels and evaluated:
        raise PpgkdError(
            f"'inputs.ppg_channels' is {wanted}, but dataset '{name}' has {dataset.ppg_channels} "
            f"PPG channels; ask for at most {dataset.ppg_channels}, or use the dataset in the "
            "roles 'pretrain' and 'unlabelled' alone, where missing channels are repeated ones."
        )
    return dataset


def _require_unlabelled(name: str, split: DatasetSplit) -> None:
    """Refuse other roles, and a lag, of a dataset without a reference."""
    others = [role for role in split.roles if role != "unlabelled" and split.has_subjects(role)]
    if others:
        raise PpgkdError(
            f"Dataset '{name}' has no reference ('reference: none' in {split.file}), and "
            f"'datasets.{name}' gives it the roles {others}, which need one. Use it in the role "
            f"'unlabelled' alone, {{file: {split.file}, unlabelled: 1}}, so that students learn "
            "from a teacher's outputs on it, or describe its reference."
        )
    if split.reference_lag_s:
        raise PpgkdError(
            f"'datasets.{name}.reference_lag_s' moves references, and dataset '{name}' has none "
            f"('reference: none' in {split.file}); leave the key out."
        )


def _with_ppg_channels(dataset: Dataset, ppg: str | list[str] | None) -> Dataset:
    """Return the dataset with the PPG channels that the study takes of it."""
    if ppg is None:
        return dataset
    if isinstance(ppg, str):  # average or each
        return replace(dataset, ppg_channels=1)
    available = [f"ppg_{number}" for number in range(1, dataset.ppg_channels + 1)]
    unknown = sorted(set(ppg) - set(available))
    if unknown:
        raise PpgkdError(
            f"'datasets.{dataset.name}.ppg' names {unknown}; the dataset has {available}."
        )
    return replace(dataset, ppg_channels=len(ppg))


def _without_doubtful(dataset: Dataset, include: list[str]) -> Dataset:
    """Return the dataset without the recordings whose reference is doubtful."""
    doubtful = [entry.name for entry in dataset.recordings if entry.doubt]
    unknown = sorted(set(include) - set(doubtful))
    if unknown:
        raise PpgkdError(
            f"'datasets.{dataset.name}.include' names {unknown}; the recordings that are left out "
            f"unless they are named there are {doubtful}."
        )
    left_out = tuple(e for e in dataset.recordings if e.doubt and e.name not in include)
    used = tuple(entry for entry in dataset.recordings if entry not in left_out)
    return replace(dataset, recordings=used, left_out=left_out)


def _find_dataset(name: str, configuration: Configuration) -> Dataset:
    path = configuration.datasets[name].file
    if path is None:
        if name == "simulated":
            return simulated_dataset(configuration.simulation.n_subjects)
        return get_dataset(name)
    if name in DATASETS or not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name):
        raise PpgkdError(
            f"'datasets.{name}' has a file of your own, but cannot have this name; take letters, "
            f"digits and underscores, and none of {', '.join(DATASETS)}."
        )
    try:
        return own_dataset(name, path)
    except PpgkdError as error:
        raise PpgkdError(
            f"'datasets.{name}.file' (relative to the folder that Snakemake works in): {error}"
        ) from error
