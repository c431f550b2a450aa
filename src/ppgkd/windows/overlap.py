"""Preprocessing of overlapping windows, with their common blocks computed once.

`ppgkd.windows.preprocessing` defines a preprocessed window by one matrix. This module computes the
same numbers with a sixth of the multiplications. Windows of 8 s every 2 s consist of four blocks of
2 s, and each block is in four windows. The matrix keeps frequencies below 8 Hz, so a block of 2 s
has little more than 2 x 2 s x 8 Hz = 32 coordinates (Slepian, Bell Syst Tech J 57 (1978) 1371),
half of them even about the block's centre and half odd. They are computed once per block, and a
window is a sum over the coordinates of its blocks. The matrix does not change when time is
reversed, so only one half of a sum or difference of two halves is multiplied.

It makes the whole of windowing 1.7 times as fast as one matrix product per window (28 and 46 ms of
CPU time per hour of recording): ``benchmarks/windows.py --sizes 1``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ppgkd.windows.preprocessing import WindowSpec, resampling_matrix

MOST_PER_WINDOW = 8
"""Windows of more blocks are not split: the blocks would have too many coordinates in total."""

NEGLIGIBLE = {"float64": 1e-13, "float32": 1e-8}
"""Coordinates of a block with singular values below this fraction of the largest are left out."""


@dataclass(frozen=True)
class Grid:
    """Blocks of successive windows.

    Attributes
    ----------
    size
        Number of samples of a block.
    per_window
        Number of blocks of a window.
    hop
        Number of blocks from the start of one window to that of the next.
    """

    size: int
    per_window: int
    hop: int

    def blocks(
        self, signal: NDArray[np.floating], first_sample: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """Blocks of successive windows, shape (n_channels, n_blocks, size).

        This is a view if the windows share blocks and the signal is float32.
        """
        if self.per_window > 1:
            n_blocks = self.hop * (len(first_sample) - 1) + self.per_window
            part = signal[:, first_sample[0] : first_sample[0] + n_blocks * self.size]
            return part.astype(np.float32, copy=False).reshape(len(signal), n_blocks, self.size)
        parts = [signal[:, start : start + self.size] for start in first_sample]
        return np.stack(parts, axis=1).astype(np.float32, copy=False)

    def of_windows(self, n_windows: int) -> NDArray[np.int64]:
        """Indices of each window's blocks, shape (n_windows, per_window)."""
        return self.hop * np.arange(n_windows)[:, None] + np.arange(self.per_window)


