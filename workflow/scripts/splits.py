"""Give every subject its role."""

from ppgkd.artifacts import write_csv
from ppgkd.job import job
from ppgkd.splits import split_subjects
from ppgkd.windows import subjects_with_windows

with job(snakemake.log[0]):
    params = snakemake.params
    datasets = params.datasets
    fold = (int(snakemake.wildcards.fold), params.folds) if params.folds else None
    subjects = {
        name: subjects_with_windows(path)
        for name, path in zip(datasets, snakemake.input, strict=True)
    }
    write_csv(snakemake.output[0], split_subjects(subjects, datasets, params.seed, fold))
