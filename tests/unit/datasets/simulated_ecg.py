"""An ECG with known beats: waves P, Q, R, S and T as Gaussian bumps, on breathing and noise.

The shapes are those of McSharry et al., IEEE Trans. Biomed. Eng. 50 (2003) 289.
"""

import numpy as np
from numpy.typing import NDArray

_WAVES = (
    (0.12, -0.17, 0.025),  # height in mV, place in s from the R peak, width in s
    (-0.1, -0.03, 0.01),
    (1.0, 0.0, 0.012),
    (-0.2, 0.03, 0.01),
    (0.3, 0.25, 0.05),
)


def simulated_ecg(
    beats_s: NDArray[np.float64], duration_s: float, rate_hz: float, noise_mv: float = 0.02
) -> NDArray[np.float64]:
    time_s = np.arange(round(duration_s * rate_hz)) / rate_hz
    ecg = 0.3 * np.sin(2 * np.pi * 0.25 * time_s)
    ecg += noise_mv * np.random.default_rng(0).standard_normal(len(time_s))
    for beat_s in beats_s:
        first, last = np.searchsorted(time_s, [beat_s - 0.4, beat_s + 0.5])
        since_s = time_s[first:last] - beat_s
        for height, place_s, width_s in _WAVES:
            ecg[first:last] += height * np.exp(-(((since_s - place_s) / width_s) ** 2) / 2)
    return ecg
