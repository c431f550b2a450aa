"""HeartPy (van Gent et al., Transp. Res. F 66 (2019) 368): peaks above a moving average."""

from __future__ import annotations

import warnings
from functools import partial
from importlib.metadata import version

from peers.peer import Description, Peer, Signal, estimate_windows, pulse, upright
from ppgkd.grid import WINDOW_S

BAND_HZ = [0.7, 3.5]
"""Of the filter that its documentation puts before wrist PPG."""

RANGE_BPM = (40, 200)
"""Its own default ends at 180, which runners pass."""


def heartpy_peer() -> Peer:
    """Make the peer."""
    import heartpy

    warnings.simplefilter("ignore")  # of splines through the few beats of a window, at most windows

    def estimate(ppg: Signal, rate_hz: int) -> float:
        band = heartpy.filter_signal(pulse(ppg), BAND_HZ, rate_hz, order=3, filtertype="bandpass")
        low, high = RANGE_BPM
        try:
            _, measures = heartpy.process(upright(band), rate_hz, bpmmin=low, bpmmax=high)
        except heartpy.exceptions.BadSignalWarning:
            return float("nan")
        return float(measures["bpm"])

    return Peer(
        Description(
            title=f"HeartPy {version('heartpy')}",
            protocol=(
                "Without learning. Single windows of 8 s, mean of the PPG channels, band-passed "
                f"from {BAND_HZ[0]} to {BAND_HZ[1]} Hz, peaks up; no acceleration. Refuses bad "
                "signals, and some pulses that are perfectly regular. Filter and direction "
                "selected with a look at BAMI-1."
            ),
            signal_s=WINDOW_S,
            model_bytes=0,
        ),
        partial(estimate_windows, estimate),
    )
