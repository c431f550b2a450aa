"""Train one teacher."""

from pathlib import Path

from ppgkd.job import job
from ppgkd.models.capacity import nearest_shape
from ppgkd.splits import read_study_windows
from ppgkd.teachers import train_teacher
from ppgkd.training import Budget

with job(snakemake.log[0]):
    wildcards, params = snakemake.wildcards, snakemake.params
    windows = read_study_windows(snakemake.input.windows, snakemake.input.splits, params.inputs)
    train_teacher(
        nearest_shape(wildcards.family, int(wildcards.capacity), params.inputs),
        params.inputs,
        windows,
        Budget(**params.budget),
        label_sd_bpm=params.label_sd_bpm,
        seed=int(wildcards.seed),
    ).save(Path(snakemake.output.model).parent)
