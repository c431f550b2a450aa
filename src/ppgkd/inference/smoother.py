"""A smoother over the probabilities: the online filter's model, given all windows of a recording.

It looks in both directions (forward-backward algorithm; Rabiner, Proc. IEEE 1989), so it is for
teachers and not for devices: what a window hides, those after it may show.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ppgkd.inference.online_filter import LONGEST_GAP, Transition, filter_windows


def smooth_windows(
    probabilities: NDArray[np.floating],
    window: NDArray[np.integer],
    transition: Transition,
    on_motion: NDArray[np.bool_] | None = None,
) -> NDArray[np.float64]:
    """Smooth the windows of one recording.

    Parameters
    ----------
    probabilities, window, transition, on_motion
        As of `ppgkd.inference.online_filter.filter_windows`.

    Returns
    -------
    ndarray of shape (n_windows, 180)
        Probability of each class at each window, given all windows of the recording.

    Raises
    ------
    PpgkdError
        As of `ppgkd.inference.online_filter.filter_windows`.
    """
    smoothed = filter_windows(probabilities, window, transition, on_motion)
    kept = 1.0 if on_motion is None else 1 - transition.motion_discount * on_motion
    evidence = (np.asarray(probabilities, np.float64) * kept) ** transition.evidence
    strides = np.diff(window)
    later = np.ones(smoothed.shape[1])
    for row in range(len(smoothed) - 2, -1, -1):
        kernel = transition.kernel
        if strides[row] > 1:
            kernel = np.linalg.matrix_power(kernel, min(int(strides[row]), LONGEST_GAP))
        later = kernel @ (evidence[row + 1] * later)
        later /= later.sum()
        smoothed[row] *= later
        smoothed[row] /= smoothed[row].sum()
    return smoothed
