"""Checkpoints: a training that was killed goes on after its last complete epoch."""

from __future__ import annotations

import hashlib
import io
import logging
import pickle
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import torch

import ppgkd
from ppgkd.runtime.artifacts import atomic_write

log = logging.getLogger(__name__)

DIGEST_BYTES = hashlib.sha256().digest_size


@dataclass(frozen=True)
class Checkpoint:
    """Where a training keeps its state between epochs.

    Attributes
    ----------
    path
        File of the state, with its SHA-256 in front: a changed bit would go unnoticed otherwise.
    run
        Identifies the training: data, network, settings, seed. The state of another training, or
        of other code, is not used.
    """

    path: Path
    run: str

    def save(self, state: dict[str, Any]) -> None:
        """Replace the last state by a new one."""
        buffer = io.BytesIO()
        torch.save({"run": self.run, "code": _code(), "state": state}, buffer)
        content = buffer.getvalue()
        with atomic_write(self.path) as temporary:
            temporary.write_bytes(hashlib.sha256(content).digest() + content)

    def load(self) -> dict[str, Any] | None:
        """Return the last state of this training, if there is one."""
        if not self.path.is_file():
            return None
        kept = self.path.read_bytes()
        digest, content = kept[:DIGEST_BYTES], kept[DIGEST_BYTES:]
        if hashlib.sha256(content).digest() != digest:
            log.warning("checkpoint %s is damaged: starting again", self.path)
            return None
        try:
            # tensors and numbers only: nothing that is loaded is executed
            found = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
        except pickle.UnpicklingError:
            log.warning("checkpoint %s contains more than tensors: starting again", self.path)
            return None
        if found["run"] != self.run:
            log.info("checkpoint %s belongs to another training: starting again", self.path)
            return None
        if found.get("code") != _code():
            log.info("checkpoint %s was written by other code: starting again", self.path)
            return None
        state: dict[str, Any] = found["state"]
        return state


@cache
def _code() -> str:
    """Digest of all modules of the package."""
    digest = hashlib.sha256()
    for path in sorted(Path(ppgkd.__file__).parent.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()
