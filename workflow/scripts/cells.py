"""Collect the results of all cells in tables."""

from pathlib import Path

from ppgkd.runtime.job import job
from ppgkd.evaluation.cells import collect_cells, collect_subject_errors
from ppgkd.evaluation.summary import summarise_strategies, summarise_students
from ppgkd.runtime.artifacts import write_parquet

with job(snakemake.log[0]):
    params, output = snakemake.params, snakemake.output
    results = Path(params.results)
    cells = collect_cells(params.study, params.cells, params.profiled, results, params.core)
    subjects = collect_subject_errors(params.cells, results)
    write_parquet(output.cells, cells)
    write_parquet(output.subjects, subjects)
    write_parquet(output.students, summarise_students(cells, subjects))
    write_parquet(output.strategies, summarise_strategies(subjects))
