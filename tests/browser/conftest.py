"""Chromium, finished studies, and the table of what was measured, for tests of the pages.

Tests are skipped where there is no Chromium. Everything is made once in a session: the browser,
each study, and each measurement.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from tests.browser.cases import DESK, PHONE
from tests.browser.measured import HEADER, Measured, measure
from tests.browser.opened import Scheme, find_chromium, launch, opened
from tests.browser.studies import Study, finished_study

OpenPage = Callable[..., Page]
FinishedStudy = Callable[[str], Study]
MeasuredPage = Callable[[str, str, int, Scheme], Measured]
"""Name of a study, one of its pages, width in px, and scheme."""

FIGURES = pytest.StashKey[list[str]]()
"""Lines that the run ends in: what was measured."""


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, started once."""
    with sync_playwright() as playwright:
        executable = find_chromium(playwright)
        if executable is None:
            pytest.skip("no Chromium: apt-get install chromium")
        started = launch(playwright, executable)
        yield started
        started.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[OpenPage]:
    """Open a page with the options of `opened`; its attribute ``log`` is the `Log`."""
    with ExitStack() as stack:

        def open_(path_or_url: str | Path, **options: Any) -> Page:
            page, log = stack.enter_context(opened(browser, path_or_url, **options))
            page.log = log  # type: ignore[attr-defined]
            return page

        yield open_


@pytest.fixture(scope="session")
def study(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> FinishedStudy:
    """Finished studies by their names in `tests.browser.studies`, each run when first asked for.

    The browser comes first, for without one nothing need be run.
    """
    folder = tmp_path_factory.mktemp("studies")
    return cache(lambda name: finished_study(name, folder))


@pytest.fixture(scope="session")
def measured(browser: Browser, study: FinishedStudy, figures: list[str]) -> Iterator[MeasuredPage]:
    """Measure a page once; the figures of all pages are printed at the end of the run."""
    known: dict[tuple[str, str, int, Scheme], Measured] = {}

    def measured_(name: str, page: str, width: int, scheme: Scheme) -> Measured:
        key = name, page, width, scheme
        if key not in known:
            with opened(browser, study(name).page(page), width=width, scheme=scheme) as (shown, _):
                known[key] = measure(shown, ask_axe=width in (PHONE, DESK))
        return known[key]

    yield measured_
    figures += [HEADER, *(known[key].line(*key) for key in sorted(known))]


@pytest.fixture(scope="session")
def figures(request: pytest.FixtureRequest) -> list[str]:
    """Lines to print at the end of the run, for figures that a test has measured."""
    lines: list[str] = request.config.stash.setdefault(FIGURES, [])
    return lines


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print what was measured."""
    if lines := config.stash.get(FIGURES, []):
        terminalreporter.section("measured in Chromium")
        for line in lines:
            terminalreporter.write_line(line)
