"""Laws in people: recovered from chosen ones; gains, minutes and the plan that follows."""

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.unit.scaling.people_tables import tables

from ppgkd.scaling.forecast import forecast_people
from ppgkd.scaling.people import fit_people_laws, read_forecast
from ppgkd.scaling.people_curve import make_people_curves
from ppgkd.scaling.plan_people import PeoplePlan, plan_people, plan_people_of_study

SIZES = (2, 3, 4, 6, 8)
NAMES = ("E", "A", "a", "B", "b")
CHOSEN = (1.0, 20.0, 0.5, 3.0, 0.8)


def surface(people: float, draw: int, subject: int, params: int) -> float:
    """The error of a chosen law, with draws that differ a little."""
    floor, of_size, a, of_people, b = CHOSEN
    error = floor + of_size * params**-a + of_people * people**-b
    return error * (1 + 0.01 * (draw - 1)) * (0.8 + 0.08 * subject)


@pytest.fixture(scope="module")
def fitted() -> dict[str, Any]:
    return fit_people_laws(*tables(surface, sizes=SIZES, params=(350, 1_000, 4_000, 16_000)))


def test_the_form_in_both_sizes_is_supported_best_and_has_the_chosen_parameters(
    fitted: dict[str, Any],
) -> None:
    forms = {row["form"]: row for row in fitted["joint"]}
    assert min(forms, key=lambda name: forms[name]["aicc"]) == "size_and_people"
    level = sum((k + 1) * (0.8 + 0.08 * k) for k in range(6)) / 21
    found = forms["size_and_people"]["parameters"]
    expected = dict(zip(NAMES, CHOSEN, strict=True))
    for name in ("a", "b"):
        assert found[name]["estimate"] == pytest.approx(expected[name], rel=0.02)
    for name in ("E", "A", "B"):
        assert found[name]["estimate"] == pytest.approx(level * expected[name], rel=0.05)


def test_the_intervals_of_the_parameters_are_over_draws_and_test_people(
    fitted: dict[str, Any],
) -> None:
    scale = next(r for r in fitted["joint"] if r["form"] == "size_and_people")["parameters"]["E"]
    assert scale["lower"] < scale["estimate"] < scale["upper"]


def test_each_student_has_the_law_of_its_own(fitted: dict[str, Any]) -> None:
    exponents = [law["parameters"]["b"]["estimate"] for law in fitted["laws"]]
    np.testing.assert_allclose(exponents, 0.8, rtol=0.02)


def test_the_forecast_can_be_written_and_read(fitted: dict[str, Any]) -> None:
    law = json.loads(json.dumps(fitted))["laws"][0]
    curves, _ = make_people_curves(*tables(surface, sizes=SIZES, params=(350,)))
    (curve,) = curves.values()
    again = read_forecast(law).predict([12, 24, 48])
    np.testing.assert_allclose(again, forecast_people(curve).predict([12, 24, 48]), rtol=1e-3)
    assert law["twice"]["mae_bpm"] == pytest.approx(again[0][1], rel=1e-3)


def test_all_of_it_is_json_without_nan(fitted: dict[str, Any]) -> None:
    json.dumps(fitted, allow_nan=False)
    assert fitted["curves"][-1]["draw_sd_bpm"] is None  # all people are one draw


def test_too_few_numbers_of_people_give_a_reason_and_no_forecast() -> None:
    law = fit_people_laws(*tables(surface, sizes=(4,)))["laws"][0]
    assert "needs more points" in law["reason"]
    assert "forecast" not in law


def test_larger_numbers_are_forecast_from_the_smaller_ones_as_if_not_measured(
    fitted: dict[str, Any],
) -> None:
    rows = [row for row in fitted["tested"] if row["student"] == "spectral_resnet-350"]
    pairs = [(row["seen"], row["people"]) for row in rows]
    assert pairs == [(4, 6), (4, 8), (4, 12), (6, 8), (6, 12), (8, 12)]
    changed = fit_people_laws(
        *tables(lambda people, *more: surface(people, *more) * (1 + (people > 8)), sizes=SIZES)
    )
    for row, other in zip(rows, changed["tested"], strict=True):
        assert row["predicted_bpm"] == other["predicted_bpm"]
        assert row["predicted_bpm"] == pytest.approx(row["measured_bpm"], rel=0.06)
        assert row["covered"]
        assert row["last_bpm"] > row["measured_bpm"]


def twice_as_good(people: float, draw: int, subject: int, params: int) -> float:
    return surface(2 * people, draw, subject, params)


def gains_of(*, unlabelled: bool = False) -> dict[str, Any]:
    """Gains of a teacher that is worth twice the people."""
    scratch = tables(surface, sizes=SIZES)
    taught = tables(twice_as_good, sizes=SIZES, strategies=("soft",), unlabelled=unlabelled)
    cells, subjects = (
        pd.concat(pair, ignore_index=True) for pair in zip(scratch, taught, strict=True)
    )
    return fit_people_laws(cells, subjects)


def test_the_gain_is_told_in_people_from_scratch() -> None:
    rows = {row["people"]: row for row in gains_of()["gains"]}
    for people in (2, 3, 4):
        assert rows[people]["equal_people"] == pytest.approx(2 * people, rel=0.02)
        assert rows[people]["lower_bpm"] > 0
    assert rows[8]["equal_people"] is None  # better than scratch with all
    assert 12 not in rows  # with all people it is the gain of the sweep


