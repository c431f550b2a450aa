"""The network half of an exported file: from the preprocessed window to BPM."""

from __future__ import annotations

import copy
import logging
from itertools import pairwise

import onnx
import onnx_ir
import torch
from onnxscript import optimizer
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval, fuse_linear_bn_eval

from ppgkd.export import OPSET, WINDOW
from ppgkd.grid import N_CLASSES
from ppgkd.heart_rate import decode
from ppgkd.inference.model_card import OUTPUTS
from ppgkd.models.capacity import InputShape

FOLDED_BYTES = 4096
"""Constants larger than this stay formulas in the file, such as the front end's Fourier basis."""


LEAST_POWER = 0.5
"""Mean square of a channel that has a signal, at least: preprocessing gives it a unit variance.

What has less lies below the preprocessing's floor: it is a flat channel's rounding noise.
"""


def has_signal(window: Tensor, ppg_channels: int) -> Tensor:
    """Whether any PPG channel of each window has a signal, shape (n_windows,).

    Parameters
    ----------
    window
        Preprocessed windows, shape (n_windows, n_channels, n_samples), PPG channels first.
    ppg_channels
        How many of the channels are PPG.
    """
    return window[:, :ppg_channels].square().mean(dim=2).amax(dim=1) > LEAST_POWER


class Estimator(nn.Module):
    """A network and the decoding of its distribution.

    Where no PPG channel has a signal, or the network gives no numbers, all classes are equally
    likely and the estimate is NaN.

    Parameters
    ----------
    network
        In evaluation mode.
    ppg_channels
        Channels of the window that are PPG, the first ones.
    """

    def __init__(self, network: nn.Module, ppg_channels: int) -> None:
        super().__init__()
        self.network = network
        self.ppg_channels = ppg_channels

    def forward(self, window: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Map (batch, n_channels, n_samples) to BPM, its spread and the probabilities."""
        probabilities = torch.softmax(self.network(window).logits, dim=1)
        # a comparison with NaN is false
        known = has_signal(window, self.ppg_channels) & (probabilities.sum(dim=1) > 0)
        probabilities = torch.where(known[:, None], probabilities, 1 / N_CLASSES)
        bpm, sd_bpm = decode(probabilities)
        return torch.where(known, bpm, torch.nan), sd_bpm, probabilities


def network_graph(network: nn.Module, inputs: InputShape) -> onnx.ModelProto:
    """Make the network half of a file.

    It maps `ppgkd.export.WINDOW` to `ppgkd.export.OUTPUTS`. Batch normalisation is folded into
    the layers before it.

    Parameters
    ----------
    network
        In evaluation mode; it is not changed.
    inputs
        Shape of its windows.
    """
    estimator = Estimator(_fold_normalisation(network), inputs.ppg_channels).eval()
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    program = torch.onnx.export(
        estimator,
        (torch.randn(2, inputs.channels, inputs.n_samples),),
        dynamo=True,
        optimize=False,
        opset_version=OPSET,
        input_names=[WINDOW],
        output_names=list(OUTPUTS),
        dynamic_shapes={WINDOW: {0: torch.export.Dim("batch")}},
        verbose=False,
    )
    assert program is not None
    optimizer.optimize_ir(
        program.model, input_size_limit=FOLDED_BYTES, output_size_limit=FOLDED_BYTES
    )
    proto = onnx_ir.to_proto(program.model)
    _strip_traces(proto)
    return proto


def _fold_normalisation(network: nn.Module) -> nn.Module:
    folded = copy.deepcopy(network)
    for sequence in [part for part in folded.modules() if isinstance(part, nn.Sequential)]:
        for place, (layer, norm) in enumerate(pairwise([*sequence])):
            if isinstance(layer, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                sequence[place] = fuse_conv_bn_eval(layer, norm)
                sequence[place + 1] = nn.Identity()
            elif isinstance(layer, nn.Linear) and isinstance(norm, nn.BatchNorm1d):
                sequence[place] = fuse_linear_bn_eval(layer, norm)
                sequence[place + 1] = nn.Identity()
    return folded


def _strip_traces(proto: onnx.ModelProto) -> None:
    """Remove the exporter's notes, stack traces with local paths among them."""
    del proto.metadata_props[:]
    del proto.graph.metadata_props[:]
    del proto.graph.value_info[:]
    for node in proto.graph.node:
        del node.metadata_props[:]
        node.doc_string = ""
    for value in [*proto.graph.input, *proto.graph.output, *proto.graph.initializer]:
        del value.metadata_props[:]
