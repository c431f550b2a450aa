"""Decode what a published model says of a dataset, and write it as teacher estimates."""

from ppgkd.runtime.job import job
from ppgkd.datasets.fingerprint import recording_fingerprints
from ppgkd.distill.teacher_estimates import write_estimates
from ppgkd.published.registry import PUBLISHED
from ppgkd.training.published_estimates import published_estimates

with job(snakemake.log[0]):
    files, wildcards = snakemake.input, snakemake.wildcards
    names = snakemake.params.recordings
    sha256 = recording_fingerprints(wildcards.dataset, names, files.recordings)
    estimates = published_estimates(
        PUBLISHED[wildcards.published], files.beliefs, files.inputs, sha256
    )
    write_estimates(snakemake.output[0], estimates)
