"""Reading of signals of EDF files, by `edfio`, with errors that name the file and signal.

EDF (Kemp et al., Electroencephalogr. Clin. Neurophysiol. 82 (1992) 391) has 16 characters for the
label of a signal. Longer ones are cut off, so labels may repeat, and signals are found by index,
too. Each signal has its own sampling rate.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from edfio import read_edf
from numpy.typing import NDArray

from ppgkd.errors import PpgkdError, damaged_file


@dataclass(frozen=True)
class EdfSignal:
    """One signal of an EDF file.

    Attributes
    ----------
    label
        Up to 16 characters.
    unit
        As the file says it.
    rate_hz
        Sampling rate.
    values
        In the unit, shape (n_samples,).
    """

    label: str
    unit: str
    rate_hz: float
    values: NDArray[np.float64]


def read_edf_signals(path: Path) -> tuple[EdfSignal, ...]:
    """Read all signals of an EDF file, in its order; annotations are no signal.

    Raises
    ------
    PpgkdError
        If the file is missing or damaged, or if it has pauses (EDF+D), across which no window may
        reach.
    """
    try:
        # it only warns of a file that is shorter than its header says, and reads what is there
        with warnings.catch_warnings(action="error"):
            edf = read_edf(path)
        signals = tuple(
            EdfSignal(
                signal.label.strip(),
                signal.physical_dimension.strip(),
                float(signal.sampling_frequency),
                np.asarray(signal.data, np.float64),
            )
            for signal in edf.signals
        )
        reserved = str(edf.reserved)
    except OSError as error:
        raise PpgkdError(
            f"{path}: the file cannot be opened ({error.strerror}). "
            "If it is missing, run again: it will be downloaded."
        ) from error
    except Exception as error:  # damaged bytes make the parser raise almost anything
        raise damaged_file(
            f"{path}: the file is damaged or no EDF file ({type(error).__name__}: {error})"
        ) from error
    if reserved.startswith("EDF+D"):
        raise PpgkdError(
            f"{path}: the recording has pauses (EDF+D), and windows must not reach across them. "
            "Write each part as a file of its own."
        )
    return signals
