"""Evaluate a recorded teacher on the windows that it says something of."""

from pathlib import Path

from ppgkd.runtime.job import job
from ppgkd.models.capacity import InputShape
from ppgkd.splits.study_windows import read_study_windows
from ppgkd.training.recorded_teacher import evaluate_recorded, read_recorded_teacher

with job(snakemake.log[0]):
    files, params = snakemake.input, snakemake.params
    paths = dict(zip(params.datasets, files.estimates, strict=True))
    teacher = read_recorded_teacher(paths, files.counts, params.max_sd_bpm)
    windows = read_study_windows(files.windows, files.splits, InputShape(**params.inputs))
    folder, seed = Path(snakemake.output.metrics).parent, int(snakemake.wildcards.seed)
    evaluate_recorded(teacher, windows, folder, seed=seed)
