"""Forecast of the error with more training people, from a curve over few.

A few numbers of people do not identify a law: a curve that levels off and one that goes on falling
fit alike. So the forecast is the median of all power laws with a floor, ``E + B D^-b``, weighted by
how well they fit: a posterior on a grid of exponents and floors. The noise of the points is that of
the draws of training people, estimated by the bootstrap, that of who was recorded, which follows
from it, and a lack of fit of `LACK_OF_FIT`; its scale is as uncertain as the draws are few.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ppgkd.scaling.people_curve import PeopleCurve

LACK_OF_FIT = 0.03
"""Standard deviation of the log errors around any power law, besides the noise of the draws."""

EXPONENTS = np.geomspace(0.2, 4.0, 50)

LOG_EXPONENT_SD = 0.5
"""Before the points are seen, the exponent is around one, with this standard deviation of its
logarithm. A student of fixed size is limited by the variance of its data, and its error then falls
to its floor by 1 / D (Bahri et al., Explaining neural scaling laws, PNAS 2024)."""

FLOORS = np.sin(np.pi / 2 * np.linspace(0, 0.98, 50)) ** 2
"""Share of the floor in the error at the largest number of people: before, by Jeffreys' prior of a
share, which is high where a curve goes on falling and where it has levelled off."""

SAMPLES = 2000
LEVEL = 0.9
MIN_SIZES = 3
"""A curve over two numbers of people says nothing of its bend."""

FARTHEST = 5.0
"""Multiple of the largest number of people up to which is forecast."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Forecast:
    """Samples of the curves that the points leave possible.

    Attributes
    ----------
    people
        Largest number of people that was seen.
    level_bpm
        Error there, (n_samples,).
    floor, exponent
        Share of the floor in it, and exponent of the rest, (n_samples,).
    person_sd
        Standard deviation of the log error over who is learned from, if it is one person,
        (n_samples,).
    """

    people: float
    level_bpm: Array
    floor: Array
    exponent: Array
    person_sd: Array

    def sample_bpm(self, people: ArrayLike) -> Array:
        """Errors of the possible curves at some numbers of people, (n_samples, n)."""
        ratio = np.atleast_1d(np.asarray(people, np.float64)) / self.people
        falling = (1 - self.floor[:, None]) * ratio ** -self.exponent[:, None]
        return np.asarray(self.level_bpm[:, None] * (self.floor[:, None] + falling))

    def predict(self, people: ArrayLike, *, measured: bool = False) -> tuple[Array, Array, Array]:
        """Median, and interval of `LEVEL`, at some numbers of people.

        Parameters
        ----------
        people
            Numbers of people.
        measured
            Whether the interval is that of a measurement with so many other training people;
            otherwise it is that of the curve.
        """
        sampled = np.log(self.sample_bpm(people))
        if measured:
            rng = np.random.default_rng(1)
            variance = self.person_sd[:, None] ** 2 / np.atleast_1d(people) + LACK_OF_FIT**2
            sampled = sampled + np.sqrt(variance) * rng.standard_normal(sampled.shape)
        tail = (1 - LEVEL) / 2
        lower, middle, upper = np.exp(np.quantile(sampled, [tail, 0.5, 1 - tail], axis=0))
        return middle, lower, upper

    def people_for(self, mae_bpm: float) -> tuple[float, float, float]:
        """Number of people with which the error falls to a bound: median, and interval of `LEVEL`.

        Infinite where a curve never falls so low.
        """
        above_floor = (mae_bpm / self.level_bpm - self.floor) / (1 - self.floor)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.where(above_floor > 0, above_floor ** (-1 / self.exponent), np.inf)
        tail = (1 - LEVEL) / 2
        lower, middle, upper = np.quantile(
            self.people * ratio, [tail, 0.5, 1 - tail], method="higher"
        )
        return float(middle), float(lower), float(upper)


