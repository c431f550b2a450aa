"""Store one teacher's logits and features on the cached views."""

from pathlib import Path

from ppgkd.runtime.job import job
from ppgkd.distill.targets import write_targets
from ppgkd.models.capacity import InputShape
from ppgkd.training.read_teacher import read_teacher
from ppgkd.views.cache import read_view_cache

with job(snakemake.log[0]):
    threads = snakemake.threads
    inputs = InputShape(**snakemake.params.inputs)
    teacher = read_teacher([*snakemake.input.models], inputs, threads)
    view_cache = read_view_cache(Path(snakemake.input.view_cache[0]).parent, sees="signal")
    folder = Path(snakemake.output.about).parent
    write_targets(teacher.network, teacher.about["sha256"], view_cache, folder, threads=threads)
