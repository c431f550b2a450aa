"""Quality of heart-rate estimates: metrics by subject, motion and heart rate, and calibration.

The metrics are those of the field and of its standards, on subjects not used in training, with
bootstrap intervals over subjects.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from ppgkd.evaluation.agreement import limits_of_agreement
from ppgkd.evaluation.metrics import (
    error_metrics,
    subject_interval,
    subject_intervals,
    window_errors,
)
from ppgkd.windows.motion import MOTION_BANDS

MAPE_LIMIT = 10.0
"""Highest MAPE in percent that ANSI/CTA-2065 allows, in each activity of its protocol."""

NOMINAL = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
"""Levels of the central intervals whose coverage is computed."""

HEART_RATE_BANDS: dict[str, tuple[float, float]] = {
    "below 60": (0.0, 60.0),
    "60 to 90": (60.0, 90.0),
    "90 to 120": (90.0, 120.0),
    "120 to 150": (120.0, 150.0),
    "150 and above": (150.0, np.inf),
}
"""Ranges of the reference in BPM; the lower bound is included."""

COVERAGES = np.arange(1, 21) / 20
"""Shares of windows kept, at which the risk-coverage curve is computed."""


def assess(table: pd.DataFrame) -> dict[str, Any]:
    """Assess estimates and their spreads.

    Parameters
    ----------
    table
        One row per window, of one seed or of several below each other: ``subject``, ``hr_bpm``,
        ``pred_bpm`` (NaN where no estimate was given), ``sd_bpm``, ``motion_g`` (NaN without an
        accelerometer).

    Returns
    -------
    dict
        For JSON. Windows without an estimate are counted and otherwise left out.

        - ``n_windows, n_estimates, n_subjects``, here and in every row below
        - ``overall``: `ppgkd.evaluation.metrics.error_metrics`, ``coverage_50`` and ``coverage_90``
          (see `calibration`), and ``intervals``, 95 % over subjects, of those that are means
        - ``by_subject``: rows of ``subject`` and the same figures, None where no window has an
          estimate
        - ``by_motion`` (`ppgkd.windows.motion.MOTION_BANDS`), ``by_heart_rate``
          (`HEART_RATE_BANDS`): rows of ``band, lower, upper`` (None where there is none) and the
          same figures, with ``mae_lower_bpm`` and ``mae_upper_bpm``, 95 % over subjects; only of
          bands that hold windows
        - ``bland_altman``: `ppgkd.evaluation.agreement.limits_of_agreement`
        - ``mape``: the percentage beside the ``limit`` of ANSI/CTA-2065, ``passed``, and in
          how many subjects it is passed
        - ``calibration``: `calibration`
        - ``risk_coverage``: `risk_coverage`

        An interval over one subject has no width, and does not generalise to others.

    Raises
    ------
    ValueError
        If no window has an estimate, or a reference, or the spread of an estimate, is not finite.
    """
    given = _with_estimate(table)
    blank = dict.fromkeys(_figures(given))
    subjects = [
        {"subject": str(subject), **_row(of_subject, blank)}
        for subject, of_subject in table.groupby("subject")
    ]
    overall = {**_figures(given), "intervals": _intervals(given)}
    lower, upper = overall["intervals"]["mape"]
    return {
        **_counts(table),
        "overall": overall,
        "by_subject": subjects,
        "by_motion": _by_band(table, "motion_g", MOTION_BANDS, blank),
        "by_heart_rate": _by_band(table, "hr_bpm", HEART_RATE_BANDS, blank),
        "bland_altman": limits_of_agreement(given),
        "mape": {
            "mape": overall["mape"],
            "lower": lower,
            "upper": upper,
            "limit": MAPE_LIMIT,
            "passed": overall["mape"] <= MAPE_LIMIT,
            "n_subjects": sum(row["mape"] is not None for row in subjects),
            "n_subjects_passed": sum(
                row["mape"] is not None and row["mape"] <= MAPE_LIMIT for row in subjects
            ),
        },
        "calibration": calibration(given),
        "risk_coverage": risk_coverage(table),
    }


def calibration(table: pd.DataFrame) -> dict[str, Any]:
    """Coverage of the central intervals that the spread implies.

    Parameters
    ----------
    table
        As for `assess`; ``subject, hr_bpm, pred_bpm, sd_bpm`` are used.

    Returns
    -------
    dict
        ``curve``: for each of `NOMINAL`, the ``coverage`` of the central interval of a normal
        distribution, estimate -+ z spreads, with ``lower`` and ``upper``, 95 % over subjects; and
        ``coverage_50`` and ``coverage_90``. With heavy tails or a second peak, coverage is above
        nominal at low levels and below at high ones.
    """
    given = _with_estimate(table)
    covered = pd.DataFrame({str(nominal): _covered(given, nominal) for nominal in NOMINAL})
    intervals = subject_intervals(covered, given["subject"])
    curve = [
        {
            "nominal": nominal,
            "coverage": float(covered[str(nominal)].mean()),
            "lower": intervals[str(nominal)][0],
            "upper": intervals[str(nominal)][1],
        }
        for nominal in NOMINAL
    ]
    return {"curve": curve, **_coverages(given)}


def risk_coverage(table: pd.DataFrame) -> dict[str, Any]:
    """Risk-coverage curve: error of the windows that are kept if the widest spreads are left out.

    Windows of equal spread have no order: each counts with their mean error.

    Parameters
    ----------
    table
        As for `assess`; ``hr_bpm, pred_bpm, sd_bpm`` are used.

    Returns
    -------
    dict
        ``curve``: for each of `COVERAGES`, a share of all windows, up to the share that has an
        estimate (which is the last), the ``mae_bpm`` of the windows of smallest spread,
        ``max_sd_bpm``, the spread up to which they are kept, and ``oracle_mae_bpm``, if those of
        smallest error were kept. ``aurc_bpm``, the area under the curve over the windows that
        have an estimate (the mean over every number of windows kept; Geifman et al., ICLR
        2019), beside ``oracle_aurc_bpm`` and ``random_aurc_bpm``, which is the MAE; and
        ``gain_share``, where 0 is random and 1 is the oracle, None if there is nothing to gain.
    """
    given = _with_estimate(table).sort_values("sd_bpm", kind="stable", ignore_index=True)
    absolute_bpm = (given["pred_bpm"] - given["hr_bpm"]).abs().astype("float64")
    kept = np.arange(1, len(given) + 1)
    without_order = absolute_bpm.groupby(given["sd_bpm"]).transform("mean")
    risk_bpm = without_order.to_numpy().cumsum() / kept
    oracle_bpm = np.sort(absolute_bpm.to_numpy()).cumsum() / kept
    share = len(given) / len(table)
    coverages = [float(coverage) for coverage in COVERAGES if coverage < share] + [share]
    curve = []
    for coverage in coverages:
        last = max(round(coverage * len(table)), 1) - 1
        curve.append(
            {
                "coverage": coverage,
                "mae_bpm": float(risk_bpm[last]),
                "oracle_mae_bpm": float(oracle_bpm[last]),
                "max_sd_bpm": float(given["sd_bpm"].iloc[last]),
            }
        )
    area, oracle, random = risk_bpm.mean(), oracle_bpm.mean(), absolute_bpm.mean()
    return {
        "curve": curve,
        "aurc_bpm": float(area),
        "oracle_aurc_bpm": float(oracle),
        "random_aurc_bpm": float(random),
        "gain_share": float((random - area) / (random - oracle)) if random > oracle else None,
    }


def _with_estimate(table: pd.DataFrame) -> pd.DataFrame:
    given = table[table["pred_bpm"].notna()]
    if given.empty:
        raise ValueError(f"none of the {len(table)} windows has an estimate: nothing to assess")
    for name in ("hr_bpm", "pred_bpm", "sd_bpm"):
        if name in given and not np.isfinite(given[name]).all():
            raise ValueError(f"{name} must be finite where there is an estimate")
    return given


def _covered(given: pd.DataFrame, nominal: float) -> NDArray[np.float64]:
    half_width_bpm = stats.norm.ppf((1 + nominal) / 2) * given["sd_bpm"].to_numpy(np.float64)
    absolute_bpm = (given["pred_bpm"] - given["hr_bpm"]).abs().to_numpy(np.float64)
    return np.asarray(absolute_bpm <= half_width_bpm, dtype=np.float64)


def _coverages(given: pd.DataFrame) -> dict[str, float]:
    return {
        f"coverage_{percent}": float(_covered(given, percent / 100).mean()) for percent in (50, 90)
    }


def _figures(given: pd.DataFrame) -> dict[str, Any]:
    metrics = error_metrics(given["pred_bpm"].to_numpy(), given["hr_bpm"].to_numpy())
    return {**metrics, **_coverages(given)}


def _intervals(given: pd.DataFrame) -> dict[str, list[float]]:
    errors = window_errors(given["pred_bpm"].to_numpy(), given["hr_bpm"].to_numpy())
    means = pd.DataFrame({**errors, "rmse_bpm": np.square(errors["bias_bpm"])})
    bounds = subject_intervals(means, given["subject"])
    found = {name: list(interval) for name, interval in bounds.items()}
    found["rmse_bpm"] = np.sqrt(found["rmse_bpm"]).tolist()
    return found


def _counts(part: pd.DataFrame) -> dict[str, int]:
    return {
        "n_windows": len(part),
        "n_estimates": int(part["pred_bpm"].notna().sum()),
        "n_subjects": int(part["subject"].nunique()),
    }


def _row(part: pd.DataFrame, blank: Mapping[str, None]) -> dict[str, Any]:
    given = part[part["pred_bpm"].notna()]
    return {**_counts(part), **(_figures(given) if len(given) else blank)}


def _by_band(
    table: pd.DataFrame,
    column: str,
    bands: Mapping[str, tuple[float, float]],
    blank: Mapping[str, None],
) -> list[dict[str, Any]]:
    rows = []
    for name, (lower, upper) in bands.items():
        part = table[(table[column] >= lower) & (table[column] < upper)]
        if part.empty:
            continue
        given = part[part["pred_bpm"].notna()]
        interval = subject_interval(given) if len(given) else (None, None)
        rows.append(
            {
                "band": name,
                "lower": lower,
                "upper": upper if np.isfinite(upper) else None,
                **_row(part, blank),
                "mae_lower_bpm": interval[0],
                "mae_upper_bpm": interval[1],
            }
        )
    return rows
