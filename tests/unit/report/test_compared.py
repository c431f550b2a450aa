"""A study beside others: the same students on the same test subjects, paired."""

from collections.abc import Callable, Sequence

import pandas as pd
import pytest

from ppgkd.evaluation.summary import summarise_students
from ppgkd.report.compared import FinishedStudy, compare_studies

Sweep = Callable[..., tuple[pd.DataFrame, pd.DataFrame]]
STUDENTS = (("spectral_resnet", 1_000), ("spectral_resnet", 4_000))


def finished(
    sweep: Sweep,
    error_bpm: Callable[[str, int, int, int], float],
    channels: tuple[str, ...] = ("ppg_1",),
    *,
    students: Sequence[tuple[str, int]] = STUDENTS,
    n_windows: Sequence[int] = (10, 20, 30),
) -> FinishedStudy:
    cells, subjects = sweep(
        error_bpm, strategies=["scratch"], students=students, n_windows=n_windows, n_subjects=3
    )
    return FinishedStudy(channels, summarise_students(cells, subjects), subjects)


def by_subject(_strategy: str, params: int, _seed: int, who: int) -> float:
    return 2.0 + who + params / 10_000


def test_a_difference_that_all_subjects_share_has_no_width(sweep: Sweep) -> None:
    own = finished(sweep, by_subject)
    other = finished(sweep, lambda *key: by_subject(*key) - 0.5, ("ppg_1", "acc_x"))
    (found,) = compare_studies(own, {"with_acc": other})
    assert found["study"] == "with_acc"
    assert (found["own_channels"], found["channels"]) == (["ppg_1"], ["ppg_1", "acc_x"])
    for row in [*found["students"], found["mean"]]:
        assert row["difference_bpm"] == pytest.approx(-0.5)
        assert row["lower_bpm"] == pytest.approx(-0.5)
        assert row["upper_bpm"] == pytest.approx(-0.5)
    first = found["students"][0]
    assert (first["student"], first["params"], first["other_params"]) == (
        "spectral_resnet-1000",
        1_000,
        1_000,
    )
    # subjects with 10, 20 and 30 windows err by 2.1, 3.1 and 4.1
    assert first["mae_bpm"] == pytest.approx((10 * 2.1 + 20 * 3.1 + 30 * 4.1) / 60)


def test_a_difference_of_some_subjects_has_an_interval_around_it(sweep: Sweep) -> None:
    own = finished(sweep, by_subject, n_windows=(10, 10, 10))
    other = finished(
        sweep, lambda *key: by_subject(*key) + (0.9 if key[-1] == 0 else 0), n_windows=(10, 10, 10)
    )
    (found,) = compare_studies(own, {"other": other})
    mean = found["mean"]
    assert mean["difference_bpm"] == pytest.approx(0.3)
    assert mean["lower_bpm"] == pytest.approx(0, abs=1e-9)  # the subject is in no draw
    assert mean["upper_bpm"] == pytest.approx(0.9)  # it is the only one


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"n_windows": (10, 20, 31)}, "on other subjects or other windows"),
        (
            {"students": (("spectral_mlp", 4_000),)},
            "no student of the same strategy, teacher and size",
        ),
    ],
)
def test_what_cannot_be_compared_says_why(
    sweep: Sweep, changes: dict[str, Sequence[object]], said: str
) -> None:
    other = finished(sweep, by_subject, **changes)  # type: ignore[arg-type]
    (found,) = compare_studies(finished(sweep, by_subject), {"other": other})
    assert said in found["reason"]
    assert "students" not in found
