"""What is drawn of the quality of estimates."""

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.unit.report.spec_of import Drawn

from ppgkd.evaluation.agreement import limits_of_agreement
from ppgkd.evaluation.quality import assess
from ppgkd.report.figures.chart import static_svg
from ppgkd.report.figures.quality import CURVE_LOOKS, bland_altman, reliability, risk_coverage


def predictions(n_windows: int = 1500, seed: int = 0) -> pd.DataFrame:
    """Ten subjects whose spreads are true, and some estimates at half the reference."""
    rng = np.random.default_rng(seed)
    hr_bpm, sd_bpm = rng.uniform(60, 180, n_windows), rng.uniform(1, 6, n_windows)
    pred_bpm = hr_bpm + rng.normal(0, sd_bpm)
    pred_bpm[::50] = hr_bpm[::50] / 2
    return pd.DataFrame(
        {
            "subject": [f"s{window % 10}" for window in range(n_windows)],
            "hr_bpm": hr_bpm,
            "pred_bpm": pred_bpm,
            "sd_bpm": sd_bpm,
            "motion_g": rng.gamma(2, 0.2, n_windows),
        }
    )


@pytest.fixture(scope="module")
def assessments() -> dict[str, dict[str, Any]]:
    filtered = predictions(seed=1)
    filtered.loc[filtered["sd_bpm"] > 5.5, "pred_bpm"] = np.nan
    return {"single window": assess(predictions()), "online filter": assess(filtered)}


def tiles(drawn: Drawn) -> list[dict[str, Any]]:
    (layer,) = (layer for layer in drawn.layers(0, "rect") if "color" in layer["encoding"])
    return drawn.rows(0, layer)


def lines(drawn: Drawn) -> list[float]:
    rows = [row for layer in drawn.layers(0, "rule") for row in drawn.rows(0, layer)]
    return [row["at"] for row in rows]


def curve(drawn: Drawn, name: str, *columns: str) -> list[tuple[float, ...]]:
    """Points of one of the curves."""
    rows = [row for row in drawn.points() if row["curve"] == name]
    return [tuple(row[column] for column in columns) for row in rows]


def test_every_window_with_an_estimate_is_in_a_tile() -> None:
    table = predictions()
    table.loc[:99, "pred_bpm"] = np.nan
    assert sum(tile["windows"] for tile in tiles(Drawn(bland_altman(table)))) == 1400


def test_a_tile_holds_the_windows_between_its_ends() -> None:
    table = predictions()
    mean_bpm = (table["pred_bpm"] + table["hr_bpm"]) / 2
    error_bpm = table["pred_bpm"] - table["hr_bpm"]
    for tile in tiles(Drawn(bland_altman(table)))[:20]:
        inside = mean_bpm.between(tile["left"], tile["right"], inclusive="left")
        inside &= error_bpm.between(tile["lower"], tile["upper"], inclusive="left")
        assert tile["windows"] == inside.sum()


def test_bias_and_limits_are_lines_with_their_numbers() -> None:
    table = predictions()
    limits = limits_of_agreement(table)
    drawn = Drawn(bland_altman(table))
    assert lines(drawn) == [limits["upper_bpm"], limits["bias_bpm"], limits["lower_bpm"]]
    assert f"upper limit +{limits['upper_bpm']:.1f}" in drawn.words()
    assert f"lower limit \N{MINUS SIGN}{-limits['lower_bpm']:.1f}" in drawn.words()


def test_the_axes_hold_all_errors_and_both_limits() -> None:
    table = predictions()
    error_bpm = table["pred_bpm"] - table["hr_bpm"]
    wide = pd.DataFrame({"subject": ["a", "b"], "hr_bpm": [80.0, 80.0], "pred_bpm": [79.0, 81.0]})
    for given, highest in (
        (table, np.abs(error_bpm).max()),
        (wide, limits_of_agreement(wide)["upper_bpm"]),
    ):
        (layer, *_) = Drawn(bland_altman(given)).layers(0, "rect")
        low, high = layer["encoding"]["y"]["scale"]["domain"]
        assert -low == high > highest


def test_a_bias_that_rounds_to_nothing_has_no_sign() -> None:
    perfect = predictions(40).assign(pred_bpm=80.0, hr_bpm=80.0)
    assert "bias 0.0" in Drawn(bland_altman(perfect)).words()


def test_without_estimates_there_is_no_figure() -> None:
    assert bland_altman(predictions(40).assign(pred_bpm=np.nan)) is None


def test_many_windows_all_over_the_place_stay_a_small_file() -> None:
    rng = np.random.default_rng(0)
    table = predictions(50_000).assign(
        hr_bpm=rng.uniform(40, 200, 50_000), pred_bpm=rng.uniform(30, 209, 50_000)
    )
    spec = Drawn(bland_altman(table)).spec
    assert len(json.dumps(spec)) < 250_000
    assert len(static_svg(spec)) < 250_000


def test_the_reliability_curves_are_the_coverages(assessments: dict[str, dict[str, Any]]) -> None:
    drawn = Drawn(reliability(assessments))
    for name, assessment in assessments.items():
        points = assessment["calibration"]["curve"]
        assert curve(drawn, name, "nominal", "coverage") == [
            (point["nominal"], point["coverage"]) for point in points
        ]
    ideal = drawn.rows(0, drawn.layers(0, "line")[0])
    assert [(row["nominal"], row["coverage"]) for row in ideal] == [(0, 0), (1, 1)]
    assert {"spread too wide", "spread too narrow"} <= set(drawn.words())


def test_the_risk_curves_come_with_the_oracles(assessments: dict[str, dict[str, Any]]) -> None:
    drawn = Drawn(risk_coverage(assessments))
    for name, assessment in assessments.items():
        columns = ("coverage", "mae_bpm", "oracle_mae_bpm")
        points = assessment["risk_coverage"]["curve"]
        assert curve(drawn, name, *columns) == [
            tuple(point[column] for column in columns) for point in points
        ]
    fields = [layer["encoding"]["y"]["field"] for layer in drawn.layers(0, "line")]
    assert fields == ["oracle_mae_bpm", "mae_bpm"]
    assert drawn.layers(0, "point")[0]["encoding"]["y"]["scale"]["zero"]


def test_curves_differ_without_colour_too(assessments: dict[str, dict[str, Any]]) -> None:
    assert len({look.marker for look in CURVE_LOOKS}) == len(CURVE_LOOKS)
    for chart in (reliability(assessments), risk_coverage(assessments)):
        (layer,) = Drawn(chart).layers(0, "point")
        assert len(set(layer["encoding"]["shape"]["scale"]["range"])) == len(assessments)


def test_more_curves_than_looks_are_all_drawn(assessments: dict[str, dict[str, Any]]) -> None:
    many = {f"model {n}": assessments["single window"] for n in range(len(CURVE_LOOKS) + 1)}
    for chart in (reliability(many), risk_coverage(many)):
        assert {row["curve"] for row in Drawn(chart).points()} == set(many)


def test_pictures_have_the_words(assessments: dict[str, dict[str, Any]]) -> None:
    for chart in (reliability(assessments), risk_coverage(assessments)):
        assert "online filter" in Drawn(chart).text()
    assert "smallest error first" in Drawn(risk_coverage(assessments)).text()
