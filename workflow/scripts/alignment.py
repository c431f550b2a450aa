"""Estimate the lag of each recording's reference, and flag unusual ones."""

from ppgkd.runtime.job import job
from ppgkd.alignment.lag import estimate_lags
from ppgkd.alignment.predictions import predict_recordings
from ppgkd.models.capacity import InputShape
from ppgkd.runtime.artifacts import write_csv
from ppgkd.splits.study_windows import read_study_windows
from ppgkd.training.read_teacher import read_teacher

with job(snakemake.log[0]):
    files, inputs = snakemake.input, InputShape(**snakemake.params.inputs)
    teachers = [read_teacher([path], inputs, snakemake.threads).network for path in files.models]
    windows = (read_study_windows(files.windows, path, inputs) for path in files.splits)
    write_csv(snakemake.output[0], estimate_lags(predict_recordings(teachers, windows)))
