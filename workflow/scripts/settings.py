"""Choose a strategy's settings among its trials."""

from ppgkd.running.artifacts import read_json, write_json
from ppgkd.running.job import job
from ppgkd.training.tuning import choose_settings

with job(snakemake.log[0]):
    trials = [read_json(path) for path in snakemake.input]
    write_json(snakemake.output[0], choose_settings(trials))
