"""NeuroKit2 (Makowski et al., Behav. Res. Methods 53 (2021) 1689) with Elgendi's peak detector."""

from __future__ import annotations

from importlib.metadata import version

import numpy as np

from peers.peer import (
    Description,
    Estimates,
    Peer,
    Segment,
    Signal,
    estimate_windows,
    pulse,
    upright,
)
from ppgkd.grid import WINDOW_S

LEAST_RATE_HZ = 50
"""At 25 Hz its default method loses beats from about 105 BPM on; simulated pulses of 120 to 140 BPM
are read, in the median, as 71."""


def neurokit2_peer() -> Peer:
    """Make the peer."""
    import neurokit2

    def estimate(ppg: Signal, rate_hz: int) -> float:
        clean = neurokit2.ppg_clean(pulse(ppg), sampling_rate=rate_hz, method="elgendi")
        found = neurokit2.ppg_findpeaks(upright(clean), sampling_rate=rate_hz, method="elgendi")
        intervals = np.diff(found["PPG_Peaks"])
        # the median: a missed beat or one too many moves the mean by tens of BPM
        return 60 * rate_hz / float(np.median(intervals)) if len(intervals) else float("nan")

    def estimate_segment(segment: Segment) -> Estimates:
        return estimate_windows(estimate, segment.at_least(LEAST_RATE_HZ))

    return Peer(
        Description(
            title=f"NeuroKit2 {version('neurokit2')}",
            protocol=(
                "Without learning. Single windows of 8 s, mean of the PPG channels, cleaned and "
                "searched for peaks by its default method (Elgendi), peaks up, median of the "
                "intervals; no acceleration. Direction and median selected with a look at BAMI-1. "
                f"A signal below {LEAST_RATE_HZ} Hz is resampled to it: at 25 Hz this method loses "
                "beats from about 105 BPM on, and reads half of faster pulses' rates."
            ),
            signal_s=WINDOW_S,
            model_bytes=0,
        ),
        estimate_segment,
    )
