"""A demonstration to test on, made without training: the packaged student and recordings."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Thread

import numpy as np

from ppgkd.datasets.dataset import Dataset
from ppgkd.datasets.recording import Recording
from ppgkd.datasets.registry import get_dataset
from ppgkd.datasets.windowed_reference import window_centres_s
from ppgkd.demo.serve import demo_server
from ppgkd.demo.write import Example, write_demo
from ppgkd.export.packaged_student import packaged_student
from ppgkd.simulation.signals import RATE_HZ
from ppgkd.simulation.subject import CHANNELS, simulate_subject

RATES_HZ = (50.0, 25.0, 64.0)

HOSTILE = '<img src="x" onerror="document.title=1">'
"""A name that would be a script if it were not escaped."""


def simulated(index: int, duration_s: float) -> Recording:
    """A simulated recording, at 50 Hz."""
    subject = simulate_subject(index, duration_s, seed=7)
    return Recording(
        name=f"sim-{index}",
        subject=f"sim-{index}",
        rate_hz=RATE_HZ,
        channels=CHANNELS,
        signal=subject.signal,
        reference_time_s=window_centres_s(0.0, len(subject.reference_bpm)),
        reference_bpm=subject.reference_bpm,
    )


def make_demo(folder: Path, more: list[tuple[Dataset, Recording]]) -> Path:
    """Write a demonstration whose first recording is simulated, and the second has a hostile name.

    Parameters
    ----------
    folder
        Where it is written.
    more
        Other recordings, with their datasets.
    """
    students = [packaged_student(folder, rate_hz) for rate_hz in RATES_HZ]
    dataset = get_dataset("simulated")
    hostile = replace(dataset, name="hostile", title=HOSTILE, terms=HOSTILE, source="own")
    found = [
        (dataset, simulated(1, 120)),
        (hostile, replace(simulated(2, 40), name=HOSTILE)),
        *more,
    ]
    examples = [Example(of, recording, 3, students[0], 0.0) for of, recording in found]
    write_demo(folder / "demo", "packaged", students, examples)
    return folder / "demo"


def recordings_of(folder: Path) -> list[tuple[Path, Path, float]]:
    """Table, student and rate of each recording of a demonstration."""
    about = json.loads((folder / "about.json").read_text(encoding="utf-8"))
    return [
        (folder / one["file"], folder / one["model"]["file"], one["rate_hz"])
        for one in about["recordings"]
    ]


def model_at(folder: Path, rate_hz: float) -> Path:
    """The student of a demonstration that logs of a rate are run by."""
    about = json.loads((folder / "about.json").read_text(encoding="utf-8"))
    off = [abs(rate_hz / model["card"]["rate_hz"] - 1) for model in about["models"]]
    return folder / str(about["models"][int(np.argmin(off))]["file"])


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a demonstration; give its address."""
    with demo_server(folder, 0) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
