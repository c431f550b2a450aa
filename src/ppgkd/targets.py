"""What a teacher says about every view of the bank: its logits and features.

The teacher runs once; its students read these arrays, memory-mapped, and never load it. A student
makes the same views again (`ppgkd.augment`), so only the targets are kept. A fingerprint of the
windows and of the bank ties them to what they were made for.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ppgkd.artifacts import read_json, whole, write_json
from ppgkd.augment import AUGMENTATION, augmented_view
from ppgkd.errors import PpgkdError
from ppgkd.training import EVALUATION_BATCH, Examples


@dataclass(frozen=True)
class TeacherTargets:
    """A teacher's outputs for a bank of views.

    Attributes
    ----------
    logits
        Shape (n_views, n_windows, 180), float16.
    features
        Shape (n_views, n_windows, n_features, n_positions), float16; each feature has zero mean
        and unit variance over the bank, so a loss on them weighs the same for every teacher.
    bank
        Fingerprint of the windows and views that they belong to.
    """

    logits: NDArray[np.float16]
    features: NDArray[np.float16]
    bank: str

    @property
    def feature_shape(self) -> tuple[int, int]:
        """(n_features, n_positions)."""
        return self.features.shape[2], self.features.shape[3]

    def logits_of(self, view: int, rows: Tensor) -> Tensor:
        """Logits of some windows in a view, shape (len(rows), 180)."""
        return torch.from_numpy(self.logits[view, rows.numpy()].astype(np.float32))

    def features_of(self, view: int, rows: Tensor) -> Tensor:
        """Features of some windows in a view, shape (len(rows), n_features, n_positions)."""
        return torch.from_numpy(self.features[view, rows.numpy()].astype(np.float32))


def bank_fingerprint(train: Examples, views: int, seed: int) -> str:
    """Digest of the windows, their references, the bank's views and how they are made."""
    digest = hashlib.sha256(f"{views} views, seed {seed}, {AUGMENTATION}".encode())
    digest.update(train.signal.numpy().tobytes())
    digest.update(train.hr_bpm.numpy().tobytes())
    return digest.hexdigest()


@torch.inference_mode()
def teacher_targets(
    teacher: nn.Module,
    train: Examples,
    *,
    ppg_channels: int,
    views: int,
    seed: int,
    threads: int = 1,
) -> TeacherTargets:
    """Run a teacher over the bank.

    Parameters
    ----------
    teacher
        Network in evaluation mode.
    train
        Windows that the students will learn from.
    ppg_channels
        Number of PPG channels, for the augmentation.
    views, seed
        The bank.
    threads
        Threads of the job.
    """
    torch.set_num_threads(threads)
    teacher.eval()
    logits, features = [], []
    for view in range(views):
        seen = augmented_view(train.signal, train.hr_bpm, ppg_channels, seed, view)
        outputs = [teacher(part) for part in torch.split(seen.signal, EVALUATION_BATCH)]
        logits.append(torch.cat([output.logits for output in outputs]))
        features.append(torch.cat([output.features for output in outputs]))
    stacked = torch.stack(features)
    mean = stacked.mean(dim=(0, 1, 3), keepdim=True)
    sd = stacked.std(dim=(0, 1, 3), keepdim=True).clamp_min(1e-6)
    return TeacherTargets(
        logits=_half(torch.stack(logits)),
        features=_half((stacked - mean) / sd),
        bank=bank_fingerprint(train, views, seed),
    )


def write_targets(targets: TeacherTargets, folder: str | Path) -> None:
    """Write ``logits.npy``, ``features.npy`` and ``bank.json``."""
    folder = Path(folder)
    for name, array in (("logits", targets.logits), ("features", targets.features)):
        with whole(folder / f"{name}.npy") as beside:
            np.save(beside, array)
    write_json(folder / "bank.json", {"bank": targets.bank})


def read_targets(folder: str | Path, bank: str) -> TeacherTargets:
    """Open targets, memory-mapped.

    Parameters
    ----------
    folder
        Where `write_targets` put them.
    bank
        Fingerprint that they must have.

    Raises
    ------
    PpgkdError
        If they are damaged, or were made for other windows or another bank of views.
    """
    folder = Path(folder)
    try:
        found = read_json(folder / "bank.json")["bank"]
        logits = np.load(folder / "logits.npy", mmap_mode="r")
        features = np.load(folder / "features.npy", mmap_mode="r")
    except (OSError, ValueError, EOFError, KeyError, TypeError) as error:
        raise PpgkdError(
            f"The teacher's targets in {folder} cannot be read: {error}. Delete the folder and "
            "run again."
        ) from error
    if found != bank:
        raise PpgkdError(
            f"The teacher's targets in {folder} were made for bank {found[:12]}, the student's "
            f"training windows and views are bank {bank[:12]}. Delete the folder and run again."
        )
    return TeacherTargets(logits, features, bank)


def _half(values: Tensor) -> NDArray[np.float16]:
    limit = float(np.finfo(np.float16).max)
    return values.float().clamp(-limit, limit).numpy().astype(np.float16)
