"""Targets from a teacher's estimates of the windows themselves, for every view of the view cache.

A teacher that is not run here says what it knows of a window as it was recorded. A view plays the
pulse back faster or slower, and may put it under another window's motion: its target is what the
teacher says of the window whose pulse it is, at the rate that the pulse has in the view.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ppgkd.distill.targets import HALF_RANGE
from ppgkd.grid import N_CLASSES
from ppgkd.runtime.artifacts import atomic_array, write_json
from ppgkd.views.cache import ViewCache
from ppgkd.views.playback import scale_distribution

LEAST_KEPT = 0.5
"""Least share of a distribution within the classes. Where less is left, it teaches nothing."""


def write_estimate_targets(
    probabilities: NDArray[np.float32],
    fingerprint: str,
    view_cache: ViewCache,
    folder: str | Path,
) -> None:
    """Write the files of `ppgkd.distill.targets.write_targets`, without features.

    Parameters
    ----------
    probabilities
        What the teacher says of each window of the transfer set, shape (n_windows, 180); NaN where
        it says nothing, or is not to be believed.
    fingerprint
        Fingerprint of the teacher.
    view_cache
        The views of the same windows.
    folder
        Where the files go.
    """
    folder = Path(folder)
    known = torch.from_numpy(probabilities)
    shape = (view_cache.n_views, view_cache.n_windows)
    with atomic_array(folder / "logits.npy", (*shape, N_CLASSES), np.float16) as append:
        for pulse_row, factor in zip(view_cache.pulse_row, view_cache.rate_factor, strict=True):
            of_pulse = known[torch.from_numpy(pulse_row.astype(np.int64))]
            scaled, kept = scale_distribution(of_pulse, torch.from_numpy(factor))
            # NaN stays NaN; of impossible classes, the smallest number of half precision is kept
            logits = scaled.log()
            logits = (logits - logits.amax(dim=1, keepdim=True)).clamp_min(-HALF_RANGE)
            logits[~(kept >= LEAST_KEPT)] = torch.nan
            append(logits.numpy().astype(np.float16))
    with atomic_array(folder / "features.npy", (*shape, 0, 0), np.float16):
        pass
    about = {"windows": view_cache.windows, "bank": view_cache.fingerprint, "teacher": fingerprint}
    write_json(folder / "targets.json", about)
