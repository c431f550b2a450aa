"""Profile all exported students: latency, memory and size of their files."""

from ppgkd.runtime.job import job
from ppgkd.profile.student import profile_students
from ppgkd.runtime.artifacts import write_json

with job(snakemake.log[0]):
    files = snakemake.input
    profiles = profile_students(files.models, files.int8, **snakemake.params.timing)
    for path, profile in zip(snakemake.output, profiles, strict=True):
        write_json(path, profile)
