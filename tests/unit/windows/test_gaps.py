"""Raw windows without short gaps: whatever the lost samples were written as."""

import numpy as np
import pytest

from ppgkd.datasets.recording import Recording
from ppgkd.windows.gaps import without_lost_samples
from ppgkd.windows.preprocessing import WindowSpec, preprocess, resampling_matrix
from ppgkd.windows.segmentation import segment_recording

RATE_HZ = 50
CHANNELS = ("ppg_1", "acc_x")
IS_PPG = np.array([True, False])
SPEC = WindowSpec(length_s=8.0, stride_s=2.0, rate_hz=25.0, low_hz=0.4, high_hz=8.0)


def ramp(n_samples: int = 400) -> np.ndarray:
    """PPG and acceleration, each a line."""
    return np.stack([np.linspace(2e4, 2.1e4, n_samples), np.linspace(-1, 1, n_samples)])


@pytest.mark.parametrize("written", [np.nan, np.inf, 1e20, 0.0, 65535.0])
def test_lost_samples_are_bridged_whatever_stands_in_their_place(written: float) -> None:
    lossy = ramp()
    lossy[0, [100, 101, 102, 250, 251]] = written
    found = without_lost_samples(lossy[None], IS_PPG, RATE_HZ)
    np.testing.assert_allclose(found[0], ramp(), rtol=1e-6)


def test_a_long_gap_and_many_short_ones_remain_missing() -> None:
    long, many = ramp(), ramp()
    long[:, 100:111] = np.nan
    many.reshape(2, -1, 20)[:, :7, 5:11] = np.nan  # seven gaps of 0.12 s are 10.5 %
    for lossy in (long, many):
        found = without_lost_samples(lossy, IS_PPG, RATE_HZ)
        np.testing.assert_array_equal(np.isnan(found), np.isnan(lossy))


def test_every_second_sample_is_enough() -> None:
    lossy = ramp()
    lossy[1, 1::2] = np.nan
    found = without_lost_samples(lossy, IS_PPG, RATE_HZ)
    np.testing.assert_allclose(found, ramp(), rtol=1e-6, atol=0.01)


def test_segmentation_bridges_gaps_as_a_stream_does_window_by_window() -> None:
    rng = np.random.default_rng(0)
    signal = rng.normal(0, 1, (2, 40 * RATE_HZ)).astype(np.float32)
    signal[:, rng.random(signal.shape[1]) < 0.02] = np.nan
    signal[:, 20 * RATE_HZ : 21 * RATE_HZ] = np.nan
    n_windows = 17
    recording = Recording(
        *("walk", "someone", float(RATE_HZ), CHANNELS, signal),
        reference_time_s=4 + 2 * np.arange(n_windows, dtype=np.float64),
        reference_bpm=np.full(n_windows, 80, np.float32),
    )
    index, found, dropped = segment_recording(recording, SPEC)
    # those that begin at 14, 16, 18 and 20 s
    assert index["window"].tolist() == [*range(7), *range(11, 17)]
    assert dropped["missing"] == 4
    raw = np.stack([signal[:, k * 100 : k * 100 + 400] for k in index["window"]])
    whole = without_lost_samples(raw, IS_PPG, RATE_HZ)
    expected = preprocess(whole, resampling_matrix(SPEC, RATE_HZ), CHANNELS)
    np.testing.assert_allclose(found, expected, atol=1e-5)
