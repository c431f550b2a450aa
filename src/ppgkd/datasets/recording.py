"""One recording, in the form that all readers return."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ppgkd.datasets.activity import ACTIVITIES
from ppgkd.errors import PpgkdError

PLAUSIBLE_BPM = (25.0, 240.0)
"""Range of human heart rates. A reference outside it is wrong: a chest strap without contact gives
0."""


@dataclass(frozen=True, eq=False)  # arrays have no truth value, so a generated == could only raise
class Recording:
    """A subject's signals and the reference heart rate that belongs to them.

    Parameters
    ----------
    name
        Name in the source, such as ``BAMI1_1``.
    subject
        Person who wears the sensor, such as ``bami1-01``. A person has the same name in all
        datasets, and no two persons have the same name.
    rate_hz
        Sampling rate of all channels, in Hz.
    channels
        One name per row of `signal`: ``ppg_1``, ``ppg_2``, ..., then ``acc_x``, ``acc_y``,
        ``acc_z``.
    signal
        Shape ``(n_channels, n_samples)``. PPG in sensor counts, acceleration in g. May contain
        NaN.
    reference_time_s
        Shape ``(n_references,)``. Centre of the 8 s window of each reference, in seconds from the
        first sample.
    reference_bpm
        Shape ``(n_references,)``. Reference heart rate in BPM; NaN where there is none.
    activity
        Shape ``(n_references,)``. Activity in the 8 s window of each reference, one of
        `ppgkd.datasets.activity.ACTIVITIES`; None if there are no labels.
    has_reference
        False: nobody measured a reference. Its windows are kept without one, and are not rejected,
        as those of a recording are whose reference is lost.

    Raises
    ------
    PpgkdError
        If the shapes contradict each other, or an activity is not one of these.
    """

    name: str
    subject: str
    rate_hz: float
    channels: tuple[str, ...]
    signal: NDArray[np.float32]
    reference_time_s: NDArray[np.float64]
    reference_bpm: NDArray[np.float32]
    activity: NDArray[np.str_] | None = None
    has_reference: bool = True

    def __post_init__(self) -> None:
        n_channels = len(self.channels)
        if self.signal.ndim != 2 or len(self.signal) != n_channels:
            raise PpgkdError(
                f"recording {self.name}: the signal has the shape {self.signal.shape}, "
                f"expected ({n_channels}, n_samples) for the channels {', '.join(self.channels)}. "
                "Correct the reader that made it."
            )
        if self.reference_bpm.ndim != 1 or self.reference_time_s.shape != self.reference_bpm.shape:
            raise PpgkdError(
                f"recording {self.name}: reference_time_s has the shape "
                f"{self.reference_time_s.shape} and reference_bpm {self.reference_bpm.shape}, "
                "expected the same (n_references,) for both. Correct the reader that made it."
            )
        if self.activity is None:
            return
        if self.activity.shape != self.reference_bpm.shape:
            raise PpgkdError(
                f"recording {self.name}: activity has the shape {self.activity.shape} and "
                f"reference_bpm {self.reference_bpm.shape}, expected the same (n_references,) for "
                "both. Correct the reader that made it."
            )
        unknown = sorted(set(np.unique(self.activity).tolist()) - set(ACTIVITIES))
        if unknown:
            raise PpgkdError(
                f"recording {self.name}: the activities {unknown} are not known; allowed are "
                f"{', '.join(ACTIVITIES)}. Correct the reader that made it."
            )
