"""EDF files for the tests, written by edfio."""

from collections.abc import Iterable
from pathlib import Path

from numpy.typing import NDArray


def write_edf(path: Path, signals: Iterable[tuple[str, float, NDArray]], unit: str = "") -> None:
    """Write signals: the label, the rate in Hz and the values of each."""
    from edfio import Edf, EdfSignal

    Edf(
        [
            EdfSignal(values, rate_hz, label=label, physical_dimension=unit)
            for label, rate_hz, values in signals
        ]
    ).write(path)
