"""Rank the references of all datasets among the peaks of the spectrum."""

import pandas as pd

from ppgkd.runtime.job import job
from ppgkd.dataset_summary.spectral_ranks import rank_references
from ppgkd.runtime.artifacts import write_csv, write_parquet

with job(snakemake.log[0]):
    ranks = pd.concat(map(rank_references, snakemake.input), ignore_index=True)
    write_parquet(snakemake.output.ranks, ranks)
    write_csv(snakemake.output.csv, ranks)
