"""Simulate a cohort."""

from ppgkd.runtime.job import job
from ppgkd.datasets.cohort import write_cohort
from ppgkd.simulation.subject import Cohort

with job(snakemake.log[0]):
    wildcards = snakemake.wildcards
    cohort = Cohort(
        n_subjects=int(wildcards.n_subjects),
        duration_s=float(wildcards.duration_s),
        seed=int(wildcards.simulation_seed),
    )
    write_cohort(cohort, snakemake.output[0])
