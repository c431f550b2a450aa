"""Robust least squares on the logarithm of the error, for many samples of points at once.

Levenberg-Marquardt with bounds, one small linear system per sample, all of them solved together:
a bootstrap of a thousand draws costs a few hundred array operations. The loss is Huber's, as the
field fits its laws (Hoffmann et al. 2022); its weights are renewed in every step.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Curve = Callable[[Array], tuple[Array, Array]]

HUBER_DELTA = 0.05
"""Relative error above which a point pulls no harder: seeds scatter less, accidents more."""

STEPS = 80
SMALL = 1e-10


def solve(
    curve: Curve,
    log_error: Array,
    weights: Array,
    start: Array,
    bounds: tuple[Array, Array],
    delta: float = HUBER_DELTA,
    steps: int = STEPS,
) -> tuple[Array, Array]:
    """Fit each sample from its start.

    Parameters
    ----------
    curve
        Maps coordinates (n_samples, n_parameters) to log errors (n_samples, n_points) and their
        gradient (n_samples, n_points, n_parameters).
    log_error, weights
        Shape (n_samples, n_points).
    start
        Shape (n_samples, n_parameters).
    bounds
        Lowest and highest coordinates, (n_parameters,).
    delta
        Where Huber's loss turns from quadratic to linear.
    steps
        Steps at most.

    Returns
    -------
    coordinates, cost
        Shapes (n_samples, n_parameters) and (n_samples,).
    """
    lower, upper = bounds
    theta = np.clip(start, lower, upper)
    cost, gradient, curvature = _state(curve, theta, log_error, weights, delta)
    damping = np.full(len(theta), 1e-2)
    going = np.arange(len(theta))
    identity = np.eye(theta.shape[1])
    for _ in range(steps):
        here, slope, bend = theta[going], gradient[going], curvature[going]
        free = ~(((here <= lower) & (slope > 0)) | ((here >= upper) & (slope < 0)))
        ridge = damping[going, None] * np.einsum("bii->bi", bend) + SMALL
        system = bend * (free[:, :, None] & free[:, None, :])
        system += np.where(free, ridge, 1.0)[:, :, None] * identity
        step = np.linalg.solve(system, (-slope * free)[..., None])[..., 0]
        there = np.clip(here + step, lower, upper)
        found = _state(curve, there, log_error[going], weights[going], delta)
        better = found[0] < cost[going]
        gained = np.where(better, cost[going] - found[0], 0.0)
        done = np.abs(there - here).max(axis=1) < 1e-9
        done |= better & (gained <= 1e-12 * cost[going])
        moved = going[better]
        theta[moved] = there[better]
        cost[moved], gradient[moved], curvature[moved] = (part[better] for part in found)
        damping[going] *= np.where(better, 0.2, 4.0)
        damping[going] = np.maximum(damping[going], 1e-9)
        going = going[~(done | (damping[going] > 1e9))]
        if not len(going):
            break
    return theta, cost


def huber_weights(residual: Array, delta: float = HUBER_DELTA) -> Array:
    """Weight that makes a squared residual count as Huber's loss does."""
    return np.asarray(delta / np.maximum(np.abs(residual), delta))


def _state(
    curve: Curve, theta: Array, log_error: Array, weights: Array, delta: float
) -> tuple[Array, Array, Array]:
    """Cost, gradient and approximate curvature of each sample."""
    predicted, slope = curve(theta)
    residual = predicted - log_error
    size = np.abs(residual)
    loss = np.where(size <= delta, 0.5 * residual**2, delta * (size - 0.5 * delta))
    pull = weights * huber_weights(residual, delta)
    weighted = slope * pull[..., None]
    gradient = np.einsum("bnp,bn->bp", weighted, residual)
    curvature = np.einsum("bnp,bnq->bpq", weighted, slope)
    return (weights * loss).sum(axis=1), gradient, curvature
