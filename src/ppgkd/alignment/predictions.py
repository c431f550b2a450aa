"""Whether each recording's reference lies on its signal in time, by a network.

A network that sees single windows says when the heart rate changes in the signal, because it does
not know the time. What its estimates tell of the reference: `ppgkd.alignment.lag`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd
from torch import nn

from ppgkd.alignment.lag import RECORDING_KEYS
from ppgkd.evaluation.score import score
from ppgkd.splits.study_windows import StudyWindows
from ppgkd.study.roles import ROLES


def predict_recordings(
    teachers: Sequence[nn.Module], windows: Iterable[StudyWindows]
) -> pd.DataFrame:
    """Predict every recording by the network that has seen the least of it.

    That is the one of the fold in which the recording is tested. Where there is none (a study
    without folds, a dataset that is never tested) it is the first network. A network that has
    learned from a shifted reference has learned a little of the shift, too.

    Parameters
    ----------
    teachers
        One network for each fold; one in a study without folds.
    windows
        The study's windows in each of these folds.

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
                parts.append(score(teacher, found)[0].assign(role=role))
    tested_first = sorted(parts, key=lambda part: part["role"].iloc[0] != "test")
    table = pd.concat(tested_first, ignore_index=True)
    table = table.drop_duplicates([*RECORDING_KEYS, "window"])
    return table.sort_values(["dataset", "subject", "recording", "window"], ignore_index=True)
