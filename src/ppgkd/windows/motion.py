"""Intensity of the wrist's motion in a window."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MOTION_BANDS: dict[str, tuple[float, float]] = {
    "still": (0.0, 0.1),
    "light": (0.1, 0.25),
    "moderate": (0.25, 0.6),
    "vigorous": (0.6, np.inf),
}
"""Bands of motion intensity: name to lower bound (included) and upper bound (excluded), in g.

The bounds are our own, because published cut-points are of other quantities. On the treadmill of
BAMI-1 few windows are near 0.1 g, between standing and walking, or near 0.6 g, between walking and
running. Hildebrand et al. (Med Sci Sports Exerc 46 (2014) 1816) give cut-points of ENMO at the
wrist of adults, the mean excess of the acceleration's magnitude over 1 g. Moderate activity begins
at 0.1006 g; BAMI-1 windows of that ENMO have a median intensity of 0.24 g. Vigorous activity begins
at 0.4288 g, which is an intensity of 0.98 g: a slow run is moderate there and vigorous here.
"""


def motion_intensity_g(
    signal: NDArray[np.floating], channels: tuple[str, ...]
) -> NDArray[np.float64]:
    """Root mean square of the acceleration vector in each window.

    Preprocessing removes gravity, so this is the motion within its pass band. It does not depend
    on the orientation of the watch.

    Parameters
    ----------
    signal
        Preprocessed windows, shape (n_windows, n_channels, n_samples); acceleration in g.
    channels
        Names of the channels; those of the accelerometer start with ``acc``.

    Returns
    -------
    ndarray of shape (n_windows,)
        In g; NaN without an accelerometer.
    """
    acc = signal[:, [name.startswith("acc") for name in channels]]
    if not acc.shape[1]:
        return np.full(len(signal), np.nan)
    square = np.einsum("wcs,wcs->w", acc, acc, dtype=np.float64)  # without a copy in float64
    return np.asarray(np.sqrt(square / acc.shape[2]))
