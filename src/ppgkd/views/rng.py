"""Random numbers of a view, the same again for the same seed, view and window."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True)
class ViewRng:
    """Random-number source of a view, one row per window; more rows do not change the first."""

    seed: int
    view: int
    n_windows: int

    def uniform(self, kind: str, columns: int) -> Tensor:
        """Draw from 0 to 1, shape (n_windows, columns)."""
        size = (self.n_windows, columns)
        return torch.from_numpy(self._stream(kind).random(size, dtype=np.float32))

    def normal(self, kind: str, *row: int) -> Tensor:
        """Draw with mean 0 and variance 1, shape (n_windows, *row)."""
        size = (self.n_windows, *row)
        return torch.from_numpy(self._stream(kind).standard_normal(size, dtype=np.float32))

    def _stream(self, kind: str) -> np.random.Generator:
        seeds = np.random.SeedSequence(self.seed, spawn_key=(self.view, *kind.encode()))
        return np.random.Generator(np.random.PCG64(seeds))
