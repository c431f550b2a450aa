"""A file on raw recordings, in a process that has nothing but ONNX Runtime and NumPy.

Its outputs are those of the package's own pipeline: segmentation, preprocessing, network.
"""

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.unit.export.conftest import CHANNELS, Exported

from ppgkd.datasets.cohort import read_cohort, write_cohort
from ppgkd.datasets.recording import Recording
from ppgkd.datasets.registry import get_dataset
from ppgkd.evaluation.score import score
from ppgkd.export.student import window_spec_of
from ppgkd.simulation.subject import Cohort
from ppgkd.windows.raw import take_raw_windows
from ppgkd.windows.read import read_windows, select_windows
from ppgkd.windows.write import write_windows

TOLERANCE_BPM = 0.01
"""Float32 gives less than 0.001 BPM on all of BAMI-1."""

ON_THE_WRIST = """
import sys
import numpy, onnxruntime

model, raw, outputs = sys.argv[1:]
session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
bpm, sd_bpm, probabilities = session.run(None, {"raw": numpy.load(raw)})
numpy.save(outputs, numpy.stack([bpm, sd_bpm]))
for name in ("torch", "onnx", "pandas", "scipy", "pyarrow", "ppgkd"):
    assert name not in sys.modules, name
"""


def by_the_pipeline(
    student: Exported, recordings: Iterable[Recording], dataset: str, folder: Path
) -> pd.DataFrame:
    """Predictions as the workflow's rules make them, by way of the windows file."""
    write_windows(recordings, dataset, window_spec_of(student.card), folder / "windows.parquet")
    windows = read_windows(folder / "windows.parquet")
    seen = select_windows(windows, np.full(len(windows), True), student.card.channels)
    predictions, _ = score(student.network, seen)
    return predictions


def on_the_wrist(
    student: Exported, recordings: Iterable[Recording], index: pd.DataFrame, folder: Path
) -> tuple[np.ndarray, np.ndarray]:
    """BPM and spread of the same windows by the file alone, in the order of the index."""
    raw = take_raw_windows(recordings, index, student.card.window_s, per_recording=len(index))
    np.save(folder / "raw.npy", raw.select_channels(CHANNELS))
    arguments = [student.path, folder / "raw.npy", folder / "outputs.npy"]
    done = subprocess.run(
        [sys.executable, "-I", "-c", ON_THE_WRIST, *map(str, arguments)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    bpm, sd_bpm = np.load(folder / "outputs.npy")
    return bpm, sd_bpm


def assert_parity(
    student: Exported, recordings: list[Recording], dataset: str, folder: Path
) -> None:
    expected = by_the_pipeline(student, recordings, dataset, folder)
    bpm, sd_bpm = on_the_wrist(student, recordings, expected, folder)
    assert len(bpm) == len(expected) > 50
    assert np.ptp(bpm) > 30, "or parity would say little"
    np.testing.assert_allclose(bpm, expected["pred_bpm"], rtol=0, atol=TOLERANCE_BPM)
    np.testing.assert_allclose(sd_bpm, expected["sd_bpm"], rtol=0, atol=TOLERANCE_BPM)


def test_on_the_simulated_cohort(peak_student: Exported, tmp_path: Path) -> None:
    write_cohort(Cohort(n_subjects=3, duration_s=120, seed=0), tmp_path / "cohort.npz")
    assert_parity(peak_student, list(read_cohort(tmp_path / "cohort.npz")), "simulated", tmp_path)


@pytest.mark.parametrize("dataset_name", ["bami1", "bami2"])
def test_on_real_recordings(
    real_data: Path, peak_student: Exported, dataset_name: str, tmp_path: Path
) -> None:
    dataset = get_dataset(dataset_name)
    here = [e for e in dataset.recordings if (real_data / e.files[0].local).exists()][:3]
    if not here:
        pytest.skip(f"no files of {dataset_name} in {real_data}")
    recordings = [dataset.read(entry, real_data) for entry in here]
    assert_parity(peak_student, recordings, dataset_name, tmp_path)
