"""A page can be read with a screen reader, with a keyboard, without motion and without scripts."""

from __future__ import annotations

import pytest
from tests.browser.cases import (
    DESK,
    PHONE,
    every_page,
    every_scheme,
    every_study,
)
from tests.browser.conftest import FinishedStudy, MeasuredPage, OpenPage
from tests.browser.measured import settle
from tests.browser.opened import Scheme

phone_and_desk = pytest.mark.parametrize("width", [PHONE, DESK])

MIN_WORDS = 5
"""Of a text alternative: fewer cannot say what a figure shows."""

MOVES = """
    () => [...document.querySelectorAll("*")].filter((element) => {
        const style = getComputedStyle(element);
        const durations = `${style.transitionDuration}, ${style.animationDuration}`.split(", ");
        const lasts = durations.some((text) => parseFloat(text) > 0.01);
        return lasts || style.scrollBehavior === "smooth";
    }).map((element) => element.outerHTML.slice(0, 120))
"""

FIGURES = """
    () => [...document.querySelectorAll("figure")].map((figure) => {
        const shown = [...figure.querySelectorAll("img, svg, canvas")].filter((picture) => {
            const place = picture.getBoundingClientRect();
            return picture.checkVisibility() && place.width > 200 && place.height > 40;
        });
        const named = [...figure.querySelectorAll("img, [role=img], [aria-label]")];
        const texts = named.map((one) => one.getAttribute("aria-label") ?? one.getAttribute("alt"));
        return {
            caption: figure.querySelector("figcaption")?.innerText.trim() ?? "",
            pictures: shown.length,
            alternative: texts.find((text) => text) ?? "",
        };
    })
"""


@every_scheme
@phone_and_desk
@every_page
@every_study
def test_axe_finds_nothing(
    measured: MeasuredPage, name: str, page: str, width: int, scheme: Scheme
) -> None:
    assert measured(name, page, width, scheme).findings == []


@every_page
@every_study
def test_headings_are_in_order(measured: MeasuredPage, name: str, page: str) -> None:
    headings = measured(name, page, DESK, "light").facts["headings"]
    levels = [level for level, _ in headings]
    assert levels[0] == 1
    assert levels.count(1) == 1
    steps = zip(levels, levels[1:], headings[1:], strict=False)
    assert [heading for above, below, heading in steps if below > above + 1] == []
    assert [heading for heading in headings if not heading[1].strip()] == []


@pytest.mark.parametrize("javascript", [True, False], ids=["scripts", "no scripts"])
@phone_and_desk
@every_page
@every_study
def test_every_figure_is_drawn_once_with_its_caption_and_its_finding_in_words(
    study: FinishedStudy, open_page: OpenPage, name: str, page: str, width: int, javascript: bool
) -> None:
    opened = open_page(study(name).page(page), width=width, javascript=javascript)
    if javascript:
        settle(opened)
    figures = opened.evaluate(FIGURES)
    assert figures
    assert [one for one in figures if one["pictures"] != 1] == []
    assert [one for one in figures if not one["caption"]] == []
    assert [one for one in figures if len(one["alternative"].split()) < MIN_WORDS] == []


@every_page
@every_study
def test_all_words_are_there_without_scripts(
    study: FinishedStudy, open_page: OpenPage, name: str, page: str
) -> None:
    without = open_page(study(name).page(page), javascript=False)
    words = [line for line in without.locator("main").inner_text().splitlines() if line.strip()]
    with_scripts = open_page(study(name).page(page))
    settle(with_scripts)
    shown = with_scripts.locator("main").inner_text()
    assert [line for line in words if line not in shown] == []
    assert without.locator("main h1").is_visible()


@every_page
@every_study
def test_nothing_moves_for_those_who_ask_for_no_motion(
    study: FinishedStudy, open_page: OpenPage, name: str, page: str
) -> None:
    opened = open_page(study(name).page(page), reduced_motion=True)
    settle(opened)
    assert opened.evaluate(MOVES) == []


@every_page
@every_study
def test_links_within_the_page_lead_somewhere(
    study: FinishedStudy, open_page: OpenPage, name: str, page: str
) -> None:
    opened = open_page(study(name).page(page))
    settle(opened)
    links = opened.evaluate(
        "[...new Set([...document.querySelectorAll('a[href^=\"#\"]')].map((a) => a.hash))]"
    )
    assert links
    missing = opened.evaluate(
        "(links) => links.filter((one) => !document.getElementById(one.slice(1))"
        " && !document.getElementById(decodeURIComponent(one.slice(1))))",
        links,
    )
    assert missing == []
