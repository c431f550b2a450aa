"""Choose the settings of a strategy among its trials."""

from ppgkd.runtime.job import job
from ppgkd.runtime.artifacts import read_json, write_json
from ppgkd.training.tuning import choose_settings

with job(snakemake.log[0]):
    trials = [read_json(path) for path in snakemake.input]
    write_json(snakemake.output[0], choose_settings(trials))
