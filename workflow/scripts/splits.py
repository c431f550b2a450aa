"""Assign every subject a role."""

from ppgkd.runtime.job import job
from ppgkd.runtime.artifacts import write_csv
from ppgkd.splits.assignment import leave_one_dataset_out, leave_people_out, split_subjects
from ppgkd.study.roles import BY_DATASET
from ppgkd.windows.table import subjects_with_windows

with job(snakemake.log[0]):
    params = snakemake.params
    datasets, folds = params.datasets, params.split["folds"]
    subjects = {
        name: subjects_with_windows(path)
        for name, path in zip(datasets, snakemake.input, strict=True)
    }
    if params.other_people:
        number, folds, people_unknown = params.other_people
        datasets = leave_people_out(subjects, datasets, folds, people_unknown)
        fold = (number, folds)
    elif folds == BY_DATASET:
        datasets, fold = leave_one_dataset_out(datasets, int(params.fold)), None
    else:
        fold = (int(params.fold), folds) if folds else None
    write_csv(snakemake.output[0], split_subjects(subjects, datasets, params.split["seed"], fold))
