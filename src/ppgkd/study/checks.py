"""Checks of keys that must fit to each other: split fractions, subjects, folds, windows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from ppgkd.datasets.registry import Dataset
from ppgkd.errors import PpgkdError
from ppgkd.strategies.registry import STRATEGIES
from ppgkd.study.configuration import Configuration, DatasetSplit, Windows
from ppgkd.study.roles import BY_DATASET, REQUIRED_ROLES, ROLES, has_other_people
from ppgkd.study.study import COMPARED, Teacher

Folds = int | str | None


def check_splits(
    splits: Mapping[str, DatasetSplit], datasets: tuple[Dataset, ...], folds: Folds
) -> None:
    """Check that every subject exists and has one role, and that every required role is filled."""
    role_of: dict[str, tuple[str, str]] = {}
    for dataset in datasets:
        split = splits[dataset.name]
        where = f"'datasets.{dataset.name}'"
        lists = {r: given for r, given in split.roles.items() if isinstance(given, list)}
        fractions = {r: given for r, given in split.roles.items() if not isinstance(given, list)}
        if not split.roles:
            raise PpgkdError(f"{where} has no role; give it at least one of {list(ROLES)}.")
        if lists and fractions:
            raise PpgkdError(
                f"{where} mixes fractions and lists of subjects; use one kind for all its roles."
            )
        _check_subjects_exist(where, dataset, split.exclude or ())
        if dataset.people_unknown:
            _check_people(where, split, folds)
        if isinstance(split.reference_lag_s, dict):
            _check_recordings_exist(where, dataset, split.reference_lag_s)
        if fractions:
            _check_fractions(where, fractions, folds)
        else:
            _check_lists(where, dataset, lists, folds, role_of)
    for role in REQUIRED_ROLES:
        if not any(split.has_subjects(role) for split in splits.values()):
            raise PpgkdError(
                f"No dataset has subjects in role '{role}'; a study needs all of "
                f"{list(REQUIRED_ROLES)}."
            )


def _check_fractions(where: str, fractions: Mapping[str, float], folds: Folds) -> None:
    test = fractions.get("test")
    if folds == BY_DATASET:
        if test and test != 1:
            raise PpgkdError(
                f"{where}: with 'folds: {BY_DATASET}' all of a dataset is tested when it is left "
                f"out, so 'test' must be 1, besides train and val for the other folds; found "
                f"{test:g}."
            )
    elif isinstance(folds, int) and test and abs(test - 1 / folds) > 1e-3:
        raise PpgkdError(
            f"{where}: with 'folds: {folds}' every subject is tested once, so 'test' must be "
            f"{1 / folds:.4g}; found {test:g}."
        )
    counted = [role for role in fractions if role != "test" or folds != BY_DATASET]
    total = sum(fractions[role] for role in counted)
    if abs(total - 1) > 1e-6:
        raise PpgkdError(
            f"{where}: the fractions of {counted} add up to {total:g}; they must add up to 1 (use "
            "'exclude' or lists of subjects to leave some out)."
        )


def _check_lists(
    where: str,
    dataset: Dataset,
    lists: Mapping[str, list[str]],
    folds: Folds,
    role_of: dict[str, tuple[str, str]],
) -> None:
    """Check one dataset's lists; ``role_of`` collects role and dataset of each subject."""
    if folds and lists.get("test"):
        raise PpgkdError(
            f"{where} lists the subjects of role 'test', but 'folds: {folds}' says who is tested "
            "in which fold; give fractions, or leave 'folds' out."
        )
    for role, subjects in lists.items():
        _check_subjects_exist(where, dataset, subjects)
        for subject in subjects:
            other_role, other_dataset = role_of.setdefault(subject, (role, dataset.name))
            if other_role != role:
                raise PpgkdError(
                    f"Subject '{subject}' is in role '{other_role}' of dataset '{other_dataset}' "
                    f"and in role '{role}' of dataset '{dataset.name}'; a subject has one role. "
                    "Remove it from one of the lists."
                )


