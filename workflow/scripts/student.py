"""Train the student of one cell."""

from pathlib import Path

from ppgkd.job import job
from ppgkd.models.capacity import nearest_shape
from ppgkd.splits import read_study_windows
from ppgkd.students import train_student
from ppgkd.training import Budget

with job(snakemake.log[0]):
    wildcards, params = snakemake.wildcards, snakemake.params
    windows = read_study_windows(snakemake.input.windows, snakemake.input.splits, params.inputs)
    targets = snakemake.input.targets
    train_student(
        wildcards.strategy,
        params.settings,
        nearest_shape(wildcards.family, int(wildcards.capacity), params.inputs),
        params.inputs,
        windows,
        Budget(**params.budget),
        targets_folder=Path(targets[0]).parent if targets else None,
        label_sd_bpm=params.label_sd_bpm,
        views=params.views,
        seed=int(wildcards.seed),
    ).save(Path(snakemake.output.model).parent)
