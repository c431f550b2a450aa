"""Windows computed from shared blocks have the same numbers as single windows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ppgkd.windows.overlap import Grid, block_filter, shared_blocks
from ppgkd.windows.preprocessing import WindowSpec, resampling_matrix


def spec(length_s: float = 8, stride_s: float = 2, rate_hz: float = 25) -> WindowSpec:
    return WindowSpec(length_s, stride_s, rate_hz, low_hz=0.4, high_hz=8)


@pytest.mark.parametrize(
    ("stride", "n_raw", "expected"),
    [
        (128, 512, Grid(size=128, per_window=4, hop=1)),  # 8 s every 2 s at 64 Hz
        (250, 1000, Grid(size=250, per_window=4, hop=1)),
        (64, 512, Grid(size=64, per_window=8, hop=1)),
        (192, 512, Grid(size=64, per_window=8, hop=3)),
        (200, 300, Grid(size=100, per_window=3, hop=2)),
        (100, 512, Grid(size=512, per_window=1, hop=1)),  # would be 128 blocks of 4 samples
        (512, 512, Grid(size=512, per_window=1, hop=1)),  # nothing is shared
        (600, 512, Grid(size=512, per_window=1, hop=1)),
    ],
)
def test_windows_share_the_largest_blocks_that_fit_into_stride_and_length(
    stride: int, n_raw: int, expected: Grid
) -> None:
    assert shared_blocks(7 + stride * np.arange(5), n_raw) == expected


def test_windows_at_uneven_distances_share_no_blocks() -> None:
    assert shared_blocks(np.array([0, 62, 125, 187]), 250) == Grid(250, 1, 1)


@settings(deadline=None, max_examples=16)
@given(
    raw_rate_hz=st.sampled_from([25, 32, 50, 63, 64, 125]),
    length_s=st.sampled_from([4, 8, 9]),
    stride_s=st.sampled_from([1, 2, 3, 4, 6, 12]),
    rate_hz=st.sampled_from([25, 31]),
    n_windows=st.integers(1, 9),
    offset=st.sampled_from([0.0, 30_000.0]),
    seed=st.integers(0, 1000),
)
def test_a_window_of_blocks_is_the_matrix_times_the_window(
    raw_rate_hz: int,
    length_s: int,
    stride_s: int,
    rate_hz: int,
    n_windows: int,
    offset: float,
    seed: int,
) -> None:
    windows = spec(length_s, stride_s, rate_hz)
    n_raw, stride = length_s * raw_rate_hz, stride_s * raw_rate_hz
    first = 5 + stride * np.arange(n_windows)
    rng = np.random.default_rng(seed)
    signal = (offset + rng.normal(size=(2, first[-1] + n_raw))).astype(np.float32)
    raw = np.stack([signal[:, start : start + n_raw] for start in first], axis=1)
    expected = raw.astype(np.float64) @ resampling_matrix(windows, raw_rate_hz).T
    kept = rng.random(n_windows) < 0.7
    grid = shared_blocks(first, n_raw)
    filtered = block_filter(grid, windows, raw_rate_hz, "float64")(grid.blocks(signal, first), kept)
    assert filtered.shape == (2, kept.sum(), windows.n_samples)
    np.testing.assert_allclose(filtered, expected[:, kept], atol=1e-11 * max(offset, 1))


def test_in_single_precision_acceleration_has_an_error_below_a_millionth_of_a_g() -> None:
    first, windows = 128 * np.arange(500), spec()
    rng = np.random.default_rng(0)
    signal = (1 + 0.5 * rng.normal(size=(3, first[-1] + 512))).astype(np.float32)
    raw = np.stack([signal[:, start : start + 512] for start in first], axis=1)
    grid = shared_blocks(first, 512)
    found = block_filter(grid, windows, 64, "float32")(
        grid.blocks(signal, first), np.ones(500, bool)
    )
    expected = raw.astype(np.float64) @ resampling_matrix(windows, 64).T
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_a_block_has_few_more_coordinates_than_its_band_needs() -> None:
    parts = block_filter(Grid(128, 4, 1), spec(), 64, "float32")
    assert 32 <= len(parts.even) + len(parts.odd) <= 50  # 2 x 2 s x 8 Hz = 32
