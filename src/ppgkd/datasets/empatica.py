"""The pickles of PPG-DaLiA and WESAD, with the signals of an Empatica E4 at the wrist.

One laboratory recorded both datasets with the same two devices, an E4 at the wrist and a RespiBAN
at the chest. Each subject is a pickle of Python 2: a dictionary with ``subject``, ``signal``
(``wrist`` and ``chest``, each a dictionary of arrays with a row per sample) and labels. The E4's
pulse wave ``BVP`` is the output of the maker's algorithm, and a systole is a maximum of it
(Empatica, "E4 data - BVP expected signal").
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ppgkd.datasets.archive import Archive, open_archive
from ppgkd.datasets.dataset import RecordingEntry
from ppgkd.datasets.devices import EMPATICA_E4
from ppgkd.datasets.pickled import load_pickle
from ppgkd.datasets.recording import Recording
from ppgkd.datasets.resampling import resample
from ppgkd.errors import damaged_file
from ppgkd.grid import WINDOW_S

PPG_RATE_HZ = 64.0
ACC_RATE_HZ = 32.0
CHEST_RATE_HZ = 700.0
CHANNELS = ("ppg_1", "acc_x", "acc_y", "acc_z")

TOLERANCE_S = 2.0
"""Largest allowed difference between the durations of a subject's signals."""


def read_subjects(
    entries: Sequence[RecordingEntry],
    raw_dir: Path,
    read_subject: Callable[[RecordingEntry, Subject], Recording],
    *inner_archives: str,
) -> Iterator[Recording]:
    """Read subjects of one archive one by one; inner archives are copied once for all subjects.

    Parameters
    ----------
    entries
        Recordings, all of them members of one archive.
    raw_dir
        Folder of the raw files.
    read_subject
        Function that makes a recording from a subject's pickle.
    inner_archives
        Names of the nested archives that contain the pickles, outermost first.

    Raises
    ------
    PpgkdError
        If an archive is damaged, a subject is missing, or its pickle contains more than data.
    """
    (file,) = {file for entry in entries for file in entry.files}
    with open_archive(raw_dir / file.local, *inner_archives) as archive:
        for entry in entries:
            yield read_subject(entry, Subject(archive, entry.member))


class Subject:
    """Pickle of one subject. Each array is checked when it is read."""

    def __init__(self, archive: Archive, member: str) -> None:
        self.label = f"{archive.label} > {member}"
        with archive.open(member) as file:
            self._content = load_pickle(file)

    def array(self, *keys: str, n_columns: int = 1) -> NDArray[Any]:
        """Return the array under these keys, of shape (n_samples,) or (n_samples, n_columns).

        Raises
        ------
        PpgkdError
            If it is missing, has another number of columns, or is not numeric.
        """
        where = ".".join(keys)
        value = self._content
        for key in keys:
            if not isinstance(value, dict) or key not in value:
                raise damaged_file(f"{self.label}: {where} is missing")
            value = value[key]
        found = np.asarray(value)
        if found.ndim == 1 and n_columns == 1:
            found = found[:, None]
        if found.ndim != 2 or found.shape[1] != n_columns or found.dtype.kind not in "iuf":
            raise damaged_file(
                f"{self.label}: {where} has the shape {np.shape(value)} and the type "
                f"{found.dtype}; expected numbers of the shape (N, {n_columns})"
            )
        return found[:, 0] if n_columns == 1 else found

    def wrist(self) -> NDArray[np.float32]:
        """Signals of the E4, shape (4, n_samples) at 64 Hz: PPG, and acceleration in g.

        Raises
        ------
        PpgkdError
            If they are missing, shorter than a window, or their lengths contradict their rates.
        """
        bvp = self.array("signal", "wrist", "BVP")
        counts = self.array("signal", "wrist", "ACC", n_columns=3)
        self.require_length("signal.wrist.ACC", len(counts), ACC_RATE_HZ)
        acc_g = resample(EMPATICA_E4.to_g(counts.T), ACC_RATE_HZ, PPG_RATE_HZ)
        n_samples = min(len(bvp), acc_g.shape[1])
        return np.concatenate([bvp[None, :n_samples].astype(np.float32), acc_g[:, :n_samples]])

    def require_length(self, what: str, n_samples: int, rate_hz: float) -> None:
        """Refuse a signal of another duration than the pulse wave: one of the rates is wrong.

        Raises
        ------
        PpgkdError
            If the lengths differ by more than 2 s, or the pulse wave is shorter than a window.
        """
        duration_s = len(self.array("signal", "wrist", "BVP")) / PPG_RATE_HZ
        if duration_s < WINDOW_S:
            raise damaged_file(
                f"{self.label}: signal.wrist.BVP lasts {duration_s:.1f} s at {PPG_RATE_HZ:g} Hz; "
                f"expected at least {WINDOW_S} s, one window"
            )
        found_s = n_samples / rate_hz
        if abs(found_s - duration_s) > TOLERANCE_S:
            raise damaged_file(
                f"{self.label}: {what} lasts {found_s:.1f} s at {rate_hz:g} Hz, but "
                f"signal.wrist.BVP {duration_s:.1f} s at {PPG_RATE_HZ:g} Hz; expected the same "
                f"within {TOLERANCE_S:g} s, so one of the sampling rates is not as documented"
            )
