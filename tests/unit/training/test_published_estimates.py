"""A published model's beliefs become teacher estimates, at their times and with their source."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.unit.published.test_signals import some_recording

from ppgkd.distill.teacher_estimates import read_estimates, write_estimates
from ppgkd.grid import BPM_MIN
from ppgkd.published.registry import PUBLISHED
from ppgkd.published.signals import write_inputs
from ppgkd.training.published_estimates import published_estimates

RATES_BPM = (30 + 180 * np.arange(64) / 64).astype(np.float32)
ANY_STEP = np.full((64, 64), 1 / 64, np.float32)
NO_STEP = np.eye(64, dtype=np.float32)


def write_beliefs(path: Path, transition: np.ndarray, **likelihood: np.ndarray) -> None:
    """As `ppgkd.published.beliefppg` does."""
    found = {f"recording/{name}": array for name, array in likelihood.items()}
    np.savez(path, transition=transition, rates_bpm=RATES_BPM, **found)


@pytest.fixture
def inputs(tmp_path: Path) -> Path:
    """60 s of a recording whose first window begins at 1 s; 30 to 33 s are lost."""
    recording = some_recording(first_s=5)
    recording.signal[:, 30 * 50 : 33 * 50] = np.nan
    path = tmp_path / "inputs.npz"
    write_inputs([recording], path)
    return path


def sure_of(*rates: int) -> np.ndarray:
    return 0.98 * np.eye(64, dtype=np.float32)[[*rates]] + 0.02 / 64


def test_each_estimate_is_that_of_its_time(inputs: Path, tmp_path: Path) -> None:
    """Without memory, the belief is the likelihood: rate 20 is 86 BPM, rate 21 is 89."""
    write_beliefs(tmp_path / "b.npz", ANY_STEP, one=sure_of(*range(10, 30)))
    found = published_estimates(PUBLISHED["beliefppg"], tmp_path / "b.npz", inputs, {"one": "abc"})
    assert set(found.recording) == {"one"}
    # from 16 s before its time to 4 s after it; from 29 to 47 s, over one second is lost
    expected_s = [*range(17, 28, 2), *range(49, 56, 2)]
    assert found.time_s.tolist() == expected_s
    rates_bpm = RATES_BPM[[10 + int((time_s - 17) / 2) for time_s in expected_s]]
    modes_bpm = BPM_MIN + found.probabilities.argmax(axis=1)
    assert np.abs(modes_bpm - rates_bpm).max() <= 1.5


def test_hindsight_knows_what_comes_after(inputs: Path, tmp_path: Path) -> None:
    """A heart rate that never changes, told at the end alone."""
    likelihood = np.full((20, 64), 1 / 64, np.float32)
    likelihood[-1] = sure_of(20)[0]
    write_beliefs(tmp_path / "b.npz", NO_STEP, one=likelihood)
    online, hindsight = (
        published_estimates(PUBLISHED[name], tmp_path / "b.npz", inputs, {}).probabilities[0]
        for name in ("beliefppg", "beliefppg_hindsight")
    )
    assert online.max() < 0.02
    assert BPM_MIN + hindsight.argmax() == pytest.approx(RATES_BPM[20], abs=1.5)


def test_the_file_says_what_made_it_and_from_what(inputs: Path, tmp_path: Path) -> None:
    write_beliefs(tmp_path / "b.npz", ANY_STEP, one=sure_of(*range(20)))
    teacher = replace(PUBLISHED["beliefppg"], licence="Zlib")
    estimates = published_estimates(teacher, tmp_path / "b.npz", inputs, {"one": "abc"})
    write_estimates(tmp_path / "one.parquet", estimates)
    about = read_estimates(tmp_path / "one.parquet").about
    assert about.recordings == {"one": "abc"}
    assert about.licence == "Zlib"
    assert about.trained_on == [*teacher.maybe_trained_on]
    assert teacher.citation in about.citation
