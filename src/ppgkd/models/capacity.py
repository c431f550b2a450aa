"""Capacity: the member of a family whose parameter count is nearest to a requested one.

The counts are formulas, which tests compare with the networks, so the workflow can name every cell
without importing PyTorch.

To add a family: a shape here, an entry in `SHAPES`, a module ``ppgkd.models.<family>`` with the
function ``make_network(shape, inputs)``, and ``ppgkd.export.families.<family>``, which writes its
ONNX graph.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar, Literal

from ppgkd.errors import PpgkdError
from ppgkd.grid import N_CLASSES

BINS = 90
"""Frequencies of the front end: every 2 BPM."""
HARMONICS = (1, 2)
PPG_FLOOR = 1e-3
"""Power of the PPG below this, relative to a channel of unit variance, is noise."""
POSITION_CHANNELS = 2
KERNEL = 5
DILATIONS = (1, 2, 4, 8)

STEM_KERNEL = 9
"""Of a network along time: a third of a second, long enough to see the slope of a beat."""
STAGES = 4
"""Residual blocks of a residual network along time, each of which halves the positions."""
NARROWING = (8**-0.5, 4**-0.5, 2**-0.5, 1, 1)
"""Channels of its stem and blocks, as parts of its width. The early layers have most positions, so
they are narrow: at 40,000 parameters that saves two fifths of the multiply-accumulates of a network
that is as wide everywhere."""

TCN_STRIDE = 4
"""Of the stem of a dilated network along time: 6 positions per second are left of 25 samples."""
TCN_KERNEL = 5
TCN_DILATIONS = (1, 2, 4, 8)
"""One block for each; the last position sees 61 positions, which is all of a window of 8 s."""

Seen = Literal["spectra", "signal"]
"""What a family sees of a window: the spectra that the front end makes, or the window itself."""


@dataclass(frozen=True)
class InputShape:
    """Shape of the input of a model: one preprocessed window.

    Attributes
    ----------
    ppg_channels, acc_channels
        Number of channels of each sensor, PPG first.
    n_samples, rate_hz
        Length and sampling rate of the window.
    acc_floor
        Power of the acceleration, in g², below which it is noise.
    """

    ppg_channels: int
    acc_channels: int
    n_samples: int
    rate_hz: float
    acc_floor: float = 1e-3

    @property
    def channels(self) -> int:
        """Channels of a window."""
        return self.ppg_channels + self.acc_channels

    @property
    def sensors(self) -> int:
        """Sensors of a window: the PPG, and the accelerometer if it is used."""
        return 1 + (self.acc_channels > 0)

    @property
    def spectra(self) -> int:
        """Spectra that the front end makes: one per PPG channel, one for the accelerometer."""
        return self.ppg_channels + (self.acc_channels > 0)


@dataclass(frozen=True)
class Shape(ABC):
    """Shape of a network: everything except its weights. A subclass is a family.

    Attributes
    ----------
    width
        What the family's capacity grows with.
    sees
        What the family sees of a window.
    """

    width: int
    sees: ClassVar[Seen] = "spectra"

    @property
    @abstractmethod
    def family(self) -> str:
        """Name of the family."""

    @abstractmethod
    def n_params(self, inputs: InputShape) -> int:
        """Count the trainable parameters."""

    @abstractmethod
    def macs(self, inputs: InputShape) -> int:
        """Count the multiply-accumulates of one window, after the front end."""


@dataclass(frozen=True)
class SpectralResNetShape(Shape):
    """A residual network along frequency; its capacity is its width."""

    @property
    def family(self) -> str:
        """Name of the family."""
        return "spectral_resnet"

    def n_params(self, inputs: InputShape) -> int:
        """Count the trainable parameters."""
        width, entry = self.width, inputs.spectra * len(HARMONICS) + POSITION_CHANNELS
        norm = 2 * width
        stem = entry * width * KERNEL + norm
        block = 2 * (width * width * KERNEL + norm)
        head = (width + 1) * (N_CLASSES // BINS)
        return stem + len(DILATIONS) * block + head

    def macs(self, inputs: InputShape) -> int:
        """Count the multiply-accumulates of one window, after the front end."""
        width, entry = self.width, inputs.spectra * len(HARMONICS) + POSITION_CHANNELS
        per_bin = KERNEL * width * (entry + 2 * len(DILATIONS) * width)
        return BINS * (per_bin + width * (N_CLASSES // BINS))


@dataclass(frozen=True)
class SpectralMLPShape(Shape):
    """A perceptron with two hidden layers; its capacity is their width."""

    @property
    def family(self) -> str:
        """Name of the family."""
        return "spectral_mlp"

    def n_params(self, inputs: InputShape) -> int:
        """Count the trainable parameters."""
        width, entry = self.width, inputs.sensors * len(HARMONICS) * BINS
        hidden = (entry + width) * width + 2 * (2 * width)
        return hidden + (width + 1) * N_CLASSES

    def macs(self, inputs: InputShape) -> int:
        """Count the multiply-accumulates of one window, after the front end."""
        entry = inputs.sensors * len(HARMONICS) * BINS
        return self.width * (entry + self.width + N_CLASSES)


@dataclass(frozen=True)
class WaveformResNetShape(Shape):
    """A residual network along time, which halves the positions; its capacity is its width."""

    sees: ClassVar[Seen] = "signal"

    @property
    def family(self) -> str:
        """Name of the family."""
        return "waveform_resnet"

    @property
    def widths(self) -> tuple[int, ...]:
        """Channels of the stem and of each block."""
        return tuple(max(1, round(part * self.width)) for part in NARROWING)

    def n_params(self, inputs: InputShape) -> int:
        """Count the trainable parameters."""
        total = self.widths[0] * (inputs.channels * STEM_KERNEL + 2)
        for entry, width in pairwise(self.widths):
            total += width * ((KERNEL + 1) * entry + KERNEL * width + 3 * 2)
        return total + (self.width + 1) * N_CLASSES

    def macs(self, inputs: InputShape) -> int:
        """Count the multiply-accumulates of one window."""
        positions = halved(inputs.n_samples)
        total = positions * inputs.channels * self.widths[0] * STEM_KERNEL
        for entry, width in pairwise(self.widths):
            positions = halved(positions)
            total += positions * width * ((KERNEL + 1) * entry + KERNEL * width)
        return total + self.width * N_CLASSES


@dataclass(frozen=True)
class WaveformTCNShape(Shape):
    """A depthwise-separable network along time, dilated; its capacity is its width."""

    sees: ClassVar[Seen] = "signal"

    @property
    def family(self) -> str:
        """Name of the family."""
        return "waveform_tcn"

    def n_params(self, inputs: InputShape) -> int:
        """Count the trainable parameters."""
        width, norm = self.width, 2 * self.width
        stem = inputs.channels * width * STEM_KERNEL + norm
        block = width * TCN_KERNEL + norm + width * width + norm
        return stem + len(TCN_DILATIONS) * block + (width + 1) * N_CLASSES

    def macs(self, inputs: InputShape) -> int:
        """Count the multiply-accumulates of one window."""
        width, positions = self.width, math.ceil(inputs.n_samples / TCN_STRIDE)
        block = TCN_KERNEL + width
        per_channel = inputs.channels * STEM_KERNEL + len(TCN_DILATIONS) * block
        return width * (positions * per_channel + N_CLASSES)


@dataclass(frozen=True)
class WaveformMLPShape(Shape):
    """A perceptron with two hidden layers on all samples; its capacity is their width."""

    sees: ClassVar[Seen] = "signal"

    @property
    def family(self) -> str:
        """Name of the family."""
        return "waveform_mlp"

    def n_params(self, inputs: InputShape) -> int:
        """Count the trainable parameters."""
        width = self.width
        hidden = (inputs.channels * inputs.n_samples + width) * width + 2 * (2 * width)
        return hidden + (width + 1) * N_CLASSES

    def macs(self, inputs: InputShape) -> int:
        """Count the multiply-accumulates of one window."""
        entry = inputs.channels * inputs.n_samples
        return self.width * (entry + self.width + N_CLASSES)


def halved(positions: int) -> int:
    """Positions after a padded convolution of stride two."""
    return (positions + 1) // 2


SHAPES: dict[str, type[Shape]] = {
    "spectral_resnet": SpectralResNetShape,
    "spectral_mlp": SpectralMLPShape,
    "waveform_resnet": WaveformResNetShape,
    "waveform_tcn": WaveformTCNShape,
    "waveform_mlp": WaveformMLPShape,
}
"""Every family by name: what it sees, then what it is."""

RENAMED = {"resnet": "spectral_resnet", "mlp": "spectral_mlp"}
"""Families by the names that they had before others saw the waveform."""

WIDTHS = range(2, 1025)


def nearest_shape(family: str, n_params: int, inputs: InputShape) -> Shape:
    """Member of a family whose parameter count comes nearest.

    Parameters
    ----------
    family
        A key of `SHAPES`.
    n_params
        The requested count.
    inputs
        Shape of the windows, which the count depends on.

    Raises
    ------
    PpgkdError
        If the family does not exist or has no member of about that size.
    """
    if family not in SHAPES:
        raise PpgkdError(f"Model family '{family}' is unknown; there are {sorted(SHAPES)}.")
    smallest = SHAPES[family](WIDTHS[0]).n_params(inputs)
    largest = SHAPES[family](WIDTHS[-1]).n_params(inputs)
    if not smallest <= n_params <= largest:
        raise PpgkdError(
            f"Capacity {n_params:,} is outside family '{family}', whose members have "
            f"{smallest:,} to {largest:,} parameters for this input; ask for one in between."
        )
    return min(
        (SHAPES[family](width) for width in WIDTHS),
        key=lambda shape: abs(shape.n_params(inputs) - n_params),
    )
