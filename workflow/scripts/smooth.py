"""Smooth what a teacher of the study says of each recording, in both directions of time."""

from ppgkd.runtime.job import job
from ppgkd.distill.teacher_estimates import write_estimates
from ppgkd.inference.online_filter import Transition
from ppgkd.models.capacity import InputShape
from ppgkd.runtime.artifacts import read_json
from ppgkd.splits.study_windows import read_study_windows
from ppgkd.training.read_teacher import read_teacher
from ppgkd.training.smoothed_teacher import recording_digests, smoothed_estimates

with job(snakemake.log[0]):
    files, params = snakemake.input, snakemake.params
    inputs = InputShape(**params.inputs)
    teacher = read_teacher([*files.models], inputs, snakemake.threads)
    estimates = smoothed_estimates(
        teacher.network,
        read_study_windows(files.windows, files.splits, inputs),
        Transition(**read_json(files.filter)),
        params.datasets,
        {
            "made_by": f"{params.source}, smoothed in both directions of time",
            "version": teacher.about["sha256"],
            "licence": "",
            "citation": "",
            "params": teacher.about["params"],
        },
        recording_digests(files.counts),
    )
    for path, of_dataset in zip(snakemake.output, estimates.values(), strict=True):
        write_estimates(path, of_dataset)
