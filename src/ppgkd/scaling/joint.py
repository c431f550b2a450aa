"""Laws in two sizes: that of the student, and that of its teacher or the training people."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from ppgkd.scaling.law import check_weights, describe_fit
from ppgkd.scaling.solver import HUBER_DELTA, FitStatus, Solution, solve
from ppgkd.scaling.uncertainty import (
    PredictionInterval,
    is_identified,
    prediction_interval,
    residual_sd_and_covariance,
)

Array = NDArray[np.float64]
Points = dict[str, Array]
Curve = Callable[[Array, Points], tuple[Array, Array]]


@dataclass(frozen=True)
class JointForm:
    """A family of surfaces.

    Attributes
    ----------
    name, formula
        S and T are the sizes of student and teacher, L_T the teacher's error, L_S the error of
        the same student from scratch; D is the number of training people.
    parameters
        Names, as in the formula; all are positive.
    needs
        Columns of the points that the curve reads.
    curve
        Maps logarithms of the parameters (n_samples, n_parameters) to log errors and gradient.
    ranges
        Lowest and highest value of each parameter.
    """

    name: str
    formula: str
    parameters: tuple[str, ...]
    needs: tuple[str, ...]
    curve: Curve
    ranges: tuple[tuple[float, float], ...]

    @property
    def is_additive(self) -> bool:
        """Whether it is a floor and a term for each size, each of a scale and an exponent."""
        return len(self.parameters) == 1 + 2 * len(self.needs)


def _additive(*sizes: str) -> Curve:
    """A floor and a falling power of each size."""

    def curve(theta: Array, points: Points) -> tuple[Array, Array]:
        floor = np.exp(theta[:, :1]) + 0 * points[sizes[0]]
        drops = [
            np.exp(theta[:, 2 * i + 2 : 2 * i + 3]) * np.log(points[size])
            for i, size in enumerate(sizes)
        ]
        parts = [np.exp(theta[:, 2 * i + 1 : 2 * i + 2] - drop) for i, drop in enumerate(drops)]
        total = floor + np.sum(parts, axis=0)
        gradients = [floor / total]
        for part, drop in zip(parts, drops, strict=True):
            gradients += [part / total, -part / total * drop]
        return np.log(total), np.stack(gradients, axis=-1)

    return curve


def _product(theta: Array, points: Points) -> tuple[Array, Array]:
    of_student = np.exp(theta[:, 2:3]) * np.log(points["student"])
    of_people = np.exp(theta[:, 3:4]) * np.log(points["people"])
    floor, falling = np.exp(theta[:, :1]), np.exp(theta[:, 1:2] - of_student - of_people)
    total = floor + falling
    share = falling / total
    gradients = [floor / total, share, -share * of_student, -share * of_people]
    return np.log(total), np.stack(gradients, axis=-1)


def _capacity_gap(theta: Array, points: Points) -> tuple[Array, Array]:
    c0, d, f, c1, scale, a = (theta[:, i : i + 1] for i in range(6))
    teacher, alone = np.log(points["teacher_error"]), np.log(points["student_error"])
    drop = np.exp(a) * np.log(points["student"])
    gap = (teacher - alone - d) * np.exp(-f)
    softplus = np.logaddexp(0, gap)
    outer = np.exp(c1 + f)
    log_above = -np.exp(c0) * teacher - outer * softplus + scale - drop
    above = np.exp(log_above)
    total = points["teacher_error"] + above
    sigmoid = 0.5 * (1 + np.tanh(gap / 2))
    inner = [
        -np.exp(c0) * teacher + 0 * log_above,
        outer * sigmoid * np.exp(-f),
        -outer * softplus + outer * sigmoid * gap,
        -outer * softplus,
        np.ones_like(log_above),
        -drop,
    ]
    share = above / total
    return np.log(total), np.stack([share * part for part in inner], axis=-1)


JOINT_FORMS = {
    form.name: form
    for form in (
        JointForm(
            "additive",
            "E + A S^-a + B T^-b",
            ("E", "A", "a", "B", "b"),
            ("student", "teacher"),
            _additive("student", "teacher"),
            ((1e-4, 1e4), (1e-6, 1e8), (0.02, 5.0), (1e-6, 1e10), (0.02, 5.0)),
        ),
        JointForm(
            "capacity_gap",
            "L_T + L_T^-c0 (1 + (L_T / (L_S d))^(1/f))^(-c1 f) A S^-a",
            ("c0", "d", "f", "c1", "A", "a"),
            ("student", "teacher_error", "student_error"),
            _capacity_gap,
            ((1e-3, 20.0), (1e-2, 1e2), (0.02, 5.0), (1e-3, 20.0), (1e-6, 1e8), (0.02, 5.0)),
        ),
    )
}
_FLOOR, _SCALE, _EXPONENT = (1e-4, 1e4), (1e-6, 1e10), (0.02, 5.0)

PEOPLE_FORMS = {
    form.name: form
    for form in (
        JointForm(
            "people",
            "E + B D^-b",
            ("E", "B", "b"),
            ("people",),
            _additive("people"),
            (_FLOOR, _SCALE, _EXPONENT),
        ),
        JointForm(
            "size",
            "E + A S^-a",
            ("E", "A", "a"),
            ("student",),
            _additive("student"),
            (_FLOOR, _SCALE, _EXPONENT),
        ),
        JointForm(
            "size_and_people",
            "E + A S^-a + B D^-b",
            ("E", "A", "a", "B", "b"),
            ("student", "people"),
            _additive("student", "people"),
            (_FLOOR, _SCALE, _EXPONENT, _SCALE, _EXPONENT),
        ),
        JointForm(
            "size_times_people",
            "E + A S^-a D^-b",
            ("E", "A", "a", "b"),
            ("student", "people"),
            _product,
            (_FLOOR, _SCALE, _EXPONENT, _EXPONENT),
        ),
    )
}
"""Forms in the sizes of the student and of its training."""

FORMS = {**JOINT_FORMS, **PEOPLE_FORMS}
N_STARTS, MAX_EVALUATIONS = 64, 600


@dataclass(frozen=True)
class JointLaw:
    """A joint form with its parameters; see `ppgkd.scaling.Law`."""

    form: str
    parameters: dict[str, float]
    covariance: Array
    identified: dict[str, bool]
    n_points: int
    residual_sd: float
    coordinates: Array
    status: FitStatus

    @property
    def is_identified(self) -> bool:
        """Whether every parameter is identified."""
        return all(self.identified.values())

    def predict(self, level: float = 0.9, **columns: ArrayLike) -> PredictionInterval:
        """Predict the error; the columns are those that the form needs, as in `fit_joint_law`."""
        points = _points(FORMS[self.form], columns)
        log_error, gradient = FORMS[self.form].curve(self.coordinates[None], points)
        values = np.array([*self.parameters.values()])
        return prediction_interval(
            log_error[0],
            gradient[0],
            self.covariance / np.outer(values, values),  # of the logarithms of the parameters
            self.residual_sd,
            self.n_points - len(self.parameters),
            level,
        )

    def to_dict(self) -> dict[str, Any]:
        """Content for JSON, from which `JointLaw.from_dict` makes the law again."""
        arrays = {name: getattr(self, name).tolist() for name in ("covariance", "coordinates")}
        return {**asdict(self), **arrays}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> JointLaw:
        """Make a law from the content of `to_dict`."""
        arrays = {name: np.array(content[name], float) for name in ("covariance", "coordinates")}
        return cls(**{**content, **arrays, "status": FitStatus(**content["status"])})

    def describe(self) -> str:
        """Describe the law in a line: its formula, its identified parameters, its residual SD."""
        formula = FORMS[self.form].formula
        return describe_fit(
            formula, self.parameters, self.covariance, self.identified, self.residual_sd
        )


def fit_joint_law(
    form: str,
    errors: ArrayLike,
    weights: ArrayLike | None = None,
    *,
    huber_delta: float = HUBER_DELTA,
    max_evaluations: int = MAX_EVALUATIONS,
    **columns: ArrayLike,
) -> JointLaw:
    """Fit a law in the sizes of student and teacher, or of student and training people.

    Parameters
    ----------
    form
        ``additive``: E + A S^-a + B T^-b, which needs ``student`` and ``teacher``;
        ``capacity_gap``: the student's distance to its teacher shrinks with its size, and shrinks
        faster the smaller the teacher's lead over the same student from scratch; needs
        ``student``, ``teacher_error`` and ``student_error`` (of the same student from scratch);
        ``people``: E + B D^-b; ``size``: E + A S^-a; ``size_and_people``: E + A S^-a + B D^-b;
        ``size_times_people``: E + A S^-a D^-b; these need ``student``, ``people`` or both.
    errors
        Of the distilled students, positive, (n_points,).
    weights
        Weight of each point, (n_points,); None: all are equal.
    huber_delta
        Residual at which Huber's loss turns from quadratic to linear.
    max_evaluations
        Of the form, from each start. Whether they were enough is in the law's ``status``.
    columns
        Columns that the form needs, each (n_points,).

    Raises
    ------
    ValueError
        If the form is unknown, a column is missing or not allowed, there are too few points, or,
        for ``capacity_gap``, a student is better than its teacher, whose error is the form's
        floor.

    References
    ----------
    Hoffmann et al. 2022, arXiv 2203.15556 (additive); Busbridge et al. 2025, arXiv 2502.08606
    (capacity gap, here with one amount of data).
    """
    if form not in FORMS:
        raise ValueError(f"the joint form '{form}' is unknown; there are {sorted(FORMS)}")
    surface = FORMS[form]
    points = _points(surface, columns)
    error = np.asarray(errors, np.float64)
    weight = check_weights(weights, error)
    shapes = {"errors": error.shape, "weights": weight.shape}
    shapes |= {name: column.shape for name, column in points.items()}
    if len({*shapes.values()}) > 1 or error.ndim != 1:
        raise ValueError(
            f"errors, weights and columns must be vectors of one length, found {shapes}"
        )
    if not (np.isfinite(error).all() and (error > 0).all()):
        raise ValueError(f"errors must be positive and finite, found {error.tolist()}")
    used = int((weight > 0).sum())
    if used <= len(surface.parameters):
        raise ValueError(
            f"the form '{form}' has {len(surface.parameters)} parameters and needs more points, "
            f"found {used}"
        )
    if form == "capacity_gap" and (ahead := int((error <= points["teacher_error"]).sum())):
        raise ValueError(
            f"{ahead} of {len(error)} students are as good as their teacher or better; the "
            "capacity-gap form has the teacher's error as its floor"
        )
    lower, upper = _bounds(surface)
    # many starts, spread over the box by a Sobol sequence: the cost has many local minima
    share = stats.qmc.Sobol(len(lower), seed=0).random(N_STARTS)
    starts = lower + (upper - lower) * (0.1 + 0.8 * share)
    log_error = np.log(error)
    if surface.is_additive:
        starts[:, 0] = log_error.min() + np.log(0.5 + 0.5 * share[:, 0])
        scales, powers = np.arange(1, len(lower), 2), np.arange(2, len(lower), 2)
        exponents = np.exp(np.log(0.1) + np.log(10.0) * share[:, powers])
        starts[:, powers] = np.log(exponents)
        mean_log_size = [np.log(points[name]).mean() for name in surface.needs]
        spread = log_error.max() - 1
        starts[:, scales] = spread + exponents * mean_log_size
    solution = solve(
        lambda theta: surface.curve(theta, points),
        np.tile(log_error, (N_STARTS, 1)),
        np.tile(weight, (N_STARTS, 1)),
        starts,
        (lower, upper),
        delta=huber_delta,
        max_evaluations=max_evaluations,
    )
    start = int(solution.cost.argmin())
    best = solution.coordinates[start]
    predicted, gradient = surface.curve(best[None], points)
    residual_sd, covariance = residual_sd_and_covariance(
        gradient[0], predicted[0] - log_error, weight, huber_delta
    )
    values = np.exp(best)
    inside = (best > lower + 1e-3) & (best < upper - 1e-3)
    identified = inside & is_identified(covariance)
    return JointLaw(
        form=form,
        parameters=dict(zip(surface.parameters, map(float, values), strict=True)),
        covariance=covariance * np.outer(values, values),
        identified=dict(zip(surface.parameters, map(bool, identified), strict=True)),
        n_points=used,
        residual_sd=residual_sd,
        coordinates=best,
        status=solution.status_of(start),
    )


def resample_joint_law(law: JointLaw, errors: Array, **columns: ArrayLike) -> Solution:
    """Fit a law's form again to many samples of its points, each starting at the law.

    Parameters
    ----------
    law
        Of `fit_joint_law`.
    errors
        Shape (n_samples, n_points).
    columns
        As the law was fitted to.

    Returns
    -------
    Solution
        Its coordinates are the logarithms of the parameters.
    """
    surface = FORMS[law.form]
    points = _points(surface, columns)
    return solve(
        lambda theta: surface.curve(theta, points),
        np.log(errors),
        np.ones_like(errors),
        np.tile(law.coordinates, (len(errors), 1)),
        _bounds(surface),
    )


def _bounds(form: JointForm) -> tuple[Array, Array]:
    """Lowest and highest logarithms of the parameters."""
    lower, upper = np.log(np.array(form.ranges)).T
    return lower, upper


def _points(form: JointForm, columns: dict[str, ArrayLike]) -> Points:
    if missing := sorted(set(form.needs) - set(columns)):
        raise ValueError(f"the form '{form.name}' needs {list(form.needs)}, {missing} are missing")
    points = {name: np.atleast_1d(np.asarray(columns[name], np.float64)) for name in form.needs}
    for name, values in points.items():
        if not (np.isfinite(values).all() and (values > 0).all()):
            raise ValueError(f"'{name}' must be positive and finite, found {values.tolist()}")
    return points
