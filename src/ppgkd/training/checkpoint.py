"""A training that was killed goes on where its last whole epoch ended."""

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
        File of the state, behind its SHA-256: a changed bit does not show otherwise.
    run
        Names the training: data, network, settings, seed. A state of another one is not used, nor
        is one of other code.
    """

    path: Path
    run: str

    def save(self, state: dict[str, Any]) -> None:
        """Keep a state in place of the one before."""
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
            log.warning("checkpoint %s is damaged: starting anew", self.path)
            return None
        try:
            # tensors and numbers only: nothing that is loaded is executed
            found = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
        except pickle.UnpicklingError:
            log.warning("checkpoint %s holds more than tensors: starting anew", self.path)
            return None
        if found["run"] != self.run:
            log.info("checkpoint %s belongs to another training: starting anew", self.path)
            return None
        if found.get("code") != _code():
            log.info("checkpoint %s is of other code: starting anew", self.path)
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
