"""How many views are as good as fresh views, and what twice the training changes.

A student is trained from scratch and by a teacher's soft targets (T = 1), for the same number of
steps, with few and with many views. *Fresh* means one view for every epoch. A smaller number of
views are the first of those, and a seed has the same initial weights and order of windows, so the
numbers in a row differ by the views alone.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import mean, stdev
from tempfile import TemporaryDirectory

import torch
from data import (
    LABEL_SD_BPM,
    add_options,
    find_data,
    markdown,
    trained_teacher,
    training_config,
)
from torch import nn

from ppgkd.distill.targets import read_targets, write_targets
from ppgkd.evaluation.score import score
from ppgkd.models.build import load_model
from ppgkd.models.capacity import InputShape, nearest_shape
from ppgkd.runtime.artifacts import write_json
from ppgkd.splits.study_windows import StudyWindows
from ppgkd.training.students import StudentConfig, TrainingInputs, train_student
from ppgkd.views.augment import Augmentation
from ppgkd.views.cache import read_view_cache, write_view_cache
from ppgkd.views.examples import examples
from ppgkd.windows.read import Windows

SETTINGS: dict[str, dict[str, float]] = {
    "scratch": {},
    "soft": {"temperature": 1.0, "label_weight": 0.0},
}


@dataclass(frozen=True)
class Row:
    """Students of several seeds that differ in nothing else.

    Attributes
    ----------
    fresh
        Whether every epoch has its own view.
    val_mae_bpm
        Mean over the validation subjects, for each seed.
    """

    strategy: str
    epochs: int
    views: int
    fresh: bool
    val_mae_bpm: list[float]


def main() -> None:
    """Train, print the tables, write the JSON."""
    options = _options()
    torch.set_num_threads(1)
    with TemporaryDirectory() as temporary:
        windows, inputs = find_data(options, Path(temporary)).read()
        teacher = _teacher(options, windows, inputs)
        training_inputs = [
            _training_inputs(
                teacher, windows, inputs, Path(temporary) / f"seed{seed}", options, seed
            )
            for seed in range(options.seeds)
        ]
        rows = [*_sweep(options, inputs, training_inputs, windows.val)]
    print(_report(options, rows, len(windows.transfer)))
    content = {
        "data": "simulated" if options.windows is None else options.windows.stem,
        "windows": len(windows.transfer),
        "student_params": nearest_shape("spectral_resnet", options.student, inputs).n_params(
            inputs
        ),
        "teacher_val_mae_bpm": _subjects_mae_bpm(teacher, windows.val),
        "rows": [asdict(row) for row in rows],
    }
    write_json(options.output, content)
    print(f"\nwritten to {options.output}")


def _options() -> Namespace:
    parser = ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--views", type=int, nargs="+", default=[1, 2, 4, 8, 16])
    parser.add_argument("--epochs", type=int, nargs="+", default=[6, 12, 24])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--student", type=int, default=1_000, help="parameters")
    parser.add_argument("--teacher", type=int, default=60_000, help="parameters")
    parser.add_argument("--teacher-file", type=Path, help="a trained one, model.safetensors")
    add_options(parser, "results/benchmarks/views.json")
    return parser.parse_args()


def _teacher(options: Namespace, windows: StudyWindows, inputs: InputShape) -> nn.Module:
    if options.teacher_file:
        return load_model(options.teacher_file)[0]
    training = training_config(options.teacher_epochs, options.batch_size)
    shape = nearest_shape("spectral_resnet", options.teacher, inputs)
    return trained_teacher(shape, inputs, windows, training)[0]


def _training_inputs(
    teacher: nn.Module,
    windows: StudyWindows,
    inputs: InputShape,
    folder: Path,
    options: Namespace,
    seed: int,
) -> TrainingInputs:
    """Make one view for every epoch of the longest training, and their targets."""
    most = max(options.epochs)
    transfer = examples(windows.transfer)
    write_view_cache(transfer, inputs, Augmentation(), folder, views=most, seed=seed)
    view_cache = read_view_cache(folder, transfer)
    write_targets(teacher, "teacher", view_cache, folder)
    return TrainingInputs(view_cache, "teacher", read_targets(folder, view_cache, "teacher"))


def _first_views(training_inputs: TrainingInputs, views: int) -> TrainingInputs:
    """Keep the first views alone."""
    view_cache, targets = training_inputs.view_cache, training_inputs.targets
    assert targets is not None
    return replace(
        training_inputs,
        view_cache=replace(
            view_cache,
            signal=view_cache.signal[:views],
            spectra=None if view_cache.spectra is None else view_cache.spectra[:views],
            hr_bpm=view_cache.hr_bpm[:views],
        ),
        targets=replace(targets, logits=targets.logits[:views], features=None),
    )


def _sweep(
    options: Namespace, inputs: InputShape, training_inputs: list[TrainingInputs], val: Windows
) -> Iterator[Row]:
    for strategy, settings in SETTINGS.items():
        for epochs in options.epochs:
            config = StudentConfig(
                strategy,
                settings,
                nearest_shape("spectral_resnet", options.student, inputs),
                inputs,
                training_config(epochs, options.batch_size),
                LABEL_SD_BPM,
                seed=0,
            )
            for views in [*(number for number in options.views if number < epochs), epochs]:
                found = []
                for seed, of_seed in enumerate(training_inputs):
                    model, _ = train_student(
                        replace(config, seed=seed), _first_views(of_seed, views), val
                    )
                    found.append(_subjects_mae_bpm(model, val))
                yield Row(strategy, epochs, views, views == epochs, found)


def _subjects_mae_bpm(model: nn.Module, windows: Windows) -> float:
    predictions, _ = score(model, windows)
    error_bpm = (predictions["pred_bpm"] - predictions["hr_bpm"]).abs()
    return float(error_bpm.groupby(predictions["subject"]).mean().mean())


def _spread(values: list[float], form: str = ".2f") -> str:
    spread = stdev(values) if len(values) > 1 else 0.0
    return f"{mean(values):{form}} ± {spread:.2f}"


def _report(options: Namespace, rows: list[Row], n_windows: int) -> str:
    found = {(row.strategy, row.epochs, "fresh" if row.fresh else row.views): row for row in rows}
    columns: list[int | str] = [*options.views, "fresh"]
    errors, gains = [], []
    for strategy in SETTINGS:
        for shorter, epochs in zip([None, *options.epochs], options.epochs, strict=False):
            line = [found.get((strategy, epochs, column)) for column in columns]
            errors.append(
                [
                    f"{strategy}, {epochs} epochs",
                    *(_spread(row.val_mae_bpm) if row else "" for row in line),
                ]
            )
            if shorter is None:
                continue
            before = [found.get((strategy, shorter, column)) for column in columns]
            gains.append(
                [
                    f"{strategy}, {shorter} to {epochs} epochs",
                    *(
                        _spread(_differences(row, than), "+.2f") if row and than else ""
                        for row, than in zip(line, before, strict=True)
                    ),
                ]
            )
    header = ["", *(f"{views} views" if views != "fresh" else "fresh" for views in columns)]
    parts = [
        "# Views and epochs",
        f"Validation MAE in BPM, mean over subjects, ± spread over {options.seeds} seeds; "
        f"{n_windows:,} windows. More views than epochs have no effect.",
        markdown(header, errors),
        "What longer training changes, seed by seed:",
        markdown(header, gains),
    ]
    return "\n\n".join(parts)


def _differences(row: Row, than: Row) -> list[float]:
    return [a - b for a, b in zip(row.val_mae_bpm, than.val_mae_bpm, strict=True)]


if __name__ == "__main__":
    main()
