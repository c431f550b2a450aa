"""Files of a figure, and figures as a page has them."""

import json
from pathlib import Path

import altair as alt
import pytest

from ppgkd.report.figures.chart import (
    Chart,
    Panel,
    Series,
    Switch,
    static_svg,
    vega_lite,
    write_figure,
)
from ppgkd.report.figures.layers import data
from ppgkd.report.figures.looks import DARK, LINE, LOOKS, PAPER, SOFT
from ppgkd.report.page_figures import json_for_page, page_figures, vega_script

EVIL = "</script><b>$x$<!-- \u2028"


def chart(name: str = "a") -> Chart:
    rows = [{"x": x, "y": x * x, "kind": name} for x in range(3)]
    view = (
        alt.Chart(data(rows), title=name, width=200)
        .mark_line(clip=True)
        .encode(x="x:Q", y="y:Q", color="kind:N")
    )
    return Chart([Panel(view)], switches=[Switch("kind", "kinds", [Series(name, name)])])


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.colour)
def test_marks_stand_out_from_light_and_dark_pages(look: object) -> None:
    colour = look.colour  # type: ignore[attr-defined]
    assert contrast(colour, PAPER) >= 3
    assert contrast(DARK[colour], DARK[PAPER]) >= 3


def test_labels_are_legible_on_light_and_dark_pages() -> None:
    assert contrast(SOFT, PAPER) >= 4.5
    assert contrast(DARK[SOFT], DARK[PAPER]) >= 4.5
    assert contrast(LINE, PAPER) < 1.5, "the grid stays behind"


def test_looks_differ_in_grey() -> None:
    assert len({look.marker for look in LOOKS}) == len(LOOKS)
    assert len({look.dashes for look in LOOKS}) == len(LOOKS)


def test_clips_have_the_same_names_whatever_was_drawn_before() -> None:
    spec = vega_lite(chart())
    first = static_svg(spec)
    static_svg(vega_lite(chart("b")))
    assert static_svg(spec) == first
    assert "clip1" in first


def test_what_is_not_finite_is_left_out_of_the_data(tmp_path: Path) -> None:
    view = alt.Chart(data([{"y": float("nan")}, {"y": 1.0}])).mark_point().encode(y="y:Q")
    write_figure(Chart([Panel(view)]), tmp_path / "one.json")
    (rows,) = json.loads((tmp_path / "one.json").read_text())["datasets"].values()
    assert rows == [{"y": None}, {"y": 1.0}]


def test_no_text_ends_the_pages_script(tmp_path: Path) -> None:
    write_figure(chart(EVIL), tmp_path / "evil.json")
    figures, shared = page_figures({"evil": tmp_path / "evil.json"})
    drawn = figures["evil"]
    assert drawn is not None
    for text in (drawn.spec, shared.data, json_for_page([EVIL])):
        assert not set("<\u2028") & set(text)
    assert EVIL in json.loads(drawn.spec)["concat"][0]["title"]


def test_vega_ends_no_script() -> None:
    assert "</script" not in vega_script().lower()
    assert "<!--" not in vega_script()


def test_dollars_and_markup_in_names_are_words_of_the_picture() -> None:
    svg = static_svg(vega_lite(chart("<b>$x$</b>")))
    assert "&lt;b&gt;$x$&lt;/b&gt;" in svg


def test_figures_with_the_same_data_share_them(tmp_path: Path) -> None:
    specs = {name: tmp_path / f"{name}.json" for name in ("one", "two")}
    for path in specs.values():
        write_figure(chart(), path)
    figures, shared = page_figures(specs)
    assert len(json.loads(shared.data)) == 1
    for drawn in figures.values():
        assert drawn is not None
        assert "datasets" not in json.loads(drawn.spec)


def test_a_figure_that_is_not_there_is_none(tmp_path: Path) -> None:
    write_figure(None, tmp_path / "empty.json")
    figures, _ = page_figures({"empty": tmp_path / "empty.json", "none": None})
    assert figures == {"empty": None, "none": None}
