"""Judge the claims of the study that is followed."""

import pandas as pd

from ppgkd.runtime.job import job
from ppgkd.evaluation.recommendation import Gates
from ppgkd.runtime.artifacts import read_json, write_json
from ppgkd.scaling.claims import judge_claims

with job(snakemake.log[0]):
    students = pd.read_parquet(snakemake.input.students)
    subjects = pd.read_parquet(snakemake.input.subjects)
    laws, gates = read_json(snakemake.input.laws), Gates(**snakemake.params.gates)
    write_json(snakemake.output[0], judge_claims(students, subjects, laws, gates))
