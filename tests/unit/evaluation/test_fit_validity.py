"""The bounds of a valid estimate: what right estimates have, and what noise has not."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ppgkd.evaluation.estimators import ESTIMATORS, reasons
from ppgkd.evaluation.fit_validity import (
    MIN_NOT_DOUBLE,
    MIN_NOT_HALF,
    MIN_PROBABILITY,
    SCORE,
    WRONG_ON_MADE,
    fit_bounds,
    learned_range_bpm,
)
from ppgkd.evaluation.made_windows import NOISE, PULSE, made_windows
from ppgkd.inference.validity import Evidence
from ppgkd.windows.preprocessing import WindowSpec

SPEC = WindowSpec(length_s=8.0, stride_s=2.0, rate_hz=25.0, low_hz=0.4, high_hz=8.0)
CHANNELS = ("ppg_1", "ppg_2", "acc_x", "acc_y", "acc_z")


def table(n: int, seed: int = 0, dataset: str = "walks", **columns: Any) -> pd.DataFrame:
    """Estimates with evidence between 0 and 1; by default all are right."""
    rng = np.random.default_rng(seed)
    found: dict[str, Any] = {"dataset": dataset, "hr_bpm": np.full(n, 80.0)}
    for bpm, sd_bpm in ESTIMATORS.values():
        found |= {bpm: 80 + rng.normal(0, 1, n), sd_bpm: rng.uniform(1, 5, n)}
    for estimator in ESTIMATORS:
        found |= {f"{estimator}_{name}": rng.uniform(size=n) for name in Evidence._fields}
    return pd.DataFrame({**found, **columns})


def evidence(value: float) -> dict[str, float]:
    return {f"{estimator}_{name}": value for estimator in ESTIMATORS for name in Evidence._fields}


def test_a_student_adds_its_spread_and_its_rates_to_the_constants() -> None:
    val, made = table(2000), table(50, dataset=NOISE, hr_bpm=np.nan, **evidence(0.0))
    bounds = fit_bounds((60.0, 100.0), val, made, 0.95)
    assert (val["sd_bpm"] <= bounds.max_sd_bpm).mean() == pytest.approx(0.95, abs=1e-3)
    assert (bounds.learned_min_bpm, bounds.learned_max_bpm) == (60.0, 100.0)
    assert bounds.rule(online_filter=True).score == SCORE
    assert (bounds.min_probability, bounds.min_not_double) == (MIN_PROBABILITY, MIN_NOT_DOUBLE)
    assert bounds.min_not_half == MIN_NOT_HALF


@settings(max_examples=10)
@given(level=st.floats(0.0, 1.0), kind=st.sampled_from([NOISE, PULSE]))
def test_made_windows_that_are_taken_for_valid_raise_the_score(level: float, kind: str) -> None:
    made = table(50, dataset=kind, hr_bpm=40.0, **evidence(level))
    bounds = fit_bounds((60.0, 100.0), table(500), made, 1.0)
    for estimator in ESTIMATORS:
        rule = bounds.rule(online_filter=estimator == "filtered")
        assert (reasons(made, estimator, rule) < 0).mean() <= WRONG_ON_MADE


def test_a_right_estimate_of_an_unlearned_rate_raises_nothing() -> None:
    right = table(50, dataset=PULSE, hr_bpm=80.0, **evidence(1.0))
    bounds = fit_bounds((60.0, 100.0), table(500), right, 1.0)
    assert bounds.min_probability == MIN_PROBABILITY


def test_the_learned_range_is_that_of_nearly_all_windows_with_a_margin() -> None:
    hr_bpm = np.r_[np.linspace(60, 160, 10_001), 5.0, 400.0]
    lowest_bpm, highest_bpm = learned_range_bpm(hr_bpm)
    assert lowest_bpm == pytest.approx(60.5 - 5, abs=0.05)
    assert highest_bpm == pytest.approx(159.5 + 5, abs=0.05)


# Made windows


def test_made_pulses_have_the_rates_that_are_not_learned() -> None:
    found = made_windows(SPEC, CHANNELS, (60.0, 180.0)).index
    rates_bpm = found.loc[found["dataset"] == PULSE, "hr_bpm"].unique()
    assert rates_bpm.min() == pytest.approx(22)
    assert rates_bpm.max() == pytest.approx(240)
    assert not ((rates_bpm > 60) & (rates_bpm < 180)).any()
    assert found.loc[found["dataset"] == NOISE, "hr_bpm"].isna().all()


def test_made_windows_are_the_same_every_time_and_look_like_windows() -> None:
    first, second = (made_windows(SPEC, CHANNELS, (60.0, 180.0)) for _ in range(2))
    np.testing.assert_array_equal(first.signal, second.signal)
    assert first.signal.shape[1:] == (5, 200)
    np.testing.assert_allclose(first.signal[:, :2].std(axis=2), 1, rtol=0.01)
    assert np.abs(first.signal[:, 2:]).max() < 0.05


@pytest.mark.parametrize("channels", [("ppg_1",), ("ppg_1", "ppg_2", "ppg_3", "acc_x")])
def test_windows_are_made_for_any_channels(channels: tuple[str, ...]) -> None:
    found = made_windows(SPEC, channels, (60.0, 180.0))
    assert found.signal.shape[1] == len(channels)
    assert np.isfinite(found.signal).all()
