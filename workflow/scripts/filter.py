"""Fit the online filter's transition to the training subjects' reference."""

from dataclasses import asdict

from ppgkd.runtime.job import job
from ppgkd.inference.online_filter import fit_transition
from ppgkd.models.capacity import InputShape
from ppgkd.runtime.artifacts import write_json
from ppgkd.splits.study_windows import read_study_windows
from ppgkd.windows.references import references_by_recording

with job(snakemake.log[0]):
    params = snakemake.params
    inputs = InputShape(**params.inputs)
    windows = read_study_windows(snakemake.input.windows, snakemake.input.splits, inputs)
    references = references_by_recording(windows.train.index)
    transition = fit_transition(
        references, params.stride_s, params.evidence, params.motion_discount
    )
    write_json(snakemake.output[0], asdict(transition))
