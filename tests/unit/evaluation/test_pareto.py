"""The Pareto front, by brute force."""

import numpy as np
import pandas as pd
import pytest

from ppgkd.evaluation.pareto import pareto_front


def beaten(one: tuple[float, ...], others: list[tuple[float, ...]]) -> bool:
    return any(
        other != one and all(o <= mine for o, mine in zip(other, one, strict=True))
        for other in others
    )


@pytest.mark.parametrize("rng_seed", range(5))
def test_the_front_is_who_no_other_beats_in_cost_and_error(rng_seed: int) -> None:
    rng = np.random.default_rng(rng_seed)
    cost = rng.integers(0, 20, size=(60, 2)).astype(float)  # coarse, so that there are ties
    table = pd.DataFrame(cost, columns=["cost", "mae_bpm"])
    rows = [tuple(row) for row in cost]
    expected = [not beaten(row, rows) for row in rows]
    assert pareto_front(table).tolist() == expected
    assert 0 < sum(expected) < 60


def test_students_that_are_equal_in_everything_share_the_front() -> None:
    table = pd.DataFrame({"cost": [5, 5, 9], "mae_bpm": [2, 2, 2]})
    assert pareto_front(table).tolist() == [True, True, False]


def test_the_best_in_one_respect_is_on_the_front_however_bad_in_the_other() -> None:
    table = pd.DataFrame({"cost": [1, 9, 9], "mae_bpm": [90, 2, 3]})
    assert pareto_front(table).tolist() == [True, True, False]
