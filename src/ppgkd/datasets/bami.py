"""Reader of BAMI-1 and BAMI-2: wrist PPG on the treadmill, one MATLAB file per subject.

Chung et al., IEEE Access 8 (2020) 63390; Lee et al., IEEE Sensors J. 19.3 (2018) 1166.

PPG keeps its published sign. In BAMI-1 the signal falls at a systole, by the skewness of its slope
in the calmest windows of 24 of 25 recordings; in the one recording of BAMI-2 that was examined, it
rises. The sign is not changed: the models do not depend on it, but earlier results would change in
their last digits.
"""

from pathlib import Path

import numpy as np

from ppgkd.datasets.dataset import RecordingEntry
from ppgkd.datasets.devices import BAMI
from ppgkd.datasets.matlab import read_matrix, read_vector
from ppgkd.datasets.recording import Recording
from ppgkd.datasets.windowed_reference import require_count, window_centres_s
from ppgkd.errors import damaged_file
from ppgkd.grid import STRIDE_S, WINDOW_S, count_windows

RATE_HZ = 50
CHANNELS = ("ppg_1", "ppg_2", "ppg_3", "acc_x", "acc_y", "acc_z")


def read(entry: RecordingEntry, raw_dir: Path) -> Recording:
    """Read one recording of BAMI-1 or BAMI-2.

    The reference may have one value more or less than the signal has windows. Signal and reference
    end together: if the reference is longer, its first value is dropped; if it is shorter, the
    first window has none. (In the files with a shorter reference, it fits the PPG's spectrum best
    in this alignment, not one window earlier.)

    Parameters
    ----------
    entry
        The recording. Its file is ``BAMI1_<n>.mat`` or ``BAMI2_<n>.mat`` with ``rawPPG`` and
        ``rawAcc``, both ``(3, N)`` in counts at 50 Hz, and ``bpm_ecg``, in BPM.
    raw_dir
        Folder of the raw files.

    Returns
    -------
    Recording
        Three PPG channels in counts and three of acceleration in g.

    Raises
    ------
    PpgkdError
        If the file cannot be read, lacks a variable, or has one of the wrong shape.
    """
    (file,) = entry.files
    path = raw_dir / file.local
    window_samples = WINDOW_S * RATE_HZ
    ppg_counts = read_matrix(path, "rawPPG", (3,), window_samples)
    acc_counts = read_matrix(path, "rawAcc", (3,), window_samples)
    if acc_counts.shape != ppg_counts.shape:
        raise damaged_file(
            f"{path}: rawAcc has the shape {acc_counts.shape}, expected that of rawPPG, "
            f"{ppg_counts.shape}"
        )
    n_samples = ppg_counts.shape[1]
    n_windows = count_windows(n_samples, RATE_HZ)

    reference_bpm = read_vector(path, "bpm_ecg")
    require_count(path, "bpm_ecg", len(reference_bpm), n_windows)
    reference_bpm = reference_bpm[-n_windows:]
    last_start_s = n_samples / RATE_HZ - WINDOW_S
    first_start_s = last_start_s - STRIDE_S * (len(reference_bpm) - 1)

    return Recording(
        name=entry.name,
        subject=entry.subject,
        rate_hz=float(RATE_HZ),
        channels=CHANNELS,
        signal=np.concatenate([ppg_counts.astype(np.float32), BAMI.to_g(acc_counts)]),
        reference_time_s=window_centres_s(first_start_s, len(reference_bpm)),
        reference_bpm=reference_bpm.astype(np.float32),
    )
