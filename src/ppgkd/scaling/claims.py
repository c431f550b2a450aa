"""The claims of the study that is followed, tested on a study's own cells.

A claim holds or does not hold where its interval over test subjects says so, after correction for
the number of comparisons (Holm 1979); else the study cannot tell. An interval that contains zero
shows neither a gain nor that there is none: that a gain does not hold is said where one of
`NAMED_BPM` is excluded. Seeds are not drawn, so the intervals are for these networks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from statsmodels.stats.multitest import multipletests

from ppgkd.evaluation.bootstrap import estimate_with_interval
from ppgkd.evaluation.recommendation import Gates, apply_gates, recommend
from ppgkd.evaluation.summary import Key, PairedBootstrap, summarise_students
from ppgkd.scaling.model_selection import TIE

HOLDS, FAILS, UNKNOWN = "holds", "does not hold", "cannot be told here"

NAMED_BPM = 0.1
"""Smallest gain that is worth naming: a tenth of the width of a class."""

MIN_SUBJECTS = 6
"""With fewer, not even a difference of the same sign in all subjects is significant: 2 / 2^5 is
0.06 by the sign test."""

LIKE_SIZE = 1.5
"""Two students are of like size if their parameters differ by at most this factor."""

SIGNIFICANT = 0.05
Array = NDArray[np.float64]
Row = dict[str, Any]


def judge_claims(
    cells: pd.DataFrame, subject_errors: pd.DataFrame, laws: Mapping[str, Any], gates: Gates
) -> list[Row]:
    """Test the claims.

    Parameters
    ----------
    cells, subject_errors
        Tables of `ppgkd.evaluation.cells`.
    laws
        Of `ppgkd.scaling.fit_laws`.
    gates
        Bounds of size, latency and error.

    Returns
    -------
    list of dict
        For each claim ``claim``, ``verdict``, ``why``, ``n_subjects``, and ``comparisons``: rows
        with ``compared, estimate, lower, upper, unit``, the 95 % interval, ``p_holm`` (that there
        is no difference; None where none was tested) and ``verdict``. What has no interval is None.
    """
    bootstrap = PairedBootstrap(subject_errors, seed=0)
    n_subjects = int(subject_errors["subject"].nunique())
    networks = cells.groupby("student")[["family", "params"]].first()
    gains = _gains(bootstrap)
    claims = {
        "Distilled students err less than the same from scratch": _distillation(gains, networks),
        "DKD is the strongest way to distil": _strongest(bootstrap),
        "ResNet students gain more than MLPs of like size": _families(gains, networks, "mlp"),
        "Waveform students gain more than spectral ones of like size": _families(
            gains, networks, "spectral"
        ),
    }
    found = [_judge(name, *compared, n_subjects) for name, compared in claims.items()]
    table = summarise_students(cells, subject_errors)
    return [
        *found[:2],
        _law(laws["laws"], n_subjects),
        *found[2:],
        {**_bounds(apply_gates(table, gates), gates, n_subjects), "n_subjects": n_subjects},
    ]


def verdict_of(
    drawn: Array, n_subjects: int, p_none: float | None = None, p_named: float | None = None
) -> str:
    """Verdict on a gain in BPM.

    Parameters
    ----------
    drawn
        Gain of the sample and then of each draw, shape (1 + draws,).
    n_subjects
        Number of test subjects.
    p_none, p_named
        P-values that the gain is zero and that it is `NAMED_BPM`, corrected for the number of
        comparisons; by default those of `drawn` alone.
    """
    if n_subjects < MIN_SUBJECTS or not np.isfinite(drawn).all():
        return UNKNOWN
    if drawn[0] > 0 and (_p(drawn, 0) if p_none is None else p_none) < SIGNIFICANT:
        return HOLDS
    if drawn[0] < NAMED_BPM and (
        (_p(drawn, NAMED_BPM) if p_named is None else p_named) < SIGNIFICANT
    ):
        return FAILS
    return UNKNOWN


def _p(drawn: Array, value: float) -> float:
    """Two-sided p-value of the bootstrap that a statistic is ``value``."""
    tail = min(int((drawn[1:] <= value).sum()), int((drawn[1:] >= value).sum()))
    return min(1.0, 2 * (1 + tail) / len(drawn))


def _judge(claim: str, drawn: Mapping[str, Array], why: str, every: bool, n_subjects: int) -> Row:
    """Verdict on a claim, of its first comparison, or of all of them if ``every`` must hold."""
    if not drawn:
        return {
            "claim": claim,
            "verdict": UNKNOWN,
            "why": why,
            "n_subjects": n_subjects,
            "comparisons": [],
        }
    none, named = (_holm([_p(one, value) for one in drawn.values()]) for value in (0, NAMED_BPM))
    rows = []
    for (compared, one), p_none, p_named in zip(drawn.items(), none, named, strict=True):
        estimate, lower, upper = (
            estimate_with_interval(one) if np.isfinite(one).all() else [None] * 3
        )
        rows.append(
            {
                "compared": compared,
                "estimate": estimate,
                "lower": lower,
                "upper": upper,
                "unit": "BPM",
                "p_holm": None if estimate is None else p_none,
                "verdict": verdict_of(one, n_subjects, p_none, p_named),
            }
        )
    verdicts = [str(row["verdict"]) for row in rows]
    verdict = verdicts[0]
    if every:
        verdict = next((one for one in (FAILS, UNKNOWN) if one in verdicts), HOLDS)
    if n_subjects < MIN_SUBJECTS:
        why = _too_few(n_subjects)
    return {
        "claim": claim,
        "verdict": verdict,
        "why": why,
        "n_subjects": n_subjects,
        "comparisons": rows,
    }


def _too_few(n_subjects: int) -> str:
    return f"{n_subjects} test subjects are too few: at least {MIN_SUBJECTS} are needed"


def _holm(p_values: Sequence[float]) -> list[float]:
    return [float(p) for p in multipletests(p_values, method="holm")[1]]


def _gains(bootstrap: PairedBootstrap) -> dict[Key, Array]:
    gains = {}
    for key in bootstrap.students:
        scratch = bootstrap.from_scratch(key[2])
        if key[1] != "none" and scratch is not None:
            gains[key] = scratch - bootstrap.mae_bpm(key)
    return gains


def _mean(rows: Iterable[Array]) -> Array:
    return np.asarray(np.mean([*rows], axis=0))


def _distillation(
    gains: Mapping[Key, Array], networks: pd.DataFrame
) -> tuple[dict[str, Array], str, bool]:
    """Gain over scratch: of all students together, then of each family and strategy."""
    if not gains:
        return {}, "the study has no distilled student that it also trained from scratch", False
    groups: dict[str, list[Array]] = {"all distilled students": [*gains.values()]}
    for (strategy, _, student), gain in gains.items():
        groups.setdefault(f"{networks['family'][student]}, {strategy}", []).append(gain)
    why = "gain over scratch, mean over teachers and sizes; the verdict is on all together"
    return {name: _mean(rows) for name, rows in groups.items()}, why, False


def _strongest(bootstrap: PairedBootstrap) -> tuple[dict[str, Array], str, bool]:
    """Error of each other strategy minus that of DKD, on the students that both have."""
    by_strategy: dict[str, dict[Key, Key]] = {}
    for key in bootstrap.students:
        if key[1] != "none":
            by_strategy.setdefault(key[0], {})[key[1:]] = key
    dkd = by_strategy.pop("dkd", {})
    drawn = {}
    for strategy, keys in by_strategy.items():
        pairs = [
            bootstrap.mae_bpm(keys[key]) - bootstrap.mae_bpm(dkd[key]) for key in keys if key in dkd
        ]
        if pairs:
            drawn[f"dkd and {strategy}"] = _mean(pairs)
    if not dkd:
        return {}, "the study has no dkd", True
    if not drawn:
        return {}, "the study has no other way to distil with the same students and teachers", True
    why = "error of the other minus that of DKD, mean over the same students; it must be the lower"
    return drawn, f"{why} of every pair", True


def _families(
    gains: Mapping[Key, Array], networks: pd.DataFrame, other: str
) -> tuple[dict[str, Array], str, bool]:
    """Gain of ResNets minus that of MLPs, or of waveform minus spectral, at like sizes."""
    differences: dict[str, list[Array]] = {}
    for (strategy, teacher, student), gain in gains.items():
        family, params = str(networks["family"][student]), float(networks["params"][student])
        rival = (
            family.replace("_resnet", "_mlp")
            if other == "mlp"
            else family.replace("waveform_", "spectral_")
        )
        same = networks[networks["family"] == rival]
        if rival == family or same.empty:
            continue
        size = same["params"].astype(float)
        ratio = (size / params).combine(params / size, max)
        key = strategy, teacher, str(ratio.idxmin())
        if ratio.min() <= LIKE_SIZE and key in gains:
            differences.setdefault(f"{family} and {rival}", []).append(gain - gains[key])
    if not differences:
        return {}, "the study has no distilled students of both kinds and of like size", True
    why = f"gain of the first minus that of the second, sizes within a factor of {LIKE_SIZE:g}"
    return {name: _mean(rows) for name, rows in differences.items()}, why, True


def _law(laws: Sequence[Mapping[str, Any]], n_subjects: int) -> Row:
    """Whether an exponential has the lowest AICc, by more than a tie, in every size sweep."""
    few = n_subjects < MIN_SUBJECTS
    rows = []
    for law in laws:
        scores = {
            name: form["aicc"]
            for name, form in law.get("forms", {}).items()
            if form["aicc"] is not None and form["status"]["converged"]
        }
        exponential = [score for name, score in scores.items() if name.startswith("exponential")]
        others = {k: score for k, score in scores.items() if not k.startswith("exponential")}
        if not exponential or not others:
            continue
        best = min(others, key=lambda name: others[name])
        lead = others[best] - min(exponential)
        verdict = UNKNOWN if few else HOLDS if lead > TIE else FAILS if lead < -TIE else UNKNOWN
        taught = "" if law["teacher"] == "none" else f" from {law['teacher']}"
        rows.append(
            {
                "compared": f"{law['family']}, {law['strategy']}{taught}: exponential and "
                f"{best.replace('_', ' ')}",
                "estimate": lead,
                "lower": None,
                "upper": None,
                "unit": "AICc",
                "p_holm": None,
                "verdict": verdict,
            }
        )
    verdicts = {row["verdict"] for row in rows}
    why = (
        f"how much lower the exponential's AICc is than that of the best other form; within "
        f"{TIE:g} they tie; it has no interval over subjects"
        if rows
        else "no size sweep has enough sizes for an exponential and its AICc"
    )
    if rows and few:
        why = _too_few(n_subjects)
    return {
        "claim": "The error falls with size by an exponential law",
        "verdict": verdicts.pop() if len(verdicts) == 1 else UNKNOWN,
        "why": why + ("; the sweeps differ" if len({row["verdict"] for row in rows}) > 1 else ""),
        "n_subjects": n_subjects,
        "comparisons": rows,
    }


def _bounds(gated: pd.DataFrame, gates: Gates, n_subjects: int) -> Row:
    """Whether the student that validation selects meets the bounds of size, latency and error."""
    chosen = recommend(gated)
    lower, upper = float(chosen["mae_lower_bpm"]), float(chosen["mae_upper_bpm"])
    if not (chosen["small"] and chosen["fast"]):
        verdict, why = FAILS, "no student is small and fast enough"
    elif n_subjects < MIN_SUBJECTS:
        why = _too_few(n_subjects)
        verdict = UNKNOWN
    else:
        why = "error of the recommended student, selected on validation subjects"
        below, above = upper < gates.max_mae_bpm, lower >= gates.max_mae_bpm
        verdict = HOLDS if below else FAILS if above else UNKNOWN
    fewer, ms = f"{gates.min_reduction:.0%}", f"{gates.max_latency_ms:g} ms"
    latency = f"{chosen['latency_p99_ms']:.2g} ms"
    return {
        "claim": f"A student with at least {fewer} fewer parameters errs by less than "
        f"{gates.max_mae_bpm:g} BPM in under {ms}",
        "verdict": verdict,
        "why": why,
        "comparisons": [
            {
                "compared": f"{chosen['student']}, {chosen['strategy']}, {latency}",
                "estimate": float(chosen["mae_bpm"]),
                "lower": lower,
                "upper": upper,
                "unit": "BPM",
                "p_holm": None,
                "verdict": verdict,
            }
        ],
    }
