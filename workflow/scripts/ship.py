"""Copy the recommended student's files, and convert the model to other sampling rates."""

import shutil

from ppgkd.runtime.job import job
from ppgkd.export.student import change_rate, read_student, write_student
from ppgkd.runtime.artifacts import atomic_write, read_json, write_json

with job(snakemake.log[0]):
    files, output = snakemake.input, snakemake.output
    for source, target in ((files.model[0], output.model), (files.int8[0], output.int8)):
        with atomic_write(target) as temporary:
            shutil.copyfile(source, temporary)
    model = read_student(files.model[0])
    for rate_hz, path in zip(snakemake.params.rates_hz, output.rates, strict=True):
        write_student(change_rate(model, rate_hz), path)
    write_json(
        output.profile, {**read_json(files.latency[0]), "quantised": read_json(files.cost[0])}
    )
