"""A page of hand-made results."""

from pathlib import Path

import pytest
from tests.unit.report.hand_made import (
    Sweep,
    make_results,
    render,
    study_of,
)
from tests.unit.report.page_reader import Page

from ppgkd.report.page import Results
from ppgkd.study.study import Study


@pytest.fixture
def study() -> Study:
    return study_of()


@pytest.fixture
def results(study: Study, sweep: Sweep, tmp_path: Path) -> Results:
    return make_results(study, sweep, tmp_path)


@pytest.fixture
def page(study: Study, results: Results, tmp_path: Path) -> Page:
    return render(study, results, tmp_path / "report" / "report.html")
