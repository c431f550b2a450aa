"""Predictions of a network for many windows: distributions over heart rate."""

from __future__ import annotations

import torch
from torch import Tensor, nn

EVALUATION_BATCH = 128
"""Windows per pass. With larger batches, a large network no longer fits the processor's cache."""


@torch.inference_mode()
def predict(model: nn.Module, signal: Tensor) -> Tensor:
    """Probabilities of the 180 classes, in float32 on the CPU, shape (n_windows, 180)."""
    model.eval()
    parameter = next(model.parameters(), None)
    device = torch.device("cpu") if parameter is None else parameter.device
    parts = [
        torch.softmax(model(chunk.to(device)).logits.float(), dim=1).cpu()
        for chunk in torch.split(signal, EVALUATION_BATCH)
    ]
    return torch.cat(parts)
