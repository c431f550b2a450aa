"""Evaluate the recommended student on other people of the datasets that it has learned."""

from ppgkd.runtime.job import job
from ppgkd.evaluation.by_dataset import errors_by_dataset
from ppgkd.evaluation.recommended import predict_recommended
from ppgkd.evaluation.summary import STUDENT
from ppgkd.runtime.artifacts import read_json, write_json, write_parquet
from ppgkd.windows.preprocessing import WindowSpec

with job(snakemake.log[0]):
    params, files, output = snakemake.params, snakemake.input, snakemake.output
    choice = read_json(files.choice)
    cells = params.study.cells_of(*(choice[key] for key in STUDENT), other_people=True)
    predictions = predict_recommended(
        cells, params.results, files.windows, WindowSpec(**params.spec), params.coverage
    )
    write_parquet(output.predictions, predictions)
    write_json(output.errors, {"student": choice, "by_dataset": errors_by_dataset(predictions)})
