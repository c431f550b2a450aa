"""Write a study's demonstration: a folder for any web server."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pandas as pd

from ppgkd.datasets.dataset import Dataset
from ppgkd.datasets.recording import Recording
from ppgkd.demo.example import cut_stretch, reference_of_windows
from ppgkd.demo.page import copy_page
from ppgkd.demo.web_files import web_files
from ppgkd.errors import PpgkdError
from ppgkd.export.student import change_rate, model_card_of, read_student
from ppgkd.inference.model_card import ModelCard
from ppgkd.report.assets import asset
from ppgkd.windows.read import channel_indices, take_channels

INDEX = "index.html"
ABOUT = "about.json"


@dataclass(frozen=True, eq=False)
class Example:
    """A test recording to show.

    Attributes
    ----------
    dataset
        Where it comes from.
    recording
        All of it.
    n_recordings
        How many tested recordings it is the median of.
    model
        The exported student that has not learned from its person.
    lag_s
        By how much its reference is late.
    """

    dataset: Dataset
    recording: Recording
    n_recordings: int
    model: Path
    lag_s: float


def write_demo(
    folder: str | Path, study: str, models: Sequence[Path], examples: Sequence[Example]
) -> None:
    """Write the demonstration.

    Parameters
    ----------
    folder
        Where it will be, in place of an earlier one.
    study
        Name of the study.
    models
        Files of the shipped student, one for each rate of a sensor; that of the study first.
    examples
        Test recordings to show; there need not be any.

    Raises
    ------
    PpgkdError
        If the packages of the page are not installed, or a file is no student.
    """
    folder = Path(folder)
    made = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(made, ignore_errors=True)
    copy_page(made)
    _copy_packages(made)
    for part in ("models", "recordings"):
        (made / part).mkdir()
    about = {
        "study": study,
        "models": [_write_model(made, path.name, model) for path, model in _one_each_rate(models)],
        "recordings": [_write_example(made, example) for example in examples],
    }
    text = json.dumps(about, indent=1, sort_keys=True, allow_nan=False)
    (made / ABOUT).write_text(text + "\n", encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    made.rename(folder)


def _one_each_rate(paths: Sequence[Path]) -> list[tuple[Path, onnx.ModelProto]]:
    """Read the students; two files may be for the same rate."""
    found: dict[float, tuple[Path, onnx.ModelProto]] = {}
    for path in paths:
        model = read_student(path)
        found.setdefault(model_card_of(model, path).rate_hz, (path, model))
    return [*found.values()]


def _copy_packages(folder: Path) -> None:
    """Copy the style sheet of all pages, and the files of other projects."""
    (folder / "page.css").write_text(asset(["page.css"]), encoding="utf-8")
    (folder / "packages").mkdir()
    for file in web_files():
        shutil.copyfile(file, folder / "packages" / file.name)


def _write_model(folder: Path, name: str, model: onnx.ModelProto) -> dict[str, Any]:
    """Write a model, and give what the page must know: a browser does not read its metadata."""
    file = f"models/{name}"
    onnx.save(model, folder / file)
    return {"file": file, "card": asdict(model_card_of(model, name))}


def _write_example(folder: Path, example: Example) -> dict[str, Any]:
    """Write a stretch of a recording as a table that ``ppgkd predict`` reads, and its model."""
    dataset = example.dataset
    model = read_student(example.model)
    if model_card_of(model, example.model).rate_hz != example.recording.rate_hz:
        model = change_rate(model, example.recording.rate_hz)
    card = model_card_of(model, example.model)
    stretch, start_s = cut_stretch(example.recording)
    file = f"recordings/{dataset.name}.csv"
    _channels(stretch, card).to_csv(folder / file, index=False)
    reference_bpm = reference_of_windows(stretch, card, example.lag_s)
    return {
        "file": file,
        "name": stretch.name,
        "start_s": start_s,
        "whole_s": example.recording.signal.shape[1] / stretch.rate_hz,
        "rate_hz": stretch.rate_hz,
        "n_recordings": example.n_recordings,
        "reference_bpm": [None if np.isnan(bpm) else float(bpm) for bpm in reference_bpm],
        "model": _write_model(folder, f"tested-{dataset.name}.onnx", model),
        "dataset": {
            "title": dataset.title,
            "terms": dataset.terms,
            "citation": dataset.citation,
            "is_simulated": dataset.source == "simulated",
        },
    }


def _channels(recording: Recording, card: ModelCard) -> pd.DataFrame:
    """The channels of the model; zeros for the acceleration of a sensor without one."""
    try:
        indices = channel_indices(recording.channels, card.channels, fill=True)
    except PpgkdError as error:
        raise PpgkdError(f"recording {recording.name}: {error}") from error
    (signal,) = take_channels(recording.signal[None], indices)
    return pd.DataFrame(dict(zip(card.channels, signal, strict=True)))
