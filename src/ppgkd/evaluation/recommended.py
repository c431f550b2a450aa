"""Predictions of the recommended student on its test subjects, and their quality."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from ppgkd.evaluation.bootstrap import estimate_with_interval, resampled_sums
from ppgkd.evaluation.filtered import track, widest_spreads
from ppgkd.evaluation.quality import assess
from ppgkd.inference.online_filter import Transition
from ppgkd.models.build import load_model
from ppgkd.runtime.artifacts import read_json
from ppgkd.splits.study_windows import StudyWindows, read_study_windows
from ppgkd.study.cell import Cell, fold_folder

ESTIMATORS = {
    "single": ("pred_bpm", "sd_bpm", "valid"),
    "filtered": ("filtered_bpm", "filtered_sd_bpm", "filtered_valid"),
}
"""Single windows and the online filter, with their columns in the predictions."""


def predict_recommended(
    cells: Iterable[Cell], results: str | Path, windows: Sequence[str | Path], coverage: float
) -> pd.DataFrame:
    """Predict the test windows of every fold by the student of every seed.

    Parameters
    ----------
    cells
        Of the recommended student.
    results
        Folder of the study.
    windows
        Its windows files.
    coverage
        Share of the validation windows whose estimate is to be valid.

    Returns
    -------
    DataFrame
        Table of `ppgkd.evaluation.filtered.track` with ``seed``, ``fold`` (missing without folds),
        and ``valid`` and ``filtered_valid``: whether the spread is within the bound
        from the fold's validation subjects.
    """
    results, parts = Path(results), []
    of_fold: dict[int | None, StudyWindows] = {}
    for cell in cells:
        folder = results / fold_folder(cell.fold)
        network, _, inputs = load_model(results / cell.path / "model.safetensors")
        if cell.fold not in of_fold:
            of_fold[cell.fold] = read_study_windows(windows, folder / "splits.csv", inputs)
        data, transition = of_fold[cell.fold], Transition(**read_json(folder / "filter.json"))
        widest = widest_spreads(track(network, data.val, transition), coverage)
        found = track(network, data.test, transition)
        parts.append(
            found.assign(
                seed=cell.seed,
                fold=cell.fold,
                valid=found["sd_bpm"] <= widest.window_bpm,
                filtered_valid=found["filtered_sd_bpm"] <= widest.filtered_bpm,
            )
        )
    return pd.concat(parts, ignore_index=True).astype({"fold": "Int64"})


def assess_recommended(predictions: pd.DataFrame) -> dict[str, Any]:
    """Assess the predictions of `predict_recommended`.

    Returns
    -------
    dict
        ``single`` and ``filtered``: `ppgkd.evaluation.quality.assess`, with ``abstention``: the
        share of windows that are ``kept`` by the bound on the spread, their ``mae_bpm`` and that of
        the others. ``gain``: the ``share`` by which the filter reduces the MAE, with its paired
        95 % interval over subjects.
    """
    return {
        **{name: _assess(predictions, name) for name in ESTIMATORS},
        "gain": _gain(predictions),
    }


def as_estimates(predictions: pd.DataFrame, estimator: str) -> pd.DataFrame:
    """The predictions of one estimator, as ``pred_bpm`` and ``sd_bpm``."""
    bpm, sd_bpm, _ = ESTIMATORS[estimator]
    return predictions.assign(pred_bpm=predictions[bpm], sd_bpm=predictions[sd_bpm])


def _assess(predictions: pd.DataFrame, estimator: str) -> dict[str, Any]:
    table = as_estimates(predictions, estimator)
    absolute_bpm = (table["pred_bpm"] - table["hr_bpm"]).abs()
    kept = table[ESTIMATORS[estimator][2]]
    abstention = {
        "kept": float(kept.mean()),
        "mae_bpm": float(absolute_bpm[kept].mean()) if kept.any() else None,
        "left_out_mae_bpm": float(absolute_bpm[~kept].mean()) if (~kept).any() else None,
    }
    return {**assess(table), "abstention": abstention}


def _gain(predictions: pd.DataFrame) -> dict[str, float]:
    errors = pd.DataFrame(
        {
            name: (predictions[columns[0]] - predictions["hr_bpm"]).abs().astype("float64")
            for name, columns in ESTIMATORS.items()
        }
    )
    single, filtered = resampled_sums(errors.groupby(predictions["subject"]).sum().to_numpy()).T
    share, lower, upper = estimate_with_interval(1 - filtered / single)
    return {"share": share, "lower": lower, "upper": upper}
