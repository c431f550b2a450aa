"""Tables of cells and subjects of a study that varies the number of training people."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

Error = Callable[[float, int, int, int], float]
"""Of people, draw, test subject and parameters to BPM; all people are the middle draw."""


def tables(
    error: Error,
    *,
    sizes: Sequence[int] = (2, 4, 8),
    draws: int = 3,
    all_people: Sequence[int] = (12, 12),
    n_subjects: int = 6,
    params: Sequence[int] = (350,),
    strategies: Sequence[str] = ("scratch",),
    unlabelled: bool = False,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make the tables; subject k has k + 1 windows, and is tested in fold k modulo their number."""
    cells: list[dict[str, Any]] = []
    subjects: list[dict[str, Any]] = []
    middle = (draws - 1) // 2
    drawn = [(size, draw) for size in sizes for draw in range(draws)]
    for strategy in strategies:
        teacher = "none" if strategy == "scratch" else "spectral_resnet-60000"
        for count in params:
            student = f"spectral_resnet-{count}"
            key = {"strategy": strategy, "teacher": teacher, "student": student, "seed": 0}
            for size, draw in [*drawn, (None, None)]:
                subset: dict[str, Any] = {"people": size, "draw": draw, "minutes": None}
                subset["unlabelled"] = unlabelled if size else None
                for fold, everybody in enumerate(all_people):
                    cells.append(
                        {
                            **{**key, **subset, "fold": fold},
                            **{"family": "spectral_resnet", "params": count},
                            "train_subjects": size or everybody,
                        }
                    )
                for subject in range(n_subjects):
                    people = size or float(np.mean(all_people))
                    of_draw = middle if draw is None else draw
                    subjects.append(
                        {
                            **{**key, **subset, "fold": subject % len(all_people)},
                            "subject": f"t{subject}",
                            "dataset": "walks" if subject % 2 else "runs",
                            "n_windows": subject + 1,
                            "mae_bpm": float(error(people, of_draw, subject, count)),
                        }
                    )
    types = {"people": "Int64", "draw": "Int64", "minutes": "Int64", "unlabelled": "boolean"}
    return pd.DataFrame(cells).astype(types), pd.DataFrame(subjects).astype(types)