def _check_people(where: str, split: DatasetSplit, folds: Folds) -> None:
    """Check that nobody who is tested is learned from under another name."""
    roles = [role for role in split.roles if split.has_subjects(role)]
    if folds != BY_DATASET and "test" in roles and len(roles) > 1:
        raise PpgkdError(
            f"{where} has the roles {roles}, but which of its recordings are of the same person is "
            "not published, so a study would test on people whom it has learned; give all of it "
            f"one role, or leave out whole datasets ('folds: {BY_DATASET}')."
        )


def _check_subjects_exist(where: str, dataset: Dataset, subjects: Iterable[str]) -> None:
    unknown = sorted(set(subjects) - set(dataset.subjects))
    if unknown:
        raise PpgkdError(f"{where} names unknown subjects {unknown}; it has {[*dataset.subjects]}.")


def _check_recordings_exist(where: str, dataset: Dataset, lags_s: Mapping[str, float]) -> None:
    names = [recording.name for recording in dataset.recordings]
    unknown = sorted(set(lags_s) - set(names))
    if unknown:
        raise PpgkdError(
            f"{where}: 'reference_lag_s' names unknown recordings {unknown}; it has {names}."
        )


def check_folds(folds: Folds, tested: tuple[str, ...]) -> None:
    """Check that a study that leaves out datasets has at least two to leave out."""
    if folds == BY_DATASET and len(tested) < 2:
        raise PpgkdError(
            f"'folds: {BY_DATASET}' leaves out datasets with 'test: 1' in turn; found "
            f"{list(tested)}, expected at least two."
        )


def check_other_people(
    configuration: Configuration, datasets: tuple[Dataset, ...], tested: tuple[str, ...]
) -> None:
    """Check that a dataset that is left out has other people, enough for the folds."""
    folds = configuration.other_people
    if folds is None:
        return
    if configuration.folds != BY_DATASET:
        raise PpgkdError(
            f"'other_people' is {folds}, but 'folds' is {configuration.folds}; it belongs to "
            f"'folds: {BY_DATASET}', beside whose errors it puts those on other people of the same "
            "datasets. Leave one of them out."
        )
    people = {
        dataset.name: 0
        if dataset.people_unknown
        else len(set(dataset.subjects) - set(configuration.datasets[dataset.name].exclude or ()))
        for dataset in datasets
        if dataset.name in tested
    }
    roles = {name: configuration.datasets[name].roles for name in people}
    if not any(has_other_people(people[name], roles[name], folds) for name in people):
        raise PpgkdError(
            f"'other_people' is {folds}, but no dataset that is left out has so many people, known "
            f"apart, that all are tested in turn and some are left for its other roles; found "
            f"{people}. Take fewer folds, at least 2, or leave the key out."
        )


def check_people(configuration: Configuration) -> None:
    """Check that fewer people can be drawn, and that nothing else changes with their number."""
    people = configuration.people
    if people is None:
        return
    if not isinstance(configuration.folds, int):
        raise PpgkdError(
            f"'people' is given, but 'folds' is {configuration.folds}; the number of training "
            "people is varied in folds by subject, so that everybody is tested. Give a number of "
            "folds, at least 2."
        )
    if not people.sizes and not people.minutes:
        raise PpgkdError(
            "'people' has neither 'sizes' nor 'minutes'; give numbers of people to train with, as "
            "in 'sizes: [2, 4, 8]', or leave 'people' out."
        )
    if configuration.tuning:
        raise PpgkdError(
            "'people' and 'tuning' are both given: settings that are tuned with all people would "
            "tell of them. Put the settings in 'strategies', and leave 'tuning' out."
        )
    trained = [
        name for name, split in configuration.datasets.items() if split.has_subjects("train")
    ]
    if unknown := [name for name in people.datasets or () if name not in trained]:
        raise PpgkdError(
            f"'people.datasets' names {unknown}, of which nobody trains; there are {trained}."
        )


