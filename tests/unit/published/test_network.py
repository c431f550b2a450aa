"""BeliefPPG itself, in its own environment, on a pulse that is known; skipped where it is not made.

``make .venv-beliefppg/installed`` makes it.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ppgkd.datasets.recording import Recording
from ppgkd.published.belief import decode_online
from ppgkd.published.signals import estimate_times_s, write_inputs

CHECKOUT = Path(__file__).parents[3]
PYTHON = CHECKOUT / ".venv-beliefppg/bin/python"
RATE_HZ, DURATION_S, CHANGE_S = 50, 150, 80
BEFORE_BPM, AFTER_BPM = 70, 110

pytestmark = pytest.mark.skipif(
    not (CHECKOUT / ".venv-beliefppg/installed").exists(),
    reason="the environment of BeliefPPG is not made",
)


def a_pulse_that_changes() -> Recording:
    time_s = np.arange(DURATION_S * RATE_HZ) / RATE_HZ
    rate_hz = np.where(time_s < CHANGE_S, BEFORE_BPM, AFTER_BPM) / 60
    phase = 2 * np.pi * np.cumsum(rate_hz) / RATE_HZ
    pulse = np.sin(phase) + 0.4 * np.sin(2 * phase + 1)
    noise = np.random.default_rng(0).normal(0, 0.02, (4, len(time_s)))
    signal = np.stack([pulse, *np.zeros((3, len(time_s)))]) + noise
    reference_s = np.arange(4, DURATION_S - 4, 2.0)
    return Recording(
        *("steady", "someone", float(RATE_HZ), ("ppg_1", "acc_x", "acc_y", "acc_z")),
        *(signal.astype(np.float32), reference_s, np.zeros(len(reference_s), np.float32)),
    )


def beliefs(recordings: list[Recording], folder: Path) -> dict[str, np.ndarray]:
    write_inputs(recordings, folder / "in.npz")
    command = [PYTHON, "-m", "ppgkd.published.beliefppg", folder / "in.npz", folder / "out.npz"]
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT / "src")}
    subprocess.run(command, check=True, env=environment, capture_output=True)
    with np.load(folder / "out.npz") as found:
        return dict(found)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, np.ndarray]:
    one = a_pulse_that_changes()
    return beliefs([one, replace(one, name="again")], tmp_path_factory.mktemp("belief"))


def test_it_tells_the_rate_of_a_pulse_before_and_after_a_change(
    found: dict[str, np.ndarray],
) -> None:
    likelihood, rates_bpm = found["recording/steady"].astype(float), found["rates_bpm"]
    belief = decode_online(likelihood, found["transition"].astype(float))
    bpm, time_s = belief @ rates_bpm, estimate_times_s(0, len(likelihood))
    assert bpm[time_s < CHANGE_S - 10] == pytest.approx(BEFORE_BPM, abs=5)
    assert bpm[time_s > CHANGE_S + 30] == pytest.approx(AFTER_BPM, abs=5)


def test_the_change_is_told_at_its_time_and_not_15_s_before(found: dict[str, np.ndarray]) -> None:
    """By the intervals that the package returns it would be at 65 s."""
    likelihood, rates_bpm = found["recording/steady"].astype(float), found["rates_bpm"]
    half_bpm = (BEFORE_BPM + AFTER_BPM) / 2
    crossing = np.argmax(likelihood @ rates_bpm > half_bpm)
    assert abs(estimate_times_s(0, len(likelihood))[crossing] - CHANGE_S) <= 6


def test_what_it_says_does_not_depend_on_other_recordings(found: dict[str, np.ndarray]) -> None:
    assert np.array_equal(found["recording/steady"], found["recording/again"])
