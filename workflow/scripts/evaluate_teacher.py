"""Evaluate a teacher that the study does not train: an ensemble, or an ONNX file of the user's."""

from pathlib import Path

from ppgkd.runtime.job import job
from ppgkd.models.capacity import InputShape
from ppgkd.splits.study_windows import read_study_windows
from ppgkd.training.read_teacher import read_teacher
from ppgkd.training.trained import evaluate_teacher

with job(snakemake.log[0]):
    inputs = InputShape(**snakemake.params.inputs)
    teacher = read_teacher([*snakemake.input.models], inputs, snakemake.threads)
    windows = read_study_windows(snakemake.input.windows, snakemake.input.splits, inputs)
    folder, seed = Path(snakemake.output.metrics).parent, int(snakemake.wildcards.seed)
    evaluate_teacher(teacher.network, windows, folder, seed=seed, **teacher.about)
