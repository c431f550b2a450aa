"""Move what a recorded teacher says of each window to the cached views of it."""

from pathlib import Path

from ppgkd.runtime.job import job
from ppgkd.distill.estimate_targets import write_estimate_targets
from ppgkd.models.capacity import InputShape
from ppgkd.splits.study_windows import read_study_windows
from ppgkd.training.recorded_teacher import read_recorded_teacher
from ppgkd.views.cache import read_view_cache
from ppgkd.views.examples import examples

with job(snakemake.log[0]):
    files, params = snakemake.input, snakemake.params
    paths = dict(zip(params.datasets, files.estimates, strict=True))
    teacher = read_recorded_teacher(paths, files.counts, params.max_sd_bpm)
    transfer = read_study_windows(files.windows, files.splits, InputShape(**params.inputs)).transfer
    view_cache = read_view_cache(Path(files.view_cache[0]).parent, examples(transfer), "signal")
    folder = Path(snakemake.output.about).parent
    write_estimate_targets(teacher.teaching_of(transfer), teacher.sha256, view_cache, folder)
