"""Pickles as Python 2 wrote them, which Python 3 does not write: text and bytes are one kind."""

from __future__ import annotations

import io
import pickle
import struct
from typing import Any, ClassVar

_PicklerInPython: Any = pickle._Pickler


class _Python2Pickler(_PicklerInPython):
    dispatch: ClassVar[dict[type, Any]] = dict(_PicklerInPython.dispatch)

    def save_string(self, text: str | bytes) -> None:
        raw = text if isinstance(text, bytes) else text.encode("latin1")
        if not self.bin:
            self.write(b"S" + repr(raw)[1:].encode("ascii") + b"\n")
        elif len(raw) < 256:
            self.write(b"U" + bytes([len(raw)]) + raw)
        else:
            self.write(b"T" + struct.pack("<i", len(raw)) + raw)
        self.memoize(text)

    dispatch[str] = dispatch[bytes] = save_string

    def save_global(self, named: Any, name: str | None = None) -> None:
        if named.__module__.startswith("numpy._core"):  # the folder of NumPy 2
            self.write(b"cnumpy.core.multiarray\n" + named.__name__.encode("ascii") + b"\n")
            self.memoize(named)
        else:
            super().save_global(named, name)


def dumps(content: object, protocol: int) -> bytes:
    """Pickle by protocol 0, which was Python 2's own choice, or 2."""
    file = io.BytesIO()
    _Python2Pickler(file, protocol).dump(content)
    return file.getvalue()
