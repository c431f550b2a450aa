"""How sure a fit is: its scatter and covariance, and the interval of one more measurement."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from ppgkd.scaling.solver import HUBER_DELTA, huber_weights

Array = NDArray[np.float64]

IDENTIFIED_RATIO = 10.0
"""A parameter is identified if its 90 % interval spans less than this factor."""


FLATTEST = 1e-12
"""Share of the largest curvature below which a direction counts as flat."""

WIDEST = float(np.log(1e6))
"""An interval says nothing beyond a factor of a million, and stays a number."""


class Prediction(NamedTuple):
    """What a law says of some sizes; the interval is that of one more measurement.

    Attributes
    ----------
    mean, lower, upper
        In BPM, or whatever the errors were in; the shape of the sizes.
    """

    mean: Array
    lower: Array
    upper: Array


def around(
    log_error: Array, slope: Array, covariance: Array, scatter: float, freedom: int, level: float
) -> Prediction:
    """Interval of one more measurement around a fitted curve.

    Parameters
    ----------
    log_error, slope
        Of the curve, (n,), and by its coordinates, (n, n_coordinates).
    covariance
        Of the coordinates.
    scatter
        Of the points around the curve.
    freedom
        Points that it was fitted to, less parameters; with none the interval is infinite.
    level
        Probability with which it is to hold the measurement.
    """
    if not 0 < level < 1:
        raise ValueError(f"the level must lie between 0 and 1, found {level}")
    reach = np.full_like(log_error, np.inf)
    if freedom > 0:
        of_curve = np.einsum("np,pq,nq->n", slope, covariance, slope)
        sd = np.sqrt(np.maximum(of_curve, 0) + scatter**2)
        reach = np.minimum(stats.t.ppf((1 + level) / 2, freedom) * sd, WIDEST)
    return Prediction(*map(np.exp, (log_error, log_error - reach, log_error + reach)))


def doubt(
    slope: Array, residual: Array, weight: Array, huber_delta: float = HUBER_DELTA
) -> tuple[float, Array]:
    """Scatter of the points around a fit, and the covariance of its coordinates.

    Parameters
    ----------
    slope
        Of the log errors by the coordinates, (n_points, n_coordinates).
    residual, weight
        Of the log errors, (n_points,).
    huber_delta
        Where Huber's loss turned from quadratic to linear.
    """
    used, n_coordinates = int((weight > 0).sum()), slope.shape[1]
    freedom = used - n_coordinates
    pull = weight * huber_weights(residual, huber_delta)
    pull = pull / pull.sum() * used
    scatter = float(np.sqrt((pull * residual**2).sum() / max(freedom, 1)))
    if freedom < 1:
        return scatter, np.full((n_coordinates, n_coordinates), np.inf)
    curvature = np.einsum("np,n,nq->pq", slope, pull, slope)
    # a direction that the points do not tell has no curvature: it is as good as unknown, not known
    bends, directions = np.linalg.eigh(curvature)
    bends = np.maximum(bends, max(FLATTEST * bends[-1], np.finfo(float).tiny))
    return scatter, (directions / bends) @ directions.T * scatter**2


def is_told(covariance: Array) -> NDArray[np.bool_]:
    """Whether the 90 % interval of the logarithm of each parameter spans less than the ratio."""
    width = 2 * stats.norm.ppf(0.95) * np.sqrt(np.maximum(np.diag(covariance), 0))
    return np.asarray(width < np.log(IDENTIFIED_RATIO))
