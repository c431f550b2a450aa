"""The reference heart rates of recordings, in the order of time."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def references_by_recording(index: pd.DataFrame) -> list[NDArray[np.float64]]:
    """Reference of each recording at successive strides.

    Parameters
    ----------
    index
        Rows of a windows file: ``dataset, recording, window, hr_bpm``.

    Returns
    -------
    list of ndarray, each of shape (n_strides,)
        In BPM; NaN where a window is missing.
    """
    found = []
    for _, rows in index.groupby(["dataset", "recording"], sort=False):
        reference = np.full(int(rows["window"].max()) + 1, np.nan)
        reference[rows["window"].to_numpy()] = rows["hr_bpm"].to_numpy()
        found.append(reference)
    return found
