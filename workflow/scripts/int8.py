"""Quantise the exported students of one cell, one for each seed, and measure what it costs."""

from ppgkd.export.int8 import calibration_windows, quantisation_cost, quantise
from ppgkd.export.student import read_student, write_student
from ppgkd.models.capacity import InputShape
from ppgkd.runtime.artifacts import write_json
from ppgkd.runtime.job import job
from ppgkd.splits.study_windows import read_study_windows

with job(snakemake.log[0]):
    files, output = snakemake.input, snakemake.output
    inputs = InputShape(**snakemake.params.inputs)
    windows = read_study_windows(files.windows, files.splits, inputs)
    calibration = calibration_windows(windows.train)
    for path, quantised_path, cost_path in zip(
        files.models, output.models, output.costs, strict=True
    ):
        model = read_student(path)
        quantised = quantise(model, calibration)
        write_student(quantised, quantised_path)
        write_json(
            cost_path,
            quantisation_cost(model, quantised, windows.test, snakemake.params.max_loss_bpm),
        )