def test_the_share_is_of_what_labels_of_all_would_give() -> None:
    row = next(row for row in gains_of()["gains"] if row["people"] == 4)
    _, _, _, scale, b = CHOSEN
    of_all = scale * (4**-b - 12**-b)
    assert row["share"] == pytest.approx(scale * (4**-b - 8**-b) / of_all, rel=0.02)
    assert row["share_lower"] <= row["share"] <= row["share_upper"]


def test_minutes_are_rows_beside_all_minutes() -> None:
    cells, subjects = tables(surface, sizes=SIZES)
    fewer = [table[table["people"].isna()].assign(minutes=5) for table in (cells, subjects)]
    fewer[1]["mae_bpm"] *= 2
    cells, subjects = (
        pd.concat([table, own], ignore_index=True).astype({"minutes": "Int64"})
        for table, own in zip((cells, subjects), fewer, strict=True)
    )
    cells["train_minutes"] = np.where(cells["minutes"].notna(), 60.0, 180.0)
    rows = {row["minutes"]: row for row in fit_people_laws(cells, subjects)["minutes"]}
    assert set(rows) == {None, 5}
    assert rows[5]["mae_bpm"] == pytest.approx(2 * rows[None]["mae_bpm"])
    assert (rows[5]["train_minutes"], rows[None]["train_minutes"]) == (60, 180)


# The plan


def plan(max_mae_bpm: float, fitted: dict[str, Any]) -> PeoplePlan:
    found = plan_people(max_mae_bpm, fitted)
    assert found is not None
    return found


def test_the_plan_says_how_many_more_to_record(fitted: dict[str, Any]) -> None:
    level = sum((k + 1) * (0.8 + 0.08 * k) for k in range(6)) / 21
    bound = level * float(1 + 20 * 16_000**-0.5 + 3 * 24**-0.8)  # the law's error with 24 people
    found = plan(bound, fitted)
    assert found.student == "spectral_resnet-16000"
    assert found.people == pytest.approx(24, rel=0.3)
    assert found.lower < 24 < found.upper
    assert f"record {int(np.ceil(found.people - 12))} more to train on (" in str(found)
    assert "besides the 12 that trained and those who validate and test" in str(found)


def test_where_fewer_would_do_the_plan_says_so(fitted: dict[str, Any]) -> None:
    text = str(plan(9.0, fitted))
    assert "at most 2 to train on suffice for 9 BPM by spectral_resnet-350" in text  # the smallest
    assert "(at most 2, 90 % interval); 12 trained" in text


def test_a_bound_that_no_number_reaches_cannot_be_told(fitted: dict[str, Any]) -> None:
    text = str(plan(0.1, fitted))
    assert "cannot be told" in text
    assert "up to 60 people" in text


def test_people_without_a_reference_are_counted_where_the_study_measured_their_worth() -> None:
    fitted = gains_of(unlabelled=True)
    assert [law["strategy"] for law in fitted["laws"]] == ["scratch"]
    found = plan(2.5, fitted)
    # with 2 labelled people of 12 it errs as with 4: ten others are worth two
    assert found.unlabelled == (pytest.approx(0.2, rel=0.02), "soft from spectral_resnet-60000")
    more = int(np.ceil((found.people - 12) / 0.2))
    assert found.people > 12
    assert f"or about {more} without a reference, by soft" in str(found)


def test_students_above_another_bound_are_not_planned(fitted: dict[str, Any]) -> None:
    found = plan_people(1.9, fitted, {"spectral_resnet-350"})
    assert found is not None
    assert found.student == "spectral_resnet-350"
    assert plan_people(1.9, fitted, set()) is None


def test_without_forecasts_there_is_no_plan() -> None:
    assert plan_people(2.0, fit_people_laws(*tables(surface, sizes=(4,)))) is None


def test_of_a_studys_bounds_those_within_its_numbers_of_people_are_trained() -> None:
    fitted = fit_people_laws(*tables(surface, sizes=SIZES))
    cells = pd.DataFrame({"student": ["spectral_resnet-350"], "mae_bpm": [3.0], "macs": [9e5]})
    error_of_eight = next(row["mae_bpm"] for row in fitted["curves"] if row["people"] == 8)
    bounds: list[dict[str, float]] = [
        {"max_mae_bpm": error_of_eight + 0.05},
        {"max_mae_bpm": 0.01},
        {"max_macs": 1e6},
    ]
    within, beyond = json.loads(
        json.dumps(plan_people_of_study(bounds, fitted, cells), allow_nan=False)
    )
    assert 4 <= within["train"] <= 8
    assert within["lower_bpm"] < within["mae_bpm"] < within["upper_bpm"]
    assert within["mae_bpm"] <= error_of_eight + 0.05
    assert "train" not in beyond
    assert "cannot be told" in beyond["answer"]


def test_each_dataset_has_a_curve_over_its_own_test_people(fitted: dict[str, Any]) -> None:
    of_dataset = {
        name: [row for row in fitted["by_dataset"] if row["dataset"] == name]
        for name in ("runs", "walks")
    }
    smallest = [own[0] for own in of_dataset.values()]
    people = {"runs": (0, 2, 4), "walks": (1, 3, 5)}
    law = 1 + 20 * 350**-0.5 + 3 * 2**-0.8
    for row in smallest:
        tested = people[row["dataset"]]
        level = sum((k + 1) * (0.8 + 0.08 * k) for k in tested) / sum(k + 1 for k in tested)
        assert row["mae_bpm"] == pytest.approx(level * law)
