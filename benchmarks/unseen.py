"""Errors on datasets left out of training, by activity: before and after a change of the recipe.

Each study leaves out the same datasets in turn. Its students from scratch whose size is nearest to
the sizes asked for are judged on all of each dataset left out, in all seeds: single windows, the
online filter, and what the valid estimates are worth. Intervals are bootstrap over people; there is
none where fewer than two people have what is averaged.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from data import markdown

from ppgkd.errors import PpgkdError
from ppgkd.evaluation.by_dataset import errors_by_dataset
from ppgkd.evaluation.recommended import predict_recommended
from ppgkd.models.capacity import nearest_shape
from ppgkd.runtime.artifacts import write_json
from ppgkd.schema.strict_yaml import read_plain_yaml
from ppgkd.study.cell import NO_TEACHER
from ppgkd.study.parse import parse_study
from ppgkd.study.study import Study, input_shape
from ppgkd.windows.preprocessing import WindowSpec

STRATEGY = "scratch"
FIGURES = {
    "mae_bpm": ("MAE, single", ".1f"),
    "filtered_mae_bpm": ("MAE, filtered", ".1f"),
    "valid": ("valid", ".0%"),
    "valid_mae_bpm": ("MAE of valid", ".2f"),
    "valid_wrong": ("of valid, off by > 10 BPM", ".1%"),
}
"""Figures of a row, with their heading and format."""


def main() -> None:
    """Judge the students, print a table for each size, write the JSON."""
    options = _options()
    try:
        studies = [
            parse_study(read_plain_yaml(file, "a study, such as those in studies/"))
            for file in options.studies
        ]
        rows = [
            row
            for study in studies
            for size in options.sizes
            for row in judge(study, size, options.results)
        ]
    except (PpgkdError, OSError) as error:
        raise SystemExit(str(error)) from error
    for size in options.sizes:
        print(f"\nAbout {size:,} parameters:\n")
        print(table([row for row in rows if row["size"] == size]))
    write_json(options.output, rows)
    print(f"written to {options.output}")


def judge(study: Study, size: int, results: Path) -> list[dict[str, Any]]:
    """Errors of one student on the datasets that a study leaves out.

    Parameters
    ----------
    study
        A finished study.
    size
        Number of parameters to which the student's is nearest.
    results
        Folder with the results of all studies.

    Returns
    -------
    list of dict
        `errors_by_dataset`, with ``study, size, params`` and the number of ``seeds``.
    """
    inputs, folder = input_shape(study.config), results / study.config["study"]
    params = {
        model.name: nearest_shape(model.family, model.capacity, inputs).n_params(inputs)
        for model in study.students
    }
    student = min(params, key=lambda name: abs(params[name] - size))
    predictions = predict_recommended(
        study.cells_of(STRATEGY, NO_TEACHER, student),
        folder,
        [folder / "windows" / f"{dataset.name}.parquet" for dataset in study.datasets],
        WindowSpec(**study.config["windows"]),
        study.config["onnx"]["coverage"],
    )
    about = {
        "study": study.config["study"],
        "size": size,
        "params": params[student],
        "seeds": len(study.config["seeds"]),
    }
    return [{**about, **row} for row in errors_by_dataset(predictions)]


def table(rows: Sequence[dict[str, Any]]) -> str:
    """Table of rows of `judge`: each dataset and activity, and below each other the studies."""
    header = ["left out", "activity", "windows", "people", "study, parameters"]
    header += [heading for heading, _ in FIGURES.values()]
    places = dict.fromkeys((row["dataset"], row["activity"]) for row in rows)
    shown = []
    for place in places:
        here = [row for row in rows if (row["dataset"], row["activity"]) == place]
        for number, row in enumerate(here):
            what = [row["dataset"], row["activity"] or "all", f"{row['n_windows']:,}"]
            what = [*what, str(row["n_subjects"])] if number == 0 else [""] * 4
            figures = [_shown(row[name], form) for name, (_, form) in FIGURES.items()]
            shown.append([*what, f"{row['study']}, {row['params']:,}", *figures])
    return markdown(header, shown)


def _shown(figure: dict[str, float | None], form: str) -> str:
    if figure["estimate"] is None:
        return "-"
    interval = (
        ""
        if figure["lower"] is None
        else f" ({figure['lower']:{form}} to {figure['upper']:{form}})"
    )
    return f"{figure['estimate']:{form}}{interval}"


def _options() -> Namespace:
    parser = ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("studies", type=Path, nargs="+", help="files of finished studies")
    parser.add_argument("--sizes", type=int, nargs="+", default=[300, 4000])
    parser.add_argument("--results", type=Path, default=Path("results"), help="folder of results")
    parser.add_argument("--output", type=Path, default=Path("results/benchmarks/unseen.json"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
