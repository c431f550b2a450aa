"""Published references with one value per 8 s window, every 2 s.

BAMI, PPG-DaLiA and the Signal Processing Cup have such references; TROIKA (IEEE TBME 62.2 (2015)
522) introduced them.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ppgkd.errors import damaged_file
from ppgkd.grid import STRIDE_S, WINDOW_S


def require_count(path: Path, variable: str, n_references: int, n_windows: int) -> None:
    """Refuse a reference whose number of values does not match the signal.

    Some published references have one value more or less than the signal has windows. If the
    difference is larger, reference and signal do not belong together, and every label would be
    shifted.

    Raises
    ------
    PpgkdError
        If the counts differ by more than one.
    """
    if abs(n_references - n_windows) > 1:
        raise damaged_file(
            f"{path}: {variable} has {n_references} values, but the signal has {n_windows} windows "
            f"of {WINDOW_S} s every {STRIDE_S} s; expected {n_windows - 1} to {n_windows + 1} "
            "values"
        )


def window_centres_s(first_start_s: float, n_windows: int) -> NDArray[np.float64]:
    """Centres of successive windows in seconds, shape ``(n_windows,)``.

    Parameters
    ----------
    first_start_s
        Start of the first window, in seconds from the first sample.
    n_windows
        Number of windows.
    """
    return first_start_s + WINDOW_S / 2 + STRIDE_S * np.arange(n_windows, dtype=np.float64)
