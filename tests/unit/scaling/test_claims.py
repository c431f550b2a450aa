"""Verdicts on claims, on made tables whose verdict is known."""

from collections.abc import Callable, Mapping
from math import log
from typing import Any

import pandas as pd
import pytest

from ppgkd.evaluation.recommendation import Gates
from ppgkd.evaluation.summary import summarise_students
from ppgkd.scaling.claims import FAILS, HOLDS, UNKNOWN, judge_claims

Sweep = Callable[..., tuple[pd.DataFrame, pd.DataFrame]]
GATES = Gates(min_reduction=0.8, max_latency_ms=15, max_mae_bpm=2.5)
DISTILLED, STRONGEST, LAW, RESNETS, WAVEFORMS, BOUNDS = range(6)
NO_LAWS: Mapping[str, Any] = {"laws": []}


def error_bpm(gain_bpm: Mapping[str, float]) -> Callable[[str, int, int, int], float]:
    """Level of each subject, minus the gain of a strategy, the same for all."""
    return lambda strategy, params, seed, who: 1.5 + 0.05 * who - gain_bpm.get(strategy, 0.0)


def judge(tables: tuple[pd.DataFrame, pd.DataFrame], laws: Mapping[str, Any] = NO_LAWS) -> Any:
    return judge_claims(summarise_students(*tables), tables[1], laws, GATES)


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
        assert found["decoupled distillation and soft targets"] == pytest.approx(0.3)
        assert found["decoupled distillation and hard targets"] == pytest.approx(0.5 - hard_bpm)


def test_what_a_study_lacks_is_said(sweep: Sweep) -> None:
    claims = judge(sweep(error_bpm({}), n_subjects=8))
    for number, why in (
        (STRONGEST, "no decoupled distillation"),
        (LAW, "no size sweep"),
        (WAVEFORMS, "both kinds"),
    ):
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
        seeds=(0, 1),
        n_subjects=8,
    )
    claim = judge(tables)[RESNETS]
    assert claim["verdict"] == HOLDS
    assert [row["estimate"] for row in claim["comparisons"]] == pytest.approx([0.3])


def test_one_pair_of_networks_cannot_tell_ways_of_training_apart(sweep: Sweep) -> None:
    one = [("spectral_resnet", 1_000)]
    claim = judge(sweep(error_bpm({"soft": 0.4}), students=one, n_subjects=8))[DISTILLED]
    assert claim["verdict"] == UNKNOWN
    assert "more seeds or sizes are needed" in claim["why"]
    assert {row["lower"] for row in claim["comparisons"]} == {None}


def test_a_gain_of_some_seeds_and_not_of_others_cannot_be_told(sweep: Sweep) -> None:
    """All subjects agree on each network: the bootstrap over subjects alone would be certain."""
    tables = sweep(
        lambda s, p, seed, who: 2 + 0.1 * who - (s == "soft") * (0.5, -0.2, 0.3)[seed],
        students=[("spectral_resnet", 1_000)],
        seeds=(0, 1, 2),
        n_subjects=12,
    )
    claim = judge(tables)[DISTILLED]
    assert claim["comparisons"][0]["estimate"] == pytest.approx(0.2)
    assert claim["verdict"] == UNKNOWN


def swept(
    sweep: Sweep,
    fall_bpm: float,
    lead: tuple[float, ...] | None,
    n_subjects: int = 8,
    correction: float = 0,
) -> Any:
    """The claim of the law, on a sweep whose error falls by so much on a line in log size."""
    sizes = [300, 1_000, 3_000, 9_000]
    tables = sweep(
        lambda s, p, k, who: 3 + 0.1 * who - fall_bpm * log(p / 300) / log(30),
        students=[("spectral_resnet", size) for size in sizes],
        strategies=("scratch",),
        n_subjects=n_subjects,
    )
    law: dict[str, Any] = {"family": "spectral_resnet", "strategy": "scratch", "teacher": "none"}
    law |= {"sizes": sizes, "exponential_lead": None}
    if lead is not None:
        ahead = dict(zip(("estimate", "lower", "upper"), lead, strict=True))
        free = {
            "uncorrected_estimate": lead[0] + correction,
            "uncorrected_upper": lead[2] + correction,
        }
        law["exponential_lead"] = {"over": "constant", **ahead, **free}
    return judge(tables, {"laws": [law]})[LAW]


LEADS = {HOLDS: (5.0, 1.0, 9.0), UNKNOWN: (5.0, -1.0, 9.0), FAILS: (-5.0, -9.0, -1.0)}


@pytest.mark.parametrize("verdict", LEADS)
def test_a_falling_law_is_exponential_as_far_as_its_lead_goes(sweep: Sweep, verdict: str) -> None:
    claim = swept(sweep, 1.0, LEADS[verdict])
    assert claim["verdict"] == verdict
    fall, lead = claim["comparisons"]
    assert (fall["estimate"], fall["unit"]) == (pytest.approx(1.0), "BPM")
    assert [lead[name] for name in ("estimate", "lower", "upper")] == [*LEADS[verdict]]


def test_an_exponential_that_is_behind_by_the_correction_alone_cannot_be_told(
    sweep: Sweep,
) -> None:
    """With seven sizes it is 40 behind a power law that fits as well."""
    claim = swept(sweep, 1.0, (-39.0, -50.0, -30.0), correction=40)
    assert claim["verdict"] == UNKNOWN
    assert "even without the correction" in claim["why"]


@pytest.mark.parametrize("fall_bpm", [0.0, -0.5])
def test_a_flat_or_rising_law_does_not_hold_however_well_it_fits(
    sweep: Sweep, fall_bpm: float
) -> None:
    assert swept(sweep, fall_bpm, LEADS[HOLDS])["verdict"] == FAILS


@pytest.mark.parametrize(("fall_bpm", "verdict"), [(1.0, UNKNOWN), (0.0, FAILS)])
def test_too_few_sizes_for_an_exponential_can_tell_that_the_error_does_not_fall(
    sweep: Sweep, fall_bpm: float, verdict: str
) -> None:
    claim = swept(sweep, fall_bpm, None)
    assert claim["verdict"] == verdict
    assert "it has none with fewer than 7 sizes" in claim["why"]
    assert len(claim["comparisons"]) == 1


def test_a_lead_within_a_tie_cannot_be_told(sweep: Sweep) -> None:
    assert swept(sweep, 1.0, (1.0, 0.5, 1.5))["verdict"] == UNKNOWN


def test_a_law_over_too_few_subjects_cannot_be_told(sweep: Sweep) -> None:
    claim = swept(sweep, 1.0, LEADS[HOLDS], n_subjects=5)
    assert claim["verdict"] == UNKNOWN
    assert "too few" in claim["why"]


@pytest.mark.parametrize(
    ("mae_bpm", "spread_bpm", "verdict"), [(2.0, 0.1, HOLDS), (3.0, 0.1, FAILS), (2.5, 1, UNKNOWN)]
)
def test_the_bounds_are_met_where_the_interval_is_below(
    sweep: Sweep, mae_bpm: float, spread_bpm: float, verdict: str
) -> None:
    tables = sweep(lambda s, p, k, who: mae_bpm + spread_bpm * (-1) ** who, n_subjects=8)
    assert judge(tables)[BOUNDS]["verdict"] == verdict
