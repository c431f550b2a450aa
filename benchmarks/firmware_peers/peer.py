"""What a peer gives: code of a network, and how windows go in and logits come out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from firmware_peers.network import Values


@dataclass(frozen=True)
class Code:
    """Generated code.

    Attributes
    ----------
    sources
        C and C++ files, one of which defines ``network_infer``.
    includes
        Folders of header files.
    encoded
        Windows as the code takes them: an array with a row for each.
    decoded
        Logits, shape (n_windows, n_classes), from an array with the bytes of each output as a row.
    output_bytes
        Of one window.
    """

    sources: list[Path]
    includes: list[Path]
    encoded: NDArray[np.generic]
    decoded: Callable[[NDArray[np.uint8]], Values]
    output_bytes: int
