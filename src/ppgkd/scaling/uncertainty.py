"""Uncertainty of a fit: residual SD, covariance of its coordinates, and prediction intervals."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from ppgkd.scaling.solver import HUBER_DELTA, huber_weights

Array = NDArray[np.float64]

IDENTIFIED_RATIO = 10.0
"""A parameter is identified if its 90 % interval spans less than this factor."""

MIN_CURVATURE = 1e-12
"""Fraction of the largest curvature below which a direction counts as flat."""

MAX_HALF_WIDTH = float(np.log(1e6))
"""Prediction intervals end at a factor of a million, so that they stay finite numbers."""


class PredictionInterval(NamedTuple):
    """Errors that a law predicts at some sizes, each with the interval of one more measurement.

    Attributes
    ----------
    mean, lower, upper
        In BPM, or the unit of the errors that were fitted; the shape of the sizes.
    """

    mean: Array
    lower: Array
    upper: Array


def prediction_interval(
    log_error: Array,
    gradient: Array,
    covariance: Array,
    residual_sd: float,
    degrees_of_freedom: int,
    level: float,
) -> PredictionInterval:
    """Interval of one more measurement around a fitted curve.

    Its variance is that of the curve plus that of the residuals.

    Parameters
    ----------
    log_error, gradient
        Of the curve, (n,), and by its coordinates, (n, n_coordinates).
    covariance
        Of the coordinates, (n_coordinates, n_coordinates).
    residual_sd
        Standard deviation of the residuals, in the logarithm of the error.
    degrees_of_freedom
        Points that were fitted, less parameters. With none the interval is infinite.
    level
        Probability with which the interval covers the measurement.

    Raises
    ------
    ValueError
        If the level is not between 0 and 1.
    """
    if not 0 < level < 1:
        raise ValueError(f"the level must lie between 0 and 1, found {level}")
    half_width = np.full_like(log_error, np.inf)
    if degrees_of_freedom > 0:
        curve_variance = np.einsum("np,pq,nq->n", gradient, covariance, gradient)
        sd = np.sqrt(np.maximum(curve_variance, 0) + residual_sd**2)
        quantile = stats.t.ppf((1 + level) / 2, degrees_of_freedom)
        half_width = np.minimum(quantile * sd, MAX_HALF_WIDTH)
    bounds = (log_error, log_error - half_width, log_error + half_width)
    return PredictionInterval(*map(np.exp, bounds))


def residual_sd_and_covariance(
    gradient: Array, residual: Array, weight: Array, huber_delta: float = HUBER_DELTA
) -> tuple[float, Array]:
    """Standard deviation of the residuals of a fit, and the covariance of its coordinates.

    Parameters
    ----------
    gradient
        Of the log errors by the coordinates, (n_points, n_coordinates).
    residual, weight
        Of the log errors, (n_points,).
    huber_delta
        Residual at which Huber's loss turned from quadratic to linear.

    Returns
    -------
    residual_sd, covariance
        The covariance is infinite where there are no more points than coordinates.
    """
    used, n_coordinates = int((weight > 0).sum()), gradient.shape[1]
    degrees_of_freedom = used - n_coordinates
    robust_weight = weight * huber_weights(residual, huber_delta)
    robust_weight = robust_weight / robust_weight.sum() * used
    residual_sd = float(np.sqrt((robust_weight * residual**2).sum() / max(degrees_of_freedom, 1)))
    if degrees_of_freedom < 1:
        return residual_sd, np.full((n_coordinates, n_coordinates), np.inf)
    curvature = np.einsum("np,n,nq->pq", gradient, robust_weight, gradient)
    # the points say nothing about a flat direction: its variance is large, not zero
    values, directions = np.linalg.eigh(curvature)
    values = np.maximum(values, max(MIN_CURVATURE * values[-1], np.finfo(float).tiny))
    return residual_sd, (directions / values) @ directions.T * residual_sd**2


def is_identified(covariance: Array) -> NDArray[np.bool_]:
    """Whether the 90 % interval of each log parameter spans less than `IDENTIFIED_RATIO`.

    Parameters
    ----------
    covariance
        Of the logarithms of the parameters, (n_parameters, n_parameters).

    Returns
    -------
    ndarray of bool, shape (n_parameters,)
    """
    width = 2 * stats.norm.ppf(0.95) * np.sqrt(np.maximum(np.diag(covariance), 0))
    return np.asarray(width < np.log(IDENTIFIED_RATIO))
