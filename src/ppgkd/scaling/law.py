"""A law from size to error: fitted to points, asked for predictions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ppgkd.scaling.forms import FORMS, Form
from ppgkd.scaling.solver import solve
from ppgkd.scaling.uncertainty import Prediction, around, doubt, is_told

Array = NDArray[np.float64]

MIN_SIZES = 4
_ARRAYS = ("covariance", "coordinates", "coordinates_covariance")


@dataclass(frozen=True)
class Law:
    """A form with its parameters.

    Attributes
    ----------
    form
        Name of the form.
    parameters
        By their names in the form's formula.
    covariance
        Of the parameters, in the same order; infinite where the points leave nothing to tell it
        from.
    identified
        For each parameter, whether the points tell it: it is off its bounds, and its 90 %
        interval spans less than a factor of ten. Where all points lie in one regime, it is not.
    sizes
        Smallest and largest size that it was fitted to.
    n_points
        Points that it was fitted to.
    scatter
        Standard deviation of the points around it, of the logarithm of the error.
    coordinates, coordinates_covariance, reference
        What it was fitted in: see `ppgkd.scaling.forms`.
    """

    form: str
    parameters: dict[str, float]
    covariance: Array
    identified: dict[str, bool]
    sizes: tuple[float, float]
    n_points: int
    scatter: float
    coordinates: Array
    coordinates_covariance: Array
    reference: float

    @property
    def is_identified(self) -> bool:
        """Whether every parameter is."""
        return all(self.identified.values())

    @property
    def aicc(self) -> float | None:
        """Corrected Akaike criterion of the log errors; None with too few points for it."""
        n, k = self.n_points, len(self.parameters) + 1
        if n <= k + 1:
            return None
        squares = self.scatter**2 * max(n - len(self.parameters), 1) / n
        return float(n * np.log(max(squares, 1e-12)) + 2 * k + 2 * k * (k + 1) / (n - k - 1))

    def predict(self, sizes: ArrayLike, level: float = 0.9) -> Prediction:
        """Predict the error at some sizes.

        Parameters
        ----------
        sizes
            In the unit that the law was fitted in.
        level
            Probability with which the interval is to hold one more measurement: it has the doubt
            of the curve and the scatter of the points. With no more points than parameters it is
            infinite.

        Returns
        -------
        Prediction
            ``mean, lower, upper``.

        Raises
        ------
        ValueError
            If a size is not finite and above 1, or the level is not between 0 and 1.
        """
        size = np.asarray(sizes, np.float64)
        if not (np.isfinite(size).all() and (size > 1).all()):
            raise ValueError(f"sizes must be finite and above 1, found {size.tolist()}")
        relative = np.log(np.atleast_1d(size)) - self.reference
        log_error, slope = FORMS[self.form].curve(self.coordinates, relative, self.reference)
        freedom = self.n_points - len(self.parameters)
        said = around(log_error, slope, self.coordinates_covariance, self.scatter, freedom, level)
        return Prediction(*(part.reshape(size.shape) for part in said))

    def describe(self) -> str:
        """Say the law in a line: the formula and its parameters, those that are told."""
        formula = FORMS[self.form].formula
        return say(formula, self.parameters, self.covariance, self.identified, self.scatter)

    def to_dict(self) -> dict[str, Any]:
        """Give what `Law.from_dict` makes the law of again, fit for JSON."""
        return {**asdict(self), **{name: getattr(self, name).tolist() for name in _ARRAYS}}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Law:
        """Make a law of what `to_dict` gave."""
        arrays = {name: np.array(content[name], float) for name in _ARRAYS}
        return cls(**{**content, **arrays, "sizes": tuple(content["sizes"])})


def fit_law(
    form: str, sizes: ArrayLike, errors: ArrayLike, weights: ArrayLike | None = None
) -> Law:
    """Fit a law to points.

    Huber's loss on the logarithm of the error, from many starts, with analytic gradients and
    bounds.

    Parameters
    ----------
    form
        ``power_law_floor``: E + A N^-a; ``exponential``: E + A exp(-k N^b);
        ``exponential_log_size``: E + A exp(-k (ln N)^b); ``broken_power_law``: A (N/B)^-a1 below
        the break B and A (N/B)^-a2 above it; ``constant``: E.
    sizes
        Parameters, MACs, bytes or training windows, (n_points,); above 1.
    errors
        Positive, (n_points,).
    weights
        How much each point counts; None: alike.

    Raises
    ------
    ValueError
        If the form is unknown, there are fewer than four sizes, or a value is not allowed.

    References
    ----------
    Hoffmann et al. 2022 (robust fit of log errors), arXiv 2203.15556; Caballero et al. 2023
    (broken laws), arXiv 2210.14891.
    """
    if form not in FORMS:
        raise ValueError(f"the form '{form}' is unknown; there are {sorted(FORMS)}")
    size, error, weight = check_points(sizes, errors, weights)
    reference = float(np.log(size).mean())
    relative, log_error = np.log(size) - reference, np.log(error)
    coordinates = fit_many(FORMS[form], relative, log_error[None], weight[None], reference)[0]
    return make_law(FORMS[form], coordinates, size, error, weight, reference)


def check_points(
    sizes: ArrayLike, errors: ArrayLike, weights: ArrayLike | None
) -> tuple[Array, Array, Array]:
    """Take points as arrays, or raise what is wrong with them."""
    size, error = np.asarray(sizes, np.float64), np.asarray(errors, np.float64)
    weight = check_weights(weights, error)
    if not size.shape == error.shape == weight.shape or size.ndim != 1:
        raise ValueError(
            "sizes, errors and weights must be vectors of one length, found shapes "
            f"{size.shape}, {error.shape} and {weight.shape}"
        )
    for name, values, least in (("sizes", size, 1.0), ("errors", error, 0.0)):
        bad = ~(np.isfinite(values) & (values > least))
        if bad.any():
            raise ValueError(
                f"{name} must be finite and above {least:g}, found {values[bad].tolist()} at "
                f"sizes {size[bad].tolist()}"
            )
    found = np.unique(size[weight > 0])
    if len(found) < MIN_SIZES:
        raise ValueError(
            f"a law needs at least {MIN_SIZES} sizes, found {len(found)}: {found.tolist()}"
        )
    return size, error, weight


def check_weights(weights: ArrayLike | None, error: Array) -> Array:
    """Take weights as an array, ones by default, or raise what is wrong with them."""
    weight = np.ones_like(error) if weights is None else np.asarray(weights, np.float64)
    if not (np.isfinite(weight).all() and (weight >= 0).all()):
        raise ValueError(f"weights must be finite and not negative, found {weight.tolist()}")
    return weight


def fit_many(
    form: Form, relative: Array, log_error: Array, weights: Array, reference: float
) -> Array:
    """Fit many samples of the same sizes, each from every start; keep the best of each.

    Parameters
    ----------
    form
        Form of the law.
    relative
        Log sizes relative to the reference, (n_points,).
    log_error, weights
        Shape (n_samples, n_points).
    reference
        Logarithm of the reference.

    Returns
    -------
    Array of shape (n_samples, n_parameters)
        Coordinates.
    """
    pooled = np.median(log_error, axis=0)
    starts = form.starts(relative, pooled)
    n_samples = len(log_error)
    if n_samples > len(starts):
        # the samples are draws of one another: begin from what fits their middle
        middle = fit_many(form, relative, pooled[None], np.ones((1, len(pooled))), reference)
        starts = np.concatenate([middle, starts[:: max(1, len(starts) // 2)]])
    repeated = np.repeat(np.arange(n_samples), len(starts))
    theta, cost = solve(
        _curve(form, relative, reference),
        log_error[repeated],
        weights[repeated],
        np.tile(starts, (n_samples, 1)),
        form.bounds(relative, pooled),
    )
    best = cost.reshape(n_samples, -1).argmin(axis=1)
    chosen: Array = theta.reshape(n_samples, len(starts), -1)[np.arange(n_samples), best]
    return chosen


def make_law(
    form: Form, theta: Array, size: Array, error: Array, weight: Array, reference: float
) -> Law:
    """Put a law together from fitted coordinates: its covariance, and what the points tell."""
    relative, log_error = np.log(size) - reference, np.log(error)
    predicted, slope = form.curve(theta, relative, reference)
    scatter, covariance = doubt(slope, predicted - log_error, weight)
    natural = form.natural(theta, reference)
    lower, upper = form.bounds(relative, log_error)
    inside = (theta > lower + 1e-3) & (theta < upper - 1e-3)
    told = is_told(covariance)
    to_natural = _natural_slope(form, theta, reference)
    known = bool(np.isfinite(covariance).all())
    return Law(
        form=form.name,
        parameters=dict(zip(form.parameters, map(float, natural), strict=True)),
        covariance=to_natural @ covariance @ to_natural.T if known else covariance,
        identified=dict(zip(form.parameters, map(bool, inside & told), strict=True)),
        sizes=(float(size.min()), float(size.max())),
        n_points=int((weight > 0).sum()),
        scatter=scatter,
        coordinates=theta,
        coordinates_covariance=covariance,
        reference=reference,
    )


def say(
    formula: str,
    parameters: Mapping[str, float],
    covariance: Array,
    identified: Mapping[str, bool],
    scatter: float,
) -> str:
    """Write a fit in a line: its formula, the parameters that are told, and the scatter."""
    errors = np.sqrt(np.maximum(np.diag(covariance), 0))
    values = (
        f"{name} = {value:.3g} ± {error:.2g}" if identified[name] else f"{name} not identified"
        for (name, value), error in zip(parameters.items(), errors, strict=True)
    )
    return f"{formula}, " + ", ".join(values) + f"; scatter {100 * scatter:.1f} %"


def _curve(form: Form, relative: Array, reference: float) -> Callable[[Array], tuple[Array, Array]]:
    return lambda theta: form.curve(theta, relative, reference)


def _natural_slope(form: Form, theta: Array, reference: float) -> Array:
    """Derivatives of the formula's parameters by the coordinates, (n_parameters, n_parameters)."""
    step = 1e-5
    sides = [form.natural(theta + sign * step * np.eye(len(theta)), reference) for sign in (1, -1)]
    slope: Array = ((sides[0] - sides[1]) / (2 * step)).T
    return slope
