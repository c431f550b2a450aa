"""What a waveform student's views, epochs and learning rate change: one at a time, on validation.

The folds of a finished study give windows, roles and teachers (``studies/claims.yaml``). Of each
recipe a student learns from scratch and another from the teacher's soft targets, in some folds. The
test subjects are not read.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory

from data import LABEL_SD_BPM, Data, markdown

from ppgkd.distill.targets import read_targets, write_targets
from ppgkd.evaluation.score import score
from ppgkd.models.build import load_model
from ppgkd.models.capacity import nearest_shape
from ppgkd.runtime.artifacts import file_fingerprint, write_json
from ppgkd.training.loop import TrainingConfig
from ppgkd.training.students import StudentConfig, TrainingInputs, train_student
from ppgkd.views.augment import Augmentation
from ppgkd.views.cache import read_view_cache, write_view_cache
from ppgkd.views.examples import examples

SETTINGS = {"scratch": {}, "soft": {"temperature": 1.0, "label_weight": 0.0}}


@dataclass(frozen=True)
class Recipe:
    """What is changed, in comparison with the first recipe."""

    name: str
    augmentation: Augmentation = field(default_factory=Augmentation)
    more_epochs: float = 1
    learning_rate: float = 0.02


RECIPES = (
    Recipe("as in studies/claims.yaml"),
    Recipe("PPG inverted in half of the windows", Augmentation(polarity=0.5)),
    Recipe("time reversed in half", Augmentation(time_reversal=0.5)),
    Recipe("acceleration rotated in half", Augmentation(axis_rotation=0.5)),
    Recipe("acceleration divided by up to 2", Augmentation(weaker_acceleration=2)),
    Recipe("time stretch of 1.3 for 1.18", Augmentation(time_stretch=1.3)),
    Recipe("learning rate halved", learning_rate=0.01),
    Recipe("epochs doubled", more_epochs=2),
)


@dataclass(frozen=True)
class Row:
    """Validation MAE in BPM, mean over subjects, of one recipe in each fold."""

    recipe: str
    strategy: str
    val_mae_bpm: list[float]


def main() -> None:
    """Train, print the table, write the JSON."""
    options = _options()
    rows = []
    for recipe in RECIPES:
        if options.recipes and not any(name in recipe.name for name in options.recipes):
            continue
        found = [_train(recipe, options.results / f"fold{fold}", options) for fold in options.folds]
        for strategy in SETTINGS:
            row = Row(recipe.name, strategy, [of_fold[strategy] for of_fold in found])
            rows.append(row)
            print(row, flush=True)
    print(_report(options, rows))
    write_json(options.output, {"rows": [asdict(row) for row in rows]})


def _options() -> Namespace:
    parser = ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("results", type=Path, help="folder of a study with folds: results/claims")
    parser.add_argument("--folds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--family", default="waveform_resnet")
    parser.add_argument("--student", type=int, default=10_000, help="parameters")
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--views", type=int, default=10)
    parser.add_argument("--recipes", nargs="+", help="those with one of these words in their names")
    output = Path("results/benchmarks/waveform_recipe.json")
    parser.add_argument("--output", type=Path, default=output, help="JSON file")
    return parser.parse_args()


def _train(recipe: Recipe, fold: Path, options: Namespace) -> dict[str, float]:
    """Validation MAE in BPM of the student of each strategy."""
    of_study = options.results / "windows"
    (windows_file,) = (file for file in of_study.glob("*.parquet") if "." not in file.stem)
    windows, inputs = Data(windows_file, fold / "splits.csv").read()
    (teacher_file,) = fold.glob("teachers/*/seed0/model.safetensors")
    transfer, teacher = examples(windows.transfer), file_fingerprint(teacher_file)
    epochs = round(options.epochs * recipe.more_epochs)
    training = TrainingConfig(epochs, 128, recipe.learning_rate, weight_decay=0.02, patience=epochs)
    shape = nearest_shape(options.family, options.student, inputs)
    found = {}
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        write_view_cache(transfer, inputs, recipe.augmentation, folder, views=options.views, seed=0)
        view_cache = read_view_cache(folder, transfer)
        write_targets(load_model(teacher_file)[0], teacher, view_cache, folder)
        training_inputs = TrainingInputs(
            view_cache, teacher, read_targets(folder, view_cache, teacher)
        )
        for strategy, settings in SETTINGS.items():
            config = StudentConfig(
                strategy, settings, shape, inputs, training, LABEL_SD_BPM, seed=0
            )
            model, _ = train_student(config, training_inputs, windows.val)
            predictions, _ = score(model, windows.val)
            error_bpm = (predictions["pred_bpm"] - predictions["hr_bpm"]).abs()
            found[strategy] = float(error_bpm.groupby(predictions["subject"]).mean().mean())
    return found


def _report(options: Namespace, rows: list[Row]) -> str:
    first = {row.strategy: row for row in rows[: len(SETTINGS)]}
    lines = []
    for number in range(0, len(rows), len(SETTINGS)):
        line = [rows[number].recipe]
        for row in rows[number : number + len(SETTINGS)]:
            change = mean(row.val_mae_bpm) - mean(first[row.strategy].val_mae_bpm)
            line += [f"{mean(row.val_mae_bpm):.2f}", f"{change:+.2f}"]
        lines.append(line)
    header = ["", *(text for name in SETTINGS for text in (name, "change"))]
    return "\n\n".join(
        [
            "# The recipe of waveform students",
            f"Validation MAE in BPM, mean over subjects and {len(options.folds)} folds; "
            f"{options.family} of about {options.student:,} parameters, {options.epochs} epochs. "
            "Change: from the first row.",
            markdown(header, lines),
        ]
    )


if __name__ == "__main__":
    main()
