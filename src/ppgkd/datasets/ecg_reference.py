"""Reference heart rate from an ECG; NaN where the ECG is unreliable.

Two detectors of different principles find the beats: that of `sleepecg` (Pan and Tompkins 1985, the
energy of the slope) and the length of the curve (Zong, Moody and Jiang, Computers in Cardiology 30
(2003) 737). A window has a reference if

- the detectors agree: at least 0.9 of all beats in the window are found by both (bSQI; Li, Mark and
  Clifford, Physiol. Meas. 29 (2008) 15), within 100 ms. Their 150 ms are half of the interval
  between two beats at 200 BPM;
- every interval between beats that overlaps the window is between 0.25 s and 2.4 s, which is 240 to
  25 BPM;
- no interval is more than 1.6 times the window's median interval, or less than 1/1.6 of it. A beat
  that both detectors miss makes an interval of twice the median, and a false beat of both makes two
  intervals of half of it. No other criterion detects these. Breathing at rest makes 1.4.

The last limit is ours. A window with arrhythmia exceeds it and has no reference. On the 13
training recordings of the Signal Processing Cup, which publish their ECG beside a reference, 93 %
of the windows have one by these rules, at a mean distance of 0.2 BPM from the published one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d, median_filter, uniform_filter1d
from scipy.signal import butter, find_peaks, sosfiltfilt
from sleepecg.heartbeats import detect_heartbeats

from ppgkd.datasets.beat_reference import MAX_RATIO
from ppgkd.datasets.recording import PLAUSIBLE_BPM
from ppgkd.datasets.resampling import resample
from ppgkd.errors import PpgkdError
from ppgkd.grid import STRIDE_S, WINDOW_S

MIN_AGREEMENT = 0.9
SAME_BEAT_S = 0.1

MIN_RATE_HZ = 100.0
"""At lower rates the detectors lose beats, and beats are timed to 5 ms at best."""

DETECTION_RATE_HZ = 250.0
"""The detectors were designed for about this rate; a faster ECG is resampled to it."""

_CURVE_S = 0.13  # the widest normal QRS complex (Zong et al.)
_QRS_BAND_HZ = (5.0, 25.0)
_REFRACTORY_S = 0.25


@dataclass(frozen=True)
class _Beats:
    """Times of one detector's beats, ascending, and whether the other detector confirms each."""

    time_s: NDArray[np.float64]
    confirmed: NDArray[np.bool_]

    def within(self, start_s: float, end_s: float) -> slice:
        first, last = np.searchsorted(self.time_s, [start_s, end_s])
        return slice(first, last)


