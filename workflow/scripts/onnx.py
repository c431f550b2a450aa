"""Export the students of one cell, one for each seed, and check them on raw windows."""

from ppgkd.evaluation.filtered import track, widest_spreads
from ppgkd.export.make_model_card import make_model_card
from ppgkd.export.verify import export_student
from ppgkd.inference.online_filter import Transition
from ppgkd.models.build import load_model
from ppgkd.models.capacity import InputShape
from ppgkd.runtime.artifacts import read_json
from ppgkd.runtime.job import job
from ppgkd.splits.study_windows import read_study_windows
from ppgkd.windows.raw import read_raw_windows

with job(snakemake.log[0]):
    files, params = snakemake.input, snakemake.params
    transition = Transition(**read_json(files.filter))
    raw = read_raw_windows(files.raw)
    windows = read_study_windows(files.windows, files.splits, InputShape(**params.inputs))
    for seed, model, metrics, output in zip(
        params.seeds, files.models, files.metrics, snakemake.output, strict=True
    ):
        network, _, inputs = load_model(model)
        spreads = widest_spreads(track(network, windows.val, transition), params.onnx["coverage"])
        card = make_model_card(
            params.study,
            {**snakemake.wildcards, "seed": seed},
            windows,
            read_json(metrics),
            raw.rate_hz,
            transition,
            spreads,
        )
        export_student(
            network,
            inputs,
            card,
            raw.select_channels(card.channels),
            output,
            tolerance_bpm=params.onnx["tolerance_bpm"],
        )
