"""Robust least squares on the logarithm of the error, for many samples of points at once.

Levenberg-Marquardt with bounds. Each sample has a small linear system, and all systems are solved
together: a bootstrap of a thousand draws costs a few hundred array operations, where one call of
`scipy.optimize.least_squares` per draw would take minutes. The loss is Huber's, as usual for
scaling laws (Hoffmann et al. 2022); its weights are updated in every iteration.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Curve = Callable[[Array], tuple[Array, Array]]

HUBER_DELTA = 0.05
"""Relative error at which Huber's loss turns linear: above the SD of seeds, below outliers."""

MAX_EVALUATIONS = 80
STEP_TOLERANCE = 1e-9
COST_TOLERANCE = 1e-12
MAX_DAMPING = 1e9
SMALL = 1e-10

MESSAGES = {
    0: "the maximum number of evaluations was reached",
    1: "the cost stopped falling",
    2: "the step became too small",
    -1: "no step lowers the cost",
    -2: "the cost is not finite",
}
"""Why a fit ended, by its status; as in SciPy a fit has converged if the status is above 0."""


@dataclass(frozen=True)
class FitStatus:
    """How the fit of one sample ended; see `scipy.optimize.OptimizeResult`.

    Attributes
    ----------
    converged
        Whether the fit reached a minimum.
    reason
        Why it ended.
    n_evaluations
        How often the curve was evaluated.
    """

    converged: bool
    reason: str
    n_evaluations: int


@dataclass(frozen=True)
class Solution:
    """Fits of many samples.

    Attributes
    ----------
    coordinates
        Shape (n_samples, n_parameters).
    cost
        Shape (n_samples,).
    status
        Key of `MESSAGES` of each sample, (n_samples,).
    n_evaluations
        How often the curve was evaluated for each sample, (n_samples,).
    """

    coordinates: Array
    cost: Array
    status: NDArray[np.int64]
    n_evaluations: NDArray[np.int64]

    @property
    def converged(self) -> NDArray[np.bool_]:
        """Whether the fit of each sample reached a minimum, (n_samples,)."""
        return np.asarray(self.status > 0)

    def take(self, samples: NDArray[np.int64]) -> Solution:
        """The solutions of some samples, by their indices."""
        return Solution(
            self.coordinates[samples],
            self.cost[samples],
            self.status[samples],
            self.n_evaluations[samples],
        )

    def status_of(self, sample: int) -> FitStatus:
        """How the fit of one sample ended."""
        status = int(self.status[sample])
        return FitStatus(status > 0, MESSAGES[status], int(self.n_evaluations[sample]))


def solve(
    curve: Curve,
    log_error: Array,
    weights: Array,
    start: Array,
    bounds: tuple[Array, Array],
    delta: float = HUBER_DELTA,
    max_evaluations: int = MAX_EVALUATIONS,
) -> Solution:
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
        Residual at which Huber's loss turns from quadratic to linear.
    max_evaluations
        Evaluations of the curve at most, not counting the one at the start.
    """
    lower, upper = bounds
    theta = np.clip(start, lower, upper)
    cost, gradient, curvature = _evaluate(curve, theta, log_error, weights, delta)
    status = np.zeros(len(theta), np.int64)
    n_evaluations = np.ones(len(theta), np.int64)
    damping = np.full(len(theta), 1e-2)
    active = np.arange(len(theta))
    for _ in range(max_evaluations):
        current = theta[active]
        step = _step(current, gradient[active], curvature[active], damping[active], bounds)
        proposed = np.clip(current + step, lower, upper)
        found = _evaluate(curve, proposed, log_error[active], weights[active], delta)
        n_evaluations[active] += 1
        better = found[0] < cost[active]
        decrease = np.where(better, cost[active] - found[0], 0.0)
        stationary = better & (decrease <= COST_TOLERANCE * cost[active])
        small = np.abs(proposed - current).max(axis=1) < STEP_TOLERANCE
        moved = active[better]
        theta[moved] = proposed[better]
        cost[moved], gradient[moved], curvature[moved] = (part[better] for part in found)
        damping[active] *= np.where(better, 0.2, 4.0)
        damping[active] = np.maximum(damping[active], 1e-9)
        stuck = damping[active] > MAX_DAMPING
        status[active[stuck]], status[active[stationary]], status[active[small]] = -1, 1, 2
        active = active[~(small | stationary | stuck)]
        if not len(active):
            break
    status[~np.isfinite(cost)] = -2
    return Solution(theta, cost, status, n_evaluations)


def huber_weights(residual: Array, delta: float = HUBER_DELTA) -> Array:
    """Weights with which squared residuals have the gradient of Huber's loss."""
    return np.asarray(delta / np.maximum(np.abs(residual), delta))


def _step(
    theta: Array, gradient: Array, curvature: Array, damping: Array, bounds: tuple[Array, Array]
) -> Array:
    """Damped Newton step; a coordinate at a bound that the gradient pushes against stays."""
    lower, upper = bounds
    free = ~(((theta <= lower) & (gradient > 0)) | ((theta >= upper) & (gradient < 0)))
    ridge = damping[:, None] * np.einsum("bii->bi", curvature) + SMALL
    system = curvature * (free[:, :, None] & free[:, None, :])
    system += np.where(free, ridge, 1.0)[:, :, None] * np.eye(theta.shape[1])
    return np.asarray(np.linalg.solve(system, (-gradient * free)[..., None])[..., 0])


def _evaluate(
    curve: Curve, theta: Array, log_error: Array, weights: Array, delta: float
) -> tuple[Array, Array, Array]:
    """Cost of each sample, its gradient, and its curvature as Gauss and Newton approximate it."""
    predicted, slope = curve(theta)
    residual = predicted - log_error
    size = np.abs(residual)
    loss = np.where(size <= delta, 0.5 * residual**2, delta * (size - 0.5 * delta))
    robust_weights = weights * huber_weights(residual, delta)
    weighted = slope * robust_weights[..., None]
    gradient = np.einsum("bnp,bn->bp", weighted, residual)
    curvature = np.einsum("bnp,bnq->bpq", weighted, slope)
    return (weights * loss).sum(axis=1), gradient, curvature