def forecast_people(curve: PeopleCurve, seed: int = 0, *, other_people: bool = True) -> Forecast:
    """Forecast a curve beyond its largest number of people.

    Parameters
    ----------
    curve
        With at least `MIN_SIZES` numbers of people.
    seed
        Of the bootstrap and the samples.
    other_people
        Whether the forecast is for other test subjects than those of the curve.

    Raises
    ------
    ValueError
        With too few numbers of people.
    """
    if len(curve.people) < MIN_SIZES:
        raise ValueError(
            f"a forecast needs {MIN_SIZES} numbers of people, all of them among these, found "
            f"{curve.people.tolist()}"
        )
    rng = np.random.default_rng(seed)
    covariance, of_one_person = _noise_of_draws(curve, seed)
    log_error = np.log(curve.mae_bpm)
    exponent, floor = (grid.ravel() for grid in np.meshgrid(EXPONENTS, FLOORS, indexing="ij"))
    ratio = curve.people / curve.people[-1]
    shape = np.log(floor[:, None] + (1 - floor[:, None]) * ratio ** -exponent[:, None])
    precision = np.linalg.inv(covariance)
    residual = log_error - shape
    weight_sum = precision.sum()
    level = residual @ precision.sum(axis=0) / weight_sum
    residual = residual - level[:, None]
    squares = np.einsum("gi,ij,gj->g", residual, precision, residual)
    # the noise is estimated from few draws: Student's distribution in place of the normal one
    known = _degrees_of_freedom(curve)
    free = known + len(ratio) - 1
    log_posterior = -0.5 * free * np.log1p(squares / known)
    log_posterior -= 0.5 * np.square(np.log(exponent) / LOG_EXPONENT_SD)
    posterior = np.exp(log_posterior - log_posterior.max())
    chosen = rng.choice(len(posterior), SAMPLES, p=posterior / posterior.sum())
    scale = np.sqrt((known + squares[chosen]) / rng.chisquare(free, SAMPLES))
    log_level = level[chosen] + scale * rng.standard_normal(SAMPLES) / np.sqrt(weight_sum)
    if other_people:
        log_level = log_level + _noise_of_subjects(curve, seed)
    person_sd = scale * np.sqrt(of_one_person)
    return Forecast(
        float(curve.people[-1]), np.exp(log_level), floor[chosen], exponent[chosen], person_sd
    )


def _noise_of_draws(curve: PeopleCurve, seed: int) -> tuple[Array, float]:
    """Covariance of the log errors over training people, with the lack of fit; variance of one.

    Few draws say little of each variance and covariance. So the variances are those of a mean over
    people, and all correlations are alike. A mean of D of the N people who were recorded, drawn
    without replacement, has the variance ``s^2 (1 / D - 1 / N)`` around that of all of them, which
    has ``s^2 / N`` around that of other people: that is common to all numbers.
    """
    drawn = curve.draw(seed, subjects=False) / curve.mae_bpm - 1
    n_means = len(np.unique(curve.fold)) * curve.errors_bpm.shape[1]
    finite = np.clip(1 / curve.people - 1 / curve.recorded, 0, None)
    varied = (drawn.std(axis=0) > 0) & (finite > 0)
    of_one_person, correlation = 0.0, 0.0
    if varied.any():
        variances = drawn[:, varied].var(axis=0)
        of_one_person = float((n_means * variances / finite[varied]).mean())
    if varied.sum() > 1:
        correlations = np.corrcoef(drawn[:, varied], rowvar=False)
        above = np.triu_indices(int(varied.sum()), 1)
        correlation = float(np.clip(np.asarray(correlations)[above].mean(), 0, 0.95))
    sd = np.sqrt(of_one_person * finite / n_means)
    diagonal = np.eye(len(sd))
    of_draws = np.outer(sd, sd) * (correlation * (1 - diagonal) + diagonal)
    covariance = of_draws + of_one_person / curve.recorded + LACK_OF_FIT**2 * diagonal
    return np.asarray(covariance), of_one_person


def _degrees_of_freedom(curve: PeopleCurve) -> int:
    """Number of draws that the noise is estimated from, less their means."""
    n_folds, n_draws = len(np.unique(curve.fold)), int(curve.errors_bpm.shape[1])
    return max(n_folds * (n_draws - 1), 1)


def _noise_of_subjects(curve: PeopleCurve, seed: int) -> Array:
    """Draws of the log ratio of the error on other test subjects to that on these, (SAMPLES,)."""
    at_all = curve.draw(seed)[:, -1] / curve.mae_bpm[-1]
    return np.log(np.random.default_rng(seed + 1).choice(at_all, SAMPLES))
