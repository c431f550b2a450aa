"""Compare the error with the planned numbers of people with what was forecast."""

from ppgkd.runtime.job import job
from ppgkd.evaluation.summary import STUDENT
from ppgkd.runtime.artifacts import read_json, write_json
from ppgkd.scaling.plan_people import compare_people_with_measured

with job(snakemake.log[0]):
    study = snakemake.params.study
    compared = []
    for planned in read_json(snakemake.input.answers):
        if "train" in planned:
            student = (planned[key] for key in STUDENT)
            cells = study.cells_with_people(*student, planned["train"])
            planned = compare_people_with_measured(planned, cells, snakemake.params.results)
        compared.append(planned)
    write_json(snakemake.output[0], compared)
