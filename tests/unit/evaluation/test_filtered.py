"""A network on recordings: each filtered on its own, in the order of time, across gaps."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ppgkd.evaluation.filtered import track
from ppgkd.evaluation.score import score
from ppgkd.heart_rate import bpm_grid
from ppgkd.inference.motion_frequencies import classes_on_motion
from ppgkd.inference.online_filter import Transition, decode_bpm, filter_windows
from ppgkd.models.capacity import InputShape
from ppgkd.models.output import Output
from ppgkd.windows.motion import motion_intensity_g
from ppgkd.windows.read import Windows, concatenate_windows

TRANSITION = Transition(sd_bpm=2.0, jump_probability=1e-3, stride_s=2.0)


class ReadsFirstSample(nn.Module):
    """A Gaussian around the rate that a window's first sample states, as wide as the second."""

    def forward(self, window: Tensor) -> Output:
        distance = (bpm_grid() - window[:, 0, :1]) / window[:, 0, 1:2]
        return Output(-0.5 * distance.square(), window[:, :1, :1])


@pytest.fixture
def recording(tones: Callable[..., Windows], inputs: InputShape) -> Callable[..., Windows]:
    def make(
        name: str, bpm: list[float], window: list[int], sd_bpm: float = 3.0, dataset: str = "one"
    ) -> Windows:
        """Windows of which the network says ``bpm``, at these strides."""
        made = tones(bpm, inputs, subjects=(name,))
        made.signal[:, 0, 0] = bpm
        made.signal[:, 0, 1] = sd_bpm
        number = np.asarray(window)
        index = made.index.assign(
            dataset=dataset, recording=name, window=number, start_s=2.0 * number
        )
        return replace(made, index=index)

    return make


def filtered(windows: Windows) -> NDArray[np.float64]:
    """BPM of the filter over all windows, as one recording."""
    with torch.inference_mode():
        logits = ReadsFirstSample()(torch.from_numpy(windows.signal)).logits
    rows = torch.softmax(logits, dim=1).numpy().astype(np.float64)
    return decode_bpm(filter_windows(rows, windows.index["window"].to_numpy(), TRANSITION))[0]


def shuffled_together(first: Windows, second: Windows) -> Windows:
    """Two recordings whose windows take turns; each stays in order."""
    both = concatenate_windows([first, second])
    order = np.argsort(both.index["window"], kind="stable")
    index = both.index.iloc[order].reset_index(drop=True)
    return Windows(index, both.signal[order], both.channels, both.rate_hz)


# Tracking


def test_single_windows_are_what_the_score_has(recording: Callable[..., Windows]) -> None:
    windows = recording("walk", [60.0, 75.5, 90.0, 61.0], [0, 1, 2, 3])
    expected, _ = score(ReadsFirstSample(), windows)
    found = track(ReadsFirstSample(), windows, TRANSITION)
    np.testing.assert_allclose(found["pred_bpm"], expected["pred_bpm"], atol=1e-4)
    np.testing.assert_allclose(found["sd_bpm"], expected["sd_bpm"], atol=1e-4)
    identity = ["dataset", "subject", "recording", "window", "start_s", "hr_bpm"]
    pd.testing.assert_frame_equal(found[identity], windows.index[identity])


def test_the_filter_goes_on_from_window_to_window(recording: Callable[..., Windows]) -> None:
    windows = recording("walk", [60.0, 62.0, 120.0, 64.0], [0, 1, 2, 3], sd_bpm=20.0)
    found = track(ReadsFirstSample(), windows, TRANSITION)
    np.testing.assert_allclose(found["filtered_bpm"], filtered(windows), rtol=1e-9)
    assert found["filtered_bpm"][2] < 90 < found["pred_bpm"][2], "or there were nothing to filter"


