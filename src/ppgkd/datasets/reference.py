"""How a published reference lies on its recording: one value per 8 s window, every 2 s.

BAMI and the Signal Processing Cup share this layout (TROIKA, IEEE TBME 62.2 (2015) 522, set it).
They differ in the end at which reference and signal meet.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ppgkd.datasets.matlab import DOWNLOAD_ANEW
from ppgkd.errors import PpgkdError

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
    return first_start_s + WINDOW_S / 2 + STRIDE_S * np.arange(n_windows, dtype=np.float64)


def require_count(path: Path, variable: str, n_references: int, n_windows: int) -> None:
    """Refuse a reference that cannot belong to the signal.

    The published references are now and then one value longer or shorter than the signal has
    windows. A larger difference means that they are not a pair, and that every label is shifted.

    Raises
    ------
    PpgkdError
        If the counts differ by more than one.
    """
    if abs(n_references - n_windows) > 1:
        raise PpgkdError(
            f"{path}: {variable} has {n_references} values, but the signal has {n_windows} windows "
            f"of {WINDOW_S} s every {STRIDE_S} s; expected {n_windows - 1} to {n_windows + 1} "
            f"values. {DOWNLOAD_ANEW}"
        )