def reference_from_ecg(
    ecg: NDArray[np.floating],
    rate_hz: float,
    *,
    window_s: float = WINDOW_S,
    stride_s: float = STRIDE_S,
) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Heart rate in windows of an ECG.

    Parameters
    ----------
    ecg
        Shape (n_samples,), in any unit and of either polarity. May hold NaN.
    rate_hz
        Its sampling rate, at least 100 Hz.
    window_s, stride_s
        Length of a window, and from one to the next; the first begins with the ECG.

    Returns
    -------
    time_s : ndarray of shape (n_windows,)
        Centres of the windows, in seconds from the first sample.
    bpm : ndarray of shape (n_windows,)
        60 s over the mean interval between the beats within the window; NaN where the ECG is
        unreliable (see the module) or has a sample that is not finite.

    Raises
    ------
    PpgkdError
        If the rate is too low for the detectors.
    """
    if not rate_hz >= MIN_RATE_HZ:
        raise PpgkdError(
            f"the ECG has a rate of {rate_hz:g} Hz; at least {MIN_RATE_HZ:g} Hz are needed to "
            "detect beats. Use another reference."
        )
    n_windows = max(math.floor((len(ecg) / rate_hz - window_s) / stride_s + 1e-9) + 1, 0)
    start_s = stride_s * np.arange(n_windows, dtype=np.float64)
    usable = np.isfinite(ecg)
    beats, others = _beats(np.where(usable, ecg, 0.0), rate_hz)
    n_lost = np.concatenate([[0], np.cumsum(~usable)])
    first = np.round(start_s * rate_hz).astype(int)
    last = np.minimum(np.round((start_s + window_s) * rate_hz).astype(int), len(ecg))
    complete = n_lost[first] == n_lost[last]
    bpm = np.full(n_windows, np.nan, np.float32)
    for window in np.flatnonzero(complete):
        bpm[window] = _window_bpm(beats, others, start_s[window], start_s[window] + window_s)
    return start_s + window_s / 2, bpm


def _window_bpm(beats: _Beats, others: _Beats, start_s: float, end_s: float) -> float:
    """Heart rate between two times, from the beats of the first detector; NaN if unreliable."""
    own, theirs = beats.within(start_s, end_s), others.within(start_s, end_s)
    time_s = beats.time_s[own]
    if len(time_s) < 3:
        return np.nan
    n_common = np.count_nonzero(beats.confirmed[own])
    n_alone = len(time_s) - n_common + np.count_nonzero(~others.confirmed[theirs])
    if n_common < MIN_AGREEMENT * (n_common + n_alone):
        return np.nan
    overlapping_s = beats.time_s[max(own.start - 1, 0) : own.stop + 1]
    # At the start and end of a recording there is no beat outside the window. The time from its
    # edge to the nearest beat is a lower bound of an interval.
    edge_s = (time_s[0] - start_s, end_s - time_s[-1])
    interval_s = np.diff(overlapping_s)
    median_s = float(np.median(np.diff(time_s)))
    longest_s, shortest_s = max(interval_s.max(), *edge_s), interval_s.min()
    slowest, fastest = PLAUSIBLE_BPM
    if longest_s > min(60 / slowest, MAX_RATIO * median_s):
        return np.nan
    if shortest_s < max(60 / fastest, median_s / MAX_RATIO):
        return np.nan
    return float(60 / np.diff(time_s).mean())


def _beats(ecg: NDArray[np.floating], rate_hz: float) -> tuple[_Beats, _Beats]:
    """Beats of both detectors."""
    if rate_hz > DETECTION_RATE_HZ:
        ecg, rate_hz = resample(ecg, rate_hz, DETECTION_RATE_HZ), DETECTION_RATE_HZ
    signal = np.ascontiguousarray(ecg, np.float64)
    if len(signal) < 2 * rate_hz or np.ptp(signal) == 0:
        none = _Beats(np.zeros(0), np.zeros(0, np.bool_))
        return none, none
    by_energy_s = detect_heartbeats(signal, rate_hz) / rate_hz
    by_length_s = _beats_by_length(signal, rate_hz) / rate_hz
    return (
        _Beats(by_energy_s, _is_near(by_energy_s, by_length_s)),
        _Beats(by_length_s, _is_near(by_length_s, by_energy_s)),
    )


def _is_near(time_s: NDArray[np.float64], others_s: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether each time has one of the others within `SAME_BEAT_S`."""
    first = np.searchsorted(others_s, time_s - SAME_BEAT_S, "left")
    last = np.searchsorted(others_s, time_s + SAME_BEAT_S, "right")
    return np.asarray(last > first)


def _beats_by_length(ecg: NDArray[np.float64], rate_hz: float) -> NDArray[np.int64]:
    """Beats by the length of the curve, as sample indices.

    A beat is a peak of the curve's length within 130 ms that exceeds half of the usual maximum: the
    median over 10 s of the maxima of 2 s.
    """
    sos = butter(2, _QRS_BAND_HZ, btype="bandpass", fs=rate_hz, output="sos")
    steps = np.abs(np.diff(sosfiltfilt(sos, ecg), prepend=0.0))
    length = uniform_filter1d(steps, round(_CURVE_S * rate_hz))
    highest = maximum_filter1d(length, round(2 * rate_hz))
    every = round(rate_hz / 2)
    usual = median_filter(highest[::every], 20)
    threshold = 0.5 * np.repeat(usual, every)[: len(length)]
    peaks, _ = find_peaks(length, height=threshold, distance=round(_REFRACTORY_S * rate_hz))
    return np.asarray(peaks[length[peaks] > 0])
