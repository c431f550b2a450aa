"""Windows files of noise, for tests of what is read of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ppgkd.datasets.recording import Recording
from ppgkd.models.capacity import InputShape
from ppgkd.windows.preprocessing import WindowSpec
from ppgkd.windows.write import write_windows


def write_dataset(path: Path, n_ppg: int, n_windows: dict[str, int], seed: int) -> Path:
    """Write noise as the windows of some subjects, ``n_windows`` of each."""
    rng = np.random.default_rng(seed)
    channels = (*(f"ppg_{k + 1}" for k in range(n_ppg)), "acc_x", "acc_y", "acc_z")
    recordings = [
        Recording(
            name=f"recording of {subject}",
            subject=subject,
            rate_hz=50.0,
            channels=channels,
            signal=rng.normal(size=(len(channels), 400 + 100 * (n - 1))).astype(np.float32),
            reference_time_s=4 + 2 * np.arange(n, dtype=np.float64),
            reference_bpm=np.full(n, 80, np.float32),
        )
        for subject, n in n_windows.items()
    ]
    write_windows(recordings, path.stem, WindowSpec(8, 2, 25, 0.4, 8), path)
    return path


def inputs(ppg_channels: int = 2, acc_channels: int = 3) -> InputShape:
    return InputShape(ppg_channels, acc_channels, n_samples=200, rate_hz=25)
