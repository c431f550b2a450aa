"""Reader of BIDMC: finger PPG of patients who lie still, 53 recordings of eight minutes.

Pimentel et al., IEEE Trans. Biomed. Eng. 64.8 (2017) 1914; PhysioNet, version 1.0.0 (Goldberger et
al., Circulation 101.23 (2000) e215). The reader follows the documented format and was not
yet tested on the original files. Each recording is a table ``bidmc_<nn>_Signals.csv`` with the
columns ``Time [s]``, ``RESP``, ``PLETH`` and the leads of an ECG at 125 Hz. It reads:

- ``PLETH``, from a pulse oximeter; it rises at a systole;
- lead ``II``, or another one where it is missing; the reference is computed from it
  (`ppgkd.datasets.ecg_reference`). The monitor's heart rate, in another file, is not used, because
  it is an average over an unknown time.

There is no accelerometer: models that see the acceleration get zeros, if the study's
``acceleration: still`` asks for them.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from ppgkd.datasets.dataset import RecordingEntry
from ppgkd.datasets.ecg_reference import reference_from_ecg
from ppgkd.datasets.recording import Recording
from ppgkd.errors import PpgkdError, damaged_file
from ppgkd.grid import WINDOW_S

RATE_HZ = 125.0
CHANNELS = ("ppg_1",)
LEADS = ("II", "V", "I", "III", "AVR", "AVL", "AVF", "MCL1")
"""Leads of the ECG, the most common one first."""

TIME, PLETH = "Time [s]", "PLETH"


def read(entry: RecordingEntry, raw_dir: Path) -> Recording:
    """Read one recording.

    Parameters
    ----------
    entry
        Recording of BIDMC.
    raw_dir
        Folder of the raw files.

    Returns
    -------
    Recording
        One PPG channel.

    Raises
    ------
    PpgkdError
        If the table cannot be read, lacks a column, is shorter than a window, or is not at 125 Hz.
    """
    (file,) = entry.files
    path = raw_dir / file.local
    table = _table(path)
    lead = next((name for name in LEADS if name in table), None)
    missing = [name for name in (TIME, PLETH) if name not in table]
    if missing or lead is None:
        raise damaged_file(
            f"{path}: the columns {', '.join(missing) or 'of an ECG'} are missing; found "
            f"{', '.join(map(str, table.columns))}; expected {TIME}, {PLETH} and one of "
            f"{', '.join(LEADS)}"
        )
    columns = table[[TIME, PLETH, lead]]
    _require_rate(path, columns)
    centre_s, reference_bpm = reference_from_ecg(columns[lead].to_numpy(np.float64), RATE_HZ)
    return Recording(
        name=entry.name,
        subject=entry.subject,
        rate_hz=RATE_HZ,
        channels=CHANNELS,
        signal=columns[[PLETH]].to_numpy(np.float32).T.copy(),
        reference_time_s=centre_s,
        reference_bpm=reference_bpm,
    )


def _table(path: Path) -> pd.DataFrame:
    try:
        table = pd.read_csv(path, skipinitialspace=True)
    except OSError as error:
        raise PpgkdError(
            f"{path}: the file cannot be opened ({error.strerror}). "
            "If it is missing, run again: it will be downloaded."
        ) from error
    except (ValueError, UnicodeDecodeError) as error:  # the parser's errors are ValueErrors
        raise damaged_file(f"{path}: this is not a table ({error})") from error
    table.columns = [str(name).strip() for name in table.columns]
    return table


def _require_rate(path: Path, columns: pd.DataFrame) -> None:
    words = [str(name) for name in columns if columns[name].dtype.kind not in "iuf"]
    if words:
        raise damaged_file(f"{path}: {', '.join(words)} holds no numbers")
    time_s = columns[TIME].to_numpy(np.float64)
    lasts_s = len(time_s) / RATE_HZ
    if lasts_s < WINDOW_S:
        raise damaged_file(
            f"{path}: it lasts {lasts_s:.1f} s; expected at least {WINDOW_S} s, one window"
        )
    rate_hz = (len(time_s) - 1) / (time_s[-1] - time_s[0])
    if not abs(rate_hz / RATE_HZ - 1) < 0.005:
        raise damaged_file(
            f"{path}: by {TIME} the rate is {rate_hz:.2f} Hz, expected {RATE_HZ:g} Hz"
        )
