"""HeartPy (van Gent et al., Transp. Res. F 66 (2019) 368): peaks above a moving average."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from importlib.metadata import version

from peers.peer import About, Peer, Signal, Stretch, pulse, timed, upright
from ppgkd.grid import WINDOW_S

BAND_HZ = [0.7, 3.5]
"""Of the filter that its documentation puts before wrist PPG."""

RANGE_BPM = (40, 200)
"""Its own default ends at 180, which runners pass."""


def heartpy_peer() -> Peer:
    """Make it."""
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

    def steps(stretch: Stretch) -> Iterator[float]:
        return (estimate(ppg, stretch.rate_hz) for ppg, _ in stretch.windows())

    return Peer(
        About(
            title=f"HeartPy {version('heartpy')}",
            protocol=(
                "Learns nothing. Single windows of 8 s, mean of the PPG channels, band-passed from "
                f"{BAND_HZ[0]} to {BAND_HZ[1]} Hz, peaks up; no acceleration. Refuses bad "
                "signals. Filter and direction chosen with BAMI-1 in sight."
            ),
            signal_s=WINDOW_S,
            model_bytes=0,
        ),
        lambda stretch: timed(steps(stretch)),
    )
