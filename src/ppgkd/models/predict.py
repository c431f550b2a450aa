"""A network's distributions over heart rate for many windows."""

from __future__ import annotations

import torch
from torch import Tensor, nn

EVALUATION_BATCH = 128
"""Larger ones fall out of the cache where the network is large."""


@torch.inference_mode()
def predict(model: nn.Module, signal: Tensor) -> Tensor:
    """Probabilities of the 180 classes, in float32 on the CPU, shape (n_windows, 180)."""
    model.eval()
    parameter = next(model.parameters(), None)
    device = torch.device("cpu") if parameter is None else parameter.device
    parts = [
        torch.softmax(model(part.to(device)).logits.float(), dim=1).cpu()
        for part in torch.split(signal, EVALUATION_BATCH)
    ]
    return torch.cat(parts)
