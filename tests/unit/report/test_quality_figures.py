"""What is drawn of the quality of estimates."""

import io
from typing import Any
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ppgkd.evaluation.agreement import limits_of_agreement
from ppgkd.evaluation.quality import assess
from ppgkd.plots.figure import CURVE_STYLES, STYLE
from ppgkd.report.quality_figures import bland_altman, reliability, risk_coverage


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


def svg(figure: Figure) -> bytes:
    stream = io.BytesIO()
    with mpl.rc_context(STYLE):
        figure.savefig(stream, format="svg", metadata={"Date": None}, bbox_inches="tight")
    return stream.getvalue()


def curves(ax: Axes) -> dict[str, Line2D]:
    return {str(line.get_label()): line for line in ax.lines}


def words(figure: Figure) -> str:
    return " ".join(ElementTree.fromstring(svg(figure)).itertext())


def test_every_window_with_an_estimate_is_in_a_hexagon() -> None:
    table = predictions()
    table.loc[:99, "pred_bpm"] = np.nan
    (hexagons,) = (
        drawn for drawn in bland_altman(table).axes[0].collections if drawn.get_array() is not None
    )
    assert np.asarray(hexagons.get_array()).sum() == 1400


def test_bias_and_limits_are_lines_with_their_numbers() -> None:
    table = predictions()
    limits = limits_of_agreement(table)
    figure = bland_altman(table)
    heights = [line.get_ydata()[0] for line in figure.axes[0].lines]
    assert heights == [limits["upper_bpm"], limits["bias_bpm"], limits["lower_bpm"]]
    drawn = words(figure)
    assert f"upper limit +{limits['upper_bpm']:.1f}" in drawn
    assert f"lower limit \N{MINUS SIGN}{-limits['lower_bpm']:.1f}" in drawn


def test_the_axes_hold_all_errors_and_both_limits() -> None:
    table = predictions()
    ax = bland_altman(table).axes[0]
    error_bpm = table["pred_bpm"] - table["hr_bpm"]
    low, high = ax.get_ylim()
    assert low < error_bpm.min() < error_bpm.max() < high
    wide = pd.DataFrame({"subject": ["a", "b"], "hr_bpm": [80.0, 80.0], "pred_bpm": [79.0, 81.0]})
    assert bland_altman(wide).axes[0].get_ylim()[1] > limits_of_agreement(wide)["upper_bpm"]


def test_estimates_without_error_can_be_drawn() -> None:
    perfect = predictions(40).assign(pred_bpm=80.0, hr_bpm=80.0)
    assert "bias +0.0" in words(bland_altman(perfect))


def test_many_windows_all_over_the_place_stay_a_small_file() -> None:
    rng = np.random.default_rng(0)
    table = predictions(50_000).assign(
        hr_bpm=rng.uniform(40, 200, 50_000), pred_bpm=rng.uniform(30, 209, 50_000)
    )
    assert len(svg(bland_altman(table))) < 200_000


def test_the_reliability_curves_are_the_coverages(assessments: dict[str, dict[str, Any]]) -> None:
    (ax,) = reliability(assessments).axes
    for name, assessment in assessments.items():
        line = curves(ax)[name]
        points = assessment["calibration"]["curve"]
        assert list(line.get_xdata()) == [point["nominal"] for point in points]
        assert list(line.get_ydata()) == [point["coverage"] for point in points]
    assert any(list(line.get_xdata()) == list(line.get_ydata()) == [0, 1] for line in ax.lines)


def test_the_risk_curves_come_with_the_oracles(assessments: dict[str, dict[str, Any]]) -> None:
    (ax,) = risk_coverage(assessments).axes
    heights = [list(line.get_ydata()) for line in ax.lines]
    for name, assessment in assessments.items():
        points = assessment["risk_coverage"]["curve"]
        line = curves(ax)[name]
        assert list(line.get_xdata()) == [point["coverage"] for point in points]
        assert list(line.get_ydata()) == [point["mae_bpm"] for point in points]
        assert [point["oracle_mae_bpm"] for point in points] in heights
    assert ax.get_ylim()[0] == 0


def test_curves_differ_without_colour_too(assessments: dict[str, dict[str, Any]]) -> None:
    assert len({(look.marker, look.dashes) for look in CURVE_STYLES}) == len(CURVE_STYLES)
    for figure in (reliability(assessments), risk_coverage(assessments)):
        drawn = [curves(figure.axes[0])[name] for name in assessments]
        assert len({(line.get_marker(), line.get_linestyle()) for line in drawn}) == len(drawn)


def test_more_curves_than_looks_are_all_drawn(assessments: dict[str, dict[str, Any]]) -> None:
    many = {f"model {n}": assessments["single window"] for n in range(len(CURVE_STYLES) + 1)}
    for figure in (reliability(many), risk_coverage(many)):
        assert set(many) <= set(curves(figure.axes[0]))


def test_figures_are_sound_svg_with_words_that_loads_nothing(
    assessments: dict[str, dict[str, Any]],
) -> None:
    for figure in (
        bland_altman(predictions()),
        reliability(assessments),
        risk_coverage(assessments),
    ):
        content = svg(figure)
        assert len(content) < 200_000
        root = ElementTree.fromstring(content)
        for element in root.iter():
            for name, value in element.attrib.items():
                assert not name.endswith("href") or value.startswith(("#", "data:"))
    assert "online filter" in words(reliability(assessments))
    assert "smallest error first" in words(risk_coverage(assessments))


def test_figures_drawn_twice_are_the_same_byte_for_byte(
    assessments: dict[str, dict[str, Any]],
) -> None:
    for draw, content in (
        (bland_altman, predictions()),
        (reliability, assessments),
        (risk_coverage, assessments),
    ):
        assert svg(draw(content)) == svg(draw(content))
