"""Reader of *Wrist PPG During Exercise*: walking, running and cycling, an EDF file per recording.

Jarchi and Casson, Data 2.1 (2017) 1; PhysioNet, version 1.0.0 (Goldberger et al., Circulation
101.23 (2000) e215). The files are copies of that version: an EDF file at 256 Hz and the annotated
beats as text. It reads, by index, since labels are cut to 16 characters and repeat:

- signal 1, the PPG of the wrist in mV; it rises at a systole;
- signals 5 to 7, the low-noise accelerometer in m/s2. The wide-range one, signals 8 to 10, agrees
  with it (correlations of 0.97 to 1.00), and neither exceeds 2.5 g;
- the beats, which are on the R peaks of the chest ECG (signal 0) to within a sample. The reference
  is computed from them (`ppgkd.datasets.beat_reference`).

The wrist's signals end in 280 to 570 samples of one value, which are cut off. By the file's time
stamps, the watch lost 0.03 to 0.2 s some five to thirteen times in a recording, 0.1 to 0.9 s in
all; no sample says where, so this is left as it is.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ppgkd.datasets.beat_reference import BEAT_SYMBOLS, reference_from_beats
from ppgkd.datasets.dataset import RecordingEntry
from ppgkd.datasets.devices import SHIMMER
from ppgkd.datasets.edf import read_edf_signals
from ppgkd.datasets.recording import Recording
from ppgkd.datasets.waveform import Waveform
from ppgkd.errors import PpgkdError, damaged_file
from ppgkd.grid import WINDOW_S

RATE_HZ = 256.0
CHANNELS = ("ppg_1", "acc_x", "acc_y", "acc_z")
SIGNALS = {1: "wrist_ppg", 5: "wrist_low_noise_", 6: "wrist_low_noise_", 7: "wrist_low_noise_"}
"""Index and label of each channel in the file."""

ACTIVITY_OF = {"walk": "walk", "run": "run", "bike": "cycle"}
"""Last part of a recording's name to its activity."""


def read(entry: RecordingEntry, raw_dir: Path) -> Recording:
    """Read one recording.

    Parameters
    ----------
    entry
        The recording. Its first file is ``edf/<record>.edf``, its second ``ECG/<record>.txt``.
    raw_dir
        Folder of the raw files.

    Returns
    -------
    Recording
        One PPG channel in mV and three of acceleration in g.

    Raises
    ------
    PpgkdError
        If a file cannot be read or has another form.
    """
    signal_path, beat_path = (raw_dir / file.local for file in entry.files)
    signal = _signal(signal_path)
    beat_s = _beats(beat_path) / RATE_HZ
    duration_s = signal.shape[1] / RATE_HZ
    if beat_s[-1] > duration_s + WINDOW_S:
        raise damaged_file(
            f"{beat_path}: the last beat is at {beat_s[-1]:.1f} s, but {signal_path.name} lasts "
            f"{duration_s:.1f} s"
        )
    centre_s, reference_bpm = reference_from_beats(beat_s, duration_s)
    activity = ACTIVITY_OF[entry.name.rpartition("_")[2]]
    return Recording(
        name=entry.name,
        subject=entry.subject,
        rate_hz=RATE_HZ,
        channels=CHANNELS,
        signal=signal,
        reference_time_s=centre_s,
        reference_bpm=reference_bpm,
        activity=np.full(len(centre_s), activity),
    )


def _signal(path: Path) -> NDArray[np.float32]:
    """PPG and acceleration in g without the constant end, shape (4, n_samples)."""
    signals = read_edf_signals(path)
    found = [signals[index] for index in SIGNALS if index < len(signals)]
    for (index, label), signal in zip(SIGNALS.items(), found, strict=False):
        _require(path, index, label, signal)
    if len(found) < len(SIGNALS):
        raise damaged_file(f"{path}: it has {len(signals)} signals, expected at least 8")
    rows = np.stack([signal.values for signal in found]).astype(np.float32)
    rows[1:] = SHIMMER.to_g(rows[1:])
    changes = np.flatnonzero((np.diff(rows, axis=1) != 0).any(axis=0))
    n_samples = int(changes[-1]) + 2 if len(changes) else 0
    if n_samples < WINDOW_S * RATE_HZ:
        raise damaged_file(
            f"{path}: the wrist's signals last {n_samples / RATE_HZ:.1f} s before they are "
            f"constant; expected at least {WINDOW_S} s, one window"
        )
    return rows[:, :n_samples]


def _require(path: Path, index: int, label: str, signal: Waveform) -> None:
    if (signal.label, signal.rate_hz) != (label, RATE_HZ):
        raise damaged_file(
            f"{path}: signal {index} is {signal.label!r} at {signal.rate_hz:g} Hz, expected "
            f"{label!r} at {RATE_HZ:g} Hz"
        )


def _beats(path: Path) -> NDArray[np.float64]:
    """Samples of the annotated beats, ascending.

    The table is that of PhysioNet's ``rdann -v``: time, sample, type, and more.
    """
    try:
        lines = path.read_text(encoding="ascii").splitlines()
    except OSError as error:
        raise PpgkdError(
            f"{path}: the file cannot be opened ({error.strerror}). "
            "If it is missing, run again: it will be downloaded."
        ) from error
    except UnicodeDecodeError as error:
        raise damaged_file(f"{path}: this is no table of annotations ({error})") from error
    rows = [line.split() for line in lines[1:]]
    beats = [row[1] for row in rows if len(row) > 2 and row[2] in BEAT_SYMBOLS]
    if not lines or "Sample #" not in lines[0] or not all(beat.isdigit() for beat in beats):
        raise damaged_file(
            f"{path}: this is no table of annotations; expected the columns Time, Sample # and Type"
        )
    samples = np.array(beats, np.float64)
    if len(samples) < 2 or not (np.diff(samples) > 0).all():
        raise damaged_file(
            f"{path}: it has {len(samples)} beats; expected at least two, at ascending times"
        )
    return samples
