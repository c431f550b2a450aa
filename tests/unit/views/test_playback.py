"""What a time stretch does to a distribution of heart rates."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from ppgkd.views.playback import scale_distribution

GRID_BPM = np.arange(30, 210)
EDGES_BPM = np.arange(29.5, 210)


@given(bpm=st.floats(60, 150), sd_bpm=st.floats(3, 10), factor=st.floats(0.7, 1.3))
def test_a_normal_distribution_times_a_factor_is_normal(
    bpm: float, sd_bpm: float, factor: float
) -> None:
    mass = np.diff(norm.cdf(EDGES_BPM, bpm, sd_bpm))
    scaled, kept = scale_distribution(torch.tensor(mass / mass.sum())[None], torch.tensor([factor]))
    expected = np.diff(norm.cdf(EDGES_BPM, factor * bpm, factor * sd_bpm))
    np.testing.assert_allclose(scaled[0], expected / expected.sum(), atol=5e-3)
    np.testing.assert_allclose(kept, [expected.sum()], atol=5e-3)


@given(st.integers(0, 179), st.floats(0.5, 2))
def test_a_class_is_spread_over_the_interval_that_it_becomes(entry: int, factor: float) -> None:
    certain = torch.eye(180, dtype=torch.float64)[[entry]]
    scaled, kept = scale_distribution(certain, torch.tensor([factor], dtype=torch.float64))
    low, high = factor * EDGES_BPM[entry], factor * EDGES_BPM[entry + 1]
    overlap = np.minimum(EDGES_BPM[1:], high) - np.maximum(EDGES_BPM[:-1], low)
    share = overlap.clip(0) / (high - low)
    np.testing.assert_allclose(kept, [share.sum()], atol=1e-9)
    if share.sum() > 1e-6:
        np.testing.assert_allclose(scaled[0], share / share.sum(), atol=1e-6)


def test_a_factor_of_one_changes_nothing() -> None:
    random = torch.rand(6, 180, generator=torch.Generator().manual_seed(0))
    random /= random.sum(dim=1, keepdim=True)
    scaled, kept = scale_distribution(random, torch.ones(6))
    np.testing.assert_allclose(scaled, random, atol=1e-7)
    np.testing.assert_allclose(kept, 1, atol=1e-6)


def test_nothing_said_stays_nothing_said() -> None:
    scaled, kept = scale_distribution(torch.full((2, 180), torch.nan), torch.tensor([0.9, 1.1]))
    assert scaled.isnan().all()
    assert kept.isnan().all()
