"""Write the report."""

from pathlib import Path

import pandas as pd

from ppgkd.artifacts import read_json
from ppgkd.job import job
from ppgkd.report.page import Results, write_report

with job(snakemake.log[0]):
    files = snakemake.input
    results = Results(
        cells=pd.read_parquet(files.cells),
        students=pd.read_parquet(files.students),
        laws=read_json(files.laws),
        effects=read_json(files.effects),
        splits=pd.read_csv(files.splits, dtype=str),
        counts=pd.concat([pd.read_csv(path) for path in files.counts], ignore_index=True),
        teachers=[(Path(path).parts[-3], read_json(path)) for path in files.teachers],
        figures={Path(path).stem: Path(path) for path in files.figures},
    )
    write_report(snakemake.params.study, results, snakemake.output[0])
