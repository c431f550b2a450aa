"""Assign every subject a role."""

from ppgkd.runtime.job import job
from ppgkd.runtime.artifacts import write_csv
from ppgkd.splits.assignment import (
    leave_nobody_out,
    leave_one_dataset_out,
    leave_people_out,
    split_subjects,
)
from ppgkd.splits.people import take_subset
from ppgkd.study.cell import FINAL
from ppgkd.study.roles import BY_DATASET, REQUIRED_ROLES
from ppgkd.study.subset import parse_subset
from ppgkd.windows.table import subjects_with_windows

with job(snakemake.log[0]):
    params = snakemake.params
    datasets, folds, fold, required = params.datasets, params.split["folds"], None, REQUIRED_ROLES
    subjects = {
        name: subjects_with_windows(path)
        for name, path in zip(datasets, snakemake.input, strict=True)
    }
    if params.fold == FINAL:
        datasets, required = leave_nobody_out(datasets, folds == BY_DATASET), REQUIRED_ROLES[:2]
    elif params.other_people:
        number, folds, people_unknown = params.other_people
        datasets = leave_people_out(subjects, datasets, folds, people_unknown)
        fold = (number, folds)
    elif folds == BY_DATASET:
        datasets = leave_one_dataset_out(datasets, int(params.fold))
    elif folds:
        fold = (int(params.fold), folds)
    table = split_subjects(subjects, datasets, params.split["seed"], fold, required)
    if params.subset:
        subset = parse_subset(params.subset)
        table = take_subset(table, subset, seed=params.split["seed"], **params.people)
    write_csv(snakemake.output[0], table)
