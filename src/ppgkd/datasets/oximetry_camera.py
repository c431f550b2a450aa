"""Reader of *oximetry-phone-cam-data*: fingertips under phone cameras while oxygen falls.

Hoffman et al., npj Digital Medicine 5 (2022) 146. Six people held a finger of each hand on the
camera of a phone and breathed less and less oxygen. It reads, of each hand,

- the means of red, green and blue of the frames, 30 a second, without time stamps; they fall at a
  systole, so they are inverted here. There is no accelerometer;
- the heart rate by ECG, one value a second. Its column is the 42nd, although the header calls that
  one ``RR ECG 3``: the header is shifted against the columns. The values agree with those of the
  pulse oximeters in the table (mean difference 1.1 to 2.7 BPM).

Camera and table start together; their durations agree to within 3 s of 14 to 19 minutes. The heart
rate is a slow average, and late: by the product's own estimate of the lag that all references share
(`ppgkd.alignment.shared_lag`), by `LAG_S`. It is moved earlier by this.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ppgkd.datasets.dataset import RecordingEntry
from ppgkd.datasets.recording import PLAUSIBLE_BPM, Recording
from ppgkd.datasets.tables import read_table
from ppgkd.errors import damaged_file
from ppgkd.grid import WINDOW_S

RATE_HZ = 30.0
CHANNELS = ("ppg_1", "ppg_2", "ppg_3")
COLOURS = ("R", "G", "B")
HEART_RATE, HEADER = 41, "RR ECG 3"
"""Index of the column of the heart rate, and what the header says there."""

END = "Collection Halted"
"""The last row of a reference, instead of a time."""

LAG_S = 9.5
"""The 95 % interval is 9.0 to 9.5 s; of single recordings, the best lag is 8 to 11 s."""

TOLERANCE_S = 10.0
"""By how much the durations of signal and reference may differ."""


def read(entry: RecordingEntry, raw_dir: Path) -> Recording:
    """Read one hand of one person.

    Parameters
    ----------
    entry
        The recording. Its first file is ``data/ppg-csv/<hand>/<person>.csv``, its second
        ``data/gt/<person>.csv``.
    raw_dir
        Folder of the raw files.

    Returns
    -------
    Recording
        Three PPG channels: red, green and blue.

    Raises
    ------
    PpgkdError
        If a file cannot be read, has another form, or contradicts the other's duration.
    """
    signal_path, reference_path = (raw_dir / file.local for file in entry.files)
    table = read_table(signal_path, COLOURS)
    signal = -table.to_numpy(np.float32).T
    duration_s = len(table) / RATE_HZ
    bpm = _heart_rates(reference_path)
    if duration_s < WINDOW_S or abs(len(bpm) - duration_s) > TOLERANCE_S:
        raise damaged_file(
            f"{signal_path}: it lasts {duration_s:.1f} s, and {reference_path} {len(bpm)} s; "
            f"expected the same within {TOLERANCE_S:g} s, and at least {WINDOW_S} s"
        )
    return Recording(
        name=entry.name,
        subject=entry.subject,
        rate_hz=RATE_HZ,
        channels=CHANNELS,
        signal=signal,
        reference_time_s=np.arange(len(bpm), dtype=np.float64) - LAG_S,
        reference_bpm=bpm,
        activity=np.full(len(bpm), "rest"),
    )


def _heart_rates(path: Path) -> NDArray[np.float32]:
    """Heart rate of every second, shape (n_seconds,); NaN where the monitor shows none."""
    table = read_table(path)
    if table.shape[1] <= HEART_RATE or table.columns[HEART_RATE] != HEADER:
        raise damaged_file(
            f"{path}: column {HEART_RATE + 1} of {table.shape[1]} is not {HEADER!r}, below which "
            "the heart rate is expected"
        )
    time = table.iloc[:, 0].astype(str).str.strip()
    rows = table[time != END]
    second = pd.to_timedelta(time[time != END], errors="coerce").dt.total_seconds()
    if not (second.diff()[1:] == 1).all():
        raise damaged_file(f"{path}: the times of its rows are not successive seconds")
    bpm = pd.to_numeric(rows.iloc[:, HEART_RATE], errors="coerce").to_numpy(np.float32)
    return np.where((bpm >= PLAUSIBLE_BPM[0]) & (bpm <= PLAUSIBLE_BPM[1]), bpm, np.float32("nan"))
