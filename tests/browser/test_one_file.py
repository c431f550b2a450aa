"""A page is one file: it asks for nothing else, and nothing in it fails."""

import pytest
from tests.browser.conftest import FinishedStudy, OpenPage
from tests.browser.opened import address
from tests.browser.studies import PAGES, STUDIES


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("name", STUDIES)
def test_a_page_asks_for_nothing_but_itself(
    study: FinishedStudy, open_page: OpenPage, name: str, page: str
) -> None:
    file = study(name).page(page)
    opened = open_page(file)
    opened.wait_for_load_state("networkidle")
    asked = [url for url in opened.log.requests if not url.startswith(("data:", "blob:"))]
    assert asked == [address(file)]


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("name", STUDIES)
def test_nothing_fails_in_a_page(
    study: FinishedStudy, open_page: OpenPage, name: str, page: str
) -> None:
    opened = open_page(study(name).page(page))
    opened.wait_for_load_state("networkidle")
    assert opened.log.errors == []
