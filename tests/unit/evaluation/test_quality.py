"""The assessment of estimates, where errors and spreads are known beforehand."""

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import ArrayLike
from scipy.stats import norm

from ppgkd.evaluation.agreement import limits_of_agreement
from ppgkd.evaluation.metrics import error_metrics, subject_interval
from ppgkd.evaluation.quality import NOMINAL, assess, calibration, risk_coverage


def windows(
    error_bpm: ArrayLike,
    sd_bpm: ArrayLike = 2.0,
    subject: ArrayLike = "ada",
    hr_bpm: ArrayLike = 100.0,
    motion_g: ArrayLike = 0.3,
) -> pd.DataFrame:
    """Windows of these errors; an error of NaN is no estimate."""
    columns = {"subject": subject, "hr_bpm": hr_bpm, "sd_bpm": sd_bpm, "motion_g": motion_g}
    table = pd.DataFrame({"error_bpm": np.asarray(error_bpm, float)}).assign(**columns)
    return table.assign(pred_bpm=table["hr_bpm"] + table["error_bpm"]).drop(columns="error_bpm")


def gaussian(promised: float, n_windows: int = 40_000) -> pd.DataFrame:
    """Normal errors about spreads that differ, stated as ``promised`` times what they are."""
    rng = np.random.default_rng(0)
    sd_bpm = rng.uniform(1, 6, n_windows)
    subject = [f"s{window % 10}" for window in range(n_windows)]
    return windows(rng.normal(0, sd_bpm), promised * sd_bpm, subject)


