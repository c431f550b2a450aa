"""Pages fit every screen: nothing scrolls sideways but tables in boxes, and all can be read."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from PIL import Image
from playwright.sync_api import ElementHandle, Page
from tests.browser.cases import (
    DESK,
    PHONE,
    SCHEMES,
    every_page,
    every_scheme,
    every_study,
    every_width,
)
from tests.browser.conftest import FinishedStudy, MeasuredPage, OpenPage
from tests.browser.measured import settle
from tests.browser.opened import Scheme

SMALLEST_TEXT_PX = 11
LOWEST_CONTRAST = 4.5
VISIBLE = 20
"""Difference of two pixels' brightness, of 255, that is seen."""

# 10 px is the margin of the last cell: where no more is hidden, no word is
CUT_BOXES = """
    () => [...document.querySelectorAll("table")].map((table) => table.closest("[tabindex]"))
        .filter((box) => box && box.scrollWidth > box.clientWidth + 10)
"""


@every_scheme
@every_width
@every_page
@every_study
def test_the_page_does_not_scroll_sideways(
    measured: MeasuredPage, name: str, page: str, width: int, scheme: Scheme
) -> None:
    facts = measured(name, page, width, scheme).facts
    assert facts["scroll_width_px"] <= facts["client_width_px"] == width


@every_scheme
@every_width
@every_page
@every_study
def test_every_table_is_in_a_box_within_the_page_that_can_be_focused(
    measured: MeasuredPage, name: str, page: str, width: int, scheme: Scheme
) -> None:
    tables = measured(name, page, width, scheme).facts["tables"]
    assert tables
    assert [table["words"] for table in tables if not table["boxed"]] == []
    assert [t["words"] for t in tables if t["left"] < 0 or t["right"] > width] == []
    assert [t["words"] for t in tables if not (t["focusable"] and t["name"])] == []


@every_page
@every_study
def test_no_table_is_empty(measured: MeasuredPage, name: str, page: str) -> None:
    tables = measured(name, page, DESK, "light").facts["tables"]
    assert [table["words"] for table in tables if not table["rows"]] == []


@every_scheme
@every_width
@every_page
@every_study
def test_no_text_is_too_small_to_read(
    measured: MeasuredPage, name: str, page: str, width: int, scheme: Scheme
) -> None:
    size_px, words = measured(name, page, width, scheme).smallest_text
    assert round(size_px, 1) >= SMALLEST_TEXT_PX, words


@every_scheme
@every_width
@every_page
@every_study
def test_text_stands_out_from_its_background(
    measured: MeasuredPage, name: str, page: str, width: int, scheme: Scheme
) -> None:
    ratio, words = measured(name, page, width, scheme).lowest_contrast
    assert ratio >= LOWEST_CONTRAST, words


@every_page
@every_study
def test_the_dark_scheme_changes_background_and_ink(
    measured: MeasuredPage, name: str, page: str
) -> None:
    light, dark = (measured(name, page, DESK, scheme).facts for scheme in SCHEMES)
    assert light["background_luminance"] > 0.9
    assert dark["background_luminance"] < 0.05
    assert sum(light["ink"]) < sum(dark["ink"])


@every_scheme
@every_page
@every_study
def test_a_table_that_is_cut_shows_that_there_is_more(
    study: FinishedStudy, open_page: OpenPage, name: str, page: str, scheme: Scheme
) -> None:
    opened = open_page(study(name).page(page), width=PHONE, scheme=scheme)
    boxes = cut_boxes(opened)
    assert boxes, "tables of these studies are wider than a phone"
    opened.add_style_tag(content="table { visibility: hidden !important; }")
    for box in boxes:
        more = right_edge(opened, box)
        box.evaluate("box => { box.scrollLeft = box.scrollWidth; }")
        assert np.abs(more - right_edge(opened, box)).max() >= VISIBLE, box.inner_text()[:80]


@every_page
@every_study
def test_a_table_that_is_cut_is_scrolled_with_the_keyboard(
    study: FinishedStudy, open_page: OpenPage, name: str, page: str
) -> None:
    opened = open_page(study(name).page(page), width=PHONE, reduced_motion=True)
    for box in cut_boxes(opened):
        box.focus()
        opened.keyboard.press("ArrowRight")
        opened.wait_for_function("box => box.scrollLeft > 0", arg=box)


def cut_boxes(page: Page) -> list[ElementHandle]:
    """Boxes of tables that are wider than the screen, with all parts unfolded."""
    settle(page)
    handles = page.evaluate_handle(CUT_BOXES)
    return [
        element
        for one in handles.get_properties().values()
        if (element := one.as_element()) is not None
    ]


def right_edge(page: Page, box: ElementHandle) -> np.ndarray:
    """Brightness of the pixels along the right edge of a box's upper part, from 0 to 255."""
    box.scroll_into_view_if_needed()
    place = box.bounding_box()
    assert place is not None
    clip = {
        "x": place["x"] + place["width"] - 24,
        "y": place["y"],
        "width": 24,
        "height": min(place["height"], 120),
    }
    picture = page.screenshot(clip=clip, full_page=False)
    return np.asarray(Image.open(BytesIO(picture)).convert("L"), dtype=float)
