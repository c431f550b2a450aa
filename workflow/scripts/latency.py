"""Profile one student."""

from ppgkd.artifacts import write_json
from ppgkd.job import job
from ppgkd.profile import profile_student

with job(snakemake.log[0]):
    profile = profile_student(
        snakemake.input.model,
        snakemake.input.int8,
        runs=snakemake.params.runs,
        warmup=snakemake.params.warmup,
        max_spread=snakemake.params.max_spread,
    )
    write_json(snakemake.output[0], profile)
