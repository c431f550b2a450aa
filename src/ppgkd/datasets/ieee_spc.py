"""Reader of the IEEE Signal Processing Cup 2015: wrist PPG in exercise, two files per recording.

Zhang, Pi, Liu, TROIKA, IEEE TBME 62.2 (2015) 522.
"""

from pathlib import Path

import numpy as np

from ppgkd.datasets.dataset import RecordingEntry
from ppgkd.datasets.devices import SIGNAL_PROCESSING_CUP
from ppgkd.datasets.matlab import read_matrix, read_vector
from ppgkd.datasets.recording import Recording
from ppgkd.datasets.windowed_reference import require_count, window_centres_s
from ppgkd.grid import WINDOW_S, count_windows

RATE_HZ = 125
CHANNELS = ("ppg_1", "ppg_2", "acc_x", "acc_y", "acc_z")


def read(entry: RecordingEntry, raw_dir: Path) -> Recording:
    """Read one recording of the Signal Processing Cup, training or test.

    Reference and signal start together. If the reference has one value more than the signal has
    windows, the last value belongs to an incomplete window and is dropped.

    Parameters
    ----------
    entry
        The recording. Its first file is ``DATA_*.mat`` or ``TEST_*.mat`` with ``sig`` at 125 Hz: a
        row of ECG in the training files only, then two of PPG and three of acceleration in g. Its
        second is ``*_BPMtrace.mat``, ``BPM_*.mat`` or ``True_*.mat`` with ``BPM0``, in BPM.
    raw_dir
        Folder of the raw files.

    Returns
    -------
    Recording
        Two PPG channels in counts and three of acceleration in g.

    Raises
    ------
    PpgkdError
        If a file cannot be read, lacks its variable, or has one of the wrong shape.
    """
    signal_path, reference_path = (raw_dir / file.local for file in entry.files)
    n_channels = len(CHANNELS)
    rows = read_matrix(signal_path, "sig", (n_channels + 1, n_channels), WINDOW_S * RATE_HZ)
    signal = rows[-n_channels:].astype(np.float32)
    signal[-3:] = SIGNAL_PROCESSING_CUP.to_g(signal[-3:])
    n_windows = count_windows(signal.shape[1], RATE_HZ)

    reference_bpm = read_vector(reference_path, "BPM0")
    require_count(reference_path, "BPM0", len(reference_bpm), n_windows)
    reference_bpm = reference_bpm[:n_windows].astype(np.float32)

    return Recording(
        name=entry.name,
        subject=entry.subject,
        rate_hz=float(RATE_HZ),
        channels=CHANNELS,
        signal=signal,
        reference_time_s=window_centres_s(0.0, len(reference_bpm)),
        reference_bpm=reference_bpm,
    )
