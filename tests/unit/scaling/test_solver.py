"""The solver says whether each fit converged, and why it ended."""

import numpy as np
import pytest
from numpy.typing import NDArray

from ppgkd.scaling.solver import solve

Array = NDArray[np.float64]
X = np.linspace(-1, 1, 9)
BOUNDS = (np.array([-5.0, -5.0]), np.array([5.0, 5.0]))


def growth(theta: Array) -> tuple[Array, Array]:
    """``a + exp(b x)``, with its gradient."""
    exponential = np.exp(theta[:, 1:] * X)
    gradient = np.stack([np.ones_like(exponential), X * exponential], axis=-1)
    return theta[:, :1] + exponential, gradient


def points_of(*coordinates: tuple[float, float]) -> Array:
    return growth(np.array(coordinates))[0]


def test_a_fit_that_reaches_the_minimum_has_converged() -> None:
    log_error = points_of((1.0, 0.5), (-2.0, 2.0))
    solution = solve(growth, log_error, np.ones_like(log_error), np.zeros((2, 2)), BOUNDS)
    np.testing.assert_allclose(solution.coordinates, [[1.0, 0.5], [-2.0, 2.0]], atol=1e-5)
    assert solution.converged.tolist() == [True, True]
    assert solution.status_of(0).reason in ("the cost stopped falling", "the step became too small")
    assert 1 < solution.status_of(0).n_evaluations < 80


def test_a_fit_that_runs_out_of_evaluations_has_not_converged() -> None:
    log_error = points_of((1.0, 0.5))
    solution = solve(
        growth, log_error, np.ones_like(log_error), np.zeros((1, 2)), BOUNDS, max_evaluations=1
    )
    status = solution.status_of(0)
    assert not status.converged
    assert status.reason == "the maximum number of evaluations was reached"
    assert status.n_evaluations == 2, "at the start and after one step"


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_fit_to_a_point_that_is_not_finite_has_not_converged(bad: float) -> None:
    log_error = points_of((1.0, 0.5), (1.0, 0.5))
    log_error[1, 3] = bad
    solution = solve(growth, log_error, np.ones_like(log_error), np.zeros((2, 2)), BOUNDS)
    assert solution.converged.tolist() == [True, False]
    assert solution.status_of(1).reason == "the cost is not finite"


def test_a_minimum_at_a_bound_counts_as_converged() -> None:
    log_error = points_of((9.0, 0.5))
    solution = solve(growth, log_error, np.ones_like(log_error), np.zeros((1, 2)), BOUNDS)
    assert solution.converged.all()
    assert solution.coordinates[0, 0] == 5
