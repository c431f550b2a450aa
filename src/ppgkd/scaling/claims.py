"""The claims of the study that is followed, tested on a study's own cells.

A claim holds or does not hold where its interval over test subjects and training runs says so,
after correction for the number of comparisons that decide it (Holm 1979); else the study cannot
tell. An interval that contains zero shows neither a gain nor that there is none: that a gain does
not hold is said where one of `NAMED_BPM` is excluded. A run is a student's network and seed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from statsmodels.stats.multitest import multipletests

from ppgkd.evaluation.recommendation import Gates, apply_gates, recommend
from ppgkd.scaling.law import MIN_SIZES
from ppgkd.scaling.model_selection import TIE
from ppgkd.scaling.run_contrasts import Contrast, estimate_contrast
from ppgkd.scaling.run_errors import Key, RunErrors, by_run, stacked
from ppgkd.strategies.labels import strategy_label, training_label

HOLDS, FAILS, UNKNOWN = "holds", "does not hold", "cannot be told here"

NAMED_BPM = 0.1
"""Smallest gain that is worth naming: a tenth of the width of a class."""

MIN_SUBJECTS = 6
"""With fewer, not even a difference of the same sign in all subjects is significant: 2 / 2^5 is
0.06 by the sign test."""

LIKE_SIZE = 1.5
"""Two students are of like size if their parameters differ by at most this factor."""

MIN_SIZES_OF_EXPONENTIAL = 7
"""The AICc needs two points more than the exponential has parameters, the variance among them."""

SIGNIFICANT = 0.05
Row = dict[str, Any]
Groups = dict[str, list[tuple[str, pd.DataFrame]]]
"""Differences that are compared together: of each a student, and its seeds by subjects."""


def judge_claims(
    students: pd.DataFrame, subject_errors: pd.DataFrame, laws: Mapping[str, Any], gates: Gates
) -> list[Row]:
    """Test the claims.

    Parameters
    ----------
    students
        Table of `ppgkd.evaluation.summary.summarise_students`.
    subject_errors
        Table of `ppgkd.evaluation.cells.collect_subject_errors`.
    laws
        Of `ppgkd.scaling.fit_laws`.
    gates
        Bounds of size, latency and error.

    Returns
    -------
    list of dict
        For each claim ``claim``, ``verdict``, ``why``, ``n_subjects``, and ``comparisons``: rows
        with ``compared, estimate, lower, upper, unit``, the 95 % interval, ``p_holm`` (that there
        is no difference; None where none was tested) and ``verdict``; ``is_error`` in a row that is
        no difference. What has no interval is None.
    """
    errors = RunErrors(students, subject_errors)
    chosen = recommend(apply_gates(students, gates))
    bounded = (
        f"A student with at least {100 * gates.min_reduction:g} % fewer parameters errs by less "
        f"than {gates.max_mae_bpm:g} BPM in under {gates.max_latency_ms:g} ms"
    )
    found = {
        "Distilled students err less than the same from scratch": _distillation(errors),
        "Decoupled distillation is the strongest way to distil": _strongest(errors),
        "The error falls with size by an exponential law": _law(laws["laws"], errors),
        "ResNet students gain more than MLPs of like size": _families(errors, "_resnet", "_mlp"),
        "Waveform students gain more than spectral ones of like size": _families(
            errors, "waveform_", "spectral_"
        ),
        bounded: _bounds(chosen, gates, errors),
    }
    n_subjects = len(errors.n_windows)
    return [{"claim": claim, **row, "n_subjects": n_subjects} for claim, row in found.items()]


def verdict_of(gain: Contrast | None, n_subjects: int, p_none: float, p_named: float) -> str:
    """Verdict on a gain in BPM.

    Parameters
    ----------
    gain
        The gain; None where it has no interval.
    n_subjects
        Number of test subjects.
    p_none, p_named
        P-values that the gain is zero and that it is `NAMED_BPM`, corrected for the number of
        comparisons.
    """
    if gain is None or n_subjects < MIN_SUBJECTS:
        return UNKNOWN
    if gain.value > 0 and p_none < SIGNIFICANT:
        return HOLDS
    if gain.value < NAMED_BPM and p_named < SIGNIFICANT:
        return FAILS
    return UNKNOWN


def _untested(why: str) -> Row:
    return {"verdict": UNKNOWN, "why": why, "comparisons": []}


def _judge(errors: RunErrors, groups: Groups, why: str, *, every: bool) -> Row:
    """Verdict on a claim of the first group of differences, or of all of them."""
    contrasts = {}
    for name, differences in groups.items():
        runs, students = by_run(differences)
        contrasts[name] = estimate_contrast(runs, errors.n_windows, groups=students)
    rows = _rows(contrasts, len(errors.n_windows), together=every)
    verdicts = [str(row["verdict"]) for row in rows]
    verdict = verdicts[0]
    if every:
        verdict = next((one for one in (FAILS, UNKNOWN) if one in verdicts), HOLDS)
    return {"verdict": verdict, "why": _why(why, rows, errors), "comparisons": rows}


def _rows(compared: Mapping[str, Contrast | None], n_subjects: int, *, together: bool) -> list[Row]:
    """Rows of comparisons; unless all decide together, the first is tested on its own."""
    known = {name: one for name, one in compared.items() if one is not None}
    alone = 0 if together else 1
    none: dict[str, float] = {}
    named: dict[str, float] = {}
    for value, found in ((0, none), (NAMED_BPM, named)):
        p_values = [one.p_value(value) for one in known.values()]
        corrected = [*p_values[:alone], *_holm(p_values[alone:])]
        found.update(zip(known, corrected, strict=True))
    rows = []
    for name, one in compared.items():
        lower, upper = (None, None) if one is None else one.interval()
        rows.append(
            {
                "compared": name,
                "estimate": None if one is None else one.value,
                "lower": lower,
                "upper": upper,
                "unit": "BPM",
                "p_holm": none.get(name),
                "verdict": verdict_of(one, n_subjects, none.get(name, 1), named.get(name, 1)),
            }
        )
    return rows


def _why(why: str, rows: Sequence[Row], errors: RunErrors) -> str:
    """Why a verdict cannot be told, where that is for lack of subjects or runs."""
    if rows and len(errors.n_windows) < MIN_SUBJECTS:
        return (
            f"{len(errors.n_windows)} test subjects are too few: at least {MIN_SUBJECTS} are needed"
        )
    if any(row["estimate"] is None for row in rows):
        return f"{why}; what has one training run has no interval: more seeds or sizes are needed"
    return why


def _holm(p_values: Sequence[float]) -> list[float]:
    return [float(p) for p in multipletests(p_values, method="holm")[1]] if p_values else []


def _gains(errors: RunErrors) -> dict[Key, pd.DataFrame]:
    gains = {key: errors.gain_bpm(key) for key in errors.keys}
    return {key: gain for key, gain in gains.items() if gain is not None}


def _distillation(errors: RunErrors) -> Row:
    """Gain over scratch: of all students together, then of each family and strategy."""
    gains = _gains(errors)
    if not gains:
        return _untested("the study has no distilled student that it also trained from scratch")
    groups: Groups = {"all distilled students": [(key[2], gain) for key, gain in gains.items()]}
    for (strategy, _, student), gain in gains.items():
        name = f"{errors.family[student]}, {strategy_label(strategy)}"
        groups.setdefault(name, []).append((student, gain))
    why = "gain over scratch, mean over teachers and sizes; the verdict is on all together"
    return _judge(errors, groups, why, every=False)


def _strongest(errors: RunErrors) -> Row:
    """Error of each other strategy minus that of DKD, on the students that both have."""
    groups: Groups = {}
    for strategy, teacher, student in errors.keys:
        dkd = ("dkd", teacher, student)
        if teacher != "none" and strategy != "dkd" and dkd in errors.keys:
            difference = errors.of((strategy, teacher, student)) - errors.of(dkd)
            groups.setdefault(f"{strategy_label('dkd')} and {strategy_label(strategy)}", []).append(
                (student, difference)
            )
    if not any(key[0] == "dkd" for key in errors.keys):
        return _untested(f"the study has no {strategy_label('dkd')}")
    if not groups:
        return _untested("the study has no other way to distil the same students from a teacher")
    why = (
        "error of the other minus that of decoupled distillation, mean over the same students; "
        "it must be the lower of every pair"
    )
    return _judge(errors, groups, why, every=True)


def _families(errors: RunErrors, own: str, other: str) -> Row:
    """Gain of ResNets minus that of MLPs, or of waveform minus spectral, at like sizes."""
    gains = _gains(errors)
    groups: Groups = {}
    for (strategy, teacher, student), gain in gains.items():
        family = errors.family[student]
        rival = family.replace(own, other)
        ratio = {
            name: max(params / errors.params[student], errors.params[student] / params)
            for name, params in errors.params.items()
            if errors.family[name] == rival != family and (strategy, teacher, name) in gains
        }
        nearest = min(ratio, key=lambda name: ratio[name], default=None)
        if nearest is not None and ratio[nearest] <= LIKE_SIZE:
            difference = gain - gains[strategy, teacher, nearest]
            groups.setdefault(f"{family} and {rival}", []).append((student, difference))
    if not groups:
        return _untested("the study has no distilled students of both kinds and of like size")
    why = f"gain of the first minus that of the second, sizes within a factor of {LIKE_SIZE:g}"
    return _judge(errors, groups, why, every=True)


def _law(laws: Sequence[Mapping[str, Any]], errors: RunErrors) -> Row:
    """Whether the error falls with size and an exponential fits best, in every size sweep."""
    swept = {
        f"{law['family']}, {training_label(law['strategy'], law['teacher'])}": law
        for law in laws
        if len(law["sizes"]) >= MIN_SIZES
    }
    if not swept:
        return _untested(f"no size sweep has {MIN_SIZES} sizes, which a law needs")
    n_subjects = len(errors.n_windows)
    fallen = {name: _fall(law, errors) for name, law in swept.items()}
    rows: list[Row] = []
    verdicts = set()
    for fall in _rows(fallen, n_subjects, together=True):
        name = fall["compared"]
        rows.append({**fall, "compared": f"{name}: fall from the smallest to the largest"})
        both = {str(fall["verdict"]), UNKNOWN}
        if (lead := swept[name].get("exponential_lead")) is not None:
            row = _lead(name, lead, n_subjects)
            rows.append(row)
            both = {str(fall["verdict"]), str(row["verdict"])}
        verdicts.add(next((one for one in (FAILS, UNKNOWN) if one in both), HOLDS))
    why = (
        "by a straight line in log size the error must fall; and the exponential's AICc must be "
        f"lower than that of the best other form, by more than {TIE:g}; it does not hold if "
        "another fits better even without the correction for few sizes"
    )
    if any(law.get("exponential_lead") is None for law in swept.values()):
        why += f"; it has none with fewer than {MIN_SIZES_OF_EXPONENTIAL} sizes"
    if len(verdicts) > 1:
        why += "; the sweeps differ"
    return {
        "verdict": verdicts.pop() if len(verdicts) == 1 else UNKNOWN,
        "why": _why(why, rows, errors),
        "comparisons": rows,
    }


def _lead(name: str, lead: Mapping[str, Any], n_subjects: int) -> Row:
    """Whether the exponential fits a sweep better than any other form."""
    verdict = UNKNOWN
    if n_subjects >= MIN_SUBJECTS:
        if lead["lower"] > 0 and lead["estimate"] > TIE:
            verdict = HOLDS
        elif lead["uncorrected_upper"] < 0 and lead["uncorrected_estimate"] < -TIE:
            verdict = FAILS
    return {
        "compared": f"{name}: exponential and {lead['over'].replace('_', ' ')}",
        **{key: lead[key] for key in ("estimate", "lower", "upper")},
        **{"unit": "AICc", "p_holm": None, "verdict": verdict},
    }


def _fall(law: Mapping[str, Any], errors: RunErrors) -> Contrast | None:
    """How far the error falls over the sizes of a sweep."""
    own = (law["strategy"], law["teacher"])
    runs = [
        (np.log(errors.params[key[2]]), row.to_numpy(np.float64))
        for key in errors.keys
        if key[:2] == own and errors.family[key[2]] == law["family"]
        for _, row in errors.of(key).dropna().iterrows()
    ]
    log_sizes = np.array([size for size, _ in runs])
    return estimate_contrast(stacked([row for _, row in runs]), errors.n_windows, log_sizes)


def _bounds(chosen: pd.Series, gates: Gates, errors: RunErrors) -> Row:
    """Whether the student that validation selects meets the bounds of size, latency and error."""
    key: Key = (str(chosen["strategy"]), str(chosen["teacher"]), str(chosen["student"]))
    runs = errors.of(key).dropna().to_numpy(np.float64)
    mae = estimate_contrast(runs, errors.n_windows, draw_runs=False)
    lower, upper = (None, None) if mae is None else mae.interval()
    if not (chosen["small"] and chosen["fast"]):
        verdict, why = FAILS, "no student is small and fast enough"
    elif mae is None or lower is None or upper is None or len(errors.n_windows) < MIN_SUBJECTS:
        verdict, why = UNKNOWN, ""
    else:
        why = "error of the recommended student, selected on validation subjects"
        below, above = upper < gates.max_mae_bpm, lower >= gates.max_mae_bpm
        verdict = HOLDS if below else FAILS if above else UNKNOWN
    row = {
        "compared": f"{key[2]}, {strategy_label(key[0])}, {chosen['latency_p99_ms']:.2g} ms",
        "estimate": float(chosen["mae_bpm"]),
        "lower": lower,
        "upper": upper,
        "unit": "BPM",
        "is_error": True,
        "p_holm": None,
        "verdict": verdict,
    }
    return {"verdict": verdict, "why": why or _why("", [row], errors), "comparisons": [row]}
