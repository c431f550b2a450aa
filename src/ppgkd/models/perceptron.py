"""Hidden layers of the perceptrons, which differ in what they read."""

from __future__ import annotations

from torch import nn


def hidden_layers(entry: int, width: int) -> nn.Sequential:
    """Make two hidden layers with normalisation.

    Parameters
    ----------
    entry
        Numbers that the first layer reads.
    width
        Units of each layer.

    Returns
    -------
    Sequential
        Maps (n_windows, entry) to (n_windows, width).
    """
    return nn.Sequential(
        nn.Linear(entry, width, bias=False),
        nn.BatchNorm1d(width),
        nn.ReLU(),
        nn.Linear(width, width, bias=False),
        nn.BatchNorm1d(width),
        nn.ReLU(),
    )
