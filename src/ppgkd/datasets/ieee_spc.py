"""Reader of the IEEE Signal Processing Cup 2015: wrist PPG in exercise, two files per recording.

Zhang, Pi, Liu, TROIKA, IEEE TBME 62.2 (2015) 522.
"""

from pathlib import Path

import numpy as np

from ppgkd.datasets.matlab import read_matrix, read_vector
from ppgkd.datasets.recording import Recording
from ppgkd.datasets.reference import WINDOW_S, count_windows, require_count, window_centres_s

RATE_HZ = 125
CHANNELS = ("ppg_1", "ppg_2", "acc_x", "acc_y", "acc_z")


def read_ieee_spc(signal_path: Path, reference_path: Path, name: str, subject: str) -> Recording:
    """Read one recording of the Signal Processing Cup, training or test.

    Reference and signal start together. Of a reference that is one value longer than the signal
    has windows, the last value has no whole window and is dropped.

    Parameters
    ----------
    signal_path
        ``DATA_*.mat`` or ``TEST_*.mat`` with ``sig`` at 125 Hz: a row of ECG in the training files
        only, then two of PPG and three of acceleration in g.
    reference_path
        ``*_BPMtrace.mat``, ``BPM_*.mat`` or ``True_*.mat`` with ``BPM0``, in BPM.
    name
        Name of the recording.
    subject
        Subject of the recording.

    Returns
    -------
    Recording
        Two PPG channels in counts and three of acceleration in g.

    Raises
    ------
    PpgkdError
        If a file cannot be read, lacks its variable, or has one of the wrong shape.
    """
    n_channels = len(CHANNELS)
    rows = read_matrix(signal_path, "sig", (n_channels + 1, n_channels), WINDOW_S * RATE_HZ)
    signal = rows[-n_channels:].astype(np.float32)
    n_windows = count_windows(signal.shape[1], RATE_HZ)

    reference_bpm = read_vector(reference_path, "BPM0")
    require_count(reference_path, "BPM0", len(reference_bpm), n_windows)
    reference_bpm = reference_bpm[:n_windows].astype(np.float32)

    return Recording(
        name=name,
        subject=subject,
        rate_hz=float(RATE_HZ),
        channels=CHANNELS,
        signal=signal,
        reference_time_s=window_centres_s(0.0, len(reference_bpm)),
        reference_bpm=reference_bpm,
    )
