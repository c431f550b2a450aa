"""Draw the figures of the recommended student's quality."""

from pathlib import Path

import pandas as pd

from ppgkd.runtime.job import job
from ppgkd.report.figures.quality import draw_quality_figures
from ppgkd.runtime.artifacts import read_json

with job(snakemake.log[0]):
    draw_quality_figures(
        pd.read_parquet(snakemake.input.predictions),
        read_json(snakemake.input.quality),
        {Path(spec).stem: spec for spec in snakemake.output.specs},
    )
