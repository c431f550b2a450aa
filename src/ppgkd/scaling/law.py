"""A law from size to error: its fit to points, and its predictions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ppgkd.scaling.forms import FORMS, Form
from ppgkd.scaling.solver import MAX_EVALUATIONS, FitStatus, Solution, solve
from ppgkd.scaling.uncertainty import (
    PredictionInterval,
    is_identified,
    prediction_interval,
    residual_sd_and_covariance,
)

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
        Of the parameters, in the same order; infinite with no more points than parameters.
    identified
        For each parameter, whether the points determine it: it is off its bounds, and its 90 %
        interval spans less than a factor of ten. Where all points lie in one regime, it is not.
    sizes
        Smallest and largest size that was fitted.
    n_points
        Number of points that were fitted.
    residual_sd
        Standard deviation of the residuals, in the logarithm of the error.
    coordinates, coordinates_covariance
        The parameters as they were fitted, transformed as in `ppgkd.scaling.forms`.
    reference
        Mean log size of the points; the coordinates are relative to it.
    status
        How the fit ended. Do not use a law whose fit did not converge.
    """

    form: str
    parameters: dict[str, float]
    covariance: Array
    identified: dict[str, bool]
    sizes: tuple[float, float]
    n_points: int
    residual_sd: float
    coordinates: Array
    coordinates_covariance: Array
    reference: float
    status: FitStatus

    @property
    def is_identified(self) -> bool:
        """Whether every parameter is identified."""
        return all(self.identified.values())

    @property
    def aicc(self) -> float | None:
        """Corrected Akaike criterion of the log errors; None with too few points for it."""
        n, k = self.n_points, len(self.parameters) + 1
        if n <= k + 1:
            return None
        # the criterion needs the maximum-likelihood variance, which divides by n
        variance = self.residual_sd**2 * max(n - len(self.parameters), 1) / n
        return float(corrected_akaike(np.float64(variance), n, k))

    def predict(self, sizes: ArrayLike, level: float = 0.9) -> PredictionInterval:
        """Predict the error at some sizes.

        Parameters
        ----------
        sizes
            In the unit of the sizes that were fitted.
        level
            Probability with which the interval covers one more measurement. It accounts for the
            uncertainty of the curve and for the residuals. With no more points than parameters it
            is infinite.

        Returns
        -------
        PredictionInterval
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
        log_error, gradient = FORMS[self.form].curve(self.coordinates, relative, self.reference)
        degrees_of_freedom = self.n_points - len(self.parameters)
        interval = prediction_interval(
            log_error,
            gradient,
            self.coordinates_covariance,
            self.residual_sd,
            degrees_of_freedom,
            level,
        )
        return PredictionInterval(*(part.reshape(size.shape) for part in interval))

    def describe(self) -> str:
        """Describe the law in a line: its formula, its identified parameters, its residual SD."""
        formula = FORMS[self.form].formula
        return describe_fit(
            formula, self.parameters, self.covariance, self.identified, self.residual_sd
        )

    def to_dict(self) -> dict[str, Any]:
        """Content for JSON; `Law.from_dict` reads it."""
        return {**asdict(self), **{name: getattr(self, name).tolist() for name in _ARRAYS}}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Law:
        """Make a law from the content of `to_dict`."""
        arrays = {name: np.array(content[name], float) for name in _ARRAYS}
        status = FitStatus(**content["status"])
        return cls(**{**content, **arrays, "sizes": tuple(content["sizes"]), "status": status})


def fit_law(
    form: str,
    sizes: ArrayLike,
    errors: ArrayLike,
    weights: ArrayLike | None = None,
    *,
    max_evaluations: int = MAX_EVALUATIONS,
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
        Weight of each point, (n_points,); None: all are equal.
    max_evaluations
        Of the form, from each start. Whether they were enough is in the law's ``status``.

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
    solution = fit_many(
        FORMS[form], relative, log_error[None], weight[None], reference, max_evaluations
    )
    return make_law(FORMS[form], solution, size, error, weight, reference)


def corrected_akaike(variance: Array | np.float64, n: int, k: int) -> Array:
    """Corrected Akaike criterion of n points and k parameters, the variance among them."""
    score = n * np.log(np.maximum(variance, 1e-12)) + 2 * k + small_sample_correction(n, k)
    return np.asarray(score)


def small_sample_correction(n: int, k: int) -> float:
    """What the corrected Akaike criterion adds to the plain one (Hurvich and Tsai 1989)."""
    return 2 * k * (k + 1) / (n - k - 1)


def check_points(
    sizes: ArrayLike, errors: ArrayLike, weights: ArrayLike | None
) -> tuple[Array, Array, Array]:
    """Convert points to arrays; raise `ValueError` where a value is not allowed."""
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
        sizes = ", ".join(f"{one:,.0f}" for one in found)
        raise ValueError(f"a law needs at least {MIN_SIZES} sizes, found {len(found)}: {sizes}")
    return size, error, weight


def check_weights(weights: ArrayLike | None, error: Array) -> Array:
    """Convert weights to an array, by default ones; raise `ValueError` where one is not allowed."""
    weight = np.ones_like(error) if weights is None else np.asarray(weights, np.float64)
    if not (np.isfinite(weight).all() and (weight >= 0).all()):
        raise ValueError(f"weights must be finite and not negative, found {weight.tolist()}")
    return weight


def fit_many(
    form: Form,
    relative: Array,
    log_error: Array,
    weights: Array,
    reference: float,
    max_evaluations: int = MAX_EVALUATIONS,
) -> Solution:
    """Fit many samples of the same sizes, each from every start; keep the best of each.

    Parameters
    ----------
    form
        Form of the law.
    relative
        Log sizes minus their mean, (n_points,).
    log_error, weights
        Shape (n_samples, n_points).
    reference
        Mean log size, to which ``relative`` is relative.
    max_evaluations
        From each start.

    Returns
    -------
    Solution
        Of each sample, from the start with the lowest cost.
    """
    pooled = np.median(log_error, axis=0)
    starts = form.starts(relative, pooled)
    n_samples = len(log_error)
    if n_samples > len(starts):
        # the samples are bootstrap draws of the same points: start from the fit to their median
        median = fit_many(form, relative, pooled[None], np.ones((1, len(pooled))), reference)
        starts = np.concatenate([median.coordinates, starts[:: max(1, len(starts) // 2)]])
    repeated = np.repeat(np.arange(n_samples), len(starts))
    solution = solve(
        _curve(form, relative, reference),
        log_error[repeated],
        weights[repeated],
        np.tile(starts, (n_samples, 1)),
        form.bounds(relative, pooled),
        max_evaluations=max_evaluations,
    )
    best = solution.cost.reshape(n_samples, -1).argmin(axis=1)
    return solution.take(np.arange(n_samples) * len(starts) + best)


def make_law(
    form: Form, solution: Solution, size: Array, error: Array, weight: Array, reference: float
) -> Law:
    """Make a law from the fit of one sample: covariance, and which parameters are identified."""
    theta = solution.coordinates[0]
    relative, log_error = np.log(size) - reference, np.log(error)
    predicted, gradient = form.curve(theta, relative, reference)
    residual_sd, covariance = residual_sd_and_covariance(gradient, predicted - log_error, weight)
    natural = form.natural(theta, reference)
    lower, upper = form.bounds(relative, log_error)
    inside = (theta > lower + 1e-3) & (theta < upper - 1e-3)
    identified = inside & is_identified(covariance)
    to_natural = _natural_jacobian(form, theta, reference)
    is_finite = bool(np.isfinite(covariance).all())
    return Law(
        form=form.name,
        parameters=dict(zip(form.parameters, map(float, natural), strict=True)),
        covariance=to_natural @ covariance @ to_natural.T if is_finite else covariance,
        identified=dict(zip(form.parameters, map(bool, identified), strict=True)),
        sizes=(float(size.min()), float(size.max())),
        n_points=int((weight > 0).sum()),
        residual_sd=residual_sd,
        coordinates=theta,
        coordinates_covariance=covariance,
        reference=reference,
        status=solution.status_of(0),
    )


def describe_fit(
    formula: str,
    parameters: Mapping[str, float],
    covariance: Array,
    identified: Mapping[str, bool],
    residual_sd: float,
) -> str:
    """Describe a fit in a line: its formula, its identified parameters, its residual SD."""
    errors = np.sqrt(np.maximum(np.diag(covariance), 0))
    values = (
        f"{name} = {value:.3g} ± {error:.2g}" if identified[name] else f"{name} not identified"
        for (name, value), error in zip(parameters.items(), errors, strict=True)
    )
    return f"{formula}, " + ", ".join(values) + f"; residual SD {100 * residual_sd:.1f} %"


def _curve(form: Form, relative: Array, reference: float) -> Callable[[Array], tuple[Array, Array]]:
    return lambda theta: form.curve(theta, relative, reference)


def _natural_jacobian(form: Form, theta: Array, reference: float) -> Array:
    """Derivatives of the parameters by the coordinates, (n_parameters, n_parameters)."""
    step = 1e-5
    sides = [form.natural(theta + sign * step * np.eye(len(theta)), reference) for sign in (1, -1)]
    jacobian: Array = ((sides[0] - sides[1]) / (2 * step)).T
    return jacobian