def by_band(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {row["band"]: row for row in rows}


def test_the_intervals_of_a_true_spread_cover_what_they_promise() -> None:
    found = calibration(gaussian(promised=1))
    assert [point["nominal"] for point in found["curve"]] == list(NOMINAL)
    for point in found["curve"]:
        assert point["coverage"] == pytest.approx(point["nominal"], abs=0.01)
        assert point["lower"] <= point["coverage"] <= point["upper"]
    assert found["coverage_50"] == pytest.approx(0.5, abs=0.01)
    assert found["coverage_90"] == pytest.approx(0.9, abs=0.01)


@pytest.mark.parametrize("promised", [0.5, 2.0])
def test_a_false_spread_covers_as_the_normal_distribution_predicts(promised: float) -> None:
    found = calibration(gaussian(promised))
    for point in found["curve"]:
        z = promised * norm.ppf((1 + point["nominal"]) / 2)
        assert point["coverage"] == pytest.approx(2 * norm.cdf(z) - 1, abs=0.01)


def test_coverage_by_hand() -> None:
    """Of a spread of 2 BPM the central half reaches 1.349 BPM, and 90 % reach 3.290 BPM."""
    found = calibration(windows([0, 1.34, -1.36, 3.28, -3.30]))
    assert found["coverage_50"] == 2 / 5
    assert found["coverage_90"] == 4 / 5


def test_the_curve_of_risk_and_coverage_by_hand() -> None:
    found = risk_coverage(windows([3, -4, 2, 1], sd_bpm=[4, 1, 3, 2]))
    at = {point["coverage"]: point for point in found["curve"]}
    assert len(at) == 20
    assert list(at) == pytest.approx(np.linspace(0.05, 1, 20))
    for coverage, mae, oracle, sd in (
        (0.25, 4, 1, 1),
        (0.5, 5 / 2, 3 / 2, 2),
        (0.75, 7 / 3, 2, 3),
        (1, 10 / 4, 10 / 4, 4),
    ):
        assert at[coverage]["mae_bpm"] == pytest.approx(mae)
        assert at[coverage]["oracle_mae_bpm"] == pytest.approx(oracle)
        assert at[coverage]["max_sd_bpm"] == sd
    assert found["aurc_bpm"] == pytest.approx((4 + 5 / 2 + 7 / 3 + 10 / 4) / 4)
    assert found["oracle_aurc_bpm"] == pytest.approx((1 + 3 / 2 + 2 + 10 / 4) / 4)
    assert found["random_aurc_bpm"] == pytest.approx(10 / 4)


def test_a_spread_in_the_order_of_the_errors_is_as_good_as_the_oracle() -> None:
    """Of errors that are even between 0 and 1, the best share c has a mean of c / 2."""
    absolute = (np.arange(10_000) + 0.5) / 10_000
    found = risk_coverage(windows(absolute, sd_bpm=absolute**2))
    assert found["aurc_bpm"] == found["oracle_aurc_bpm"] == pytest.approx(1 / 4, abs=1e-4)
    assert found["random_aurc_bpm"] == pytest.approx(1 / 2)
    assert found["gain_share"] == pytest.approx(1)
    for point in found["curve"]:
        assert point["mae_bpm"] == pytest.approx(point["coverage"] / 2)


def test_a_spread_that_tells_nothing_is_as_good_as_chance_whatever_the_order_of_rows() -> None:
    for errors in ([1.0, 2.0, 3.0, 6.0], [6.0, 3.0, 2.0, 1.0]):
        found = risk_coverage(windows(errors, sd_bpm=2.5))
        assert found["aurc_bpm"] == found["random_aurc_bpm"] == pytest.approx(3)
        assert found["gain_share"] == pytest.approx(0)
        assert {point["mae_bpm"] for point in found["curve"]} == {3.0}


def test_where_all_errors_are_the_same_no_order_gains() -> None:
    found = risk_coverage(windows([2.0, -2.0, 2.0], sd_bpm=[1, 2, 3]))
    assert found["gain_share"] is None


def test_what_is_kept_is_a_share_of_all_windows_with_or_without_an_estimate() -> None:
    found = risk_coverage(
        windows([1, 2, 3, np.nan, 5, np.nan, np.nan, 8], [1, 2, 3, 9, 4, 9, 9, 5])
    )
    coverages = [point["coverage"] for point in found["curve"]]
    assert coverages == pytest.approx([*np.linspace(0.05, 0.6, 12), 5 / 8])
    assert found["curve"][-1]["mae_bpm"] == pytest.approx(19 / 5)
    (half,) = (point for point in found["curve"] if point["coverage"] == 0.5)
    assert half["mae_bpm"] == pytest.approx(11 / 4)


def test_windows_without_an_estimate_are_counted_and_otherwise_left_out() -> None:
    table = windows([1, -3, np.nan, 2, np.nan], subject=["ada", "ada", "ada", "bo", "cy"])
    found = assess(table)
    counts = {name: found[name] for name in ("n_windows", "n_estimates", "n_subjects")}
    assert counts == {"n_windows": 5, "n_estimates": 3, "n_subjects": 3}
    without = assess(table[table["pred_bpm"].notna()])
    assert found["overall"] == without["overall"]
    assert found["calibration"] == without["calibration"]
    assert found["bland_altman"] == without["bland_altman"]


def test_the_figures_of_all_windows_are_the_error_metrics() -> None:
    table = gaussian(promised=1, n_windows=500)
    found = assess(table)["overall"]
    expected = error_metrics(table["pred_bpm"].to_numpy(), table["hr_bpm"].to_numpy())
    assert {name: found[name] for name in expected} == expected
    assert found["coverage_90"] == calibration(table)["coverage_90"]


def test_intervals_are_over_subjects() -> None:
    table = windows([1] * 30 + [4] * 10, subject=["ada"] * 30 + ["bo"] * 10)
    found = assess(table)
    intervals = found["overall"]["intervals"]
    assert tuple(intervals["mae_bpm"]) == subject_interval(table) == (1, 4)
    assert intervals["bias_bpm"] == [1, 4]
    assert intervals["rmse_bpm"] == [1, 4]
    assert (found["mape"]["lower"], found["mape"]["upper"]) == pytest.approx((1, 4))


def test_every_subject_has_a_row_with_its_own_figures() -> None:
    table = windows(
        [1, -3, 12, np.nan, np.nan, 5], subject=["ada", "ada", "bo", "bo", "cy", "di"], hr_bpm=80.0
    )
    rows = {row["subject"]: row for row in assess(table)["by_subject"]}
    assert list(rows) == ["ada", "bo", "cy", "di"]
    assert [row["n_windows"] for row in rows.values()] == [2, 2, 1, 1]
    assert [row["n_estimates"] for row in rows.values()] == [2, 1, 0, 1]
    assert [row["mae_bpm"] for row in rows.values()] == [2, 12, None, 5]
    assert [row["coverage_90"] for row in rows.values()] == [1, 0, None, 0]
    assert all(row.keys() == rows["ada"].keys() for row in rows.values())


def test_motion_has_a_row_for_each_band_that_holds_windows() -> None:
    table = windows(
        [1, 2, 3, 4, 5, np.nan],
        motion_g=[0.0, 0.099, 0.1, 0.6, np.nan, 3.0],
        subject=["ada", "bo", "ada", "ada", "ada", "bo"],
    )
    rows = by_band(assess(table)["by_motion"])
    assert list(rows) == ["still", "light", "vigorous"]
    assert [row["n_windows"] for row in rows.values()] == [2, 1, 2]
    assert [row["n_subjects"] for row in rows.values()] == [2, 1, 2]
    assert [row["mae_bpm"] for row in rows.values()] == [1.5, 3, 4]
    assert (rows["still"]["lower"], rows["still"]["upper"]) == (0, 0.1)
    assert rows["vigorous"]["upper"] is None
    assert (rows["still"]["mae_lower_bpm"], rows["still"]["mae_upper_bpm"]) == (1, 2)


def test_without_an_accelerometer_there_are_no_bands_of_motion() -> None:
    assert assess(windows([1, 2, 3], motion_g=np.nan))["by_motion"] == []


def test_heart_rate_has_a_row_for_each_range_of_the_reference() -> None:
    table = windows([1, 2, 3, 4, 5], hr_bpm=[59.9, 60, 89, 120, 180])
    rows = by_band(assess(table)["by_heart_rate"])
    assert list(rows) == ["below 60", "60 to 90", "120 to 150", "150 and above"]
    assert [row["mae_bpm"] for row in rows.values()] == pytest.approx([1, 2.5, 4, 5])


@pytest.mark.parametrize(("error_bpm", "passed"), [(10.0, True), (-10.0, True), (10.1, False)])
def test_the_standard_is_met_up_to_ten_percent(error_bpm: float, passed: bool) -> None:
    found = assess(windows([error_bpm, error_bpm]))["mape"]
    assert found["mape"] == pytest.approx(abs(error_bpm))
    assert found["limit"] == 10
    assert found["passed"] is passed


def test_subjects_that_meet_the_standard_are_counted() -> None:
    table = windows([1, 2, 30, np.nan], subject=["ada", "ada", "bo", "cy"])
    found = assess(table)["mape"]
    assert found["passed"] is False
    assert (found["n_subjects_passed"], found["n_subjects"]) == (1, 2)


def test_agreement_is_that_of_repeated_measures() -> None:
    table = windows([0, 2, 4, 6], subject=["ada", "ada", "bo", "bo"])
    assert assess(table)["bland_altman"] == limits_of_agreement(table)


def test_several_seeds_leave_means_and_intervals_over_subjects_unchanged() -> None:
    table = gaussian(promised=1, n_windows=300)
    once, thrice = assess(table), assess(pd.concat([table] * 3))
    assert thrice["n_windows"] == 900
    for name in ("mae_bpm", "bias_bpm", "within_10pct", "coverage_90"):
        assert thrice["overall"][name] == pytest.approx(once["overall"][name])
    for name, interval in once["overall"]["intervals"].items():
        assert thrice["overall"]["intervals"][name] == pytest.approx(interval)


@pytest.mark.parametrize(
    "table",
    [
        gaussian(promised=1, n_windows=200),
        windows([3.0]),
        windows([0.0, 0.0], sd_bpm=0.0),
        windows([1, np.nan], subject=["ada", "bo"], sd_bpm=[1, np.nan], motion_g=np.nan),
        windows([1, 2]).astype({"hr_bpm": "float32", "pred_bpm": "float32", "sd_bpm": "float32"}),
    ],
    ids=["usual", "one window", "no errors", "few estimates", "float32"],
)
def test_an_assessment_can_be_written_as_json(table: pd.DataFrame) -> None:
    found = assess(table)
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_the_table_stays_as_it_is() -> None:
    table = windows([1, np.nan, 3], sd_bpm=[3, 2, 1])
    before = table.copy()
    assess(table)
    pd.testing.assert_frame_equal(table, before)


def test_without_any_estimate_there_is_nothing_to_assess() -> None:
    with pytest.raises(ValueError, match="none of the 2 windows has an estimate"):
        assess(windows([np.nan, np.nan]))


@pytest.mark.parametrize("column", ["hr_bpm", "pred_bpm", "sd_bpm"])
def test_an_estimate_needs_a_finite_reference_and_spread(column: str) -> None:
    table = windows([1.0, 2.0])
    table.loc[1, column] = np.inf
    with pytest.raises(ValueError, match=f"{column} must be finite where there is an estimate"):
        assess(table)
