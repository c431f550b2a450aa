"""Predictions of the recommended student on its test subjects, and their quality."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ppgkd.evaluation.bootstrap import estimate_with_interval, resampled_sums
from ppgkd.evaluation.by_dataset import errors_by_dataset
from ppgkd.evaluation.estimators import ESTIMATORS, as_estimates, reasons
from ppgkd.evaluation.filtered import track
from ppgkd.evaluation.fit_validity import RIGHT_BPM, fit_bounds, learned_range_bpm
from ppgkd.evaluation.made_windows import made_windows
from ppgkd.evaluation.quality import assess
from ppgkd.inference.online_filter import Transition
from ppgkd.models.build import load_model
from ppgkd.runtime.artifacts import read_json
from ppgkd.splits.study_windows import StudyWindows, read_study_windows
from ppgkd.study.cell import Cell, fold_folder
from ppgkd.windows.preprocessing import WindowSpec
from ppgkd.windows.read import Windows

VALID = {"single": "valid", "filtered": "filtered_valid"}
"""Columns of the predictions that say whether an estimate is valid."""

NARROW = {"single": "narrow", "filtered": "filtered_narrow"}
"""Columns of the predictions that say whether it would be by its spread alone."""


def predict_recommended(
    cells: Iterable[Cell],
    results: str | Path,
    windows: Sequence[str | Path],
    spec: WindowSpec,
    coverage: float,
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
    spec
        Segmentation and preprocessing.
    coverage
        Share of the validation windows whose spread is to be narrow enough.

    Returns
    -------
    DataFrame
        Table of `ppgkd.evaluation.filtered.track` with ``seed``, ``fold`` (missing without folds),
        ``valid`` and ``filtered_valid`` (`ppgkd.inference.validity`), by the bounds that the
        student's file has, and ``narrow`` and ``filtered_narrow``, by the bound of the spread
        alone.
    """
    results, parts = Path(results), []
    of_fold: dict[int | str | None, tuple[StudyWindows, tuple[float, float], Windows]] = {}
    for cell in cells:
        folder = results / fold_folder(cell.fold)
        network, _, inputs = load_model(results / cell.path / "model.safetensors")
        if cell.fold not in of_fold:
            data = read_study_windows(windows, folder / "splits.csv", inputs)
            learned_bpm = learned_range_bpm(data.train.index["hr_bpm"].to_numpy())
            made = made_windows(spec, data.val.channels, learned_bpm)
            of_fold[cell.fold] = data, learned_bpm, made
        data, learned_bpm, made = of_fold[cell.fold]
        transition = Transition(**read_json(folder / "filter.json"))
        of_val, of_made, found = (
            track(network, part, transition) for part in (data.val, made, data.test)
        )
        bounds = fit_bounds(learned_bpm, of_val, of_made, coverage)
        valid: dict[str, NDArray[np.bool_]] = {}
        for name, (_, sd_bpm) in ESTIMATORS.items():
            rule = bounds.rule(online_filter=name == "filtered")
            valid[VALID[name]] = reasons(found, name, rule) < 0
            valid[NARROW[name]] = (found[sd_bpm] <= rule.max_sd_bpm).to_numpy()
        parts.append(found.assign(seed=cell.seed, fold=cell.fold, **valid))
    return pd.concat(parts, ignore_index=True).astype({"fold": "Int64"})


def assess_recommended(predictions: pd.DataFrame) -> dict[str, Any]:
    """Assess the predictions of `predict_recommended`.

    Returns
    -------
    dict
        ``single`` and ``filtered``: `ppgkd.evaluation.quality.assess`, with ``abstention``: the
        share of windows that are ``kept`` as valid, their ``mae_bpm`` and that of the others; and
        the share off by more than 10 BPM of all, of these and of the others (``wrong, kept_wrong,
        left_out_wrong``). ``gain``: the ``share`` by which the filter reduces the MAE, with its
        paired 95 % interval over subjects. ``by_dataset``:
        `ppgkd.evaluation.by_dataset.errors_by_dataset`.
    """
    return {
        **{name: _assess(predictions, name) for name in ESTIMATORS},
        "gain": _gain(predictions),
        "by_dataset": errors_by_dataset(predictions),
    }


def _assess(predictions: pd.DataFrame, estimator: str) -> dict[str, Any]:
    table = as_estimates(predictions, estimator)
    absolute_bpm = (table["pred_bpm"] - table["hr_bpm"]).abs()
    kept = table[VALID[estimator]]
    wrong = (absolute_bpm > RIGHT_BPM).astype(float)
    abstention = {
        "kept": float(kept.mean()),
        "mae_bpm": _mean(absolute_bpm[kept]),
        "left_out_mae_bpm": _mean(absolute_bpm[~kept]),
        "wrong": _mean(wrong),
        "kept_wrong": _mean(wrong[kept]),
        "left_out_wrong": _mean(wrong[~kept]),
    }
    return {**assess(table), "abstention": abstention}


def _mean(values: pd.Series) -> float | None:
    return float(values.mean()) if len(values) else None


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
