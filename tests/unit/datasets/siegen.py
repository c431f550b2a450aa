"""Subjects of PPG-DaLiA and WESAD in the form in which they are published, small."""

from __future__ import annotations

import io
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tests.unit.datasets.python2 import dumps

DURATION_S = 60
N_WINDOWS = (DURATION_S - 8) // 2 + 1


@cache
def chest(*names: str, duration_s: int = DURATION_S) -> dict[str, NDArray[np.float64]]:
    """What the RespiBAN gives, as columns: noise, which does not pack like a bomb."""
    rng = np.random.default_rng(0)
    acc = {"ACC": rng.standard_normal((700 * duration_s, 3))}
    return acc | {name: rng.standard_normal((700 * duration_s, 1)) for name in names}


def wrist(duration_s: int = DURATION_S, pulse_bpm: float = 75.0) -> dict[str, NDArray[np.float64]]:
    """What the E4 gives, as columns: a pulse, and gravity that turns once from x to y."""
    time_s = np.arange(64 * duration_s) / 64
    angle = np.linspace(0, np.pi / 2, 32 * duration_s)
    acc = np.stack([64 * np.cos(angle), 64 * np.sin(angle), 0 * angle], axis=1)
    return {
        "ACC": np.round(acc),
        "BVP": 50 * np.sin(2 * np.pi * pulse_bpm / 60 * time_s)[:, None],
        "EDA": np.ones((4 * duration_s, 1)),
        "TEMP": np.full((4 * duration_s, 1), 33.0),
    }


def changed(subject: dict[str, Any], **changes: object) -> dict[str, Any]:
    """Give the subject with keys replaced, such as ``signal__wrist__BVP``; None takes one away."""
    subject = {**subject}
    for path, value in changes.items():
        *folders, key = path.split("__")
        place = subject
        for folder in folders:
            place[folder] = {**place[folder]}
            place = place[folder]
        if value is None:
            del place[key]
        else:
            place[key] = value
    return subject


def zipped(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def placed(raw_dir: Path, local: object, content: bytes) -> Path:
    path = raw_dir / str(local)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def dalia_subject(name: str = "S1", **changes: object) -> dict[str, Any]:
    n_chest = 700 * DURATION_S
    content = {
        "rpeaks": np.arange(0, n_chest, 560),
        "signal": {"chest": chest("ECG", "Resp"), "wrist": wrist()},
        "label": 70.0 + np.arange(N_WINDOWS),
        # 20 s each of sitting, transient and cycling
        "activity": np.repeat([1.0, 0.0, 4.0], 4 * DURATION_S // 3)[:, None],
        "questionnaire": {"WEIGHT": 78.0, "Gender": " m", "AGE": 34, "SPORT": 6, "name": "M\xfc"},
        "subject": name,
    }
    return changed(content, **changes)


def dalia_archive(**subjects: dict[str, Any] | bytes) -> bytes:
    """Give the archive in the archive; a subject is what its pickle holds, or the pickle itself."""
    members = {
        f"PPG_FieldStudy/{name}/{name}.pkl": content
        if isinstance(content, bytes)
        else dumps(content, protocol=2)
        for name, content in subjects.items()
    }
    other = {"PPG_FieldStudy/S1/S1_activity.csv": b"# SUBJECT,S1\n"}
    return zipped({"data.zip": zipped({**members, **other}), "readme.pdf": b"%PDF-1.5"})
