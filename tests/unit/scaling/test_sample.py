"""What laws and effects rest on: which cells are used, which are named, and what is drawn."""

import json
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from ppgkd.scaling.effects import fit_effects
from ppgkd.scaling.sample import DRAWS, SizeSweep, make_size_sweep, usable_cells

Sweep = Callable[..., tuple[pd.DataFrame, pd.DataFrame]]

STUDENTS = [("spectral_resnet", size) for size in (500, 1_000, 2_000, 4_000)]
CELL = ("soft", "spectral_resnet-50000", "spectral_resnet-2000", 1)
SUBJECT_BPM = 2.0, 3.0, 6.0, 4.0, 5.0


def error_bpm(strategy: str, params: int, seed: int, who: int) -> float:
    gain = 0.5 if strategy == "soft" else 0.0
    return SUBJECT_BPM[who] + 100 / params + 0.1 * seed + 0.05 * (who == seed) - gain


def with_an_error(subjects: pd.DataFrame, error: float) -> pd.DataFrame:
    """Spoil one subject's error in one cell."""
    keys = subjects[["strategy", "teacher", "student", "seed"]].itertuples(index=False, name=None)
    here = np.array([cell == CELL for cell in keys]) & (subjects["subject"] == "s1")
    return subjects.assign(mae_bpm=subjects["mae_bpm"].mask(here, error))


@pytest.mark.parametrize("bad", [0.0, -0.5, float("nan"), float("inf")])
def test_a_cell_with_an_error_that_is_not_positive_and_finite_is_left_out_and_named(
    sweep: Sweep, bad: float
) -> None:
    _, subjects = sweep(error_bpm, students=STUDENTS, seeds=(0, 1))
    kept, left_out = usable_cells(with_an_error(subjects, bad))
    assert [*left_out.itertuples(index=False, name=None)] == [
        (*CELL, f"the error of subject s1 is {bad:g}")
    ]
    lost = subjects.drop(kept.index)
    assert set(lost["student"]) == {"spectral_resnet-2000"}
    assert set(lost["strategy"]) == {"soft"}
    assert set(lost["seed"]) == {1}
    assert len(lost) == 3, "one row per subject"


def test_of_sound_errors_nothing_is_left_out(sweep: Sweep) -> None:
    _, subjects = sweep(error_bpm, students=STUDENTS)
    kept, left_out = usable_cells(subjects)
    pd.testing.assert_frame_equal(kept, subjects)
    assert left_out.empty


def size_sweep_of(cells: pd.DataFrame, subjects: pd.DataFrame, seeds: list[int]) -> SizeSweep:
    own = cells[cells["strategy"] == "soft"]
    errors = subjects.merge(own[["strategy", "student", "seed", "params"]])
    return make_size_sweep(errors, own, seeds, {})


def test_a_seed_that_a_strategy_lacks_altogether_is_named(sweep: Sweep) -> None:
    cells, subjects = sweep(error_bpm, students=STUDENTS, seeds=(0, 1))
    size_sweep = size_sweep_of(cells[cells["seed"] == 0], subjects[subjects["seed"] == 0], [0, 1])
    names = "spectral_resnet-500, spectral_resnet-1000, spectral_resnet-2000, spectral_resnet-4000"
    assert size_sweep.notes == (f"{names}, seed 1: not finished; the seed is left out",)
    assert size_sweep.errors_bpm.shape == (4, 1, 3)


def test_a_size_that_no_seed_has_is_named(sweep: Sweep) -> None:
    cells, subjects = sweep(error_bpm, students=STUDENTS, seeds=(0, 1))
    size_sweep = size_sweep_of(
        cells, subjects[subjects["student"] != "spectral_resnet-1000"], [0, 1]
    )
    assert size_sweep.sizes["params"].tolist() == [500, 2_000, 4_000]
    assert size_sweep.notes == tuple(
        f"spectral_resnet-1000, seed {seed}: not finished; the size is left out" for seed in (0, 1)
    )


def test_errors_by_size_are_means_over_windows_and_seeds(sweep: Sweep) -> None:
    cells, subjects = sweep(error_bpm, students=STUDENTS, seeds=(0, 1), n_windows=[10, 30, 60])
    expected = cells[cells["strategy"] == "soft"].groupby("params")["mae_bpm"].mean()
    np.testing.assert_allclose(size_sweep_of(cells, subjects, [0, 1]).mae_bpm, expected)


def test_draws_are_of_subjects_first_the_same_for_all_sizes_and_then_of_seeds(
    sweep: Sweep,
) -> None:
    """Of the variances of a mean over drawn subjects, and over drawn seeds within them."""
    by_subject = size_sweep_of(
        *sweep(lambda s, p, k, who: SUBJECT_BPM[who], students=STUDENTS, seeds=(0, 1)), [0, 1]
    ).draw(seed=0)
    assert by_subject.shape == (DRAWS, 4)
    np.testing.assert_allclose(by_subject, by_subject[:, :1] * np.ones(4), rtol=1e-12)
    assert by_subject[:, 0].std() == pytest.approx(np.std(SUBJECT_BPM[:3]) / np.sqrt(3), rel=0.1)

    by_seed = size_sweep_of(
        *sweep(lambda s, p, k, who: 3.0 + k, students=STUDENTS, seeds=(0, 1, 2)), [0, 1, 2]
    ).draw(seed=0)
    assert by_seed.std(axis=0) == pytest.approx(np.std([0, 1, 2]) / np.sqrt(3), rel=0.1)
    between_sizes = np.corrcoef(by_seed.T)[np.triu_indices(4, k=1)]
    np.testing.assert_allclose(between_sizes, 0, atol=0.12)  # standard error 0.03


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_effects_leave_such_a_cell_out_and_name_it(sweep: Sweep, bad: float) -> None:
    cells, subjects = sweep(error_bpm, students=STUDENTS, seeds=(0, 1), n_subjects=5)
    result = fit_effects(cells, with_an_error(subjects, bad))
    cell = "soft, spectral_resnet-50000, spectral_resnet-2000, seed 1"
    said = f"{cell}: the error of subject s1 is {bad:g}"
    assert f"{said}; the cell is left out" in result["warnings"]
    assert result["n_rows"] == len(subjects) - 5
    json.dumps(result, allow_nan=False)


def test_effects_of_errors_that_are_all_none_end_with_a_reason(sweep: Sweep) -> None:
    cells, subjects = sweep(error_bpm, students=STUDENTS[:1], strategies=("scratch",))
    result = fit_effects(cells, subjects.assign(mae_bpm=np.nan))
    assert result == {
        "reason": "no cell can be used; scratch, none, spectral_resnet-500, seed 0: the error of "
        "subject s0 is nan; the cell is left out"
    }
