"""Compare error, latency and size of the planned students with what was predicted."""

from ppgkd.runtime.job import job
from ppgkd.evaluation.summary import STUDENT
from ppgkd.runtime.artifacts import read_json, write_json
from ppgkd.scaling.plan import compare_with_measured

with job(snakemake.log[0]):
    study, params = snakemake.params.study, snakemake.params
    compared = [
        planned
        if "reason" in planned
        else compare_with_measured(
            planned,
            study.cells_of(*(planned[key] for key in STUDENT)),
            params.results,
            params.core,
        )
        for planned in read_json(snakemake.input.answers)
    ]
    write_json(snakemake.output[0], compared)
