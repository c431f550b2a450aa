"""Choose the student to recommend."""

import pandas as pd

from ppgkd.runtime.job import job
from ppgkd.evaluation.recommendation import Gates, apply_gates, recommend
from ppgkd.evaluation.summary import STUDENT
from ppgkd.runtime.artifacts import write_json

ERRORS = ["mae_bpm", "mae_lower_bpm", "mae_upper_bpm"]

with job(snakemake.log[0]):
    students = apply_gates(pd.read_parquet(snakemake.input[0]), Gates(**snakemake.params.gates))
    chosen = recommend(students)
    write_json(snakemake.output[0], chosen[[*STUDENT, *ERRORS]].to_dict())
