"""Windows with a known answer: pure tones, which a network learns within a second."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import pytest

from ppgkd.models.capacity import InputShape
from ppgkd.windows import Windows


def tone_windows(
    hr_bpm: Sequence[float],
    inputs: InputShape,
    subjects: Sequence[str] = ("ada", "bo"),
    seed: int = 0,
) -> Windows:
    """PPG channels that are tones of unit variance at the heart rate, acceleration that is noise.

    The subjects take turns, each in one recording.
    """
    rng = np.random.default_rng(seed)
    rate_hz = np.asarray(hr_bpm, np.float64)[:, None, None] / 60
    time_s = np.arange(inputs.n_samples) / inputs.rate_hz
    phase = rng.uniform(0, 2 * np.pi, (len(hr_bpm), inputs.ppg_channels, 1))
    ppg = np.sqrt(2) * np.sin(2 * np.pi * rate_hz * time_s + phase)
    acc = 0.3 * rng.standard_normal((len(hr_bpm), inputs.acc_channels, inputs.n_samples))
    who = [subjects[row % len(subjects)] for row in range(len(hr_bpm))]
    index = pd.DataFrame(
        {
            "dataset": "tones",
            "recording": [f"{subject}-1" for subject in who],
            "subject": who,
            "window": [row // len(subjects) for row in range(len(hr_bpm))],
            "start_s": [2.0 * (row // len(subjects)) for row in range(len(hr_bpm))],
            "hr_bpm": np.asarray(hr_bpm, np.float32),
        }
    )
    channels = [f"ppg_{n + 1}" for n in range(inputs.ppg_channels)]
    channels += ["acc_x", "acc_y", "acc_z"][: inputs.acc_channels]
    signal = np.concatenate([ppg, acc], axis=1).astype(np.float32)
    return Windows(index, signal, tuple(channels), inputs.rate_hz)


@pytest.fixture(scope="session")
def inputs() -> InputShape:
    """Two PPG channels and the accelerometer, 8 s at 25 Hz."""
    return InputShape(ppg_channels=2, acc_channels=3, n_samples=200, rate_hz=25.0)


@pytest.fixture(scope="session")
def tones() -> Callable[..., Windows]:
    """Make windows of tones: see `tone_windows`."""
    return tone_windows
