"""Look at every recording of a dataset."""

import pandas as pd

from ppgkd.running.artifacts import write_parquet
from ppgkd.running.job import job
from ppgkd.survey import survey_dataset

with job(snakemake.log[0]):
    counts = pd.read_csv(snakemake.input.counts, dtype={"recording": str, "subject": str})
    write_parquet(snakemake.output[0], survey_dataset(snakemake.input.windows, counts))
