"""Which form is chosen, and how held-out sizes are predicted."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ppgkd.scaling import fit_law
from ppgkd.scaling.claims import MIN_SIZES_OF_EXPONENTIAL
from ppgkd.scaling.forms import FORMS
from ppgkd.scaling.law import fit_many
from ppgkd.scaling.model_selection import (
    exponential_lead,
    fit_candidates,
    predict_held_out,
    select_form,
    skill_scores,
)

SIZES = np.array([300.0, 900, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000])


def noisy(errors: np.ndarray, seed: int, noise: float = 0.02) -> np.ndarray:
    return errors * np.exp(noise * np.random.default_rng(seed).standard_normal(errors.shape))


@pytest.mark.parametrize("n_sizes", [5, 6, 7, 8, 12])
def test_points_that_fall_choose_a_law_that_falls_and_flat_ones_the_constant(n_sizes: int) -> None:
    """With seven, AICc's correction alone is 21 more for the power law than for the constant."""
    sizes = np.geomspace(300, 64_000, n_sizes)
    falling = [
        select_form(fit_candidates(sizes, noisy(2 + 300 * sizes**-0.7, s))) for s in range(20)
    ]
    flat = [select_form(fit_candidates(sizes, noisy(0 * sizes + 2, s))) for s in range(20)]
    assert "constant" not in falling
    assert flat.count("constant") >= 15


def test_a_form_whose_fit_did_not_converge_is_not_selected() -> None:
    candidates = fit_candidates(SIZES, noisy(2 + 300 * SIZES**-0.7, 0))
    best = select_form(candidates)
    failed = replace(candidates[best].law.status, converged=False, reason="out of patience")
    law = replace(candidates[best].law, status=failed)
    candidates[best] = replace(candidates[best], law=law)
    assert select_form(candidates) != best


def test_if_no_fit_converged_none_is_selected_and_each_reason_is_given() -> None:
    candidates = fit_candidates(SIZES, noisy(2 + 300 * SIZES**-0.7, 0), max_evaluations=1)
    del candidates["constant"]  # one step is enough for it
    reason = "power_law_floor: the maximum number of evaluations was reached; exponential: "
    with pytest.raises(ValueError, match=f"no fit converged .{reason}"):
        select_form(candidates)


def lead_of(errors: np.ndarray) -> dict[str, Any] | None:
    """Lead of the exponential on some errors, and on draws of them with 5 % of noise."""
    candidates = fit_candidates(SIZES[: len(errors)], errors)
    drawn = np.stack([noisy(errors, seed, 0.05) for seed in range(50)])
    log_sizes = np.log(SIZES[: len(errors)])
    refits = {
        name: fit_many(
            FORMS[name], log_sizes - one.law.reference, np.log(drawn), 0 * drawn + 1,
            one.law.reference,
        )
        for name, one in candidates.items()
    }  # fmt: skip
    return exponential_lead(candidates, refits, SIZES[: len(errors)], drawn)


def test_the_lead_of_the_exponential_is_that_of_its_aicc_with_an_interval() -> None:
    errors = noisy(0.2 + 3 * np.exp(-((SIZES / 6_000) ** 1.5)), 0, 0.005)
    aicc = {name: one.law.aicc for name, one in fit_candidates(SIZES, errors).items()}
    exponential = min(v for k, v in aicc.items() if k.startswith("exponential") and v is not None)
    other = min(v for k, v in aicc.items() if not k.startswith("exponential") and v is not None)
    lead = lead_of(errors)
    assert lead is not None
    assert lead["estimate"] == pytest.approx(other - exponential)
    assert 2 < lead["lower"] < lead["upper"]


def test_without_the_correction_a_form_that_fits_as_well_is_not_behind() -> None:
    """A power law: with eight sizes the exponential pays 13 more, and fits as well."""
    lead = lead_of(noisy(2 + 300 * SIZES**-0.7, 0))
    assert lead is not None
    assert lead["over"] == "power_law_floor"
    correction = 2 * 5 * 6 / (8 - 6) - 2 * 4 * 5 / (8 - 5)
    assert lead["uncorrected_estimate"] == pytest.approx(lead["estimate"] + correction)
    assert lead["uncorrected_estimate"] > -2.5
    assert lead["uncorrected_upper"] > lead["upper"]


def test_a_flat_error_gives_the_exponential_no_lead_over_the_constant() -> None:
    lead = lead_of(noisy(0 * SIZES + 2, 0))
    assert lead is not None
    assert lead["over"] == "constant"
    assert lead["estimate"] < 0
    assert lead["lower"] < 0


