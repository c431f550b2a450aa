"""The estimator that learns nothing: the highest peak of the PPG's spectrum.

It is the yardstick for how hard data are. A treadmill's steps are louder than the pulse, so it
locks on them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BPM_RANGE = (30.0, 210.0)
RESOLUTION_BPM = 1.0


def spectral_peak_bpm(ppg: NDArray[np.floating], rate_hz: float) -> NDArray[np.float64]:
    """Frequency of the highest peak of the mean spectrum of the PPG channels.

    Parameters
    ----------
    ppg
        Windows, shape (n_windows, n_ppg_channels, n_samples).
    rate_hz
        Sampling rate.

    Returns
    -------
    ndarray of shape (n_windows,)
        Estimates in BPM, between 30 and 210.
    """
    n_fft = int(np.ceil(60 * rate_hz / RESOLUTION_BPM))
    tapered = (ppg - ppg.mean(axis=2, keepdims=True)) * np.hanning(ppg.shape[2])
    power = np.square(np.abs(np.fft.rfft(tapered, n=n_fft, axis=2))).mean(axis=1)
    bpm = 60 * np.fft.rfftfreq(n_fft, d=1 / rate_hz)
    allowed = (bpm >= BPM_RANGE[0]) & (bpm <= BPM_RANGE[1])
    return np.asarray(bpm[allowed][power[:, allowed].argmax(axis=1)])
