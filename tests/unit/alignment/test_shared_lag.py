"""A lag that all references share, and recordings that are too few to compare with each other."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ppgkd.alignment.lag import estimate_lags
from ppgkd.alignment.shared_lag import MIN_SHARED_S, estimate_shared_lag, lag_correction


def treadmill(time_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Heart rate of a walk and a run between rests, in BPM."""
    changes = [(60, 30), (160, 40), (260, -25), (330, -35)]
    return 70 + sum(step / (1 + np.exp(-(time_s - at) / 8)) for at, step in changes)


def predicted(lates_s: list[float], n_windows: int = 200, flat: bool = False) -> pd.DataFrame:
    """Estimates that are right in time, beside references that are late by these times."""
    parts = []
    start_s = 2.0 * np.arange(n_windows)
    for number, late_s in enumerate(lates_s):
        rng = np.random.default_rng(number)
        curve = (lambda time_s: np.full(len(time_s), 70.0)) if flat else treadmill
        parts.append(
            pd.DataFrame(
                {
                    "dataset": "walks",
                    "subject": f"P{number}",
                    "recording": f"P{number}",
                    "role": "train",
                    "window": np.arange(n_windows),
                    "start_s": start_s,
                    "hr_bpm": curve(start_s - late_s) + rng.normal(0, 1, n_windows),
                    "pred_bpm": curve(start_s) + rng.normal(0, 1, n_windows),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def correction(predictions: pd.DataFrame) -> float | dict[str, float]:
    return lag_correction(estimate_lags(predictions), estimate_shared_lag(predictions))


@given(late_s=st.floats(-10, 10), n_recordings=st.integers(1, 12))
@settings(max_examples=12, deadline=None)
def test_a_lag_that_all_share_is_found(late_s: float, n_recordings: int) -> None:
    shared = estimate_shared_lag(predicted([late_s] * n_recordings))
    assert shared.lag_s == pytest.approx(late_s, abs=1.0)
    assert shared.lower_s <= shared.lag_s <= shared.upper_s
    if abs(late_s) >= MIN_SHARED_S + 0.5:
        assert shared.is_shifted
        assert shared.mae_at_lag_bpm < shared.mae_bpm
    if abs(late_s) < 0.5:
        assert not shared.is_shifted


@pytest.mark.parametrize("late_s", [-8.0, -3.0, 3.0, 8.0])
@pytest.mark.parametrize("n_recordings", [1, 2, 3, 6])
def test_a_shared_lag_is_corrected_by_one_number(late_s: float, n_recordings: int) -> None:
    assert correction(predicted([late_s] * n_recordings)) == pytest.approx(late_s, abs=0.5)


@pytest.mark.parametrize("n_recordings", [1, 2, 3, 6])
def test_references_that_are_right_need_no_correction(n_recordings: int) -> None:
    assert correction(predicted([0.0] * n_recordings)) == 0


def test_of_two_recordings_the_one_that_is_shifted_is_corrected() -> None:
    found = correction(predicted([0.0, 6.0]))
    assert isinstance(found, dict)
    assert found.get("P0", 0.0) == pytest.approx(0, abs=0.5)
    assert found["P1"] == pytest.approx(6, abs=0.5)


def test_a_recording_without_the_shared_lag_keeps_its_own() -> None:
    found = correction(predicted([-5.0] * 5 + [0.0]))
    assert isinstance(found, dict)
    assert found.pop("P5") == pytest.approx(0, abs=0.5)
    assert [*found.values()] == [pytest.approx(-5, abs=0.5)] * 5


def test_a_constant_heart_rate_does_not_tell_the_lag() -> None:
    shared = estimate_shared_lag(predicted([5.0] * 4, flat=True))
    assert np.isnan(shared.lag_s)
    assert not shared.is_shifted
    assert "changes too little" in shared.note


def test_short_recordings_tell_the_lag_together() -> None:
    predictions = predicted([4.0] * 8, n_windows=75)
    assert (estimate_lags(predictions)["n_windows"] < 60).all()
    assert estimate_shared_lag(predictions).lag_s == pytest.approx(4, abs=0.5)
    assert estimate_shared_lag(predicted([4.0], n_windows=75)).note.startswith("not identified")
