"""Draw the error over the number of training people."""

import pandas as pd

from ppgkd.runtime.job import job
from ppgkd.report.figures.people import draw_people_figure
from ppgkd.runtime.artifacts import read_json

with job(snakemake.log[0]):
    draw_people_figure(
        read_json(snakemake.input.laws),
        snakemake.output.spec,
        pd.read_parquet(snakemake.input.subjects)["subject"].nunique(),
    )