def shared_blocks(first_sample: NDArray[np.int64], n_raw: int) -> Grid:
    """Find the largest blocks that windows share. If there are none, a window is one block.

    Parameters
    ----------
    first_sample
        First sample of each window, shape (n_windows,).
    n_raw
        Number of samples of a window.
    """
    strides = np.unique(np.diff(first_sample))
    if len(strides) == 1 and 0 < strides[0] < n_raw:
        stride = int(strides[0])
        size = math.gcd(stride, n_raw)
        if n_raw // size <= MOST_PER_WINDOW:
            return Grid(size, n_raw // size, stride // size)
    return Grid(n_raw, 1, 1)


@dataclass(frozen=True)
class BlockFilter:
    """A resampling matrix, factored for blocks. It computes in the precision of its arrays.

    Attributes
    ----------
    grid
        Blocks of the windows.
    even, odd
        Shape (n_even or n_odd, half_block): maps the sum of a block's first half and its reversed
        second half to the even coordinates, and their difference to the odd ones.
    symmetric, antisymmetric
        Shape (n_pairs * (n_even + n_odd), half_window): maps the coordinates of a window's blocks
        to this part of half of the preprocessed window.
    n_samples
        Number of samples of a preprocessed window.
    """

    grid: Grid
    even: NDArray[np.floating]
    odd: NDArray[np.floating]
    symmetric: NDArray[np.floating]
    antisymmetric: NDArray[np.floating]
    n_samples: int

    def __call__(
        self, blocks: NDArray[np.float32], kept: NDArray[np.bool_]
    ) -> NDArray[np.floating]:
        """Band-limit and resample windows.

        Parameters
        ----------
        blocks
            Shape (n_channels, n_blocks, size), without NaN.
        kept
            Shape (n_windows,): the windows to compute.

        Returns
        -------
        ndarray of shape (n_channels, n_kept, n_samples)
        """
        same, opposite = self._coordinates(blocks, len(kept))
        if not kept.all():
            same, opposite = same[..., kept], opposite[..., kept]
        symmetric = same.swapaxes(1, 2) @ self.symmetric
        antisymmetric = opposite.swapaxes(1, 2) @ self.antisymmetric
        filtered = np.empty((*symmetric.shape[:2], self.n_samples), symmetric.dtype)
        front, back = _halves(filtered)
        np.subtract(symmetric, antisymmetric, out=back)
        np.add(symmetric, antisymmetric, out=front)
        return filtered

    def _coordinates(
        self, blocks: NDArray[np.float32], n_windows: int
    ) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
        """Coordinates for the symmetric and the antisymmetric part of every window."""
        dtype = self.even.dtype
        front, back = _halves(blocks)
        even = self.even @ np.add(front, back, dtype=dtype).swapaxes(1, 2)
        odd = self.odd @ np.subtract(front, back, dtype=dtype).swapaxes(1, 2)
        n_even, n_odd = len(self.even), len(self.odd)
        shape = (len(blocks), len(self.symmetric), n_windows)
        same, opposite = np.empty(shape, dtype), np.empty(shape, dtype)
        last, hop = self.grid.per_window - 1, self.grid.hop
        for index in range((self.grid.per_window + 1) // 2):
            first_ones = slice(index, index + hop * (n_windows - 1) + 1, hop)
            last_ones = slice(last - index, last - index + hop * (n_windows - 1) + 1, hop)
            start = index * (n_even + n_odd)
            evens, odds = (
                slice(start, start + n_even),
                slice(start + n_even, start + n_even + n_odd),
            )
            np.add(even[..., first_ones], even[..., last_ones], out=same[:, evens])
            np.subtract(odd[..., first_ones], odd[..., last_ones], out=same[:, odds])
            np.subtract(even[..., first_ones], even[..., last_ones], out=opposite[:, evens])
            np.add(odd[..., first_ones], odd[..., last_ones], out=opposite[:, odds])
        return same, opposite


@lru_cache(maxsize=8)
def block_filter(
    grid: Grid, spec: WindowSpec, raw_rate_hz: float, dtype: Literal["float32", "float64"]
) -> BlockFilter:
    """Factor the resampling matrix for blocks.

    Parameters
    ----------
    grid
        From `shared_blocks`.
    spec
        Window length, target rate and pass band.
    raw_rate_hz
        Sampling rate of the sensor.
    dtype
        Precision.
    """
    matrix = resampling_matrix(spec, raw_rate_hz)
    n_samples = len(matrix)
    of_blocks = matrix.reshape(n_samples, grid.per_window, grid.size)
    front, back = _halves(of_blocks)
    even, odd = (front + back) / 2, (front - back) / 2
    if grid.size % 2:
        even[..., -1] /= 2  # the sample in the middle is added to itself
    bases = [_rows_span(part.reshape(-1, part.shape[2]), NEGLIGIBLE[dtype]) for part in (even, odd)]
    pairs = (grid.per_window + 1) // 2
    parts = np.concatenate([even @ bases[0].T, odd @ bases[1].T], axis=2)[:, :pairs]
    if grid.per_window % 2:
        parts[:, -1] /= 2  # so is the block in the middle
    front, back = _halves(parts.T)
    weights = ((front + back) / 2, (front - back) / 2)
    symmetric, antisymmetric = (part.swapaxes(0, 1).reshape(-1, part.shape[2]) for part in weights)
    even, odd, symmetric, antisymmetric = (
        part.astype(dtype) for part in (*bases, symmetric, antisymmetric)
    )
    return BlockFilter(grid, even, odd, symmetric, antisymmetric, n_samples)


def _halves(signal: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """First half along the last axis, and the second half reversed; both have a middle sample."""
    half = (signal.shape[-1] + 1) // 2
    return signal[..., :half], signal[..., : -half - 1 : -1]


def _rows_span(matrix: NDArray[np.float64], negligible: float) -> NDArray[np.float64]:
    """Orthonormal basis of the span of a matrix's rows, without negligible directions."""
    _, value, basis = np.linalg.svd(matrix, full_matrices=False)
    return np.asarray(basis[value > negligible * value[0]])