def test_each_recording_is_filtered_on_its_own(recording: Callable[..., Windows]) -> None:
    slow = recording("slow", [60.0, 62.0, 64.0], [0, 1, 2])
    fast = recording("fast", [150.0, 60.0, 148.0], [0, 1, 2])
    together = track(ReadsFirstSample(), shuffled_together(slow, fast), TRANSITION)
    for one in (slow, fast):
        rows = together["recording"] == one.index["recording"][0]
        np.testing.assert_allclose(together.loc[rows, "filtered_bpm"], filtered(one), rtol=1e-9)


def test_recordings_of_one_name_in_two_datasets_are_two(recording: Callable[..., Windows]) -> None:
    first = recording("walk", [60.0, 62.0, 64.0], [0, 1, 2], dataset="one")
    second = recording("walk", [74.0, 75.0, 76.0], [3, 4, 5], dataset="two")
    found = track(ReadsFirstSample(), concatenate_windows([first, second]), TRANSITION)
    expected = np.concatenate([filtered(first), filtered(second)])
    np.testing.assert_allclose(found["filtered_bpm"], expected, rtol=1e-9)


def test_a_gap_of_many_strides_lets_the_heart_rate_go_further(
    recording: Callable[..., Windows],
) -> None:
    at_once = track(ReadsFirstSample(), recording("a", [60.0, 80.0], [7, 8]), TRANSITION)
    later = recording("b", [60.0, 80.0], [7, 27])
    after_a_gap = track(ReadsFirstSample(), later, TRANSITION)
    np.testing.assert_allclose(after_a_gap["filtered_bpm"], filtered(later), rtol=1e-9)
    assert at_once["filtered_bpm"][1] < 75
    assert after_a_gap["filtered_bpm"][1] > 77


def test_windows_may_have_any_index(recording: Callable[..., Windows]) -> None:
    windows = recording("walk", [60.0, 62.0, 120.0], [0, 1, 2])
    moved = replace(windows, index=windows.index.set_axis([10, 5, 7]))
    found = track(ReadsFirstSample(), moved, TRANSITION)
    np.testing.assert_allclose(found["filtered_bpm"], filtered(windows), rtol=1e-9)
    assert list(found.index) == [10, 5, 7]


def test_the_filter_believes_rates_of_motion_less_if_it_is_told_to(
    recording: Callable[..., Windows],
) -> None:
    """The acceleration is a swing of 100 BPM, which windows take for the pulse."""
    windows = recording("walk", [100.0, 75.0, 100.0, 100.0], [0, 1, 2, 3], sd_bpm=30.0)
    time_s = np.arange(windows.signal.shape[2]) / windows.rate_hz
    windows.signal[:, -3:] = 0.3 * np.sin(2 * np.pi * 100 / 60 * time_s)
    discounting = replace(TRANSITION, motion_discount=0.9)
    found = track(ReadsFirstSample(), windows, discounting)
    with torch.inference_mode():
        logits = ReadsFirstSample()(torch.from_numpy(windows.signal)).logits
    rows = torch.softmax(logits, dim=1).numpy().astype(np.float64)
    on_motion = classes_on_motion(windows.signal, windows.channels, windows.rate_hz)
    expected = decode_bpm(filter_windows(rows, np.arange(4), discounting, on_motion))[0]
    np.testing.assert_allclose(found["filtered_bpm"], expected, rtol=1e-9)
    assert (found["filtered_bpm"] - filtered(windows)).abs().max() > 5
    still = replace(windows, signal=windows.signal.copy())
    still.signal[:, -3:] = 0
    without = track(ReadsFirstSample(), still, discounting)
    np.testing.assert_allclose(without["filtered_bpm"], filtered(still), rtol=1e-9)


def test_each_window_has_its_motion(recording: Callable[..., Windows]) -> None:
    windows = recording("walk", [60.0, 62.0], [0, 1])
    found = track(ReadsFirstSample(), windows, TRANSITION)
    expected = motion_intensity_g(windows.signal, windows.channels)
    np.testing.assert_array_equal(found["motion_g"], expected)


# References in the order of time
