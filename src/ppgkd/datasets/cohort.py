"""The simulated cohort as a file, which the workflow treats like downloaded recordings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ppgkd.datasets.recording import Recording
from ppgkd.datasets.windowed_reference import window_centres_s
from ppgkd.runtime.artifacts import atomic_write
from ppgkd.simulation.signals import RATE_HZ
from ppgkd.simulation.subject import CHANNELS, Cohort, simulate_subject


def write_cohort(cohort: Cohort, path: str | Path) -> None:
    """Simulate a cohort and write it as one ``.npz`` file."""
    arrays: dict[str, np.ndarray] = {}
    for index in range(cohort.n_subjects):
        simulated = simulate_subject(index, cohort.duration_s, cohort.seed)
        name = f"sim-{index + 1:02d}"
        arrays[f"{name}/signal"] = simulated.signal
        arrays[f"{name}/reference_bpm"] = simulated.reference_bpm
    with atomic_write(path) as temporary:
        np.savez(temporary, allow_pickle=False, **arrays)


def read_cohort(path: str | Path) -> Iterator[Recording]:
    """Read the recordings of a cohort one by one."""
    with np.load(path, allow_pickle=False) as file:
        names = dict.fromkeys(key.split("/")[0] for key in file.files)
        for name in names:
            reference_bpm = file[f"{name}/reference_bpm"]
            yield Recording(
                name=name,
                subject=name,
                rate_hz=RATE_HZ,
                channels=CHANNELS,
                signal=file[f"{name}/signal"],
                reference_time_s=window_centres_s(0.0, len(reference_bpm)),
                reference_bpm=reference_bpm,
            )
