"""The law from size to error: a power law with a floor, for each strategy, with its doubt.

``error = floor + scale * (params / reference)^-exponent``, fitted to the logarithm of the error
with a robust loss, as scaling laws of language models are (Hoffmann et al. 2022). The intervals
come from a bootstrap that draws what was sampled: subjects first, then seeds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import least_squares

MIN_SIZES = 4
"""Three parameters need more than three sizes."""

EXPONENT_BOUNDS = (0.02, 5.0)
IDENTIFIED_RATIO = 10.0
"""An exponent is identified if its interval is off the bounds and spans less than this factor."""

LEVEL = 0.9
DRAWS = 200
CURVE_POINTS = 40

Vector = NDArray[np.float64]


@dataclass(frozen=True)
class PowerLawFloor:
    """``error = floor_bpm + scale_bpm * (params / reference_params)^-exponent``."""

    floor_bpm: float
    scale_bpm: float
    exponent: float
    reference_params: float

    def predict(self, params: Vector) -> Vector:
        """Error in BPM at some sizes."""
        relative = np.asarray(params, dtype=np.float64) / self.reference_params
        return np.asarray(self.floor_bpm + self.scale_bpm * relative**-self.exponent)


def fit_power_law_floor(params: Vector, error_bpm: Vector) -> PowerLawFloor:
    """Fit the law to points.

    Parameters
    ----------
    params
        Sizes, shape (n_points,).
    error_bpm
        Errors, shape (n_points,), positive.

    Raises
    ------
    ValueError
        If there are fewer than four sizes, or an error is not positive and finite.
    """
    params, error_bpm = np.asarray(params, np.float64), np.asarray(error_bpm, np.float64)
    if len(np.unique(params)) < MIN_SIZES:
        raise ValueError(
            f"a power law with a floor needs at least {MIN_SIZES} sizes, found "
            f"{len(np.unique(params))}"
        )
    if not (np.isfinite(error_bpm).all() and (error_bpm > 0).all()):
        raise ValueError(f"errors must be positive and finite, found {error_bpm}")
    reference = float(np.exp(np.log(params).mean()))
    log_size, log_error = np.log(params / reference), np.log(error_bpm)

    def residual(theta: Vector) -> Vector:
        floor, scale, exponent = np.exp(theta)
        return np.asarray(np.log(floor + scale * np.exp(-exponent * log_size)) - log_error)

    def jacobian(theta: Vector) -> Vector:
        floor, scale, exponent = np.exp(theta)
        decaying = scale * np.exp(-exponent * log_size)
        total = floor + decaying
        columns = [floor / total, decaying / total, -exponent * log_size * decaying / total]
        return np.stack(columns, axis=1)

    lowest = float(error_bpm.min())
    spread = max(float(np.ptp(error_bpm)), 1e-3 * lowest)
    bounds = (
        np.log([1e-3 * lowest, 1e-4 * lowest, EXPONENT_BOUNDS[0]]),
        np.log([2 * lowest, 1e3 * lowest, EXPONENT_BOUNDS[1]]),
    )
    best = min(
        (
            least_squares(
                residual,
                np.log([share * lowest, spread, exponent]),
                jacobian,
                bounds=bounds,
                loss="soft_l1",
                f_scale=0.05,
            )
            for share in (0.3, 0.95)
            for exponent in (0.3, 1.5)
        ),
        key=lambda fit: float(fit.cost),
    )
    floor, scale, exponent = (float(value) for value in np.exp(best.x))
    return PowerLawFloor(floor, scale, exponent, reference)


def fit_laws(
    cells: pd.DataFrame, subject_errors: pd.DataFrame, seed: int = 0
) -> list[dict[str, Any]]:
    """Fit the law for every strategy, teacher and family.

    Parameters
    ----------
    cells
        Table of `ppgkd.cells.collect_cells`.
    subject_errors
        Table of `ppgkd.cells.collect_subject_errors`.
    seed
        Of the bootstrap.

    Returns
    -------
    list of dict
        ``strategy, teacher, family, sizes, form`` and, where the law could be fitted,
        ``parameters`` (each with ``estimate``, ``lower``, ``upper``), ``identified`` (whether
        these sizes tell the exponent, or the error is flat over them), ``aicc``,
        ``held_out_ape`` (mean absolute percentage error of the law at each inner size when it is
        left out), and ``curve``. Otherwise ``reason`` says why not.
    """
    keys = ["strategy", "teacher", "student", "seed"]
    networks = cells[[*keys, "family", "params"]].drop_duplicates()  # folds apart, they are one
    table = subject_errors.merge(networks, on=keys)
    names = ["strategy", "teacher", "family"]
    return [
        _fit_one(dict(zip(names, map(str, key), strict=True)), part, seed)
        for key, part in table.groupby(names, sort=False)
    ]


def _fit_one(key: Mapping[str, str], table: pd.DataFrame, seed: int) -> dict[str, Any]:
    cube, n_windows, params = _error_cube(table)
    mean_bpm = _mae_bpm(cube, n_windows)
    result: dict[str, Any] = {
        **key,
        "form": "power_law_floor",
        "sizes": params.astype(int).tolist(),
        "mae_bpm": mean_bpm.tolist(),
    }
    try:
        law = fit_power_law_floor(params, mean_bpm)
    except ValueError as error:
        return {**result, "reason": str(error)}
    drawn = _bootstrap(cube, n_windows, params, seed)
    grid = np.geomspace(params.min(), params.max(), CURVE_POINTS)
    curves = np.stack([one.predict(grid) for one in drawn])
    tail = [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
    lower, upper = np.quantile(curves, tail, axis=0)
    names = ("floor_bpm", "scale_bpm", "exponent")
    bounds = {
        name: np.quantile([getattr(one, name) for one in drawn], tail).tolist() for name in names
    }
    return {
        **result,
        "level": LEVEL,
        "reference_params": law.reference_params,
        "parameters": {
            name: {
                "estimate": asdict(law)[name],
                "lower": bounds[name][0],
                "upper": bounds[name][1],
            }
            for name in names
        },
        "identified": _identified(*bounds["exponent"]),
        "aicc": _aicc(law, params, mean_bpm),
        "held_out_ape": _held_out_ape(params, mean_bpm),
        "curve": {
            "params": grid.tolist(),
            "mae_bpm": law.predict(grid).tolist(),
            "lower_bpm": lower.tolist(),
            "upper_bpm": upper.tolist(),
        },
    }


def _error_cube(table: pd.DataFrame) -> tuple[Vector, Vector, Vector]:
    """MAE by size, seed and subject, (n_sizes, n_seeds, n_subjects); windows by subject; sizes."""
    columns = table.set_index(["params", "seed", "subject"])["mae_bpm"].unstack(["seed", "subject"])
    columns = columns.sort_index().sort_index(axis=1)
    n_windows = table.groupby("subject")["n_windows"].first().sort_index()
    cube = columns.to_numpy(np.float64).reshape(len(columns), -1, len(n_windows))
    return cube, n_windows.to_numpy(np.float64), columns.index.to_numpy(np.float64)


def _mae_bpm(cube: Vector, n_windows: Vector) -> Vector:
    """MAE over windows of each size, mean over seeds."""
    return np.asarray((cube @ n_windows / n_windows.sum()).mean(axis=1))


def _bootstrap(cube: Vector, n_windows: Vector, params: Vector, seed: int) -> list[PowerLawFloor]:
    """Refit on drawn subjects (the same for all sizes) and, for each size, drawn seeds."""
    rng = np.random.default_rng(seed)
    n_sizes, n_seeds, n_subjects = cube.shape
    laws = []
    for _ in range(DRAWS):
        subjects = rng.integers(n_subjects, size=n_subjects)
        seeds = rng.integers(n_seeds, size=(n_sizes, n_seeds))
        chosen = np.take_along_axis(cube[:, :, subjects], seeds[:, :, None], axis=1)
        laws.append(fit_power_law_floor(params, _mae_bpm(chosen, n_windows[subjects])))
    return laws


def _identified(lower: float, upper: float) -> bool:
    """Whether the sizes tell the exponent; where the error is flat, any would do."""
    inside = lower > 1.01 * EXPONENT_BOUNDS[0] and upper < 0.99 * EXPONENT_BOUNDS[1]
    return bool(inside and upper / lower < IDENTIFIED_RATIO)


def _aicc(law: PowerLawFloor, params: Vector, error_bpm: Vector) -> float | None:
    """Corrected Akaike criterion of the log errors; None where it is not defined."""
    n, k = len(params), 4  # three parameters and the residual variance
    if n <= k + 1:
        return None
    squares = np.square(np.log(law.predict(params)) - np.log(error_bpm)).mean()
    return float(n * np.log(max(squares, 1e-12)) + 2 * k + 2 * k * (k + 1) / (n - k - 1))


def _held_out_ape(params: Vector, error_bpm: Vector) -> float | None:
    """How far off the law is at an inner size it has not seen, in percent; None with too few."""
    if len(params) <= MIN_SIZES:
        return None
    misses = []
    for left_out in range(1, len(params) - 1):
        kept = np.arange(len(params)) != left_out
        law = fit_power_law_floor(params[kept], error_bpm[kept])
        predicted = law.predict(params[left_out : left_out + 1])[0]
        misses.append(abs(predicted / error_bpm[left_out] - 1))
    return float(100 * np.mean(misses))
