"""Prepare recordings for a published model, which runs in an environment without their readers."""

import logging

from ppgkd.runtime.job import job
from ppgkd.datasets.read import read_recordings
from ppgkd.published.signals import write_inputs

log = logging.getLogger("ppgkd.published")

with job(snakemake.log[0]):
    dataset, names = snakemake.wildcards.dataset, snakemake.params.recordings
    recordings = read_recordings(dataset, names, snakemake.input)
    too_short = write_inputs(recordings, snakemake.output[0])
    if too_short:
        log.warning("%s: too short for an estimate: %s", dataset, too_short)
