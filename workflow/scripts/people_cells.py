"""Collect the results of all cells, with all training people and with subsets of them."""

from ppgkd.runtime.job import job
from ppgkd.evaluation.people import collect_people_cells, collect_people_subjects
from ppgkd.runtime.artifacts import write_parquet

with job(snakemake.log[0]):
    params, files, output = snakemake.params, snakemake.input, snakemake.output
    cells = collect_people_cells(params.cells, files.windows, params.results, params.stride_s)
    write_parquet(output.cells, cells)
    write_parquet(output.subjects, collect_people_subjects(params.cells, params.results))
