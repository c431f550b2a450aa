"""Raw windows without the short gaps of lost samples, the same in a study and in a stream.

It needs only NumPy and the window.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ppgkd.datasets.gaps import bridge_short_gaps
from ppgkd.windows.preprocessing import LARGEST_SAMPLE
from ppgkd.windows.signal_checks import lost_samples

ALWAYS_S = 0.05
"""Gaps up to this long are always bridged: what is left has 20 samples in a second, as many as an
accelerometer of 20 Hz beside a faster PPG."""

BRIDGED_SHARE = 0.1
"""Largest share of a channel's samples in a window that longer gaps may have."""


def without_lost_samples(
    raw: NDArray[np.floating], is_ppg: NDArray[np.bool_], rate_hz: float
) -> NDArray[np.float32]:
    """Bridge the short gaps of windows, and write NaN where samples remain missing.

    Parameters
    ----------
    raw
        Raw windows, shape (..., n_channels, n_samples). A sample is missing if it is not finite or
        is beyond `LARGEST_SAMPLE`; one of the PPG, also if it was written in place of a lost one
        (`ppgkd.windows.signal_checks.lost_samples`).
    is_ppg
        Which channels are PPG, shape (n_channels,).
    rate_hz
        Sampling rate.

    Returns
    -------
    ndarray of the shape of `raw`
    """
    found = np.where(np.abs(raw) <= LARGEST_SAMPLE, raw, np.nan).astype(np.float32)
    ppg = found[..., is_ppg, :]
    found[..., is_ppg, :] = np.where(lost_samples(ppg), np.nan, ppg)
    found, _ = bridge_short_gaps(found, rate_hz, ALWAYS_S)
    bridged, _ = bridge_short_gaps(found, rate_hz)
    few = np.isnan(found).mean(axis=-1, keepdims=True) <= BRIDGED_SHARE
    return np.where(few, bridged, found)
