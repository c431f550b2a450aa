"""From the configuration that a user wrote to the study that it asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ppgkd.study.checks import (
    check_compared,
    check_features,
    check_folds,
    check_motion,
    check_other_people,
    check_people,
    check_rates,
    check_splits,
    check_what_is_taught,
    check_windows,
)
from ppgkd.study.configuration import read_configuration
from ppgkd.study.members import find_models, find_teachers, find_tuning
from ppgkd.study.study import Study, input_shape
from ppgkd.study.used_datasets import use_dataset


def parse_study(given: Mapping[str, Any]) -> Study:
    """Check a configuration, fill in its defaults and derive the study.

    Parameters
    ----------
    given
        The mapping read from YAML.

    Raises
    ------
    PpgkdError
        If a key is unknown, a value is not allowed or two values contradict each other. The
        message names the key, what was found and what is allowed. Errors of single keys are all
        listed.
    """
    configuration, config = read_configuration(given)
    inputs = input_shape(config)
    splits = configuration.datasets
    datasets = tuple(use_dataset(name, configuration) for name in splits)
    check_splits(splits, datasets, configuration.folds)
    tested = tuple(name for name, split in splits.items() if split.has_subjects("test"))
    check_folds(configuration.folds, tested)
    check_other_people(configuration, datasets, tested)
    check_people(configuration)
    check_windows(configuration.windows)
    check_motion(configuration)
    check_rates(configuration)
    check_compared(configuration)
    # in the order in which they were written, which is that of the sweep
    students = find_models("students", config["students"], inputs)
    teachers = find_teachers(configuration.teachers, inputs, tuple(splits), configuration.study)
    check_features(config["strategies"], teachers)
    check_what_is_taught(config["strategies"], teachers, splits)
    tuning = find_tuning(config, teachers, students)
    return Study(config, datasets, tested, teachers, students, tuning)
