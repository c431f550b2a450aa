"""The page as one file: what it needs, what it leads to, and names that are markup."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from tests.unit.report.hand_made import (
    FIGURES,
    FITTED,
    LAWS,
    TEACHER_METRICS,
    alignment_of,
    render,
)
from tests.unit.report.page_reader import Page

from ppgkd.report.page import Results
from ppgkd.study.study import Study


def test_the_page_needs_no_network(page: Page) -> None:
    loading = {"src", "href", "srcset", "action", "poster", "data", "background", "style"}
    for tag, name, value in page.attributes:
        if name in loading and tag != "a":
            assert value.startswith(("#", "data:")), f"<{tag} {name}={value[:60]}>"
    assert not {"link", "iframe", "object", "base", "embed"} & set(page.tags)
    assert page.tags.count("script") == own_scripts(page)
    style = re.findall(r"<style>(.*?)</style>", page.html, re.DOTALL)
    assert style
    assert not any("@import" in part or re.search(r"url\(\s*['\"]?http", part) for part in style)


def test_every_tag_that_is_opened_is_closed(page: Page) -> None:
    assert page.open == []


def test_links_within_the_page_lead_somewhere(page: Page) -> None:
    places = {value for _, name, value in page.attributes if name == "id"}
    targets = [value for _, name, value in page.attributes if name == "href"]
    links = {value[1:] for value in targets if value.startswith("#")}
    assert links
    assert links <= places


def test_the_figures_are_in_the_page(page: Page, results: Results) -> None:
    images = [value for tag, name, value in page.attributes if (tag, name) == ("img", "src")]
    assert len(images) == len(results.figures) == len(FIGURES)
    assert all(image.startswith("data:image/svg+xml;base64,") for image in images)
    assert len(set(images)) == len(FIGURES)


def test_the_page_is_the_same_byte_for_byte_when_made_again(
    study: Study, results: Results, tmp_path: Path
) -> None:
    first, second = (
        render(study, results, tmp_path / name / "report.html").html for name in ("one", "two")
    )
    assert first == second


def test_only_the_page_is_left_in_its_folder(page: Page, tmp_path: Path) -> None:
    assert page.tags
    assert [path.name for path in (tmp_path / "report").iterdir()] == ["report.html"]


def own_scripts(page: Page) -> int:
    """Number of scripts that the page should have: figures, their data, Vega, and its own."""
    return page.html.count('class="figure-spec"') + 3


def test_the_data_report_lies_where_its_link_leads(page: Page) -> None:
    leave = [value for _, name, value in page.attributes if name == "href" and value[0] != "#"]
    assert leave == ["../data/report.html"], "from results/<study>/report/report.html"


def test_the_whole_configuration_is_in_the_page(page: Page, study: Study) -> None:
    assert " ".join(yaml.safe_dump(study.config, sort_keys=False).split()) in page.text


EVIL = "<script>alert('x')</script>&<img src=http://evil.example/x onerror=alert(1)>"


def with_evil_teacher(results: Results) -> Results:
    return replace(results, teachers=[(EVIL, TEACHER_METRICS)])


def with_evil_student(results: Results) -> Results:
    tables = [
        table.replace({"spectral_resnet-1000": EVIL}) for table in (results.cells, results.students)
    ]
    return replace(results, cells=tables[0], students=tables[1])


def with_evil_students_teacher(results: Results) -> Results:
    teacher = {"spectral_resnet-50000": EVIL}
    tables = [table.replace(teacher) for table in (results.cells, results.students)]
    return replace(results, cells=tables[0], students=tables[1])


def with_evil_reasons(results: Results) -> Results:
    laws = [{**law, "reason": EVIL, "strategy": EVIL} for law in LAWS[1:]]
    return replace(results, laws={**FITTED, "laws": laws}, effects={"reason": EVIL})


def with_evil_subject(results: Results) -> Results:
    return replace(results, splits=results.splits.replace({"simulated-test": EVIL}))


def with_evil_recording(results: Results) -> Results:
    return replace(results, alignment=alignment_of(recording=EVIL, flagged=True))


def with_evil_person(results: Results) -> Results:
    """A test subject of a table of the user's own."""
    single = results.quality["single"]
    rows = [{**row, "subject": EVIL} for row in single["by_subject"]]
    return replace(results, quality={**results.quality, "single": {**single, "by_subject": rows}})


def with_evil_machine(results: Results) -> Results:
    return replace(results, profile={**results.profile, "cpu": EVIL})


CHANGES: Mapping[str, Callable[[Results], Results]] = {
    "a teacher's name": with_evil_teacher,
    "a student's name": with_evil_student,
    "the name of a student's teacher": with_evil_students_teacher,
    "a reason": with_evil_reasons,
    "a subject": with_evil_subject,
    "a recording": with_evil_recording,
    "a test subject": with_evil_person,
    "the machine": with_evil_machine,
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_markup_in_names_is_shown_and_not_obeyed(
    change: Callable[[Results], Results], study: Study, results: Results, tmp_path: Path
) -> None:
    page = render(study, change(results), tmp_path / "report.html")
    assert page.tags.count("script") == own_scripts(page)
    images = [value for tag, name, value in page.attributes if (tag, name) == ("img", "src")]
    assert all(image.startswith("data:") for image in images)
    assert "<script>alert('x')</script>" in page.text


def test_markup_in_a_datasets_description_and_in_the_configuration_is_not_obeyed(
    study: Study, results: Results, tmp_path: Path
) -> None:
    (dataset,) = study.datasets
    described = replace(dataset, title=f"title {EVIL}", terms=f"terms {EVIL}", citation=EVIL)
    hostile = replace(study, datasets=(described,), config={**study.config, "mirror": EVIL})
    page = render(hostile, results, tmp_path / "report.html")
    assert page.tags.count("script") == own_scripts(page)
    images = [value for tag, name, value in page.attributes if (tag, name) == ("img", "src")]
    assert all(image.startswith("data:") for image in images)
    assert page.text.count("<script>alert('x')</script>") >= 4
