"""Give every subject its role."""

from ppgkd.artifacts import whole
from ppgkd.job import job
from ppgkd.splits import split_subjects
from ppgkd.windows import subjects_with_windows

with job(snakemake.log[0]):
    datasets = snakemake.params.datasets
    subjects = {
        name: subjects_with_windows(path)
        for name, path in zip(datasets, snakemake.input, strict=True)
    }
    splits = split_subjects(subjects, datasets, snakemake.params.seed)
    with whole(snakemake.output[0]) as beside:
        splits.to_csv(beside, index=False)
