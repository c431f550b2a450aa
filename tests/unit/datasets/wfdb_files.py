"""WFDB records for the tests, written by wfdb."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


def write_record(
    folder: Path, name: str, frame_hz: float, signals: Sequence[tuple[str, float, NDArray]]
) -> None:
    """Write signals: the label, the rate in Hz and the values of each; a frame has several."""
    import wfdb

    labels, rates_hz, values = zip(*signals, strict=True)
    wfdb.wrsamp(
        name,
        fs=frame_hz,
        units=["NU"] * len(labels),
        sig_name=[*labels],
        e_p_signal=[*values],
        samps_per_frame=[round(rate_hz / frame_hz) for rate_hz in rates_hz],
        fmt=["32"] * len(labels),
        write_dir=str(folder),
    )


def write_beats(
    folder: Path,
    name: str,
    suffix: str,
    time_s: NDArray,
    symbols: Sequence[str],
    rate_hz: float,
) -> None:
    """Write annotations with times in samples of a rate of their own."""
    import wfdb

    sample = np.round(time_s * rate_hz).astype(int)
    wfdb.wrann(name, suffix, sample, symbol=[*symbols], fs=rate_hz, write_dir=str(folder))
