"""Reader of the Welltory PPG dataset: fingertips under phone cameras, about 80 s each.

Neshitov et al., Sensors 21 (2021) 6798. It reads

- the means of red, green and blue of the frames, with the time of each; they fall at a systole, so
  they are inverted here. Frames come about 30 times a second, not evenly; they are put on an even
  grid of 30 Hz by a cubic spline, and gaps of more than 0.1 s are missing. In some phones red is
  saturated, or green or blue is dark. There is no accelerometer;
- the intervals between beats of a Polar H10 strap. When the first began is not published. The
  intervals are moved until they fit the pulse: to the offset, of -6 to 6 s in steps of 0.05 s, at
  which the median difference between them and the intervals of one of the three channels is
  smallest. In 20 of the 21 recordings it is then 3 to 15 ms, and 38 ms in the other. The first
  beat is 0.25 to 2.95 s before the first frame. The offset is one number for a recording, and it
  moves the references by less than a window, but it is found by the signal: they cannot tell a
  shift of the reference.

Thirteen people made one or two recordings each, and who made which is not published. So a person
may be in two recordings, and a study must give all recordings the same role.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline
from scipy.signal import butter, find_peaks, sosfiltfilt

from ppgkd.datasets.beat_reference import reference_from_beats
from ppgkd.datasets.dataset import RecordingEntry
from ppgkd.datasets.recording import Recording
from ppgkd.datasets.tables import read_table
from ppgkd.errors import PpgkdError, damaged_file
from ppgkd.grid import WINDOW_S

RATE_HZ = 30.0
CHANNELS = ("ppg_1", "ppg_2", "ppg_3")
COLOURS = ("R", "G", "B")
MAX_GAP_S = 0.1

OFFSETS_S = np.arange(-120, 121) * 0.05
FINE_RATE_HZ = 100.0
"""Rate at which pulses are timed."""

PULSE_BAND_HZ = (0.5, 4.0)
MIN_MATCHES = 25
"""Intervals that must be comparable at an offset."""

MAX_DIFFERENCE_S = 0.05
"""Median difference of the intervals at the best offset, above which nothing fits."""


def read(entry: RecordingEntry, raw_dir: Path) -> Recording:
    """Read one recording.

    Parameters
    ----------
    entry
        The recording. Its first file is ``data/<recording>/PPG.csv``, its second ``RR.txt``.
    raw_dir
        Folder of the raw files.

    Returns
    -------
    Recording
        Three PPG channels: red, green and blue.

    Raises
    ------
    PpgkdError
        If a file cannot be read or has another form, or if the intervals fit the pulse at no
        offset.
    """
    signal_path, beat_path = (raw_dir / file.local for file in entry.files)
    table = read_table(signal_path, ("time", *COLOURS))
    frame_s = table["time"].to_numpy(np.float64) / 1000
    if not (np.diff(frame_s) > 0).all() or frame_s[-1] - frame_s[0] < WINDOW_S:
        raise damaged_file(
            f"{signal_path}: the times of its frames do not rise, or last less than {WINDOW_S} s"
        )
    light = -table[list(COLOURS)].to_numpy(np.float64).T
    interval_s = _intervals(beat_path)
    offset_s, difference_s = best_offset(frame_s, light, interval_s)
    if not difference_s <= MAX_DIFFERENCE_S:
        raise damaged_file(
            f"{beat_path}: the beat intervals fit the pulse of {signal_path.name} at no offset "
            f"within {OFFSETS_S[-1]:g} s: their median difference is {1000 * difference_s:.0f} ms, "
            f"expected at most {1000 * MAX_DIFFERENCE_S:g} ms"
        )
    beat_s = offset_s + np.concatenate([[0.0], np.cumsum(interval_s)]) - frame_s[0]
    signal = _on_even_grid(frame_s, light)
    centre_s, reference_bpm = reference_from_beats(beat_s, signal.shape[1] / RATE_HZ)
    return Recording(
        name=entry.name,
        subject=entry.subject,
        rate_hz=RATE_HZ,
        channels=CHANNELS,
        signal=signal,
        reference_time_s=centre_s,
        reference_bpm=reference_bpm,
        activity=np.full(len(centre_s), "rest"),
    )


def best_offset(
    frame_s: NDArray[np.float64], light: NDArray[np.float64], interval_s: NDArray[np.float64]
) -> tuple[float, float]:
    """Time of the first beat at which the intervals fit the pulse best.

    Parameters
    ----------
    frame_s
        Times of the frames, shape (n_frames,).
    light
        Signals that rise at a systole, shape (n_channels, n_frames).
    interval_s
        Intervals between successive beats, shape (n_intervals,).

    Returns
    -------
    offset_s
        Of `OFFSETS_S`.
    difference_s
        Median absolute difference of the intervals there; infinite if no channel has a pulse.
    """
    beat_s = np.concatenate([[0.0], np.cumsum(interval_s)])
    centre_s = (beat_s[1:] + beat_s[:-1]) / 2
    usual_s = float(np.median(interval_s))
    best = (np.inf, 0.0)
    for channel in light:
        pulse_s = _pulses(frame_s, channel, usual_s)
        own_s = np.diff(pulse_s)
        plausible = np.abs(own_s / usual_s - 1) < 0.4
        own_s, at_s = own_s[plausible], ((pulse_s[1:] + pulse_s[:-1]) / 2)[plausible]
        for offset_s in OFFSETS_S:
            expected_s = np.interp(at_s, centre_s + offset_s, interval_s, np.nan, np.nan)
            difference_s = np.abs(expected_s - own_s)
            if np.isfinite(difference_s).sum() >= MIN_MATCHES:
                best = min(best, (float(np.nanmedian(difference_s)), float(offset_s)))
    return best[1], best[0]


def _pulses(
    frame_s: NDArray[np.float64], light: NDArray[np.float64], usual_s: float
) -> NDArray[np.float64]:
    """Times of the steepest rises of the pulse, at most one in 0.6 of the usual interval."""
    time_s = np.arange(frame_s[0], frame_s[-1], 1 / FINE_RATE_HZ)
    sos = butter(3, PULSE_BAND_HZ, btype="bandpass", fs=FINE_RATE_HZ, output="sos")
    slope = np.gradient(sosfiltfilt(sos, np.interp(time_s, frame_s, light)))
    height = 0.3 * np.quantile(slope, 0.98)
    if height <= 0:
        return np.zeros(0)
    peaks, _ = find_peaks(slope, height=height, distance=round(0.6 * usual_s * FINE_RATE_HZ))
    return np.asarray(time_s[peaks])


def _on_even_grid(frame_s: NDArray[np.float64], light: NDArray[np.float64]) -> NDArray[np.float32]:
    """Frames at `RATE_HZ`, NaN within gaps, shape (n_channels, n_samples)."""
    n_samples = int((frame_s[-1] - frame_s[0]) * RATE_HZ + 1e-6) + 1
    time_s = frame_s[0] + np.arange(n_samples) / RATE_HZ
    signal = CubicSpline(frame_s, light, axis=1)(time_s)
    after = np.searchsorted(frame_s, time_s).clip(1, len(frame_s) - 1)
    in_gap = (frame_s[after] - frame_s[after - 1] > MAX_GAP_S) & (frame_s[after] != time_s)
    signal[:, in_gap] = np.nan
    return np.asarray(signal, np.float32)


def _intervals(path: Path) -> NDArray[np.float64]:
    """Intervals between beats, in seconds; the file has milliseconds, separated by blanks."""
    try:
        words = path.read_text(encoding="ascii").split()
    except OSError as error:
        raise PpgkdError(
            f"{path}: the file cannot be opened ({error.strerror}). "
            "If it is missing, run again: it will be downloaded."
        ) from error
    except UnicodeDecodeError as error:
        raise damaged_file(f"{path}: these are no beat intervals ({error})") from error
    if len(words) < MIN_MATCHES or not all(word.isdigit() and int(word) for word in words):
        raise damaged_file(
            f"{path}: expected at least {MIN_MATCHES} beat intervals in whole milliseconds, found "
            f"{len(words)} words, such as {' '.join(words[:3])!r}"
        )
    return np.array(words, np.float64) / 1000
