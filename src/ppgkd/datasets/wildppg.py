"""Reader of WildPPG: wrist PPG on a day in the mountains, 16 subjects, some 13 hours each.

Meier, Demirel and Holz, WildPPG, NeurIPS 2024 Datasets and Benchmarks (arXiv 2412.17540).

The reader follows the documented format and published code, and was not yet tested on the original
files. Each participant has a MATLAB file ``WildPPG_Part_<id>.mat`` with a structure for each body
site, which has a structure for each sensor with its values ``v`` and its rate ``fs``. It reads:

- ``wrist.ppg_g``, ``wrist.ppg_ir``, ``wrist.ppg_r``: the light received in green, infrared and red,
  from 0 to 1, 128 Hz. The light falls at a systole, so the signal is inverted here;
- ``wrist.acc_x``, ``wrist.acc_y``, ``wrist.acc_z``, in g;
- ``sternum.ecg``; the reference is computed from it (`ppgkd.datasets.ecg_reference`), and windows
  with an unreliable ECG have none. The authors synchronised the devices.

Where a device lost data, the files have a PPG of 1 and an acceleration of 0; here both are NaN. The
authors also publish a file of windows, ``WildPPG.mat``. It is not used, because its windows are
filtered and standardised, and have no acceleration.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ppgkd.datasets.dataset import RecordingEntry
from ppgkd.datasets.ecg_reference import reference_from_ecg
from ppgkd.datasets.matlab import read_signals
from ppgkd.datasets.recording import Recording
from ppgkd.datasets.resampling import resample
from ppgkd.errors import damaged_file
from ppgkd.grid import WINDOW_S

PPG = ("ppg_g", "ppg_ir", "ppg_r")
ACC = ("acc_x", "acc_y", "acc_z")
CHANNELS = ("ppg_1", "ppg_2", "ppg_3", *ACC)

RATE_HZ = 128.0
"""Rate of the signals after resampling, whatever their rates in the file."""

LOST_PPG, LOST_ACC_G = 1.0, 0.0
TOLERANCE_S = 2.0
"""By how much the lengths of a subject's signals may differ."""


def read(entry: RecordingEntry, raw_dir: Path) -> Recording:
    """Read one subject.

    Parameters
    ----------
    entry
        Recording of WildPPG.
    raw_dir
        Folder of the raw files.

    Returns
    -------
    Recording
        Three PPG channels (green, infrared, red) and three of acceleration in g.

    Raises
    ------
    PpgkdError
        If the file is damaged, a signal is missing, or the lengths contradict the sampling rates.
    """
    (file,) = entry.files
    path = raw_dir / file.local
    wrist = read_signals(path, "wrist", (*PPG, *ACC))
    ecg, ecg_rate_hz = read_signals(path, "sternum", ("ecg",))["ecg"]
    _require_lengths(path, {**wrist, "sternum.ecg": (ecg, ecg_rate_hz)})
    ppg = _at_rate([-_without_gaps(*wrist[name], LOST_PPG) for name in PPG], wrist[PPG[0]][1])
    acc_g = _acceleration(wrist)
    n_samples = min(ppg.shape[1], acc_g.shape[1])
    centre_s, reference_bpm = reference_from_ecg(ecg.astype(np.float64), ecg_rate_hz)
    return Recording(
        name=entry.name,
        subject=entry.subject,
        rate_hz=RATE_HZ,
        channels=CHANNELS,
        signal=np.concatenate([ppg[:, :n_samples], acc_g[:, :n_samples]]),
        reference_time_s=centre_s,
        reference_bpm=reference_bpm,
    )


def _acceleration(wrist: dict[str, tuple[NDArray[Any], float]]) -> NDArray[np.float32]:
    """Acceleration in g; NaN where all axes are zero, since one axis may be zero at rest."""
    acc_g = np.stack([wrist[name][0] for name in ACC]).astype(np.float32)
    acc_g[:, (acc_g == LOST_ACC_G).all(axis=0)] = np.nan
    return _at_rate([*acc_g], wrist[ACC[0]][1])


def _without_gaps(values: NDArray[Any], rate_hz: float, lost: float) -> NDArray[np.float32]:
    """Replace the value for lost samples by NaN if it lasts for at least a second.

    A saturated sensor gives the same value for a shorter time. These samples are not lost; windows
    with many of them are rejected as clipped.
    """
    signal = values.astype(np.float32)
    is_lost = np.concatenate([[False], signal == lost, [False]])
    edges = np.flatnonzero(is_lost[1:] != is_lost[:-1])
    for first, last in zip(edges[::2], edges[1::2], strict=True):
        if last - first >= rate_hz:
            signal[first:last] = np.nan
    return signal


def _at_rate(signals: list[NDArray[np.float32]], rate_hz: float) -> NDArray[np.float32]:
    return resample(np.stack(signals), rate_hz, RATE_HZ)


def _require_lengths(path: Path, signals: dict[str, tuple[NDArray[Any], float]]) -> None:
    for kind in (PPG, ACC):
        shapes = {name: (len(signals[name][0]), signals[name][1]) for name in kind}
        if len(set(shapes.values())) > 1:
            said = ", ".join(f"{name} {n} at {rate:g} Hz" for name, (n, rate) in shapes.items())
            raise damaged_file(
                f"{path}: the wrist's signals differ: {said} samples; expected the same number and "
                "rate for all"
            )
    lasts_s = {name: len(values) / rate_hz for name, (values, rate_hz) in signals.items()}
    shortest, longest = min(lasts_s, key=lasts_s.__getitem__), max(lasts_s, key=lasts_s.__getitem__)
    if lasts_s[shortest] < WINDOW_S:
        raise damaged_file(
            f"{path}: {shortest} lasts {lasts_s[shortest]:.1f} s; expected at least {WINDOW_S} s, "
            "one window"
        )
    if lasts_s[longest] - lasts_s[shortest] > TOLERANCE_S:
        raise damaged_file(
            f"{path}: {longest} lasts {lasts_s[longest]:.1f} s, but {shortest} "
            f"{lasts_s[shortest]:.1f} s; expected the same within {TOLERANCE_S:g} s, so one of the "
            "sampling rates is not true"
        )
