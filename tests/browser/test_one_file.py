"""A page is one file: it asks for nothing else, and nothing in it fails."""

from tests.browser.cases import every_page, every_study
from tests.browser.conftest import FinishedStudy, OpenPage
from tests.browser.opened import address


@every_page
@every_study
def test_a_page_asks_for_nothing_but_itself(
    study: FinishedStudy, open_page: OpenPage, name: str, page: str
) -> None:
    file = study(name).page(page)
    opened = open_page(file)
    opened.wait_for_load_state("networkidle")
    asked = [url for url in opened.log.requests if not url.startswith(("data:", "blob:"))]
    assert asked == [address(file)]


@every_page
@every_study
def test_nothing_fails_in_a_page(
    study: FinishedStudy, open_page: OpenPage, name: str, page: str
) -> None:
    opened = open_page(study(name).page(page))
    opened.wait_for_load_state("networkidle")
    assert opened.log.errors == []
