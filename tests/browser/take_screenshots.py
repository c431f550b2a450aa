"""Pictures of a finished study's pages, on a desk and on a phone, light and dark, and the PDF.

python -m tests.browser.take_screenshots results/default
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import get_args

from playwright.sync_api import Page, sync_playwright
from tests.browser.cases import DESK, PHONE
from tests.browser.opened import Scheme, find_chromium, launch, opened

from ppgkd.demo.serve import demo_server

PAGES = {"report": "report/report.html", "data-report": "data/report.html"}
STEP_PX = 800


def take_screenshots(results: Path, to: Path) -> list[Path]:
    """Write the pictures of a study's pages, each of the whole page, and the report as PDF.

    Parameters
    ----------
    results
        Folder of a finished study, of this version or an earlier one.
    to
        Folder to write to.
    """
    to.mkdir(parents=True, exist_ok=True)
    made = []
    with sync_playwright() as playwright, _pages(results) as pages:
        executable = find_chromium(playwright)
        if executable is None:
            sys.exit("There is no Chromium: apt-get install chromium")
        browser = launch(playwright, executable)
        for name, address in pages.items():
            for width in (DESK, PHONE):
                for scheme in get_args(Scheme):
                    made.append(to / f"{name}-{width}-{scheme}.png")
                    with opened(browser, address, width=width, scheme=scheme) as (page, _):
                        _read_through(page)
                        page.screenshot(path=made[-1], full_page=True)
        made.append(to / "report.pdf")
        with opened(browser, pages["report"]) as (page, _):
            _read_through(page)
            page.pdf(path=made[-1], format="A4")
        browser.close()
    return made


@contextmanager
def _pages(results: Path) -> Iterator[dict[str, str | Path]]:
    """Addresses of the pages; the demonstration, where there is one, is served."""
    files = {name: results / file for name, file in PAGES.items()}
    if not (results / "demo").is_dir():
        yield {**files}
        return
    with demo_server(results / "demo", 0) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield {**files, "demo": f"http://127.0.0.1:{server.server_port}/"}
        server.shutdown()


def _read_through(page: Page) -> None:
    """Scroll to the end, since figures are drawn as they come near, and let all be drawn."""
    page.wait_for_load_state("networkidle")
    height = page.evaluate("document.documentElement.scrollHeight")
    for top in range(0, height, STEP_PX):
        page.evaluate(f"window.scrollTo(0, {top})")
        page.wait_for_timeout(100)
    page.evaluate("window.scrollTo(0, 0)")
    page.wait_for_timeout(1000)


if __name__ == "__main__":
    parser = ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("results", type=Path, help="folder of a finished study, results/<study>")
    parser.add_argument("--to", type=Path, help="folder; default: screenshots/ beside the pages")
    options = parser.parse_args()
    for path in take_screenshots(options.results, options.to or options.results / "screenshots"):
        print(path)
