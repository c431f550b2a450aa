"""Run one teacher over the bank of views."""

from pathlib import Path

from ppgkd.models.capacity import InputShape
from ppgkd.running.job import job
from ppgkd.training.bank import read_bank
from ppgkd.training.targets import write_targets
from ppgkd.training.teaching import read_teacher

with job(snakemake.log[0]):
    threads = snakemake.threads
    inputs = InputShape(**snakemake.params.inputs)
    teacher = read_teacher([*snakemake.input.models], inputs, threads)
    bank = read_bank(Path(snakemake.input.bank[0]).parent)
    folder = Path(snakemake.output.about).parent
    write_targets(teacher.network, teacher.about["sha256"], bank, folder, threads=threads)
