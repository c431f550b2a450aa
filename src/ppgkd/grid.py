"""The two grids: 180 classes of heart rate, 1 BPM each; windows of 8 s every 2 s."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BPM_MIN = 30
BPM_MAX = 209
N_CLASSES = BPM_MAX - BPM_MIN + 1
DECODE_HALF_WIDTH_BPM = 8
"""The mode's neighbourhood whose expectation is the estimate."""

WINDOW_S = 8
STRIDE_S = 2


def count_windows(n_samples: int, rate_hz: int) -> int:
    """Count the whole windows in a signal of `n_samples`, of which there is at least one."""
    return (n_samples - WINDOW_S * rate_hz) // (STRIDE_S * rate_hz) + 1


def window_centres_s(first_start_s: float, n_windows: int) -> NDArray[np.float64]:
    """Centres of successive windows, in seconds, shape ``(n_windows,)``.

    Parameters
    ----------
    first_start_s
        Where the first window starts, in seconds from the first sample.
    n_windows
        How many windows.
    """
    import numpy as np  # Snakemake imports this module in every job

    return first_start_s + WINDOW_S / 2 + STRIDE_S * np.arange(n_windows, dtype=np.float64)
