"""Targets: a teacher's logits and features for every view of the view cache.

The teacher runs once. Its students read these arrays, memory-mapped, and never load it.
Fingerprints say which windows, view cache and teacher they belong to.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ppgkd.errors import PpgkdError, damaged_file
from ppgkd.models.output import Output
from ppgkd.models.predict import EVALUATION_BATCH
from ppgkd.runtime.artifacts import atomic_array, read_json, write_json
from ppgkd.views.cache import ViewCache

HALF_RANGE = float(np.finfo(np.float16).max)


@dataclass(frozen=True)
class TeacherTargets:
    """A teacher's outputs for a view cache.

    Attributes
    ----------
    logits
        Shape (n_views, n_windows, 180), float16; the largest of each window is zero. NaN where
        the teacher says nothing of the window, so that it does not teach there.
    features
        Shape (n_views, n_windows, n_features, n_positions), float16; each feature has zero mean
        and unit variance in the first view, so a loss on them weighs the same for every teacher.
        None if the teacher has none.
    """

    logits: NDArray[np.float16]
    features: NDArray[np.float16] | None

    @property
    def feature_shape(self) -> tuple[int, int]:
        """(n_features, n_positions)."""
        if self.features is None:
            raise PpgkdError(
                "Strategy 'feature' needs a teacher with features, and this one has none: its ONNX "
                "file has one output, or it is recorded estimates. Add a second output, or leave "
                "the strategy out."
            )
        return self.features.shape[2], self.features.shape[3]

    def logits_of(self, view: int, rows: Tensor) -> Tensor:
        """Logits of some windows in a view, shape (len(rows), 180)."""
        return torch.from_numpy(self.logits[view, rows.numpy()].astype(np.float32))

    def taught(self, view: int, rows: Tensor) -> Tensor:
        """Which of some windows the teacher says something of in a view, shape (len(rows),)."""
        return torch.from_numpy(~np.isnan(self.logits[view, rows.numpy(), 0]))

    def features_of(self, view: int, rows: Tensor) -> Tensor:
        """Features of some windows in a view, shape (len(rows), n_features, n_positions)."""
        assert self.features is not None
        return torch.from_numpy(self.features[view, rows.numpy()].astype(np.float32))


@torch.inference_mode()
def write_targets(
    teacher: nn.Module,
    fingerprint: str,
    view_cache: ViewCache,
    folder: str | Path,
    *,
    threads: int = 1,
) -> None:
    """Run a teacher over the view cache: ``logits.npy``, ``features.npy`` and ``targets.json``.

    Parameters
    ----------
    teacher
        Network, or any other module that maps windows to `Output`.
    fingerprint
        Fingerprint of the teacher.
    view_cache
        The views.
    folder
        Where the files go. One view at a time is held in memory. For a teacher without features,
        ``features.npy`` is empty.
    threads
        Threads of the job.
    """
    torch.set_num_threads(threads)
    folder = Path(folder)
    teacher.eval()
    first = next(_outputs(teacher, view_cache, 0))
    has_features = first.features.numel() > 0
    shape = (view_cache.n_views, view_cache.n_windows)
    logits_shape = (*shape, first.logits.shape[1])
    features_shape = (*shape, *(first.features.shape[1:] if has_features else (0, 0)))
    with (
        atomic_array(folder / "logits.npy", logits_shape, np.float16) as append_logits,
        atomic_array(folder / "features.npy", features_shape, np.float16) as append_features,
    ):
        mean = sd = None
        for number in range(view_cache.n_views):
            outputs = [*_outputs(teacher, view_cache, number)]
            logits = torch.cat([output.logits.float() for output in outputs])
            # a shift of all logits changes no probability, and makes half precision precise enough
            append_logits(_half(logits - logits.amax(dim=1, keepdim=True)))
            if not has_features:
                continue
            hidden = torch.cat([output.features.float() for output in outputs])
            if mean is None or sd is None:
                mean = hidden.mean(dim=(0, 2), keepdim=True)
                sd = hidden.std(dim=(0, 2), keepdim=True).clamp_min(1e-6)
            append_features(_half((hidden - mean) / sd))
    about = {"windows": view_cache.windows, "bank": view_cache.fingerprint, "teacher": fingerprint}
    write_json(folder / "targets.json", about)


def read_targets(folder: str | Path, view_cache: ViewCache, teacher: str) -> TeacherTargets:
    """Open targets, memory-mapped.

    Parameters
    ----------
    folder
        Where `write_targets` wrote them.
    view_cache
        The view cache that they must belong to.
    teacher
        Fingerprint of the teacher that they must come from.

    Raises
    ------
    PpgkdError
        If they are damaged, or were made for another window table, another view cache or another
        teacher; the message says which.
    """
    folder = Path(folder)
    try:
        about = read_json(folder / "targets.json")
        logits = np.load(folder / "logits.npy", mmap_mode="r")
        features = np.load(folder / "features.npy", mmap_mode="r")
        other = _first_difference(about, view_cache, teacher)
    except (OSError, ValueError, EOFError, KeyError, TypeError) as error:
        raise damaged_file(f"The targets folder {folder} cannot be read: {error}") from error
    if other is not None:
        raise damaged_file(f"The targets folder {folder} was made for another {other}")
    return TeacherTargets(logits, features if features.size else None)


def _first_difference(found: dict[str, str], view_cache: ViewCache, teacher: str) -> str | None:
    wanted = {
        "windows": (view_cache.windows, "window table"),
        "bank": (view_cache.fingerprint, "view cache (its seed, number of views or augmentation)"),
        "teacher": (teacher, "teacher"),
    }
    return next((name for key, (is_now, name) in wanted.items() if found[key] != is_now), None)


def _outputs(teacher: nn.Module, view_cache: ViewCache, number: int) -> Iterator[Output]:
    """Outputs in float32: with bfloat16, classes can tie, which changes the most likely one."""
    for chunk in torch.split(view_cache.view(number).signal, EVALUATION_BATCH):
        yield teacher(chunk)


def _half(array: Tensor) -> NDArray[np.float16]:
    return array.clamp(-HALF_RANGE, HALF_RANGE).numpy().astype(np.float16)
