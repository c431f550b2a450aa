"""The recordings of a dataset, as many as are asked for, from the files that the workflow made."""

from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from ppgkd.datasets.cohort import write_cohort
from ppgkd.datasets.read import read_recordings
from ppgkd.datasets.registry import get_dataset
from ppgkd.simulation.subject import Cohort, simulate_subject


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("simulated") / "n3-s60-seed1.npz"
    write_cohort(Cohort(n_subjects=3, duration_s=60, seed=1), path)
    return path


def test_a_cohort_comes_back_from_its_file_as_it_was_simulated(cohort: Path) -> None:
    names = ["sim-01", "sim-02", "sim-03"]
    recordings = list(read_recordings("simulated", names, [cohort]))
    assert [recording.subject for recording in recordings] == names
    for index, recording in enumerate(recordings):
        simulated = simulate_subject(index, 60, 1)
        np.testing.assert_array_equal(recording.signal, simulated.signal)
        np.testing.assert_array_equal(recording.reference_bpm, simulated.reference_bpm)
        np.testing.assert_array_equal(
            recording.reference_time_s, 4 + 2 * np.arange(len(simulated.reference_bpm))
        )


def test_of_a_cohort_only_the_recordings_asked_for_are_read(cohort: Path) -> None:
    recordings = read_recordings("simulated", ["sim-01", "sim-03"], [cohort])
    assert [recording.name for recording in recordings] == ["sim-01", "sim-03"]


def test_of_a_published_dataset_only_the_recordings_asked_for_are_read(tmp_path: Path) -> None:
    entries = [get_dataset("bami1").recordings[index] for index in (1, 4)]
    paths = [tmp_path / entry.files[0].local for entry in entries]
    for level, path in enumerate(paths):
        path.parent.mkdir(parents=True, exist_ok=True)
        counts = np.full((3, 600), 1_000 + level, np.uint16)
        savemat(path, {"rawPPG": counts, "rawAcc": counts, "bpm_ecg": np.full((3, 1), 70.0)})
    names = [entry.name for entry in entries]
    recordings = list(read_recordings("bami1", names, paths))
    assert [recording.subject for recording in recordings] == ["bami1-02", "bami1-05"]
    assert [recording.signal[0, 0] for recording in recordings] == [1_000, 1_001]
