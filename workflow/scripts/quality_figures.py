"""Draw the figures of the recommended student's quality."""

import pandas as pd

from ppgkd.runtime.job import job
from ppgkd.report.quality_figures import draw_quality_figures
from ppgkd.runtime.artifacts import read_json

with job(snakemake.log[0]):
    draw_quality_figures(
        pd.read_parquet(snakemake.input.predictions),
        read_json(snakemake.input.quality),
        dict(snakemake.output.items()),
    )
