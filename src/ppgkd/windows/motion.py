"""How strongly the wrist moves in a window."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MOTION_BANDS: dict[str, tuple[float, float]] = {
    "still": (0.0, 0.1),
    "light": (0.1, 0.25),
    "moderate": (0.25, 0.6),
    "vigorous": (0.6, np.inf),
}
"""Names of the intensities, each with its lower bound, which belongs to it, and its upper, in g.

They are our own: published cut-points are of other quantities. On the treadmill of BAMI-1 there
are few windows about 0.1 g, between standing and walking, and about 0.6 g, between walking and
running. Hildebrand et al. (Med Sci Sports Exerc 46 (2014) 1816) let moderate activity of adults
begin, at the wrist, at 0.1006 g of ENMO, which is how far the magnitude of the raw acceleration
exceeds 1 g in the mean; BAMI-1 windows of that ENMO have a median intensity of 0.24 g. Their
vigorous, 0.4288 g of ENMO, would begin at 0.98 g: a slow run is moderate to them, vigorous here.
"""


def motion_intensity_g(
    signal: NDArray[np.floating], channels: tuple[str, ...]
) -> NDArray[np.float64]:
    """Root of the mean square of the acceleration, summed over its channels.

    Gravity is gone from preprocessed windows, so this is the motion within the pass band of the
    preprocessing; how the watch sits on the wrist does not matter.

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
