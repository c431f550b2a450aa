"""Fit the scaling laws, and the mixed model of the strategies' effects."""

import pandas as pd

from ppgkd.runtime.job import job
from ppgkd.runtime.artifacts import write_json
from ppgkd.scaling import fit_laws
from ppgkd.scaling.effects import fit_effects

with job(snakemake.log[0]):
    cells = pd.read_parquet(snakemake.input.cells)
    subjects = pd.read_parquet(snakemake.input.subjects)
    inputs = snakemake.params.inputs
    laws = {"inputs": inputs, **fit_laws(cells, subjects)}
    write_json(snakemake.output.laws, laws)
    write_json(snakemake.output.effects, fit_effects(cells, subjects))
