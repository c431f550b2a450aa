"""The picture of a recording: what is drawn, and where."""

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from PIL import Image

from ppgkd.plots.heart_rate import draw_heart_rate, heart_rate_figure


def some_table(
    n: int = 20, invalid: tuple[int, ...] = (), silent: tuple[int, ...] = ()
) -> pd.DataFrame:
    start_s = 2.0 * np.arange(n)
    bpm = 70 + 10 * np.sin(start_s / 10)
    table = pd.DataFrame(
        {
            "start_s": start_s,
            "end_s": start_s + 8,
            "bpm": bpm,
            "sd_bpm": 2.0,
            "valid": True,
            "window_bpm": bpm + 3,
            "window_sd_bpm": 5.0,
        }
    )
    table.loc[[*invalid, *silent], "valid"] = False
    table.loc[[*silent], ["bpm", "sd_bpm", "window_bpm", "window_sd_bpm"]] = np.nan
    return table


def axes_of(table: pd.DataFrame) -> Axes:
    (axes,) = heart_rate_figure(table, "walk.csv").axes
    return axes


def test_a_name_that_looks_like_a_formula_or_like_markup_is_drawn_as_it_is(tmp_path: Path) -> None:
    title = "<script>$\\frac$ & $x.csv"
    draw_heart_rate(some_table(), tmp_path / "plot.svg", title)
    drawn = ElementTree.parse(tmp_path / "plot.svg")
    assert title in [element.text for element in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert not list(drawn.iter("{http://www.w3.org/2000/svg}script"))


def lines(axes: Axes) -> dict[str, np.ndarray]:
    return {str(line.get_label()): line.get_xydata() for line in axes.lines}


def test_estimates_and_single_windows_lie_at_their_windows_centres() -> None:
    table = some_table()
    drawn = lines(axes_of(table))
    centre_s = table["start_s"] + 4
    np.testing.assert_allclose(drawn["estimate"], np.stack([centre_s, table["bpm"]], axis=1))
    expected = np.stack([centre_s, table["window_bpm"]], axis=1)
    np.testing.assert_allclose(drawn["single window"], expected)


def test_the_band_is_the_spread() -> None:
    (band,) = [c for c in axes_of(some_table()).collections if isinstance(c, PolyCollection)]
    corners = band.get_paths()[0].vertices
    at_start = corners[np.isclose(corners[:, 0], 4.0), 1]
    assert (at_start.min(), at_start.max()) == pytest.approx((68, 72))


def test_every_stretch_without_valid_estimates_is_shaded() -> None:
    axes = axes_of(some_table(invalid=(0, 5, 6), silent=(19,)))
    spans = sorted((patch.get_x(), patch.get_x() + patch.get_width()) for patch in axes.patches)
    np.testing.assert_allclose(spans, [(3, 5), (13, 17), (41, 43)])


def test_without_a_filter_there_are_no_single_windows_beside_the_estimates() -> None:
    table = some_table(silent=(3,))
    assert list(lines(axes_of(table.assign(window_bpm=table["bpm"])))) == ["estimate"]


def test_a_long_recording_has_its_time_in_minutes() -> None:
    short, long = axes_of(some_table(20)), axes_of(some_table(400))
    assert short.get_xlabel().endswith("(s)")
    assert long.get_xlabel().endswith("(min)")
    assert lines(long)["estimate"][-1, 0] == pytest.approx((2 * 399 + 4) / 60)


def test_all_estimates_are_within_the_axes() -> None:
    table = some_table()
    table.loc[4, ["bpm", "sd_bpm"]] = [190.0, 80.0]
    low, high = axes_of(table).get_ylim()
    assert low < table["bpm"].min()
    assert 190 < high < 210  # the band of one wide spread does not squeeze the rest


@pytest.mark.parametrize("n", [1, 3])
def test_a_recording_without_any_estimate_is_drawn_over_the_grid(n: int) -> None:
    assert axes_of(some_table(n, silent=tuple(range(n)))).get_ylim() == (30, 209)


def test_a_picture_is_not_blank(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "hr.png"
    draw_heart_rate(some_table(), path, "walk.csv")
    with Image.open(path) as image:
        assert image.size == (1470, 630)
        assert len(image.convert("RGB").getcolors(maxcolors=1 << 20) or []) > 50


@pytest.mark.parametrize(("name", "start"), [("hr.svg", b"<?xml"), ("hr.pdf", b"%PDF")])
def test_vector_formats_are_written(tmp_path: Path, name: str, start: bytes) -> None:
    draw_heart_rate(some_table(), tmp_path / name, "walk.csv")
    assert (tmp_path / name).read_bytes().startswith(start)
