"""Export students as ONNX, in float and with eight bits, and check both."""

from itertools import product

from ppgkd.runtime.job import job
from ppgkd.evaluation.filtered import track
from ppgkd.evaluation.fit_validity import fit_bounds, learned_range_bpm
from ppgkd.evaluation.made_windows import made_windows
from ppgkd.export.int8 import calibration_windows, quantisation_cost, quantise
from ppgkd.export.make_model_card import make_model_card
from ppgkd.export.student import read_student, write_student
from ppgkd.export.verify import export_student
from ppgkd.inference.online_filter import Transition
from ppgkd.models.build import load_model
from ppgkd.models.capacity import InputShape
from ppgkd.runtime.artifacts import read_json, write_json
from ppgkd.splits.study_windows import read_study_windows
from ppgkd.study.cell import FINAL
from ppgkd.windows.preprocessing import WindowSpec
from ppgkd.windows.raw import read_raw_windows

with job(snakemake.log[0]):
    files, output, params = snakemake.input, snakemake.output, snakemake.params
    transition = Transition(**read_json(files.filter))
    raw = read_raw_windows(files.raw)
    windows = read_study_windows(files.windows, files.splits, InputShape(**params.inputs))
    calibration = calibration_windows(windows.train)
    learned_bpm = learned_range_bpm(windows.train.index["hr_bpm"].to_numpy())
    spec = WindowSpec(**params.card["windows"])
    made = made_windows(spec, windows.train.channels, learned_bpm)
    cells = [
        {**snakemake.wildcards, "fold": params.fold, "family": family, "capacity": capacity}
        | {"seed": seed}
        for (family, capacity), seed in product(params.students, params.seeds)
    ]
    # the errors of the final training are those of the folds, in one file
    metrics_files = [files.metrics] * len(cells) if params.fold == FINAL else files.metrics
    for cell, weights, metrics, path, int8_path, cost_path in zip(
        cells, files.models, metrics_files, output.models, output.int8, output.costs, strict=True
    ):
        network, _, inputs = load_model(weights)
        of_val, of_made = (track(network, part, transition) for part in (windows.val, made))
        bounds = fit_bounds(learned_bpm, of_val, of_made, params.onnx["coverage"])
        card = make_model_card(
            params.study, cell, windows, read_json(metrics), raw.rate_hz, transition, bounds
        )
        raw_windows = raw.select_channels(card.channels)
        tolerance_bpm = params.onnx["tolerance_bpm"]
        export_student(network, inputs, card, raw_windows, path, tolerance_bpm=tolerance_bpm)
        model = read_student(path)
        int8 = quantise(model, calibration)
        write_student(int8, int8_path)
        max_loss_bpm = params.onnx["max_int8_loss_bpm"]
        write_json(cost_path, quantisation_cost(model, int8, windows.test, max_loss_bpm))
