"""Reading of signals of EDF files, by `edfio`, with errors that name the file.

EDF (Kemp et al., Electroencephalogr. Clin. Neurophysiol. 82 (1992) 391) has 16 characters for the
label of a signal. Longer ones are cut off, so labels may repeat, and signals are found by index,
too. Each signal has its own sampling rate.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
from edfio import read_edf

from ppgkd.datasets.waveform import Waveform, unreadable
from ppgkd.errors import PpgkdError


def read_edf_signals(path: Path) -> tuple[Waveform, ...]:
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
            Waveform(
                signal.label.strip(),
                signal.physical_dimension.strip(),
                float(signal.sampling_frequency),
                np.asarray(signal.data, np.float64),
            )
            for signal in edf.signals
        )
        reserved = str(edf.reserved)
    except Exception as error:  # damaged bytes make the parser raise almost anything
        raise unreadable(path, "EDF file", error) from error
    if reserved.startswith("EDF+D"):
        raise PpgkdError(
            f"{path}: the recording has pauses (EDF+D), and windows must not reach across them. "
            "Write each part as a file of its own."
        )
    return signals
