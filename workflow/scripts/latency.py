"""Measure latency and memory of the students of one cell, one for each seed."""

from ppgkd.profile import profile_student
from ppgkd.runtime.artifacts import write_json
from ppgkd.runtime.job import job

with job(snakemake.log[0]):
    files, output = snakemake.input, snakemake.output
    for model, int8, profile in zip(files.models, files.int8, output, strict=True):
        write_json(profile, profile_student(model, int8, **snakemake.params.timing))
