"""Errors of a student by dataset and activity, and what its valid estimates are worth.

In a study that leaves out one dataset in each fold, this is the error on people, a sensor and
motion that the student has never seen.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ppgkd.datasets.activity import ACTIVITIES, UNKNOWN
from ppgkd.evaluation.bootstrap import percentile_interval, resampled_sums
from ppgkd.evaluation.fit_validity import RIGHT_BPM

SHARES: dict[str, tuple[str, str]] = {
    "mae_bpm": ("single", "windows"),
    "filtered_mae_bpm": ("filtered", "windows"),
    "valid": ("valid", "windows"),
    "valid_mae_bpm": ("valid_error", "valid"),
    "valid_wrong": ("valid_wrong", "valid"),
}
"""Each figure is the ratio of two sums over windows (`_sums`)."""


def errors_by_dataset(predictions: pd.DataFrame) -> list[dict[str, Any]]:
    """Errors on each dataset, and within it by activity.

    Parameters
    ----------
    predictions
        One row per window and seed: ``dataset, subject, recording, window, activity, hr_bpm,
        pred_bpm, filtered_bpm, filtered_valid``.

    Returns
    -------
    list of dict
        For JSON, in the order of the datasets: a row with ``activity`` None for the whole dataset,
        then one for each activity, if any is labelled. ``n_windows`` (each counts once, whatever
        the number of seeds), ``n_subjects``, and, each with ``estimate, lower, upper``: ``mae_bpm``
        of single windows, ``filtered_mae_bpm``; of the filtered estimates the share ``valid``, and
        of the valid ones ``valid_mae_bpm`` and ``valid_wrong``, the share off by more than 10 BPM.

        The interval is that of 95 % over subjects. It is None where fewer than two subjects have
        what is averaged; the estimate is None where none has.
    """
    rows = []
    for dataset, part in predictions.groupby("dataset", sort=False):
        rows.append({"dataset": str(dataset), "activity": None, **_figures(part)})
        found = [activity for activity in ACTIVITIES if (part["activity"] == activity).any()]
        if found == [UNKNOWN]:
            continue
        rows += [
            {
                "dataset": str(dataset),
                "activity": activity,
                **_figures(part[part["activity"] == activity]),
            }
            for activity in found
        ]
    return rows


def _figures(part: pd.DataFrame) -> dict[str, Any]:
    sums = _sums(part).groupby(part["subject"]).sum()
    drawn = dict(zip(sums, resampled_sums(sums.to_numpy(np.float64)).T, strict=True))
    return {
        "n_windows": part.groupby(["recording", "window"]).ngroups,
        "n_subjects": len(sums),
        **{
            name: _ratio(drawn[above], drawn[below], int((sums[below] > 0).sum()))
            for name, (above, below) in SHARES.items()
        },
    }


def _sums(part: pd.DataFrame) -> pd.DataFrame:
    single_bpm = (part["pred_bpm"] - part["hr_bpm"]).abs().astype("float64")
    filtered_bpm = (part["filtered_bpm"] - part["hr_bpm"]).abs().astype("float64")
    valid = part["filtered_valid"].astype(bool)
    return pd.DataFrame(
        {
            "windows": 1.0,
            "single": single_bpm,
            "filtered": filtered_bpm,
            "valid": valid.astype("float64"),
            "valid_error": filtered_bpm.where(valid, 0.0),
            "valid_wrong": (valid & (filtered_bpm > RIGHT_BPM)).astype("float64"),
        }
    )


def _ratio(
    above: NDArray[np.float64], below: NDArray[np.float64], n_subjects: int
) -> dict[str, float | None]:
    """Ratio of two sums, with its interval if it is one over at least two subjects.

    A draw of subjects of whom none has anything to average says nothing, and is left out.
    """
    if not n_subjects:
        return {"estimate": None, "lower": None, "upper": None}
    estimate = float(above[0] / below[0])
    if n_subjects < 2:
        return {"estimate": estimate, "lower": None, "upper": None}
    some = np.flatnonzero(below[1:] > 0) + 1
    lower, upper = percentile_interval(above[some] / below[some])
    return {"estimate": estimate, "lower": float(lower), "upper": float(upper)}
