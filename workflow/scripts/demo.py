"""Write the demonstration of the recommended student."""

from pathlib import Path

import pandas as pd

from ppgkd.runtime.job import job
from ppgkd.demo.tested import tested_examples
from ppgkd.demo.write import write_demo

with job(snakemake.log[0]):
    files, params = snakemake.input, snakemake.params
    predictions = pd.read_parquet(files.predictions)
    students = dict(zip(params.folds or [None], map(Path, files.tested), strict=False))
    examples = tested_examples(params.study, predictions, students, params.seed)
    write_demo(Path(snakemake.output[0]).parent, params.name, [*map(Path, files.models)], examples)
