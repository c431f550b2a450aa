"""C source text: arrays, numbers and names."""

from __future__ import annotations

from collections.abc import Sequence
from math import isinf
from textwrap import wrap

import numpy as np
from numpy.typing import ArrayLike

WIDTH = 100


def c_float(value: float) -> str:
    """Write a number as a constant of type float."""
    if isinf(value):
        return "-INFINITY" if value < 0 else "INFINITY"
    number = np.float32(value)
    text = f"{number:.9g}"
    for digits in range(1, 9):
        shorter = f"{number:.{digits}g}"
        if np.float32(shorter) == number:
            text = shorter
            break
    return text + ("f" if "." in text or "e" in text else ".0f")


def c_array(
    kind: str, name: str, values: ArrayLike, *, size: str = "", public: bool = False
) -> str:
    """Write an array of numbers.

    Parameters
    ----------
    kind
        Type of the elements: ``float``, or an integer one.
    name
        Of the array.
    values
        Numbers of any shape; they are written one after the other.
    size
        Of the array in its brackets; default: as many as there are.
    public
        Whether other files use it.
    """
    flat = np.asarray(values).ravel()
    texts = [c_float(value) if kind == "float" else str(int(value)) for value in flat]
    storage = "const" if public else "static const"
    return f"{storage} {kind} {name}[{size}] = {{\n{_filled(texts)}\n}};\n"


def c_rows(kind: str, name: str, tables: Sequence[Sequence[str]], size: str) -> str:
    """Write a public array of structures, or several of the same length as one of two dimensions.

    Each structure is given as the text within its braces.
    """
    filled = [_filled([f"{{{row}}}" for row in rows]) for rows in tables]
    body = filled[0] if len(filled) == 1 else ",\n".join(f"    {{\n{one}\n    }}" for one in filled)
    return f"const {kind} {name}{size} = {{\n{body}\n}};\n"


def c_defines(values: dict[str, str | int | float]) -> str:
    """Write constants as macros; a float becomes one of type float."""
    texts = {
        name: c_float(value) if isinstance(value, float) else str(value)
        for name, value in values.items()
    }
    width = max(map(len, texts))
    return "\n".join(
        f"#define PPGKD_{name:<{width}} {f'({text})' if text.startswith('-') else text}"
        for name, text in texts.items()
    )


def _filled(texts: list[str]) -> str:
    return "\n".join(
        wrap(
            ", ".join(texts),
            WIDTH,
            initial_indent="    ",
            subsequent_indent="    ",
            break_long_words=False,
            break_on_hyphens=False,
        )
    )
