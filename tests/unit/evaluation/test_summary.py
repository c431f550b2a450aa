"""Students over seeds, and what they gain over scratch: means and intervals by hand."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from ppgkd.evaluation.summary import summarise_strategies, summarise_students

Sweep = Callable[..., tuple[pd.DataFrame, pd.DataFrame]]

LEVEL_BPM = [1.0, 4.0, 10.0]
"""Subjects differ far more than strategies do."""


def row_of(table: pd.DataFrame, strategy: str, student: str = "spectral_resnet-1000") -> pd.Series:
    found = table[(table["strategy"] == strategy) & (table["student"] == student)]
    assert len(found) == 1
    return found.iloc[0]


def test_there_is_one_row_per_student_and_way_of_training(sweep: Sweep) -> None:
    table = summarise_students(
        *sweep(
            lambda *_: 2.0,
            strategies=("scratch", "soft", "dkd"),
            teachers=("spectral_resnet-50000", "spectral_resnet-90000"),
            seeds=(0, 1),
        )
    )
    keys = set(table[["strategy", "teacher", "student"]].itertuples(index=False, name=None))
    teachers = {"scratch": ["none"], "soft": ["spectral_resnet-50000", "spectral_resnet-90000"]}
    teachers["dkd"] = teachers["soft"]
    assert len(table) == len(keys) == (1 + 2 + 2) * 2
    assert keys == {
        (strategy, teacher, student)
        for strategy, of_strategy in teachers.items()
        for teacher in of_strategy
        for student in ("spectral_resnet-1000", "spectral_resnet-4000")
    }
    assert set(table["seeds"]) == {2}


def test_errors_are_means_over_seeds(sweep: Sweep) -> None:
    table = summarise_students(*sweep(lambda s, p, seed, who: 2.0 + seed, seeds=(0, 1, 2)))
    row = row_of(table, "soft")
    assert row["mae_bpm"] == pytest.approx(3.0)
    assert row["val_mae_bpm"] == pytest.approx(3.3)


def test_the_latency_and_the_file_are_the_worst_of_the_seeds(sweep: Sweep) -> None:
    cells, subjects = sweep(lambda *_: 2.0, seeds=(0, 1))
    one = (cells["seed"] == 1) & (cells["student"] == "spectral_resnet-1000")
    cells.loc[one, ["latency_p99_ms", "onnx_bytes"]] = [7.5, 99_999]
    row = row_of(summarise_students(cells, subjects), "soft")
    assert (row["latency_p99_ms"], row["onnx_bytes"]) == (7.5, 99_999)


def test_a_student_is_marked_if_one_seed_was_timed_on_a_busy_machine(sweep: Sweep) -> None:
    cells, subjects = sweep(lambda *_: 2.0, seeds=(0, 1))
    one = (
        (cells["seed"] == 1)
        & (cells["student"] == "spectral_resnet-1000")
        & (cells["strategy"] == "soft")
    )
    cells.loc[one, "latency_busy"] = True
    table = summarise_students(cells, subjects)
    marked = table.loc[table["latency_busy"], ["strategy", "student"]]
    assert marked.to_numpy().tolist() == [["soft", "spectral_resnet-1000"]]


def test_sizes_and_teachers_are_carried_over(sweep: Sweep) -> None:
    table = summarise_students(*sweep(lambda *_: 2.0))
    soft, scratch = row_of(table, "soft"), row_of(table, "scratch")
    assert (soft["params"], soft["family"], soft["teacher_params"]) == (
        1_000,
        "spectral_resnet",
        50_000,
    )
    assert soft["teacher_mae_bpm"] == 2.0
    assert pd.isna(scratch["teacher_params"])


def test_the_gain_is_the_same_students_error_from_scratch_minus_its_own(sweep: Sweep) -> None:
    def error_bpm(strategy: str, params: int, seed: int, who: int) -> float:
        return LEVEL_BPM[who] + {"scratch": 1.0, "soft": 0.25}[strategy] * (2_000 / params)

    table = summarise_students(*sweep(error_bpm))
    assert row_of(table, "soft", "spectral_resnet-1000")["gain_bpm"] == pytest.approx(1.5)
    assert row_of(table, "soft", "spectral_resnet-4000")["gain_bpm"] == pytest.approx(0.375)


def test_a_student_that_distilling_harms_has_a_negative_gain(sweep: Sweep) -> None:
    table = summarise_students(*sweep(lambda s, p, k, who: 2.0 + (s == "soft")))
    assert row_of(table, "soft")["gain_bpm"] == pytest.approx(-1)
    assert row_of(table, "soft")["gain_upper_bpm"] < 0


def test_gains_are_paired_so_that_differences_between_subjects_cancel(sweep: Sweep) -> None:
    """Every subject gains exactly 1 BPM; that one subject is ten times worse is no matter."""
    table = summarise_students(
        *sweep(lambda s, p, k, who: LEVEL_BPM[who] + (s == "scratch"), seeds=(0, 1))
    )
    row = row_of(table, "soft")
    assert row["gain_lower_bpm"] == pytest.approx(1)
    assert row["gain_upper_bpm"] == pytest.approx(1)
    assert row["mae_upper_bpm"] - row["mae_lower_bpm"] > 5


def test_equal_students_have_no_gain_and_an_interval_of_no_width(sweep: Sweep) -> None:
    table = summarise_students(*sweep(lambda s, p, k, who: LEVEL_BPM[who]))
    row = row_of(table, "soft")
    assert (row["gain_bpm"], row["gain_lower_bpm"], row["gain_upper_bpm"]) == (0, 0, 0)


def test_the_interval_is_that_of_resampled_subjects(sweep: Sweep) -> None:
    """Of two subjects the draws are: only one (1/4), both (1/2), only the other (1/4)."""
    table = summarise_students(*sweep(lambda s, p, k, who: LEVEL_BPM[who], n_subjects=2))
    row = row_of(table, "soft")
    assert (row["mae_lower_bpm"], row["mae_upper_bpm"]) == (1.0, 4.0)


def test_subjects_count_by_their_windows(sweep: Sweep) -> None:
    cells, subjects = sweep(
        lambda s, p, k, who: LEVEL_BPM[who], n_windows=[10, 30, 60], seeds=(0, 1)
    )
    row = row_of(summarise_students(cells, subjects), "soft")
    assert row["mae_bpm"] == pytest.approx((10 * 1 + 30 * 4 + 60 * 10) / 100)
    assert row["mae_lower_bpm"] == 1.0
    assert row["mae_upper_bpm"] == 10.0


def test_subjects_with_equal_errors_have_intervals_of_no_width_whatever_their_windows(
    sweep: Sweep,
) -> None:
    cells, subjects = sweep(lambda *_: 3.0, n_windows=[10, 30, 60])
    row = row_of(summarise_students(cells, subjects), "soft")
    assert row["mae_lower_bpm"] == pytest.approx(3)
    assert row["mae_upper_bpm"] == pytest.approx(3)


@pytest.mark.parametrize("rng_seed", range(5))
def test_intervals_contain_their_means(rng_seed: int, sweep: Sweep) -> None:
    noise = np.random.default_rng(rng_seed).gamma(2, 2, size=(2, 2, 8))

    def error_bpm(strategy: str, params: int, seed: int, who: int) -> float:
        return float(noise[int(strategy == "soft"), seed, who])

    table = summarise_students(*sweep(error_bpm, seeds=(0, 1), n_subjects=8))
    assert (table["mae_lower_bpm"] < table["mae_bpm"]).all()
    assert (table["mae_bpm"] < table["mae_upper_bpm"]).all()
    row = row_of(table, "soft")
    assert row["gain_lower_bpm"] < row["gain_bpm"] < row["gain_upper_bpm"]


def test_scratch_gains_nothing_over_itself(sweep: Sweep) -> None:
    row = row_of(summarise_students(*sweep(lambda *_: 2.0)), "scratch")
    assert row[["gain_bpm", "gain_lower_bpm", "gain_upper_bpm"]].isna().all()


def test_a_study_without_scratch_has_no_gains_but_everything_else(sweep: Sweep) -> None:
    table = summarise_students(*sweep(lambda *_: 2.0, strategies=("soft", "dkd")))
    assert table["gain_bpm"].isna().all()
    assert table[["gain_lower_bpm", "gain_upper_bpm"]].isna().all(axis=None)
    np.testing.assert_allclose(table[["mae_bpm", "mae_lower_bpm", "mae_upper_bpm"]], 2)


def test_a_seed_gives_the_same_intervals(sweep: Sweep) -> None:
    tables = sweep(lambda s, p, k, who: LEVEL_BPM[who])
    pd.testing.assert_frame_equal(summarise_students(*tables), summarise_students(*tables))


def test_a_strategy_gains_the_mean_over_students_paired_by_subject(sweep: Sweep) -> None:
    def error_bpm(strategy: str, params: int, seed: int, who: int) -> float:
        gain = {"scratch": 0.0, "soft": 0.25 if params == 1_000 else 0.75}[strategy]
        return LEVEL_BPM[who] - gain

    _, subjects = sweep(error_bpm)
    table = summarise_strategies(subjects).set_index("strategy")
    assert table.loc["scratch", "mae_bpm"] == pytest.approx(5.0)
    assert table.loc["soft", "mae_bpm"] == pytest.approx(4.5)
    assert table.loc["soft", "students"] == 2
    gain = table.loc["soft", ["gain_bpm", "gain_lower_bpm", "gain_upper_bpm"]].astype(float)
    # the same for every subject, so no draw of subjects changes it
    np.testing.assert_allclose(gain, 0.5)
    assert table.loc["scratch", ["gain_bpm", "gain_lower_bpm"]].isna().all()


def test_over_folds_every_subject_counts_by_its_windows(sweep: Sweep) -> None:
    cells, subjects = sweep(lambda *of: LEVEL_BPM[of[3]], n_windows=[10, 10, 20])
    folds = {"s0": 0, "s1": 0, "s2": 1}
    subjects = subjects.assign(fold=subjects["subject"].map(folds).astype("Int64"))
    cells = pd.concat([cells.assign(fold=fold) for fold in (0, 1)]).astype({"fold": "Int64"})
    table = summarise_students(cells, subjects)
    assert len(table) == 4
    np.testing.assert_allclose(table["mae_bpm"], (10 * 1 + 10 * 4 + 20 * 10) / 40)
    assert (table["seeds"] == 1).all()
