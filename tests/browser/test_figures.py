"""Figures of a page that can be asked: by mouse, finger and keyboard, and on any screen."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.browser.cases import DESK, PHONE, every_page, every_study
from tests.browser.conftest import FinishedStudy, OpenPage
from tests.browser.studies import DEFAULT

LEGIBLE_PX = 10
"""Height of a line of text in a figure, at least."""

MARKS = """
    (plot) => [...plot.querySelectorAll(".mark-symbol path")]
        .filter((mark) => !["none", "transparent", null].includes(mark.getAttribute("fill")))
        .map((mark) => mark.getBoundingClientRect())
        .map((box) => [box.x + box.width / 2, box.y + box.height / 2])
"""


@dataclass
class Figure:
    """A figure of the page in Chromium, drawn."""

    page: Page
    whole: Locator

    @property
    def plot(self) -> Locator:
        return self.whole.locator(".plot")

    @property
    def said(self) -> str:
        """The line below the figure, which a screen reader reads out."""
        return self.whole.locator(".asked").inner_text()

    @property
    def tooltip(self) -> Locator:
        return self.whole.locator(".tooltip")

    def box(self, name: str) -> Locator:
        """Checkbox by which something is switched on and off."""
        return self.whole.get_by_role("checkbox", name=name)

    def marks(self) -> list[tuple[float, float]]:
        """Places of the points, px from the window's corner."""
        self.plot.scroll_into_view_if_needed()
        return [(x, y) for x, y in self.plot.evaluate(MARKS)]

    def leftmost(self) -> tuple[float, float]:
        return min(self.marks())


def drawn(page: Page, caption: str) -> Figure:
    """The figure with this in its caption, once it is drawn."""
    whole = page.locator("figure.chart", has_text=caption).first
    whole.scroll_into_view_if_needed()
    expect(whole).to_have_class("chart live")
    return Figure(page, whole)


def all_drawn(page: Page) -> list[Figure]:
    found = []
    for whole in page.locator("figure.chart").all():
        whole.scroll_into_view_if_needed()
        expect(whole).to_have_class("chart live")
        found.append(Figure(page, whole))
    return found


SIZE = "Test MAE of each student"
COST = "The same students against the multiply-accumulates"


@pytest.fixture
def report(study: FinishedStudy, open_page: OpenPage) -> Page:
    return open_page(study(DEFAULT).page("report"))


def linked_row(figure: Figure) -> Locator:
    """The table's row that the line below the figure links to."""
    address = figure.whole.locator(".asked a").get_attribute("href")
    assert address
    identifier = figure.page.evaluate("(a) => decodeURIComponent(a.slice(1))", address)
    return figure.page.locator(f'[id="{identifier}"]')


def test_pointing_at_a_student_names_it_with_the_numbers_of_its_row(report: Page) -> None:
    figure = drawn(report, SIZE)
    report.mouse.move(*figure.leftmost())
    expect(figure.tooltip).to_be_visible()
    cells = linked_row(figure).locator("th, td").all_text_contents()
    name, _, facts = figure.said.partition(": ")
    mae = facts.removeprefix("MAE ").split()[0]
    lower, upper = facts.split("(")[1].split(")")[0].split(" to ")
    row = " ".join(" ".join(cells).split())
    assert name.split(",")[0] in row
    for number in (mae, lower, upper):
        assert number in row
    assert mae in figure.tooltip.inner_text()


def test_the_ring_is_around_the_point_that_is_named(report: Page) -> None:
    figure = drawn(report, SIZE)
    x, y = figure.leftmost()
    report.mouse.move(x, y)
    ring = figure.whole.locator(".ring").bounding_box()
    assert ring is not None
    assert ring["x"] + ring["width"] / 2 == pytest.approx(x, abs=1.5)
    assert ring["y"] + ring["height"] / 2 == pytest.approx(y, abs=1.5)


def test_leaving_a_figure_hides_what_lies_on_it_and_keeps_the_answer(report: Page) -> None:
    figure = drawn(report, SIZE)
    report.mouse.move(*figure.leftmost())
    before = figure.said
    report.mouse.move(2, 2)
    expect(figure.tooltip).to_be_hidden()
    assert figure.said == before


def test_a_tap_names_a_student_and_the_link_leads_to_its_row(
    study: FinishedStudy, open_page: OpenPage
) -> None:
    page = open_page(study(DEFAULT).page("report"), width=PHONE, touch=True)
    figure = drawn(page, SIZE)
    page.touchscreen.tap(*figure.leftmost())
    expect(figure.tooltip).to_be_visible()
    row = linked_row(figure)
    assert "#" not in page.url, "a finger asks, and does not lead away"
    figure.whole.locator(".asked a").tap()
    expect(row).to_be_in_viewport()
    expect(row).to_be_focused()


def test_a_click_leads_to_the_row_even_within_what_is_folded(report: Page) -> None:
    figure = drawn(report, SIZE)
    place = figure.leftmost()
    report.mouse.move(*place)
    row = linked_row(figure)
    report.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = false; })")
    report.mouse.click(*figure.leftmost())
    expect(row).to_be_in_viewport()
    expect(row).to_be_focused()


def test_the_row_is_marked_where_the_system_forces_its_colours(report: Page) -> None:
    report.emulate_media(forced_colors="active")
    figure = drawn(report, SIZE)
    report.mouse.move(*figure.leftmost())
    row = linked_row(figure)
    report.mouse.click(*figure.leftmost())
    expect(row).to_be_focused()
    expect(row).to_have_css("outline-style", "solid")


