"""Perceptrons on all samples of a window."""

from __future__ import annotations

from torch import Tensor, nn

from ppgkd.grid import N_CLASSES
from ppgkd.models.capacity import InputShape, WaveformMLPShape
from ppgkd.models.network import WaveformNetwork
from ppgkd.models.output import Output
from ppgkd.models.perceptron import hidden_layers


def make_network(shape: WaveformMLPShape, inputs: InputShape) -> WaveformMLP:
    """Make a member of the family; `ppgkd.models.build` calls this."""
    return WaveformMLP(shape, inputs)


class WaveformMLP(WaveformNetwork):
    """All samples of all channels, two hidden layers, 180 classes.

    Nothing is shared over time, so the first layer has most of the parameters, and a pulse that
    begins later is a new pattern. Networks are trained one by one: a step of small matrix products
    is faster than the same as grouped convolutions.

    Parameters
    ----------
    shape
        Width of the hidden layers.
    inputs
        Shape of the windows.
    """

    family = "waveform_mlp"

    def __init__(self, shape: WaveformMLPShape, inputs: InputShape) -> None:
        super().__init__()
        width = shape.width
        self.hidden = hidden_layers(inputs.channels * inputs.n_samples, width)
        self.head = nn.Linear(width, N_CLASSES)

    def from_seen(self, seen: Tensor) -> Output:
        """Map windows of shape (n_windows, n_channels, n_samples) to logits and features."""
        hidden = self.hidden(seen.flatten(1))
        return Output(self.head(hidden), hidden.unsqueeze(2))
