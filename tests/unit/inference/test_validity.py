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
    ValidityRule,
    evidence_of_windows,
)
from ppgkd.windows.preprocessing import WindowSpec, preprocess, resampling_matrix

Samples = NDArray[np.float32]

RULE = ValidityRule(5.0, (50.0, 180.0), Evidence(0.1, 0.2, 0.3, 0.4, 0.5, 0.6))
GOOD = Evidence(0.11, 0.21, 0.31, 0.41, 0.51, 0.61)


def reason(bpm: float = 72.0, sd_bpm: float = 3.0, evidence: Evidence = GOOD) -> str:
    found = int(RULE.reason(np.array(bpm), np.array(sd_bpm), evidence))
    return "" if found < 0 else REASONS[found]


def test_an_estimate_that_meets_every_condition_is_valid() -> None:
    assert reason() == ""


@pytest.mark.parametrize("name", Evidence._fields)
def test_any_evidence_that_lacks_makes_an_estimate_invalid(name: str) -> None:
    found = reason(evidence=GOOD._replace(**{name: getattr(GOOD, name) - 0.02}))
    assert found == REASONS[3 + Evidence._fields.index(name)]


def test_the_reason_is_the_first_condition_that_fails() -> None:
    nothing = Evidence(*[0.0] * len(Evidence._fields))
    assert reason(float("nan"), float("nan"), nothing) == "no signal"
    assert reason(240, 9, nothing) == "spread"
    assert reason(240, 3, nothing) == "rate not learned"
    assert reason(72, 3, nothing) == "no pulse"


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
    for name in Evidence._fields:  # a bound at the middle of each kind: some pass, some do not
        bound = float(np.median(getattr(evidence, name)))
        rule = replace(stream.rule, least=stream.rule.least._replace(**{name: bound - 1e-6}))
        stream = HeartRateStream(student_file, online_filter=online_filter)
        stream.rule = rule
        found = [e.valid for e in stream.push(recording)]
        assert found == (rule.reason(bpm, sd_bpm, evidence) < 0).tolist()
