"""Quantise one exported student, and see what that costs."""

from ppgkd.artifacts import write_json
from ppgkd.export.int8 import calibration_windows, quantisation_cost, quantise
from ppgkd.export.student import read_student, write_student
from ppgkd.job import job
from ppgkd.splits import read_study_windows

with job(snakemake.log[0]):
    files, output = snakemake.input, snakemake.output
    windows = read_study_windows(files.windows, files.splits, snakemake.params.inputs)
    model = read_student(files.model)
    quantised = quantise(model, calibration_windows(windows.train))
    write_student(quantised, output.model)
    write_json(
        output.cost,
        quantisation_cost(model, quantised, windows.test, snakemake.params.max_loss_bpm),
    )
