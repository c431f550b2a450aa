"""Export one student and check it against PyTorch on validation windows."""

from ppgkd.job import job
from ppgkd.models.build import load_model
from ppgkd.onnx_export import export_onnx
from ppgkd.splits import read_study_windows

with job(snakemake.log[0]):
    network, _, inputs = load_model(snakemake.input.model)
    windows = read_study_windows(snakemake.input.windows, snakemake.input.splits, inputs)
    export_onnx(
        network,
        inputs,
        windows.val.channels,
        windows.val.signal,
        snakemake.output[0],
        tolerance_bpm=snakemake.params.tolerance_bpm,
        about={"study": snakemake.params.study, **snakemake.wildcards},
    )
