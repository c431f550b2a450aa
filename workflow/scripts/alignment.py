"""Estimate the lag of each recording's reference, and flag unusual ones."""

from ppgkd.runtime.job import job
from ppgkd.alignment.lag import estimate_lags
from ppgkd.alignment.predictions import predict_recordings
from ppgkd.evaluation.score import score
from ppgkd.models.capacity import InputShape
from ppgkd.runtime.artifacts import write_csv
from ppgkd.splits.study_windows import read_study_windows
from ppgkd.training.read_teacher import read_teacher
from ppgkd.training.recorded_teacher import read_recorded_teacher, score_recorded

with job(snakemake.log[0]):
    files, params = snakemake.input, snakemake.params
    inputs = InputShape(**params.inputs)
    if params.recorded:  # the study trains no teacher
        paths = dict(zip(params.recorded, files.models, strict=True))
        recorded = read_recorded_teacher(paths, files.counts)
        teachers = [lambda windows: score_recorded(recorded, windows)[0]] * len(files.splits)
    else:
        networks = [read_teacher([p], inputs, snakemake.threads).network for p in files.models]
        teachers = [lambda windows, network=n: score(network, windows)[0] for n in networks]
    windows = (read_study_windows(files.windows, path, inputs) for path in files.splits)
    write_csv(snakemake.output[0], estimate_lags(predict_recordings(teachers, windows)))
