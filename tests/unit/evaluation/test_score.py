"""A network evaluated on windows whose errors are known in advance."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.stats import norm
from torch import Tensor, nn

from ppgkd.evaluation.score import score
from ppgkd.heart_rate import bpm_grid
from ppgkd.models.capacity import InputShape
from ppgkd.models.output import Output
from ppgkd.windows.read import Windows

HR_BPM = [60.0, 72.25, 80.0, 100.0, 120.5, 150.0, 170.0, 90.0]
ERROR_BPM = [1.0, -2.0, 0.0, 4.0, -1.0, 30.0, 0.5, -6.0]
SPREAD_BPM = 1.5


class ReadsFirstSample(nn.Module):
    """A Gaussian around the rate that a window's first sample states."""

    def __init__(self, sd_bpm: float = SPREAD_BPM) -> None:
        super().__init__()
        self.sd_bpm = sd_bpm

    def forward(self, window: Tensor) -> Output:
        distance = (bpm_grid() - window[:, 0, :1]) / self.sd_bpm
        return Output(-0.5 * distance.square(), window[:, :1, :1])


@pytest.fixture
def windows(tones: Callable[..., Windows], inputs: InputShape) -> Windows:
    made = tones(HR_BPM, inputs, subjects=("ada", "bo", "cy"))
    made.signal[:, 0, 0] = np.add(HR_BPM, ERROR_BPM)
    return made


def test_predictions_say_which_window_its_reference_the_estimate_and_its_spread(
    windows: Windows,
) -> None:
    predictions, _ = score(ReadsFirstSample(), windows)
    identity = ["dataset", "subject", "recording", "window", "start_s", "hr_bpm"]
    assert list(predictions) == [*identity, "pred_bpm", "sd_bpm"]
    pd.testing.assert_frame_equal(predictions[identity], windows.index[identity])
    np.testing.assert_allclose(predictions["pred_bpm"], np.add(HR_BPM, ERROR_BPM), atol=0.01)
    np.testing.assert_allclose(predictions["sd_bpm"], SPREAD_BPM, atol=0.01)
    assert predictions["pred_bpm"].dtype == predictions["sd_bpm"].dtype == np.float32


def test_the_windows_own_table_stays_as_it_is(windows: Windows) -> None:
    before = windows.index.copy()
    score(ReadsFirstSample(), windows)
    pd.testing.assert_frame_equal(windows.index, before)


def test_the_error_figures_are_those_of_the_known_errors(windows: Windows) -> None:
    _, metrics = score(ReadsFirstSample(), windows)
    absolute = np.abs(ERROR_BPM)
    assert metrics["mae_bpm"] == pytest.approx(absolute.mean(), abs=0.01)
    assert metrics["median_ae_bpm"] == pytest.approx(np.median(absolute), abs=0.01)
    assert metrics["rmse_bpm"] == pytest.approx(np.sqrt(np.square(absolute).mean()), abs=0.01)
    assert metrics["bias_bpm"] == pytest.approx(np.mean(ERROR_BPM), abs=0.01)
    assert metrics["mape"] == pytest.approx(100 * (absolute / HR_BPM).mean(), abs=0.01)
    assert metrics["within_5bpm"] == 6 / 8


def test_nll_is_the_mean_surprise_at_the_class_of_the_reference(windows: Windows) -> None:
    _, metrics = score(ReadsFirstSample(sd_bpm=10.0), windows)
    grid = np.arange(30, 210)
    surprise = []
    for hr_bpm, error_bpm in zip(HR_BPM, ERROR_BPM, strict=True):
        density = norm.pdf(grid, hr_bpm + error_bpm, 10.0)
        surprise.append(-np.log(density[round(hr_bpm) - 30] / density.sum()))
    assert metrics["nll"] == pytest.approx(np.mean(surprise), rel=1e-4)


def test_nll_stays_finite_when_the_reference_was_held_impossible(windows: Windows) -> None:
    _, metrics = score(ReadsFirstSample(sd_bpm=0.1), windows)
    assert np.isfinite(metrics["nll"])
    assert metrics["nll"] > 10


def test_the_interval_is_over_subjects(windows: Windows) -> None:
    _, metrics = score(ReadsFirstSample(), windows)
    by_subject = pd.Series(np.abs(ERROR_BPM)).groupby(windows.index["subject"]).mean()
    assert by_subject.min() - 0.01 <= metrics["mae_lower_bpm"] < metrics["mae_bpm"]
    assert metrics["mae_bpm"] < metrics["mae_upper_bpm"] <= by_subject.max() + 0.01


def test_windows_and_subjects_are_counted(windows: Windows) -> None:
    _, metrics = score(ReadsFirstSample(), windows)
    assert (metrics["n_windows"], metrics["n_subjects"]) == (8, 3)


def test_scoring_twice_gives_the_same(windows: Windows) -> None:
    torch.manual_seed(0)
    first, first_metrics = score(ReadsFirstSample(), windows)
    torch.manual_seed(1)
    second, second_metrics = score(ReadsFirstSample(), windows)
    pd.testing.assert_frame_equal(first, second)
    assert first_metrics == second_metrics
