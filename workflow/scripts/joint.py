"""Put together what several teachers say of the recordings of a dataset."""

from ppgkd.runtime.job import job
from ppgkd.distill.teacher_estimates import read_estimates, write_estimates
from ppgkd.training.joint_teacher import joint_estimates

with job(snakemake.log[0]):
    files = zip(snakemake.params.datasets, snakemake.input.estimates, strict=True)
    members = [
        read_estimates(path) for dataset, path in files if dataset == snakemake.wildcards.dataset
    ]
    write_estimates(snakemake.output[0], joint_estimates(members))
