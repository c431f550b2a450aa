"""Test recordings of a study, each with a student that has not learned from its person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from ppgkd.datasets.ppg_channels import select_ppg
from ppgkd.datasets.read import read_recordings
from ppgkd.demo.example import choose_recording
from ppgkd.demo.write import Example

if TYPE_CHECKING:
    from ppgkd.study.study import Study


def tested_examples(
    study: Study,
    predictions: pd.DataFrame,
    students: Mapping[int | None, Path],
    seed: int,
) -> Iterator[Example]:
    """Read one test recording of each dataset that some of these students are tested on.

    Parameters
    ----------
    study
        The study.
    predictions
        Of its recommended student (`ppgkd.evaluation.recommended.predict_recommended`).
    students
        Exported students by fold; None in a study without folds.
    seed
        Their seed.
    """
    of_fold = predictions["fold"].isin([fold for fold in students if fold is not None])
    of_students = predictions[predictions["fold"].isna() if None in students else of_fold]
    for name in study.tested:
        choice = choose_recording(of_students, name, seed)
        if choice is None:
            continue
        used: dict[str, Any] = study.config["datasets"][name]
        recordings = select_ppg(
            read_recordings(name, [choice.recording], study.input_files(name)), used.get("ppg")
        )
        recording = next(found for found in recordings if found.name == choice.recording)
        lag_s = (used.get("reference_lag_s") or {}).get(choice.recording, 0.0)
        yield Example(
            study.dataset(name), recording, choice.n_recordings, students[choice.fold], lag_s
        )
