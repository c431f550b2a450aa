"""Write the report."""

from pathlib import Path

import pandas as pd

from ppgkd.runtime.job import job
from ppgkd.report.page import Results, write_report
from ppgkd.runtime.artifacts import read_json

with job(snakemake.log[0]):
    files = snakemake.input
    results = Results(
        cells=pd.read_parquet(files.cells),
        subjects=pd.read_parquet(files.subjects),
        students=pd.read_parquet(files.students),
        strategies=pd.read_parquet(files.strategies),
        laws=read_json(files.laws),
        effects=read_json(files.effects),
        plan=read_json(files.plan) if files.plan else [],
        splits=pd.concat([pd.read_csv(path, dtype=str) for path in files.splits]),
        recordings=pd.read_parquet(files.recordings),
        teachers=[(Path(path).parts[-3], read_json(path)) for path in files.teachers],
        tuning=[(Path(path).stem, read_json(path)) for path in files.tuning],
        quality=read_json(files.quality),
        other_people=read_json(files.other_people)["by_dataset"] if files.other_people else [],
        profile=read_json(files.profile),
        alignment=pd.read_csv(files.alignment),
        claims=read_json(files.claims),
        compared=read_json(files.compared) if files.compared else [],
        people=read_json(files.people) if files.people else {},
        people_plan=read_json(files.people_plan) if files.people_plan else [],
        demo=snakemake.params.demo,
        shipped={Path(path).name: Path(path).stat().st_size for path in files.shipped},
        figures={Path(path).stem: Path(path) for path in files.figures if path.endswith(".json")},
    )
    write_report(snakemake.params.study, results, snakemake.output[0])
