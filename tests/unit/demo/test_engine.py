"""What the page computes around the network, against the Python modules that it follows."""

from dataclasses import asdict
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray
from tests.unit.demo.node import values
from tests.unit.export.conftest import CHANNELS, some_card

from ppgkd.datasets.gaps import bridge_short_gaps
from ppgkd.datasets.resampling import resample
from ppgkd.inference.motion_frequencies import classes_on_motion
from ppgkd.inference.online_filter import BeliefFilter, decode_bpm
from ppgkd.inference.signal_support import signal_support
from ppgkd.inference.stream import estimate_recording
from ppgkd.windows.gaps import without_lost_samples
from ppgkd.windows.preprocessing import preprocess, resampling_matrix

Samples = NDArray[np.float32]
IS_PPG = np.array([name.startswith("ppg") for name in CHANNELS])


def faulty_recording(seed: int, n_samples: int, rate_hz: float = 50.0) -> Samples:
    """A pulse and motion, with lost samples of all kinds; shape (5, n_samples)."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(n_samples) / rate_hz
    pulse = np.sin(2 * np.pi * rng.uniform(0.8, 3) * time_s + 2 * np.sin(time_s / 9))
    ppg = 20_000 + 300 * pulse + rng.choice([10, 300]) * rng.standard_normal((2, n_samples))
    steps = np.sin(2 * np.pi * rng.uniform(1, 3) * time_s)
    acc = 0.6 + rng.choice([0, 0.2]) * steps + 0.02 * rng.standard_normal((3, n_samples))
    signal = np.concatenate([ppg, acc]).astype(np.float32)
    for _ in range(12):
        channel, first = int(rng.integers(5)), int(rng.integers(n_samples))
        length = int(rng.choice([1, 2, 3, 10, 11, 60, 500]))
        lost = rng.choice([np.nan, 0.0, np.inf, 1e16, 26_000.0, 20_000.0])
        signal[channel, first : first + length] = lost
    return signal


@pytest.mark.parametrize("rate_hz", [25.0, 50.0, 64.0])
@pytest.mark.parametrize("longest_s", [0.05, 0.2])
def test_short_gaps_are_bridged_alike(rate_hz: float, longest_s: float) -> None:
    rng = np.random.default_rng(int(rate_hz))
    signal = rng.normal(size=(30, 120)).astype(np.float32)
    signal[rng.random(signal.shape) < rng.choice([0.1, 0.9], (30, 1))] = np.nan
    found = values("bridged", [(row, rate_hz, longest_s) for row in signal])
    expected, _ = bridge_short_gaps(signal, rate_hz, longest_s)
    np.testing.assert_array_equal(np.array(found, np.float32), expected)


def test_lost_samples_of_windows_are_found_alike() -> None:
    windows = [faulty_recording(seed, 400) for seed in range(40)]
    found = values("withoutLost", [(window, IS_PPG, 50.0) for window in windows])
    for window, given in zip(windows, found, strict=True):
        expected = without_lost_samples(window, IS_PPG, 50.0)
        np.testing.assert_array_equal(np.array(given, np.float32), expected)


@pytest.mark.parametrize("rate_hz", [25.0, 50.0, 62.5, 128.0])
def test_windows_are_preprocessed_alike(rate_hz: float) -> None:
    card = some_card(rate_hz=rate_hz)
    window = np.random.default_rng(1).normal(30_000, 200, (5, card.n_samples)).astype(np.float32)
    window[1] = 7  # no signal
    (found,) = values("preprocessed", [(window, asdict(card))])
    matrix = resampling_matrix(card.window_spec, rate_hz)
    (expected,) = preprocess(window[None], matrix, CHANNELS)
    np.testing.assert_allclose(np.array(found), expected, rtol=1e-5, atol=2e-6)


def test_support_and_frequencies_of_motion_are_alike() -> None:
    rng = np.random.default_rng(2)
    windows = [
        preprocess(
            faulty_free(seed)[None], resampling_matrix(some_card().window_spec, 50.0), CHANNELS
        )[0]
        for seed in range(40)
    ]
    bpm = rng.uniform(30, 209, len(windows))
    found = values("support", list(zip(windows, [CHANNELS] * 40, [25.0] * 40, bpm, strict=True)))
    for window, rate, given in zip(windows, bpm, found, strict=True):
        expected = signal_support(window[None], CHANNELS, 25.0, np.array([rate]))
        said = given["support"]
        names = ("pulse", "notDouble", "notTriple", "notHalf")
        assert [said[name] for name in names] == pytest.approx(
            [float(part[0]) for part in expected], abs=1e-4
        )
        (on_motion,) = classes_on_motion(window[None], CHANNELS, 25.0)
        assert [bool(one) for one in given["onMotion"]] == on_motion.tolist()


def faulty_free(seed: int) -> Samples:
    recording = faulty_recording(seed, 400)
    return np.nan_to_num(np.where(np.abs(recording) < 1e5, recording, 0), nan=0).astype(np.float32)


def test_beliefs_and_estimates_of_the_filter_are_alike() -> None:
    rng = np.random.default_rng(3)
    card = some_card(filter_evidence=0.5, filter_motion_discount=0.7)
    rows = rng.dirichlet(np.full(180, 0.02), 50).astype(np.float32)
    rows[0] = 1e-4
    rows[0, [80, 83, 120]] = (1 - rows[0, 3:].sum()) / 3  # modes that are equal
    on_motion = rng.random((50, 180)) < 0.1
    (found,) = values("beliefs", [(asdict(card), rows, on_motion.astype(int))])
    python = BeliefFilter(card.transition)
    for row, moving, given in zip(rows, on_motion, found, strict=True):
        belief = python.update(row, on_motion=moving)
        np.testing.assert_allclose(given["belief"], belief, rtol=1e-9, atol=1e-15)
        bpm, sd_bpm = decode_bpm(belief[None])
        assert (given["bpm"], given["sdBpm"]) == pytest.approx((bpm[0], sd_bpm[0]))


@pytest.mark.parametrize("rate_hz", [25.0, 50.0, 51.25])
def test_estimates_of_a_stream_are_alike(peak_file: Any, rate_hz: float) -> None:
    """With bounds in the midst of what occurs, so that most reasons do."""
    path, card = peak_file(rate_hz)
    signals = [faulty_recording(seed, round(120 * rate_hz), rate_hz) for seed in range(4)]
    cases = [(asdict(card), signal, outputs_of(path, card, signal)) for signal in signals]
    reasons = set()
    for signal, found in zip(signals, values("estimates", cases), strict=True):
        expected = estimate_recording(path, signal)
        assert len(found) == len(expected)
        for given, one in zip(found, expected, strict=True):
            numbers = ("startS", "endS", "bpm", "sdBpm", "windowBpm", "windowSdBpm")
            assert [given[name] for name in numbers] == pytest.approx(
                [one.start_s, one.end_s, one.bpm, one.sd_bpm, one.window_bpm, one.window_sd_bpm],
                abs=1e-4,
                nan_ok=True,
            )
            assert (given["valid"], given["reason"]) == (one.valid, one.reason)
            reasons.add(one.reason)
    assert {"", "no signal"} <= reasons
    assert len(reasons) >= 4


def outputs_of(path: Path, card: Any, signal: Samples) -> list[dict[str, Any]]:
    """What ONNX Runtime says of each window of a stream."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    found, number = [], 0
    while (start := round(number * card.stride_s * card.rate_hz)) + card.n_samples <= len(
        signal[0]
    ):
        raw = signal[:, start : start + card.n_samples]
        window = without_lost_samples(raw, IS_PPG, card.rate_hz)[None].copy()
        bpm, sd_bpm, probabilities = session.run(None, {"raw": window})
        found.append({"bpm": bpm[0], "sdBpm": sd_bpm[0], "probabilities": probabilities[0]})
        number += 1
    return found


def test_ratios_of_rates_are_the_nearest_fractions_alike() -> None:
    rng = np.random.default_rng(5)
    ratios = [*rng.uniform(0.9, 1.1, 200).tolist(), 1.0, 0.5, 50 / 49.87, 1.0005]
    found = values("fraction", [(ratio,) for ratio in ratios])
    nearest = [Fraction(ratio).limit_denominator(1000) for ratio in ratios]
    assert found == [[one.numerator, one.denominator] for one in nearest]


@pytest.mark.parametrize(
    ("from_hz", "to_hz", "n_samples"),
    [(50, 50.3, 500), (49.2, 50, 800), (25, 26.1, 60), (100, 98.7654321, 1000), (64, 63, 5)],
)
def test_channels_are_resampled_alike(from_hz: float, to_hz: float, n_samples: int) -> None:
    samples = np.random.default_rng(0).normal(20_000, 300, n_samples).astype(np.float32)
    samples[n_samples // 2 : n_samples // 2 + 3] = np.nan
    (found,) = values("resampled", [(samples, from_hz, to_hz)])
    expected = resample(samples, from_hz, to_hz)
    np.testing.assert_allclose(np.array(found), expected, rtol=1e-6)
