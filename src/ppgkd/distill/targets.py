"""What a teacher says about every view of the bank: its logits and features.

The teacher runs once; its students read these arrays, memory-mapped, and never load it.
Fingerprints say which windows, which bank and which teacher they belong to.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ppgkd.errors import PpgkdError
from ppgkd.models.output import Output
from ppgkd.models.predict import EVALUATION_BATCH
from ppgkd.runtime.artifacts import atomic_array, read_json, write_json
from ppgkd.views.cache import Bank

HALF_RANGE = float(np.finfo(np.float16).max)


@dataclass(frozen=True)
class TeacherTargets:
    """A teacher's outputs for a bank of views.

    Attributes
    ----------
    logits
        Shape (n_views, n_windows, 180), float16; the largest of each window is zero.
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
                "file has one output. Add a second one, or leave the strategy out."
            )
        return self.features.shape[2], self.features.shape[3]

    def logits_of(self, view: int, rows: Tensor) -> Tensor:
        """Logits of some windows in a view, shape (len(rows), 180)."""
        return torch.from_numpy(self.logits[view, rows.numpy()].astype(np.float32))

    def features_of(self, view: int, rows: Tensor) -> Tensor:
        """Features of some windows in a view, shape (len(rows), n_features, n_positions)."""
        assert self.features is not None
        return torch.from_numpy(self.features[view, rows.numpy()].astype(np.float32))


@torch.inference_mode()
def write_targets(
    teacher: nn.Module, fingerprint: str, bank: Bank, folder: str | Path, *, threads: int = 1
) -> None:
    """Run a teacher over the bank: ``logits.npy``, ``features.npy`` and ``targets.json``.

    Parameters
    ----------
    teacher
        Network, or whatever else maps windows to `Output`.
    fingerprint
        Which teacher it is.
    bank
        The views.
    folder
        Where the files go; one view at a time is held in memory. A teacher without features
        leaves an empty ``features.npy``.
    threads
        Threads of the job.
    """
    torch.set_num_threads(threads)
    folder = Path(folder)
    teacher.eval()
    first = next(_outputs(teacher, bank, 0))
    has_features = first.features.numel() > 0
    shape = (bank.n_views, bank.n_windows)
    logits_shape = (*shape, first.logits.shape[1])
    features_shape = (*shape, *(first.features.shape[1:] if has_features else (0, 0)))
    with (
        atomic_array(folder / "logits.npy", logits_shape, np.float16) as append_logits,
        atomic_array(folder / "features.npy", features_shape, np.float16) as append_features,
    ):
        mean = sd = None
        for number in range(bank.n_views):
            outputs = [*_outputs(teacher, bank, number)]
            seen = torch.cat([output.logits.float() for output in outputs])
            # a shift of all logits changes nothing, and leaves half precision where it matters
            append_logits(_half(seen - seen.amax(dim=1, keepdim=True)))
            if not has_features:
                continue
            hidden = torch.cat([output.features.float() for output in outputs])
            if mean is None or sd is None:
                mean = hidden.mean(dim=(0, 2), keepdim=True)
                sd = hidden.std(dim=(0, 2), keepdim=True).clamp_min(1e-6)
            append_features(_half((hidden - mean) / sd))
    about = {"windows": bank.windows, "bank": bank.fingerprint, "teacher": fingerprint}
    write_json(folder / "targets.json", about)


def read_targets(folder: str | Path, bank: Bank, teacher: str) -> TeacherTargets:
    """Open targets, memory-mapped.

    Parameters
    ----------
    folder
        Where `write_targets` put them.
    bank
        The bank that they must belong to.
    teacher
        Fingerprint of the teacher that they must come from.

    Raises
    ------
    PpgkdError
        If they are damaged, or were made for another window table, another bank or another
        teacher; the message says which.
    """
    folder = Path(folder)
    try:
        found = read_json(folder / "targets.json")
        logits = np.load(folder / "logits.npy", mmap_mode="r")
        features = np.load(folder / "features.npy", mmap_mode="r")
        other = _first_difference(found, bank, teacher)
    except (OSError, ValueError, EOFError, KeyError, TypeError) as error:
        raise PpgkdError(
            f"The targets in {folder} cannot be read: {error}. Delete the folder and run the "
            "workflow again."
        ) from error
    if other is not None:
        raise PpgkdError(
            f"The targets in {folder} were made for another {other}. Delete the folder and run "
            "the workflow again."
        )
    return TeacherTargets(logits, features if features.size else None)


def _first_difference(found: dict[str, str], bank: Bank, teacher: str) -> str | None:
    wanted = {
        "windows": (bank.windows, "window table"),
        "bank": (bank.fingerprint, "bank of views (its seed, number of views or augmentation)"),
        "teacher": (teacher, "teacher"),
    }
    return next((name for key, (is_now, name) in wanted.items() if found[key] != is_now), None)


def _outputs(teacher: nn.Module, bank: Bank, number: int) -> Iterator[Output]:
    """Answers in float32: bfloat16 logits tie, which would change the most likely class."""
    for part in torch.split(bank.view(number).signal, EVALUATION_BATCH):
        yield teacher(part)


def _half(array: Tensor) -> NDArray[np.float16]:
    return array.clamp(-HALF_RANGE, HALF_RANGE).numpy().astype(np.float16)
