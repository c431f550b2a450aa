"""A page opened in Chromium, and what it asked for and complained of."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

Scheme = Literal["light", "dark"]


@dataclass
class Log:
    """What a page asked for and complained of.

    Attributes
    ----------
    requests
        Addresses of everything that the page loaded, itself first, in order.
    errors
        Errors on the console, and exceptions that nothing caught.
    """

    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def find_chromium(playwright: Playwright) -> str | None:
    """Return the path of a Chromium, the system's or playwright's; None if there is none."""
    for program in PROGRAMS:
        if found := shutil.which(program):
            return found
    own = playwright.chromium.executable_path
    return own if own and Path(own).exists() else None


def launch(playwright: Playwright, executable: str) -> Browser:
    """Start Chromium, which has no sandbox for root."""
    return playwright.chromium.launch(
        executable_path=executable, args=["--no-sandbox"] if os.geteuid() == 0 else []
    )


@contextmanager
def opened(
    browser: Browser,
    path_or_url: str | Path,
    *,
    width: int = 1200,
    scheme: Scheme = "light",
    javascript: bool = True,
    touch: bool = False,
    reduced_motion: bool = False,
) -> Iterator[tuple[Page, Log]]:
    """Open a page in a window of its own, which is closed at the end.

    Parameters
    ----------
    browser
        Of `launch`.
    path_or_url
        A file, or an address with its scheme.
    width
        Of the window, px; it is 900 px high.
    scheme
        Which of the page's colours the visitor prefers.
    javascript
        Whether the page's scripts run.
    touch
        Whether the screen is touched, as a phone's is.
    reduced_motion
        Whether the visitor asks for no animation.
    """
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme=scheme,
        java_script_enabled=javascript,
        has_touch=touch,
        is_mobile=touch,
        reduced_motion="reduce" if reduced_motion else "no-preference",
        accept_downloads=True,
    )
    page, log = context.new_page(), Log()

    def complain(message: ConsoleMessage) -> None:
        if message.type == "error":
            log.errors.append(message.text)

    page.on("request", lambda request: log.requests.append(request.url))
    page.on("console", complain)
    page.on("pageerror", lambda error: log.errors.append(str(error)))
    try:
        page.goto(address(path_or_url), wait_until="load")
        yield page, log
    finally:
        context.close()


def address(path_or_url: str | Path) -> str:
    """Address of a file, or the address that is given."""
    text = str(path_or_url)
    return text if "://" in text else Path(text).resolve().as_uri()
