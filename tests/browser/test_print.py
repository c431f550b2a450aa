"""A page on paper: the summary is the first sheet, and the paper is white."""

from __future__ import annotations

import re
import unicodedata
from io import BytesIO

import pypdf
from playwright.sync_api import Page
from tests.browser.cases import every_page, every_study
from tests.browser.conftest import FinishedStudy, OpenPage
from tests.browser.measured import settle

SUMMARY = """
    () => [...document.getElementById("summary").closest("section")
        .querySelectorAll("h1, h2, h3, p, li, th, td, .numbers b, .numbers span")]
        .filter((one) => one.checkVisibility() && !one.querySelector("p, li"))
        .map((one) => one.innerText)
"""

WHITE = "rgb(255, 255, 255)"


def printed(page: Page) -> list[str]:
    """Text of each sheet of A4 that a page is printed on, without spaces."""
    pdf = pypdf.PdfReader(BytesIO(page.pdf(format="A4")))
    return [packed(sheet.extract_text()) for sheet in pdf.pages]


def packed(text: str) -> str:
    """Text without spaces, where a printed line breaks elsewhere, and without ligatures."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text))


@every_page
@every_study
def test_the_summary_is_all_of_the_first_sheet(
    study: FinishedStudy, open_page: OpenPage, name: str, page: str
) -> None:
    opened = open_page(study(name).page(page))
    settle(opened)
    opened.emulate_media(media="print")
    summary = [packed(text) for text in opened.evaluate(SUMMARY)]
    next_part = packed(opened.locator("section.part h2").first.inner_text())
    first, second, *_ = printed(opened)
    assert any(re.search(r"\d", text) for text in summary)
    assert [text for text in summary if text not in first] == []
    assert second.startswith(next_part)


@every_page
@every_study
def test_paper_is_white_for_those_who_prefer_dark_screens(
    study: FinishedStudy, open_page: OpenPage, name: str, page: str
) -> None:
    opened = open_page(study(name).page(page), scheme="dark")
    opened.emulate_media(media="print", color_scheme="dark")
    background = opened.evaluate("getComputedStyle(document.body).backgroundColor")
    assert background in (WHITE, "rgba(0, 0, 0, 0)")
    ink = opened.evaluate("getComputedStyle(document.body).color")
    assert sum(map(int, re.findall(r"\d+", ink)[:3])) < 200
