"""Compare the study with finished ones."""

from pathlib import Path

from ppgkd.runtime.job import job
from ppgkd.report.compared import compare_studies, read_finished
from ppgkd.runtime.artifacts import write_json

with job(snakemake.log[0]):
    results = Path(snakemake.params.results)
    others = {name: read_finished(results.parent / name) for name in snakemake.params.others}
    write_json(snakemake.output[0], compare_studies(read_finished(results), others))
