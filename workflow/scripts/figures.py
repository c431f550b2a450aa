"""Draw the figures."""

from pathlib import Path

import pandas as pd

from ppgkd.runtime.job import job
from ppgkd.evaluation.recommendation import Gates
from ppgkd.report.figures.study import draw_figures
from ppgkd.runtime.artifacts import read_json

with job(snakemake.log[0]):
    draw_figures(
        pd.read_parquet(snakemake.input.students),
        read_json(snakemake.input.laws),
        read_json(snakemake.input.effects),
        Gates(**snakemake.params.gates),
        {Path(spec).stem: spec for spec in snakemake.output.specs},
        pd.read_parquet(snakemake.input.subjects)["subject"].nunique(),
    )