def test_the_arrow_keys_step_through_all_points(report: Page) -> None:
    figure = drawn(report, SIZE)
    number = len(figure.marks())
    figure.plot.focus()
    said = []
    for _ in range(number):
        report.keyboard.press("ArrowRight")
        said.append(figure.said)
    assert len(set(said)) == number
    report.keyboard.press("ArrowLeft")
    assert figure.said == said[-2]
    report.keyboard.press("Home")
    assert figure.said == said[0]
    row = linked_row(figure)
    report.keyboard.press("Enter")
    expect(row).to_be_focused()


def test_a_strategy_that_is_switched_off_is_gone_from_all_figures(report: Page) -> None:
    figures = [drawn(report, caption) for caption in (COST, SIZE)]
    before = [len(figure.marks()) for figure in figures]
    figures[1].box("soft targets").uncheck()
    for figure, number in zip(figures, before, strict=True):
        figure.whole.scroll_into_view_if_needed()
        expect(figure.box("soft targets")).not_to_be_checked()
        report.wait_for_function(
            f"([plot, number]) => ({MARKS})(plot).length < number",
            arg=[figure.plot.element_handle(), number],
        )
        figure.plot.focus()
        for _ in figure.marks():
            report.keyboard.press("ArrowRight")
            assert "soft targets" not in figure.said
    figures[1].box("soft targets").check()
    report.wait_for_function(
        f"([plot, number]) => ({MARKS})(plot).length === number",
        arg=[figures[1].plot.element_handle(), before[1]],
    )


def test_the_panel_of_a_family_that_is_switched_off_goes(report: Page) -> None:
    figure = drawn(report, SIZE)
    title = figure.plot.get_by_text("spectral_mlp students")
    expect(title).to_be_visible()
    figure.box("spectral_mlp").uncheck()
    expect(title).to_have_count(0)


TEXTS = """
    (plot) => [...plot.querySelectorAll("svg text")].filter((text) => text.textContent.trim())
        .map((text) => [text.textContent, text.getBoundingClientRect().height])
"""

WIDER = """
    (figure) => [...figure.querySelectorAll("svg, .switches, .asked, figcaption")]
        .map((part) => part.getBoundingClientRect())
        .filter((box) => box.right > figure.getBoundingClientRect().right + 1).length
"""

CUT = """
    (plot) => {
      const whole = plot.querySelector("svg").getBoundingClientRect();
      return [...plot.querySelectorAll("svg text")]
        .map((text) => [text.textContent, text.getBoundingClientRect()])
        .filter(([, box]) => box.left < whole.left - 1 || box.right > whole.right + 1)
        .map(([text]) => text);
    }
"""


@every_page
@every_study
@pytest.mark.parametrize("width", [PHONE, DESK])
def test_labels_are_legible_and_whole_on_any_screen(
    study: FinishedStudy, open_page: OpenPage, name: str, page: str, width: int
) -> None:
    opened = open_page(study(name).page(page), width=width)
    for figure in all_drawn(opened):
        texts = figure.plot.evaluate(TEXTS)
        assert texts
        assert min(height for _, height in texts) >= LEGIBLE_PX
        assert figure.plot.evaluate(CUT) == []
        assert figure.whole.evaluate(WIDER) == 0
    assert opened.log.errors == []  # type: ignore[attr-defined]


def test_panels_are_beside_each_other_on_a_desk_and_below_on_a_phone(report: Page) -> None:
    figure = drawn(report, COST)
    assert len(axis_tops(figure)) == 1
    report.set_viewport_size({"width": PHONE, "height": 900})
    figure.whole.scroll_into_view_if_needed()
    report.wait_for_function(
        "(plot) => plot.querySelector('svg').getBoundingClientRect().width < 420",
        arg=figure.plot.element_handle(),
    )
    assert len(axis_tops(figure)) == 2


def axis_tops(figure: Figure) -> set[int]:
    boxes = figure.plot.get_by_text("test MAE (BPM)").all()
    return {round(box.bounding_box()["y"]) for box in boxes}  # type: ignore[index]


def test_colours_follow_the_scheme_while_the_page_is_open(report: Page) -> None:
    figure = drawn(report, SIZE)
    label = figure.plot.locator("svg text", has_text="parameters").first
    light = label.get_attribute("fill")
    report.emulate_media(color_scheme="dark")
    expect(figure.plot.locator("svg text", has_text="parameters").first).not_to_have_attribute(
        "fill", light or ""
    )


def test_paper_has_the_picture_and_no_controls(report: Page) -> None:
    figure = drawn(report, SIZE)
    picture = figure.whole.locator("img")
    expect(picture).to_be_hidden()
    report.emulate_media(media="print")
    expect(picture).to_be_visible()
    expect(figure.plot).to_be_hidden()
    expect(figure.whole.locator(".switches").first).to_be_hidden()


def test_without_scripts_there_is_the_picture(study: FinishedStudy, open_page: OpenPage) -> None:
    page = open_page(study(DEFAULT).page("report"), javascript=False)
    for whole in page.locator("figure.chart").all():
        expect(whole.locator("img")).to_be_visible()


def test_a_figure_says_its_finding_to_who_cannot_see_it(report: Page) -> None:
    for figure in all_drawn(report):
        finding = figure.whole.locator("img").get_attribute("alt")
        assert finding
        assert finding in (figure.plot.get_attribute("aria-label") or "")
