"""Draw the figures."""

import pandas as pd

from ppgkd.judging.decision import Gates
from ppgkd.report.figures import draw_figures
from ppgkd.running.artifacts import read_json
from ppgkd.running.job import job

with job(snakemake.log[0]):
    draw_figures(
        pd.read_parquet(snakemake.input.students),
        read_json(snakemake.input.laws),
        read_json(snakemake.input.effects),
        Gates(**snakemake.params.gates),
        dict(snakemake.output.items()),
    )
