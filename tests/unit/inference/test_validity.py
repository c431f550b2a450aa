"""When an estimate is valid: every condition holds, over the last windows, as in the stream."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from ppgkd.inference.signal_support import Support, signal_support
from ppgkd.inference.stream import estimate_recording
from ppgkd.inference.validity import (
    REASONS,
    RECENT,
    Evidence,
    RecentEvidence,
    Score,
    ValidityRule,
    evidence_of_windows,
    score_terms,
)
from ppgkd.windows.preprocessing import WindowSpec, preprocess, resampling_matrix

Samples = NDArray[np.float32]

SCORE = Score(intercept=-2.0, pulse=1.0, rate=3.0, agreement=2.0, log_sd=-1.0)
RULE = ValidityRule(5.0, (50.0, 180.0), 0.6, 0.1, SCORE, 0.5)
GOOD = Evidence(pulse=0.5, not_double=0.8, not_triple=0.9, not_half=0.7, agreement=1.0)
NOTHING = Evidence(0.0, 0.0, 0.0, 0.0, 0.0)


def reason(bpm: float = 72.0, sd_bpm: float = 2.0, evidence: Evidence = GOOD) -> str:
    found = int(RULE.reason(np.array(bpm), np.array(sd_bpm), evidence))
    return "" if found < 0 else REASONS[found]


def test_an_estimate_that_meets_every_condition_is_valid() -> None:
    assert reason() == ""


def test_the_probability_is_that_of_a_logistic_regression() -> None:
    terms = score_terms(np.array(2.0), GOOD)
    # log odds of one half are zero; the least of the rates is 0.7
    np.testing.assert_allclose(terms, [0, 0.7, 1, np.log(2)])
    assert SCORE.probability(terms) == pytest.approx(1 / (1 + np.exp(2 - 2.1 - 2 + np.log(2))))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"pulse": 0.05}, "no pulse beside motion"),
        ({"not_half": 0.1, "pulse": 0.2}, "perhaps a multiple of the rate"),
        ({"not_triple": 0.0, "pulse": 0.3}, "perhaps a multiple of the rate"),
        ({"agreement": 0.0, "pulse": 0.4}, "windows disagree"),
        ({"not_double": 0.59}, "perhaps twice the rate"),
        ({"not_half": 0.09}, "perhaps half the rate"),
    ],
)
def test_evidence_that_lacks_makes_an_estimate_invalid_and_is_named(
    changes: dict[str, float], expected: str
) -> None:
    assert reason(evidence=GOOD._replace(**changes)) == expected


def test_a_wide_spread_lowers_the_score() -> None:
    weak = GOOD._replace(pulse=0.2)
    assert reason(sd_bpm=0.8, evidence=weak) == ""
    assert reason(sd_bpm=4.9, evidence=weak) != ""


@given(
    kind=st.sampled_from(Evidence._fields),
    better=st.floats(0, 1),
    values=st.tuples(*[st.floats(0, 1)] * len(Evidence._fields)),
    sd_bpm=st.floats(0.1, 20),
)
def test_more_evidence_never_makes_a_valid_estimate_invalid(
    kind: str, better: float, values: tuple[float, ...], sd_bpm: float
) -> None:
    evidence = Evidence(*values)
    more = evidence._replace(**{kind: max(better, getattr(evidence, kind))})
    assert reason(sd_bpm=sd_bpm, evidence=evidence) or not reason(sd_bpm=sd_bpm, evidence=more)


def test_the_reason_is_the_first_condition_that_fails() -> None:
    assert reason(float("nan"), float("nan"), NOTHING) == "no signal"
    assert reason(240, 9, NOTHING) == "spread"
    assert reason(240, 3, NOTHING) == "rate not learned"
    assert reason(72, 3, NOTHING) == "perhaps twice the rate"


@pytest.mark.parametrize(("bpm", "valid"), [(49.9, False), (50, True), (180, True), (180.1, False)])
def test_only_learned_rates_are_valid(bpm: float, valid: bool) -> None:
    assert (reason(bpm) == "") == valid


@given(
    steps=st.lists(st.integers(1, 12), min_size=1, max_size=30),
    seed=st.integers(0, 1000),
)
def test_the_evidence_is_the_mean_of_the_last_strides(steps: list[int], seed: int) -> None:
    rng, number = np.random.default_rng(seed), np.cumsum(steps)
    values = rng.uniform(size=(len(Support._fields), len(number)))
    window_bpm, bpm = rng.uniform(60, 90, (2, len(number)))
    found = evidence_of_windows(number, Support(*values), window_bpm, bpm)
    for row, last in enumerate(number):
        recent = (number > last - RECENT) & (number <= last)
        agrees = np.abs(window_bpm[recent] - bpm[row]) <= 10
        expected = [*values[:, recent].mean(axis=1), agrees.mean()]
        np.testing.assert_allclose([part[row] for part in found], expected)


def test_the_state_does_not_grow() -> None:
    recent = RecentEvidence()
    for number in range(100):
        recent.update(number, Support(*np.ones((len(Support._fields), 1))), 70.0, 70.0)
    assert len(recent._windows) == RECENT


@pytest.mark.parametrize("online_filter", [True, False])
def test_the_stream_has_the_evidence_of_the_preprocessed_windows(
    student_file: Path,
    raw: Callable[..., Samples],
    online_filter: bool,
) -> None:
    from ppgkd.inference.stream import HeartRateStream

    recording = np.concatenate(list(raw(np.array([60.0, 61.0, 75.0, 150.0, 92.0]), 50.0)), axis=1)
    estimates = estimate_recording(student_file, recording, online_filter=online_filter)
    windows = np.stack([recording[:, 100 * k : 100 * k + 400] for k in range(len(estimates))])
    spec = WindowSpec(8.0, 2.0, 25.0, 0.4, 8.0)
    stream = HeartRateStream(student_file, online_filter=online_filter)
    channels = stream.model_card.channels
    window = preprocess(windows, resampling_matrix(spec, 50.0), channels)
    bpm, window_bpm, sd_bpm = (
        np.array([getattr(e, name) for e in estimates]) for name in ("bpm", "window_bpm", "sd_bpm")
    )
    support = signal_support(window, channels, 25.0, bpm)
    evidence = evidence_of_windows(np.arange(len(bpm)), support, window_bpm, bpm)
    probability = stream.rule.score.probability(score_terms(sd_bpm, evidence))
    for share in (0.25, 0.5, 0.75):  # some pass, some do not
        rule = replace(stream.rule, min_probability=float(np.quantile(probability, share)) - 1e-6)
        stream = HeartRateStream(student_file, online_filter=online_filter)
        stream.rule = rule
        found = [e.valid for e in stream.push(recording)]
        assert found == (rule.reason(bpm, sd_bpm, evidence) < 0).tolist()
