"""Scales of the accelerometers, which the files do not contain.

Acceleration is in g in every recording. PPG has no unit; its sign is in the registry
(``ppg_polarity``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # the registry is imported by Snakemake in every job, without NumPy
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Accelerometer:
    """Linear scale of an accelerometer.

    Attributes
    ----------
    zero_counts
        Output at 0 g.
    counts_per_g
        Increase of the output per g.
    """

    zero_counts: float
    counts_per_g: float

    def to_g(self, counts: NDArray[Any]) -> NDArray[np.float32]:
        """Convert published values of any shape to g."""
        in_g: NDArray[np.float32] = counts.astype("float32")
        in_g -= self.zero_counts
        in_g /= self.counts_per_g
        return in_g


BAMI = Accelerometer(zero_counts=32_768, counts_per_g=4_096)
"""Not documented by the authors. With it the median magnitude of the acceleration is 1.00 to 1.11 g
in 24 of the 27 recordings measured, and at most 1.32 g."""

EMPATICA_E4 = Accelerometer(zero_counts=0, counts_per_g=64)
"""According to its maker: from -2 g to 2 g in eight bits."""

SIGNAL_PROCESSING_CUP = Accelerometer(zero_counts=0, counts_per_g=1)
"""Published in g. The median magnitude is 0.8 to 1.4 g in the 14 recordings measured."""

SHIMMER = Accelerometer(zero_counts=0, counts_per_g=9.80665)
"""Published in m/s2. The median magnitude is 0.97 to 1.12 g in the 8 recordings measured."""
