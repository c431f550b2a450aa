"""Evaluate the recommended student on the test subjects."""

from ppgkd.runtime.job import job
from ppgkd.evaluation.recommended import assess_recommended, predict_recommended
from ppgkd.evaluation.summary import STUDENT
from ppgkd.runtime.artifacts import read_json, write_json, write_parquet
from ppgkd.windows.preprocessing import WindowSpec

with job(snakemake.log[0]):
    params, files, output = snakemake.params, snakemake.input, snakemake.output
    choice = read_json(files.choice)
    cells = params.study.cells_of(*(choice[key] for key in STUDENT))
    predictions = predict_recommended(
        cells, params.results, files.windows, WindowSpec(**params.spec), params.coverage
    )
    write_parquet(output.predictions, predictions)
    write_json(output.quality, {"student": choice, **assess_recommended(predictions)})
