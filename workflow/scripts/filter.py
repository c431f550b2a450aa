"""Fit the online filter's transition to the training subjects' reference."""

from dataclasses import asdict

from ppgkd.judging.tracked import references
from ppgkd.models.capacity import InputShape
from ppgkd.running.artifacts import write_json
from ppgkd.running.job import job
from ppgkd.splits import read_study_windows
from ppgkd.tracking import fit_transition

with job(snakemake.log[0]):
    params = snakemake.params
    inputs = InputShape(**params.inputs)
    windows = read_study_windows(snakemake.input.windows, snakemake.input.splits, inputs)
    transition = fit_transition(references(windows.train.index), params.stride_s)
    write_json(snakemake.output[0], asdict(transition))
