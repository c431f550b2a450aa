"""Write the data report: its table, figures and page."""

from pathlib import Path

import pandas as pd

from ppgkd.runtime.job import job
from ppgkd.report.data_page import StudyData, write_data_report
from ppgkd.report.figures.data import draw_data_figures
from ppgkd.runtime.artifacts import write_csv, write_parquet

with job(snakemake.log[0]):
    output, params = snakemake.output, snakemake.params
    about = StudyData(params.study, params.datasets, params.files, params.windows)
    recordings = pd.concat(map(pd.read_parquet, snakemake.input.recordings), ignore_index=True)
    ranks = pd.read_parquet(snakemake.input.ranks)
    titles = {dataset.name: dataset.title for dataset in about.datasets}
    figures = {Path(spec).stem: spec for spec in output.specs}
    write_parquet(output.recordings, recordings)
    write_csv(output.csv, recordings)
    draw_data_figures(recordings, titles, figures)
    write_data_report(about, recordings, ranks, figures, output.page)
