"""Heart rate as a distribution: the grid, the labels, and the way back to BPM."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from ppgkd.heart_rate import (
    BPM_MAX,
    BPM_MIN,
    DECODE_HALF_WIDTH_BPM,
    N_CLASSES,
    bpm_grid,
    class_of,
    decode,
    soft_labels,
)

GRID_BPM = np.arange(30, 210, dtype=np.float64)


def gaussian(mean_bpm: float, sd_bpm: float) -> NDArray[np.float64]:
    density = np.exp(-((GRID_BPM - mean_bpm) ** 2) / (2 * sd_bpm**2))
    return density / density.sum()


def decode_one(probabilities: NDArray[np.float64]) -> tuple[float, float]:
    bpm, sd_bpm = decode(torch.tensor(probabilities[None], dtype=torch.float32))
    return bpm.item(), sd_bpm.item()


def test_there_are_180_classes_of_1_bpm_from_30_to_209() -> None:
    assert (BPM_MIN, BPM_MAX, N_CLASSES) == (30, 209, 180)
    np.testing.assert_array_equal(bpm_grid(), GRID_BPM)


def test_every_class_centre_is_in_its_class() -> None:
    np.testing.assert_array_equal(class_of(bpm_grid()), np.arange(180))


@pytest.mark.parametrize(
    ("hr_bpm", "expected"), [(71.4, 41), (71.6, 42), (30.49, 0), (208.51, 179)]
)
def test_a_rate_is_in_the_class_of_the_nearest_bpm(hr_bpm: float, expected: int) -> None:
    assert class_of(torch.tensor([hr_bpm])).tolist() == [expected]


@pytest.mark.parametrize(("hr_bpm", "expected"), [(0.0, 0), (29.4, 0), (209.6, 179), (250.0, 179)])
def test_a_rate_outside_the_grid_is_in_the_class_at_its_end(hr_bpm: float, expected: int) -> None:
    assert class_of(torch.tensor([hr_bpm])).tolist() == [expected]


@pytest.mark.parametrize("sd_bpm", [0.5, 2.0, 5.0])
@pytest.mark.parametrize("hr_bpm", [30.0, 71.0, 120.37, 209.0])
def test_labels_are_the_normalised_gaussian_around_the_reference(
    hr_bpm: float, sd_bpm: float
) -> None:
    (found,) = soft_labels(torch.tensor([hr_bpm]), sd_bpm).numpy()
    np.testing.assert_allclose(found, gaussian(np.float32(hr_bpm), sd_bpm), rtol=1e-4, atol=1e-30)


def test_labels_add_up_to_one() -> None:
    hr_bpm = torch.tensor([20.0, 30.0, 99.5, 209.4, 300.0])
    np.testing.assert_allclose(soft_labels(hr_bpm, 2.0).sum(dim=1), 1, rtol=1e-6)


def test_labels_of_many_windows_are_those_of_each_one() -> None:
    hr_bpm = torch.tensor([44.2, 99.5, 181.9])
    together = soft_labels(hr_bpm, 2.0)
    assert together.shape == (3, 180)
    for row, one in zip(together, hr_bpm, strict=True):
        np.testing.assert_array_equal(row, soft_labels(one[None], 2.0)[0])


def test_a_withheld_reference_is_a_label_of_zeros_and_leaves_the_others_alone() -> None:
    hr_bpm = torch.tensor([44.2, float("nan"), 181.9])
    found = soft_labels(hr_bpm, 2.0)
    np.testing.assert_array_equal(found[1], 0)
    np.testing.assert_array_equal(found[[0, 2]], soft_labels(hr_bpm[[0, 2]], 2.0))


@pytest.mark.parametrize("hr_bpm", [45.0, 71.25, 120.5, 190.9])
def test_the_mean_of_a_label_is_the_reference(hr_bpm: float) -> None:
    (label,) = soft_labels(torch.tensor([hr_bpm]), 2.0).double().numpy()
    assert label @ GRID_BPM == pytest.approx(hr_bpm, abs=1e-3)


@pytest.mark.parametrize("sd_bpm", [1.0, 1.5, 2.0])
@pytest.mark.parametrize("mean_bpm", [41.3, 71.5, 100.01, 133.77, 198.6])
def test_the_estimate_recovers_a_mean_between_two_classes(mean_bpm: float, sd_bpm: float) -> None:
    bpm, found_sd_bpm = decode_one(gaussian(mean_bpm, sd_bpm))
    assert bpm == pytest.approx(mean_bpm, abs=0.05)
    assert found_sd_bpm == pytest.approx(sd_bpm, abs=0.05)


@pytest.mark.parametrize("hr_bpm", [30, 72, 209])
def test_certainty_is_decoded_as_its_class_without_spread(hr_bpm: int) -> None:
    assert decode_one((hr_bpm == GRID_BPM).astype(float)) == (hr_bpm, 0)


def test_a_second_mode_leaves_the_estimate_and_widens_the_spread() -> None:
    share, first, second = 0.3, gaussian(80, 2), gaussian(150, 2)
    mixture = (1 - share) * first + share * second
    bpm, sd_bpm = decode_one(mixture)
    assert bpm == pytest.approx(80, abs=0.01)
    # second moment of the mixture about 80: each mode's own variance, and the share that is 70 off
    assert sd_bpm == pytest.approx(np.sqrt(2**2 + share * 70**2), rel=1e-3)


def test_the_estimate_is_the_expectation_within_the_modes_neighbourhood() -> None:
    mode, tail = 100, 100 + DECODE_HALF_WIDTH_BPM
    inside, outside = np.zeros(180), np.zeros(180)
    inside[[mode - 30, tail - 30]] = [0.6, 0.4]
    outside[[mode - 30, tail + 1 - 30]] = [0.6, 0.4]
    assert decode_one(inside)[0] == pytest.approx(0.6 * mode + 0.4 * tail, abs=1e-4)
    assert decode_one(outside)[0] == pytest.approx(mode, abs=1e-4)


def test_each_window_is_decoded_by_itself() -> None:
    rows = np.stack([gaussian(60, 2), gaussian(150.5, 1), gaussian(90, 3)])
    bpm, sd_bpm = decode(torch.tensor(rows, dtype=torch.float32))
    expected = [decode_one(row) for row in rows]
    np.testing.assert_allclose(np.stack([bpm, sd_bpm], axis=1), expected, rtol=1e-6)
