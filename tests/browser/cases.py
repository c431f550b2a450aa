"""The pages that tests read, and how: every study and page, in every width and scheme."""

from __future__ import annotations

import pytest
from tests.browser.opened import Scheme
from tests.browser.studies import STUDIES

PAGES = ("report", "data")
"""The study's report, and its data report."""

WIDTHS = (320, 420, 768, 1200)
"""Of the window, px: a small phone, a phone, a tablet, a desk."""

PHONE, DESK = 420, 1200

SCHEMES: tuple[Scheme, ...] = ("light", "dark")

every_page = pytest.mark.parametrize("page", PAGES)
every_study = pytest.mark.parametrize("name", STUDIES)
every_width = pytest.mark.parametrize("width", WIDTHS)
every_scheme = pytest.mark.parametrize("scheme", SCHEMES)