def check_windows(windows: Windows) -> None:
    """Check that a window has a whole number of samples, and that the pass band exists."""
    n_samples = windows.length_s * windows.rate_hz
    if abs(n_samples - round(n_samples)) > 1e-6:
        raise PpgkdError(
            f"'windows.length_s' times 'windows.rate_hz' is {n_samples:g} samples; it must be a "
            "whole number."
        )
    if windows.low_hz >= windows.high_hz:
        raise PpgkdError(
            f"'windows.low_hz' is {windows.low_hz} and 'windows.high_hz' {windows.high_hz}; "
            "the first must be the smaller."
        )
    if windows.high_hz > windows.rate_hz / 2:
        raise PpgkdError(
            f"'windows.high_hz' is {windows.high_hz}, above half of 'windows.rate_hz' "
            f"({windows.rate_hz / 2:g} Hz); lower it or raise the rate."
        )


def check_motion(configuration: Configuration) -> None:
    """Check that augmentations of the acceleration have one to change."""
    augmentation = configuration.augmentation
    given = {
        "real_motion": augmentation.real_motion > 0,
        "weaker_acceleration": augmentation.weaker_acceleration > 1,
    }
    if any(given.values()) and not configuration.inputs.accelerometer:
        key = next(name for name, is_given in given.items() if is_given)
        raise PpgkdError(
            f"'augmentation.{key}' is {getattr(augmentation, key):g}, but with "
            "'inputs.accelerometer: false' there is no motion to take; leave one of them out."
        )


def check_features(strategies: Iterable[str], teachers: Iterable[Teacher]) -> None:
    """Check that no teacher without features is to teach by them."""
    without = [teacher.name for teacher in teachers if teacher.estimates]
    if "feature" in strategies and without:
        raise PpgkdError(
            f"Strategy 'feature' needs teachers with features, and {without} have none: what is "
            "recorded are distributions. Name the other strategies under 'strategies', without "
            "feature, or leave these teachers out."
        )


def check_what_is_taught(
    strategies: Mapping[str, Mapping[str, float]],
    teachers: Iterable[Teacher],
    splits: Mapping[str, DatasetSplit],
) -> None:
    """Check that each dataset with labels teaches something, by its labels or by the teacher."""
    labelled = [name for name, split in splits.items() if split.has_subjects("train")]
    for teacher in teachers:
        if teacher.estimates is None:
            continue
        silent = [name for name in labelled if name not in teacher.estimates.datasets]
        for strategy, settings in strategies.items():
            if silent and STRATEGIES[strategy].needs_teacher and not settings["label_weight"]:
                raise PpgkdError(
                    f"Teacher '{teacher.name}' says nothing of the training datasets {silent}, and "
                    f"'strategies.{strategy}.label_weight' is 0, so that their labels would teach "
                    "nothing, either. Give it a weight, such as 1; or give these datasets another "
                    "role."
                )


def check_rates(configuration: Configuration) -> None:
    """Check that a window has a whole number of samples at every rate of export.

    Rounding the number of samples would scale every heart rate.
    """
    length_s = configuration.windows.length_s
    fractional = [
        rate_hz
        for rate_hz in configuration.onnx.rates_hz
        if abs(length_s * rate_hz - round(length_s * rate_hz)) > 1e-6
    ]
    if fractional:
        raise PpgkdError(
            f"'onnx.rates_hz' has {fractional}, at which a window of 'windows.length_s' = "
            f"{length_s:g} s is not a whole number of samples; leave these rates out, or take "
            "another length."
        )


def check_compared(configuration: Configuration) -> None:
    """Check that the studies to compare with are finished: Snakemake cannot make their files."""
    for name in configuration.compare:
        if name == configuration.study:
            raise PpgkdError(f"'compare' names '{name}', which is this study; name others.")
        missing = [file for file in COMPARED if not Path("results", name, file).is_file()]
        if missing:
            raise PpgkdError(
                f"'compare' names '{name}', but results/{name} lacks {missing}; run that study "
                "first, or leave it out."
            )
