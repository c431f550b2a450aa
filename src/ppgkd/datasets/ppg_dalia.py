"""Reader of PPG-DaLiA: wrist PPG in daily life, 15 subjects, some two and a half hours each.

Reiss et al., Deep PPG, Sensors 19.14 (2019) 3079. The reader follows the documented format and
was not yet tested on the original files. The archive ``ppg+dalia.zip`` contains the archive
``data.zip``, which contains one pickle per subject, ``PPG_FieldStudy/S<n>/S<n>.pkl``. It reads:

- ``signal.wrist.BVP``, 64 Hz, and ``signal.wrist.ACC``, 32 Hz, in 1/64 g;
- ``label``, the mean heart rate by ECG in BPM, one per window of 8 s every 2 s;
- ``activity``, 4 Hz, one of `ACTIVITY_WORDS`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from ppgkd.datasets.activity import window_activity
from ppgkd.datasets.dataset import RecordingEntry
from ppgkd.datasets.empatica import CHANNELS, PPG_RATE_HZ, Subject, read_subjects
from ppgkd.datasets.recording import Recording
from ppgkd.datasets.windowed_reference import require_count, window_centres_s
from ppgkd.grid import count_windows

INNER_ARCHIVE = "data.zip"
ACTIVITY_RATE_HZ = 4.0

ACTIVITY_WORDS = {
    0: "unknown",  # transient: on the way from one activity to the next
    1: "rest",  # sitting and reading
    2: "stairs",
    3: "other",  # table soccer
    4: "cycle",
    5: "drive",
    6: "eat",  # lunch break
    7: "walk",
    8: "work",
}


def read_many(entries: Sequence[RecordingEntry], raw_dir: Path) -> Iterator[Recording]:
    """Read subjects one by one; the inner archive is copied once for all of them.

    Parameters
    ----------
    entries
        Recordings of PPG-DaLiA.
    raw_dir
        Folder of the raw files.

    Returns
    -------
    iterator of Recording
        One PPG channel and three of acceleration in g, resampled to the PPG's rate.

    Raises
    ------
    PpgkdError
        If an archive is damaged, a subject is missing, its pickle contains more than data, or the
        lengths contradict the sampling rates.
    """
    return read_subjects(entries, raw_dir, _recording, INNER_ARCHIVE)


def _recording(entry: RecordingEntry, subject: Subject) -> Recording:
    signal = subject.wrist()
    n_windows = count_windows(signal.shape[1], int(PPG_RATE_HZ))
    label_bpm = subject.array("label")
    require_count(Path(subject.label), "label", len(label_bpm), n_windows)
    reference_bpm = label_bpm[:n_windows].astype(np.float32)
    centre_s = window_centres_s(0.0, len(reference_bpm))
    codes = subject.array("activity")
    subject.require_length("activity", len(codes), ACTIVITY_RATE_HZ)
    return Recording(
        name=entry.name,
        subject=entry.subject,
        rate_hz=PPG_RATE_HZ,
        channels=CHANNELS,
        signal=signal,
        reference_time_s=centre_s,
        reference_bpm=reference_bpm,
        activity=window_activity(codes, ACTIVITY_RATE_HZ, centre_s, ACTIVITY_WORDS),
    )
