"""The forms that a law may have: error as a function of one size, with analytic gradients.

Each form is written in coordinates in which fitting is well behaved: logarithms of positive
parameters, and sizes relative to their geometric mean, so that a scale and an exponent do not
depend on each other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

EXPONENTS = (0.02, 5.0)
"""Smallest and largest exponent: below it an error is flat over any sweep, above it a step."""

BREAK_WIDTH = 0.25
"""Range of log size over which a broken power law changes its slope; nearly a corner."""


@dataclass(frozen=True)
class Form:
    """A family of curves.

    Attributes
    ----------
    name, formula
        Its key in `FORMS`, and its formula; N is the size.
    parameters
        Names, as in the formula.
    curve
        Maps coordinates (..., n_parameters) and log sizes relative to the reference (n_points,)
        to the logarithm of the error (..., n_points) and its gradient (..., n_points,
        n_parameters).
    natural
        Maps coordinates and the logarithm of the reference to the parameters of the formula.
    bounds
        Maps relative log sizes and log errors to the lowest and highest coordinates.
    starts
        Maps the same to starting coordinates, (n_starts, n_parameters).
    """

    name: str
    formula: str
    parameters: tuple[str, ...]
    curve: Callable[[Array, Array, float], tuple[Array, Array]]
    natural: Callable[[Array, float], Array]
    bounds: Callable[[Array, Array], tuple[Array, Array]]
    starts: Callable[[Array, Array], Array]

    @property
    def n_parameters(self) -> int:
        """Number of parameters."""
        return len(self.parameters)


def _constant(theta: Array, size: Array, reference: float) -> tuple[Array, Array]:
    log_error = theta[..., :1] + np.zeros_like(size)
    return log_error, np.ones_like(log_error)[..., None]


def _decay(theta: Array, drop: Array, drop_gradients: list[Array]) -> tuple[Array, Array]:
    """``exp(theta_0) + exp(theta_1 - drop)``, with the gradients of ``drop``."""
    floor, falling = np.exp(theta[..., :1]), np.exp(theta[..., 1:2] - drop)
    total = floor + falling
    share = falling / total
    gradients = [floor / total, share, *(-share * gradient for gradient in drop_gradients)]
    return np.log(total), np.stack(np.broadcast_arrays(*gradients), axis=-1)


def _power_law_floor(theta: Array, size: Array, reference: float) -> tuple[Array, Array]:
    drop = np.exp(theta[..., 2:3]) * size
    return _decay(theta, drop, [drop])


def _exponential(theta: Array, size: Array, reference: float) -> tuple[Array, Array]:
    power = np.exp(theta[..., 3:4])
    drop = np.exp(theta[..., 2:3] + power * size)
    return _decay(theta, drop, [drop, drop * power * size])


def _exponential_log_size(theta: Array, size: Array, reference: float) -> tuple[Array, Array]:
    # log N relative to the reference's: below N = 1 there is nothing to take a power of
    log_log_size = np.log(np.maximum(1 + size / reference, 1e-6))
    return _exponential(theta, log_log_size, reference)


def _broken_power_law(theta: Array, size: Array, reference: float) -> tuple[Array, Array]:
    before, after = np.exp(theta[..., 1:2]), np.exp(theta[..., 2:3])
    distance = (size - theta[..., 3:4]) / BREAK_WIDTH
    softplus = BREAK_WIDTH * np.logaddexp(0, distance)
    log_error = theta[..., :1] - before * (size - theta[..., 3:4]) - (after - before) * softplus
    sigmoid = 0.5 * (1 + np.tanh(distance / 2))
    gradients = [
        np.ones_like(log_error),
        before * (softplus - BREAK_WIDTH * distance),
        -after * softplus,
        before + (after - before) * sigmoid,
    ]
    return log_error, np.stack(np.broadcast_arrays(*gradients), axis=-1)


def _natural_decay(theta: Array, reference: float) -> Array:
    floor, scale, exponent = np.exp(np.moveaxis(theta, -1, 0))
    return np.stack([floor, scale * np.exp(exponent * reference), exponent], axis=-1)


def _natural_exponential(theta: Array, reference: float) -> Array:
    floor, scale, rate, power = np.exp(np.moveaxis(theta, -1, 0))
    return np.stack([floor, scale, rate * np.exp(-power * reference), power], axis=-1)


def _natural_exponential_log_size(theta: Array, reference: float) -> Array:
    return _natural_exponential(theta, np.log(reference))


def _natural_broken(theta: Array, reference: float) -> Array:
    scale, before, after = np.exp(np.moveaxis(theta[..., :3], -1, 0))
    return np.stack([scale, before, after, np.exp(theta[..., 3] + reference)], axis=-1)


def _lowest(log_error: Array) -> float:
    return float(log_error.min())


def _falling_bounds(log_error: Array, *more: tuple[float, float]) -> tuple[Array, Array]:
    """Floor and scale from a thousandth of the lowest error to a multiple of it, and more."""
    least = _lowest(log_error)
    floor, scale = (least - np.log(1e3), least + np.log(2)), (least - np.log(1e4), least + 7.0)
    lower, upper = zip(floor, scale, *more, strict=True)
    return np.array(lower), np.array(upper)


def _falling_starts(log_error: Array, rest: list[tuple[float, ...]]) -> Array:
    least = np.exp(_lowest(log_error))
    spread = max(float(np.ptp(np.exp(log_error))), 1e-3 * least)
    return np.array(
        [
            [np.log(share * least), np.log(max(spread, (1 - share) * least)), *np.log(more)]
            for share in (0.3, 0.95)
            for more in rest
        ]
    )


def _log(bounds: tuple[float, float]) -> tuple[float, float]:
    return float(np.log(bounds[0])), float(np.log(bounds[1]))


CONSTANT = Form(
    "constant",
    "E",
    ("E",),
    _constant,
    lambda theta, reference: np.exp(theta),
    lambda size, log_error: (log_error.min(keepdims=True) - 1, log_error.max(keepdims=True) + 1),
    lambda size, log_error: np.full((1, 1), np.median(log_error)),
)

POWER_LAW_FLOOR = Form(
    "power_law_floor",
    "E + A N^-a",
    ("E", "A", "a"),
    _power_law_floor,
    _natural_decay,
    lambda size, log_error: _falling_bounds(log_error, _log(EXPONENTS)),
    lambda size, log_error: _falling_starts(log_error, [(0.15,), (0.5,), (1.5,)]),
)

EXPONENTIAL = Form(
    "exponential",
    "E + A exp(-k N^b)",
    ("E", "A", "k", "b"),
    _exponential,
    _natural_exponential,
    lambda size, log_error: _falling_bounds(log_error, _log((1e-3, 30.0)), _log((0.05, 3.0))),
    lambda size, log_error: _falling_starts(
        log_error, [(rate, power) for rate in (0.3, 2.0) for power in (0.2, 0.7)]
    ),
)

EXPONENTIAL_LOG_SIZE = Form(
    "exponential_log_size",
    "E + A exp(-k (ln N)^b)",
    ("E", "A", "k", "b"),
    _exponential_log_size,
    _natural_exponential_log_size,
    lambda size, log_error: _falling_bounds(log_error, _log((1e-3, 60.0)), _log((0.2, 12.0))),
    lambda size, log_error: _falling_starts(
        log_error, [(rate, power) for rate in (1.0, 5.0) for power in (1.0, 4.0)]
    ),
)

BROKEN_POWER_LAW = Form(
    "broken_power_law",
    "A (N/B)^-a1 below the break B, A (N/B)^-a2 above it",
    ("A", "a1", "a2", "B"),
    _broken_power_law,
    _natural_broken,
    lambda size, log_error: (
        np.array([log_error.min() - 3, *np.log([1e-3, 1e-3]), size.min()]),
        np.array([log_error.max() + 3, *np.log([EXPONENTS[1]] * 2), size.max()]),
    ),
    lambda size, log_error: np.array(
        [
            [np.median(log_error), np.log(before), np.log(after), position]
            for before, after in ((0.5, 0.05), (0.05, 0.5), (0.2, 0.2))
            for position in np.quantile(size, [0.3, 0.7])
        ]
    ),
)

FORMS = {
    form.name: form
    for form in (
        CONSTANT,
        POWER_LAW_FLOOR,
        EXPONENTIAL,
        EXPONENTIAL_LOG_SIZE,
        BROKEN_POWER_LAW,
    )
}
