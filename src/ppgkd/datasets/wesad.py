"""Reader of WESAD: wrist PPG at rest and under stress, 15 subjects, some hundred minutes each.

Schmidt et al., Introducing WESAD, ICMI 2018, 400. The reader follows the documented format
and was not yet tested on the original files. The archive ``WESAD.zip`` contains one pickle per
subject, ``WESAD/S<n>/S<n>.pkl``. It reads:

- ``signal.wrist.BVP``, 64 Hz, and ``signal.wrist.ACC``, 32 Hz, in 1/64 g;
- ``signal.chest.ECG``, 700 Hz, in mV: the dataset has no reference, so it is computed from the
  ECG (`ppgkd.datasets.ecg_reference`); windows with an unreliable ECG have none;
- ``label``, 700 Hz, the condition of the study's protocol, one of `ACTIVITY_WORDS`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from ppgkd.datasets.activity import window_activity
from ppgkd.datasets.dataset import RecordingEntry
from ppgkd.datasets.ecg_reference import reference_from_ecg
from ppgkd.datasets.empatica import CHANNELS, CHEST_RATE_HZ, PPG_RATE_HZ, Subject, read_subjects
from ppgkd.datasets.recording import Recording

ACTIVITY_WORDS = {
    1: "rest",  # baseline: sitting or standing at a table, reading
    2: "other",  # stress: a speech and mental arithmetic before a panel, standing
    3: "rest",  # amusement: watching videos
    4: "rest",  # meditation
    # 0 is not a condition; the authors say to ignore 5 to 7
}


def read_many(entries: Sequence[RecordingEntry], raw_dir: Path) -> Iterator[Recording]:
    """Read subjects one by one.

    Parameters
    ----------
    entries
        Recordings of WESAD.
    raw_dir
        Folder of the raw files.

    Returns
    -------
    iterator of Recording
        One PPG channel and three of acceleration in g, resampled to the PPG's rate.

    Raises
    ------
    PpgkdError
        If the archive is damaged, a subject is missing, its pickle contains more than data, or the
        lengths contradict the sampling rates.
    """
    return read_subjects(entries, raw_dir, _recording)


def _recording(entry: RecordingEntry, subject: Subject) -> Recording:
    signal = subject.wrist()
    ecg_mv, codes = subject.array("signal", "chest", "ECG"), subject.array("label")
    subject.require_length("signal.chest.ECG", len(ecg_mv), CHEST_RATE_HZ)
    subject.require_length("label", len(codes), CHEST_RATE_HZ)
    centre_s, reference_bpm = reference_from_ecg(ecg_mv, CHEST_RATE_HZ)
    return Recording(
        name=entry.name,
        subject=entry.subject,
        rate_hz=PPG_RATE_HZ,
        channels=CHANNELS,
        signal=signal,
        reference_time_s=centre_s,
        reference_bpm=reference_bpm,
        activity=window_activity(codes, CHEST_RATE_HZ, centre_s, ACTIVITY_WORDS),
    )
