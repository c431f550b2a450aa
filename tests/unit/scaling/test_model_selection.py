"""Which form is chosen, and how held-out sizes are predicted."""

import numpy as np
import pytest

from ppgkd.scaling import fit_law
from ppgkd.scaling.model_selection import candidates, choose, held_out, skill

SIZES = np.array([300.0, 900, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000])


def noisy(errors: np.ndarray, seed: int, noise: float = 0.02) -> np.ndarray:
    return errors * np.exp(noise * np.random.default_rng(seed).standard_normal(errors.shape))


def test_points_that_fall_choose_a_law_that_falls_and_flat_ones_the_constant() -> None:
    falling = [choose(candidates(SIZES, noisy(2 + 300 * SIZES**-0.7, s))) for s in range(20)]
    flat = [choose(candidates(SIZES, noisy(0 * SIZES + 2, s))) for s in range(20)]
    assert "constant" not in falling
    assert flat.count("constant") >= 15


def test_forms_with_as_many_parameters_as_sizes_are_not_tried() -> None:
    assert set(candidates(SIZES[:4], 2 + 300 * SIZES[:4] ** -0.7)) == {
        "constant",
        "power_law_floor",
    }


def test_forms_of_four_parameters_need_six_sizes() -> None:
    errors = 2 + 300 * SIZES**-0.7
    assert "exponential" not in candidates(SIZES[:5], errors[:5])
    assert "exponential" in candidates(SIZES[:6], errors[:6])


def test_the_held_out_error_is_of_laws_that_have_not_seen_the_size() -> None:
    errors = noisy(2 + 300 * SIZES**-0.7, 3)
    misses = []
    for index, size in enumerate(SIZES):
        law = fit_law("power_law_floor", np.delete(SIZES, index), np.delete(errors, index))
        misses.append(abs(law.predict(size).mean / errors[index] - 1))
    found = candidates(SIZES, errors)["power_law_floor"].held_out_ape
    assert found == pytest.approx(100 * np.mean(misses), rel=0.02)


def test_the_smallest_the_middle_and_the_largest_size_are_predicted_from_the_others() -> None:
    errors = 2 + 300 * SIZES**-0.7
    rows = held_out(SIZES[::-1], errors[::-1])
    assert [row["place"] for row in rows] == ["smallest", "middle", "largest"]
    assert [row["size"] for row in rows] == [300, 8_000, 64_000]
    for row in rows:
        assert row["predicted_bpm"] == pytest.approx(row["actual_bpm"], rel=1e-3)
    assert rows[0]["nearest_bpm"] == pytest.approx(2 + 300 * 900**-0.7)
    line = np.polyfit(np.log(SIZES[1:]), errors[1:], 1)
    assert rows[0]["line_bpm"] == pytest.approx(np.polyval(line, np.log(300)))


def test_what_is_left_out_has_no_say() -> None:
    errors = noisy(2 + 300 * SIZES**-0.7, 5)
    other = errors.copy()
    other[0] *= 3
    before, after = held_out(SIZES, errors)[0], held_out(SIZES, other)[0]
    assert {**before, "actual_bpm": 0, "hit": 0} == {**after, "actual_bpm": 0, "hit": 0}
    assert not after["hit"]


def test_intervals_of_held_out_sizes_within_the_ladder_hold_as_often_as_they_say() -> None:
    hits = [held_out(SIZES, noisy(2 + 300 * SIZES**-0.7, seed))[1]["hit"] for seed in range(150)]
    assert 0.83 <= np.mean(hits) <= 0.97  # standard error 2.4 percent


def test_four_sizes_are_too_few_to_leave_one_out() -> None:
    assert held_out(SIZES[:4], 2 + 300 * SIZES[:4] ** -0.7) == []


def test_skill_is_one_for_the_truth_and_nothing_for_what_the_rule_says() -> None:
    row = {"predicted_bpm": 2.0, "actual_bpm": 2.0, "hit": True}
    perfect = skill([{**row, "nearest_bpm": 3.0, "line_bpm": 1.0}])
    assert perfect == {"n": 1, "ape": 0, "hits": 1, "over_nearest": 1, "over_line": 1}
    no_better = skill([{**row, "predicted_bpm": 3.0, "nearest_bpm": 1.0, "line_bpm": 2.5}])
    assert no_better["ape"] == pytest.approx(50)
    assert no_better["over_nearest"] == pytest.approx(0)
    assert no_better["over_line"] == pytest.approx(-1)


def test_skill_over_a_rule_that_is_never_wrong_is_not_a_number_but_none() -> None:
    row = {"predicted_bpm": 2.0, "actual_bpm": 2.0, "hit": True}
    assert skill([{**row, "nearest_bpm": 2.0, "line_bpm": 1.0}])["over_nearest"] is None
