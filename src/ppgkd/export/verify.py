"""Export of a student: the file is kept if ONNX Runtime and PyTorch agree on real windows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ppgkd.errors import PpgkdError
from ppgkd.export.layers import Weights
from ppgkd.export.network_graph import LEAST_POWER
from ppgkd.export.student import model_card_of, student_graph, window_spec_of
from ppgkd.grid import N_CLASSES
from ppgkd.heart_rate import decode
from ppgkd.inference.model_card import OUTPUTS, RAW, ModelCard
from ppgkd.models.capacity import InputShape
from ppgkd.models.network import Network
from ppgkd.runtime.artifacts import atomic_write
from ppgkd.windows.preprocessing import preprocess, resampling_matrix

TIE = 1e-5
"""Two classes that differ by a smaller fraction are tied: rounding decides which is the mode."""


def export_student(
    network: Network,
    inputs: InputShape,
    card: ModelCard,
    raw: NDArray[np.float32],
    path: str | Path,
    *,
    tolerance_bpm: float,
) -> float:
    """Write a network as ONNX and check it against PyTorch.

    Parameters
    ----------
    network
        In evaluation mode.
    inputs
        Shape of its windows.
    card
        Its model card.
    raw
        Real raw windows for the check, shape (n_windows, n_channels, card.n_samples).
    path
        ONNX file to write.
    tolerance_bpm
        Largest difference between the two on any window. Windows where two classes are tied for the
        mode are left out, because the estimate is the mean around either.

    Returns
    -------
    float
        Largest difference in BPM.

    Raises
    ------
    PpgkdError
        If the difference is larger than the tolerance. No file is written then.
    """
    model = student_graph(network.family, weights_of(network), inputs, card)
    return write_verified(model, network, inputs, raw, path, tolerance_bpm=tolerance_bpm)


def weights_of(network: nn.Module) -> Weights:
    """Weights of a network as arrays, by their names in its ``state_dict``."""
    return {name: value.numpy() for name, value in network.state_dict().items()}


def write_verified(
    model: onnx.ModelProto,
    network: nn.Module,
    inputs: InputShape,
    raw: NDArray[np.float32],
    path: str | Path,
    *,
    tolerance_bpm: float,
) -> float:
    """Write a model if its estimates are those of its network; see `export_student`."""
    with atomic_write(path) as temporary:
        onnx.save(model, temporary)
        difference_bpm = _difference_bpm(
            network, inputs, model_card_of(model, path), raw, temporary
        )
        if not difference_bpm <= tolerance_bpm:
            raise PpgkdError(
                f"ONNX Runtime and PyTorch differ by {difference_bpm:g} BPM on a real window for "
                f"{path}; allowed are {tolerance_bpm:g} (onnx.tolerance_bpm). It is not kept."
            )
    return difference_bpm


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
    """A network with the decoding of its distribution.

    If no PPG channel has a signal, or the network's outputs are NaN, all classes are equally likely
    and the estimate is NaN.

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


@torch.inference_mode()
def _difference_bpm(
    network: nn.Module, inputs: InputShape, card: ModelCard, raw: NDArray[np.float32], path: Path
) -> float:
    """Largest difference in BPM between a file and the package's own preprocessing and network.

    Without a signal, both must give NaN.
    """
    matrix = resampling_matrix(window_spec_of(card), card.rate_hz)
    window = torch.from_numpy(preprocess(raw, matrix, card.channels))
    expected_bpm, _, probabilities = Estimator(network, inputs.ppg_channels)(window)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (found_bpm,) = session.run([OUTPUTS[0]], {RAW: raw})
    difference_bpm = np.abs(found_bpm - expected_bpm.numpy())
    likeliest, second = probabilities.topk(2).values.numpy().T
    tied = likeliest - second < TIE * likeliest
    no_signal = ~has_signal(window, inputs.ppg_channels).numpy()
    difference_bpm[(tied & np.isfinite(difference_bpm)) | (no_signal & np.isnan(found_bpm))] = 0
    return float(difference_bpm.max())
