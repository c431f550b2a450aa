"""Estimates of a study's recordings by its teachers, for `ppgkd.alignment.lag`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import pandas as pd

from ppgkd.alignment.lag import RECORDING_KEYS
from ppgkd.splits.study_windows import StudyWindows
from ppgkd.study.roles import ROLES
from ppgkd.windows.read import Windows, select_windows


def predict_recordings(
    teachers: Sequence[Callable[[Windows], pd.DataFrame]], windows: Iterable[StudyWindows]
) -> pd.DataFrame:
    """Predict every recording by the network of the fold that tests on it.

    Recordings without a reference are left out. If there is no such network (a study without
    folds, a dataset without test subjects), the first network is used. A network that was trained
    on a shifted reference has learned part of the shift.

    Parameters
    ----------
    teachers
        The predictions of a network of each fold; of one in a study without folds.
    windows
        The study's windows of each fold.

    Returns
    -------
    DataFrame
        ``dataset, subject, recording, window, start_s, hr_bpm, pred_bpm, sd_bpm`` and ``role``,
        the recording's role for the network that predicted it.
    """
    parts = []
    for number, (teacher, fold) in enumerate(zip(teachers, windows, strict=True)):
        for role in ROLES if number == 0 else ("test",):
            if (found := getattr(fold, role)) is not None:
                found = _with_reference(found)
                parts += [teacher(found).assign(role=role)] if len(found) else []
    parts = [part for part in parts if len(part)] or parts[:1]
    tested_first = sorted(parts, key=lambda part: not (part["role"] == "test").any())
    table = pd.concat(tested_first, ignore_index=True)
    table = table.drop_duplicates([*RECORDING_KEYS, "window"])
    return table.sort_values(["dataset", "subject", "recording", "window"], ignore_index=True)


def _with_reference(windows: Windows) -> Windows:
    has_reference = windows.index["hr_bpm"].notna().to_numpy()
    if has_reference.all():
        return windows
    return select_windows(windows, has_reference, windows.channels)
