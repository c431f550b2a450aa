"""Summarise every recording of a dataset."""

import pandas as pd

from ppgkd.runtime.job import job
from ppgkd.dataset_summary.summary import summarise_dataset
from ppgkd.runtime.artifacts import write_parquet

with job(snakemake.log[0]):
    counts = pd.read_csv(snakemake.input.counts, dtype={"recording": str, "subject": str})
    write_parquet(snakemake.output[0], summarise_dataset(snakemake.input.windows, counts))