def test_with_too_few_sizes_for_an_exponential_there_is_no_lead() -> None:
    n_sizes = MIN_SIZES_OF_EXPONENTIAL
    assert lead_of(noisy(2 + 300 * SIZES[: n_sizes - 1] ** -0.7, 0)) is None
    assert lead_of(noisy(2 + 300 * SIZES[:n_sizes] ** -0.7, 0)) is not None


def test_forms_with_as_many_parameters_as_sizes_are_not_tried() -> None:
    assert set(fit_candidates(SIZES[:4], 2 + 300 * SIZES[:4] ** -0.7)) == {
        "constant",
        "power_law_floor",
    }


def test_forms_of_four_parameters_need_six_sizes() -> None:
    errors = 2 + 300 * SIZES**-0.7
    assert "exponential" not in fit_candidates(SIZES[:5], errors[:5])
    assert "exponential" in fit_candidates(SIZES[:6], errors[:6])


def test_the_held_out_error_is_of_laws_that_have_not_seen_the_size() -> None:
    errors = noisy(2 + 300 * SIZES**-0.7, 3)
    misses = []
    for index, size in enumerate(SIZES):
        law = fit_law("power_law_floor", np.delete(SIZES, index), np.delete(errors, index))
        misses.append(abs(law.predict(size).mean / errors[index] - 1))
    found = fit_candidates(SIZES, errors)["power_law_floor"].held_out_ape
    assert found == pytest.approx(100 * np.mean(misses), rel=0.02)


def test_the_smallest_the_middle_and_the_largest_size_are_predicted_from_the_others() -> None:
    errors = 2 + 300 * SIZES**-0.7
    rows = predict_held_out(SIZES[::-1], errors[::-1])
    assert [row["position"] for row in rows] == ["smallest", "middle", "largest"]
    assert [row["size"] for row in rows] == [300, 8_000, 64_000]
    for row in rows:
        assert row["predicted_bpm"] == pytest.approx(row["measured_bpm"], rel=1e-3)
    assert rows[0]["nearest_bpm"] == pytest.approx(2 + 300 * 900**-0.7)
    line = np.polyfit(np.log(SIZES[1:]), errors[1:], 1)
    assert rows[0]["line_bpm"] == pytest.approx(np.polyval(line, np.log(300)))


def test_the_held_out_size_does_not_affect_its_prediction() -> None:
    errors = noisy(2 + 300 * SIZES**-0.7, 5)
    other = errors.copy()
    other[0] *= 3
    before, after = predict_held_out(SIZES, errors)[0], predict_held_out(SIZES, other)[0]
    assert {**before, "measured_bpm": 0, "covered": 0} == {**after, "measured_bpm": 0, "covered": 0}
    assert not after["covered"]


def test_prediction_intervals_of_held_out_middle_sizes_have_their_nominal_coverage() -> None:
    covered = [
        predict_held_out(SIZES, noisy(2 + 300 * SIZES**-0.7, seed))[1]["covered"]
        for seed in range(150)
    ]
    assert 0.83 <= np.mean(covered) <= 0.97  # standard error 2.4 percent


def test_four_sizes_are_too_few_to_leave_one_out() -> None:
    assert predict_held_out(SIZES[:4], 2 + 300 * SIZES[:4] ** -0.7) == []


def test_skill_is_one_for_the_truth_and_zero_for_the_rule() -> None:
    row = {"predicted_bpm": 2.0, "measured_bpm": 2.0, "covered": True}
    perfect = skill_scores([{**row, "nearest_bpm": 3.0, "line_bpm": 1.0}])
    assert perfect == {"n": 1, "ape": 0, "coverage": 1, "over_nearest": 1, "over_line": 1}
    no_better = skill_scores([{**row, "predicted_bpm": 3.0, "nearest_bpm": 1.0, "line_bpm": 2.5}])
    assert no_better["ape"] == pytest.approx(50)
    assert no_better["over_nearest"] == pytest.approx(0)
    assert no_better["over_line"] == pytest.approx(-1)


def test_skill_over_a_rule_that_is_never_wrong_is_not_a_number_but_none() -> None:
    row = {"predicted_bpm": 2.0, "measured_bpm": 2.0, "covered": True}
    assert skill_scores([{**row, "nearest_bpm": 2.0, "line_bpm": 1.0}])["over_nearest"] is None
