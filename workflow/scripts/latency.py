"""Time one student."""

from ppgkd.artifacts import write_json
from ppgkd.job import job
from ppgkd.latency import profile_latency

with job(snakemake.log[0]):
    profile = profile_latency(
        snakemake.input[0], runs=snakemake.params.runs, warmup=snakemake.params.warmup
    )
    write_json(snakemake.output[0], profile)
