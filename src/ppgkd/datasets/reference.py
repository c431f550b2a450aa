"""How a published reference lies on its recording: one value per 8 s window, every 2 s.

BAMI and the Signal Processing Cup share this layout (TROIKA, IEEE TBME 62.2 (2015) 522, set it).
They differ in the end at which reference and signal meet.
"""

from pathlib import Path

from ppgkd.errors import damaged_file
from ppgkd.grid import STRIDE_S, WINDOW_S


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
        raise damaged_file(
            f"{path}: {variable} has {n_references} values, but the signal has {n_windows} windows "
            f"of {WINDOW_S} s every {STRIDE_S} s; expected {n_windows - 1} to {n_windows + 1} "
            "values"
        )
