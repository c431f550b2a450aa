"""Verdicts on claims, on made tables whose verdict is known."""

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd
import pytest

from ppgkd.evaluation.recommendation import Gates
from ppgkd.scaling.claims import FAILS, HOLDS, UNKNOWN, judge_claims

Sweep = Callable[..., tuple[pd.DataFrame, pd.DataFrame]]
GATES = Gates(min_reduction=0.8, max_latency_ms=15, max_mae_bpm=2.5)
DISTILLED, STRONGEST, LAW, RESNETS, WAVEFORMS, BOUNDS = range(6)
NO_LAWS: Mapping[str, Any] = {"laws": []}


def error_bpm(gain_bpm: Mapping[str, float]) -> Callable[[str, int, int, int], float]:
    """Level of each subject, minus the gain of a strategy, the same for all."""
    return lambda strategy, params, seed, who: 1.5 + 0.05 * who - gain_bpm.get(strategy, 0.0)


def judge(tables: tuple[pd.DataFrame, pd.DataFrame], laws: Mapping[str, Any] = NO_LAWS) -> Any:
    return judge_claims(*tables, laws, GATES)


@pytest.mark.parametrize(
    ("gain_bpm", "n_subjects", "verdict"),
    [(0.4, 8, HOLDS), (0.0, 8, FAILS), (-0.3, 8, FAILS), (0.4, 5, UNKNOWN), (0.0, 5, UNKNOWN)],
)
def test_a_gain_holds_is_excluded_or_has_too_few_subjects(
    sweep: Sweep, gain_bpm: float, n_subjects: int, verdict: str
) -> None:
    claim = judge(sweep(error_bpm({"soft": gain_bpm}), n_subjects=n_subjects))[DISTILLED]
    assert claim["verdict"] == verdict
    assert claim["n_subjects"] == n_subjects
    for row in claim["comparisons"]:
        found = [row[name] for name in ("estimate", "lower", "upper")]
        assert found == pytest.approx([gain_bpm] * 3)


def test_a_gain_that_differs_between_subjects_cannot_be_told(sweep: Sweep) -> None:
    tables = sweep(
        lambda s, p, seed, who: 2.0 + (s == "soft") * (0.8 if who % 2 else -0.9), n_subjects=8
    )
    claim = judge(tables)[DISTILLED]
    assert claim["verdict"] == UNKNOWN
    assert claim["comparisons"][0]["estimate"] == pytest.approx(0.05)


def test_dkd_is_the_strongest_only_if_it_beats_every_other(sweep: Sweep) -> None:
    strategies = ("scratch", "soft", "dkd", "hard")
    for hard_bpm, verdict in ((0.1, HOLDS), (0.5, FAILS)):
        gains = {"soft": 0.2, "dkd": 0.5, "hard": hard_bpm}
        claim = judge(sweep(error_bpm(gains), strategies=strategies, n_subjects=8))[STRONGEST]
        assert claim["verdict"] == verdict
        found = {row["compared"]: row["estimate"] for row in claim["comparisons"]}
        assert found["dkd and soft"] == pytest.approx(0.3)
        assert found["dkd and hard"] == pytest.approx(0.5 - hard_bpm)


def test_what_a_study_lacks_is_said(sweep: Sweep) -> None:
    claims = judge(sweep(error_bpm({}), n_subjects=8))
    for number, why in ((STRONGEST, "no dkd"), (LAW, "no size sweep"), (WAVEFORMS, "both kinds")):
        assert claims[number]["verdict"] == UNKNOWN
        assert why in claims[number]["why"]


def test_families_are_compared_at_like_sizes_alone(sweep: Sweep) -> None:
    sizes = {1_000: 0.4, 1_200: 0.1, 4_000: 0.4, 9_000: 9.0}
    tables = sweep(
        lambda s, params, seed, who: 10.0 + 0.1 * who - (s == "soft") * sizes[params],
        students=[
            ("spectral_resnet", 1_000),
            ("spectral_mlp", 1_200),
            ("spectral_resnet", 4_000),
            ("spectral_mlp", 9_000),
        ],
        n_subjects=8,
    )
    claim = judge(tables)[RESNETS]
    assert claim["verdict"] == HOLDS
    assert [row["estimate"] for row in claim["comparisons"]] == pytest.approx([0.3])


@pytest.mark.parametrize(
    ("lead", "n_subjects", "verdict"),
    [(5.0, 6, HOLDS), (1.0, 6, UNKNOWN), (-5.0, 6, FAILS), (5.0, 5, UNKNOWN), (-5.0, 5, UNKNOWN)],
)
def test_an_exponential_law_leads_ties_trails_or_has_too_few_subjects(
    sweep: Sweep, lead: float, n_subjects: int, verdict: str
) -> None:
    form = {"status": {"converged": True}}
    forms = {"exponential": form | {"aicc": -lead}, "constant": form | {"aicc": 0.0}}
    law = {"family": "spectral_resnet", "strategy": "soft", "teacher": "t", "forms": forms}
    claim = judge(sweep(error_bpm({}), n_subjects=n_subjects), {"laws": [law]})[LAW]
    assert claim["verdict"] == verdict
    assert claim["comparisons"][0]["estimate"] == lead


@pytest.mark.parametrize(
    ("mae_bpm", "spread_bpm", "verdict"), [(2.0, 0.1, HOLDS), (3.0, 0.1, FAILS), (2.5, 1, UNKNOWN)]
)
def test_the_bounds_are_met_where_the_interval_is_below(
    sweep: Sweep, mae_bpm: float, spread_bpm: float, verdict: str
) -> None:
    tables = sweep(lambda s, p, k, who: mae_bpm + spread_bpm * (-1) ** who, n_subjects=8)
    assert judge(tables)[BOUNDS]["verdict"] == verdict
