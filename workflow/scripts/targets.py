"""Run one teacher over the bank of views."""

from pathlib import Path

from ppgkd.job import job
from ppgkd.models.build import load_model
from ppgkd.splits import read_study_windows
from ppgkd.targets import teacher_targets, write_targets
from ppgkd.training import examples

with job(snakemake.log[0]):
    teacher, _, inputs = load_model(snakemake.input.model)
    windows = read_study_windows(snakemake.input.windows, snakemake.input.splits, inputs)
    targets = teacher_targets(
        teacher,
        examples(windows.train),
        ppg_channels=inputs.ppg_channels,
        views=snakemake.params.views,
        seed=int(snakemake.wildcards.seed),
        threads=snakemake.threads,
    )
    write_targets(targets, Path(snakemake.output.bank).parent)
