"""Pages of hand-made results: names that would break a page, and the longest summary on paper."""

from __future__ import annotations

import re
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pypdf
import pytest
from tests.browser.cases import WIDTHS
from tests.browser.conftest import OpenPage
from tests.browser.measured import settle
from tests.unit.conftest import sweep_tables
from tests.unit.report.hand_made import make_results, study_of
from tests.unit.report.test_left_out import ERRORS, errors_on, results_left_out

from ppgkd.evaluation.recommendation import Gates
from ppgkd.report.figures.study import draw_figures
from ppgkd.report.page import Results, write_report
from ppgkd.study.study import Study

HOSTILE = (
    "</script><b>x",
    "$x$",
    '"><img src=x onerror="window.executed = true">',
    "<script>window.executed = true</script>",
    "{{ 7 * 7 }}",
    "long" * 40,
)
FIGURES = (
    "error_vs_size",
    "error_vs_cost",
    "gain_over_scratch",
    "pareto",
    "residuals",
    "teacher_student",
)


def write_page(study: Study, results: Results, folder: Path) -> Path:
    """Page with figures that are drawn from the results."""
    specs = {name: folder / f"{name}.json" for name in FIGURES}
    laws: dict[str, Any] = {**results.laws, "laws": [], "joint": []}
    gates = Gates(**study.config["gates"])
    draw_figures(results.students, laws, results.effects, gates, specs, n_people=5)
    path = folder / "report" / "report.html"
    write_report(study, replace(results, figures=specs), path)
    return path


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """Page in which people, recordings, teachers and the dataset have hostile names."""
    named = study_of()
    datasets = tuple(replace(one, title=" ".join(HOSTILE)) for one in named.datasets)
    study = replace(
        named, datasets=datasets, config={**named.config, "study": f"{HOSTILE[0]}{HOSTILE[5]}"}
    )
    results = make_results(study, sweep_tables, tmp_path)
    rename = {
        "teacher": {"spectral_resnet-50000": f"{HOSTILE[2]}{HOSTILE[5]}"},
        "student": {"spectral_resnet-350": f"{HOSTILE[0]}{HOSTILE[1]}{HOSTILE[5]}"},
        "family": {"spectral_mlp": f"{HOSTILE[3]}"},
    }
    people = {"s0": HOSTILE[0], "s1": HOSTILE[2], "s2": HOSTILE[5]}
    quality = {
        **results.quality,
        **{
            kind: {
                **results.quality[kind],
                "by_subject": [
                    {**row, "subject": people.get(row["subject"], row["subject"])}
                    for row in results.quality[kind]["by_subject"]
                ],
            }
            for kind in ("single", "filtered")
        },
    }
    return write_page(
        study,
        replace(
            results,
            cells=results.cells.replace(rename),
            students=results.students.replace(rename),
            strategies=results.strategies.replace(rename),
            subjects=results.subjects.replace({**rename, "subject": people}),
            alignment=results.alignment.assign(recording=HOSTILE[2], subject=HOSTILE[0]),
            quality=quality,
        ),
        tmp_path,
    )


def test_hostile_names_are_shown_as_they_are_and_execute_nothing(
    hostile: Path, open_page: OpenPage
) -> None:
    page = open_page(hostile)
    settle(page)
    assert page.evaluate("window.executed") is None
    assert page.locator("img:not([src^='data:'])").count() == 0
    assert page.log.errors == []  # type: ignore[attr-defined]
    assert len(page.log.requests) == 1, page.log.requests  # type: ignore[attr-defined]
    text = page.locator("main").inner_text()
    for name in HOSTILE:
        assert name in text, name


def test_a_figure_answers_with_a_hostile_name_as_it_is(hostile: Path, open_page: OpenPage) -> None:
    page = open_page(hostile)
    settle(page)
    plot = page.locator("figure.chart .plot").first
    plot.focus()
    said = set()
    for _ in range(20):
        plot.press("ArrowRight")
        said.add(page.locator("figure.chart .asked").first.inner_text())
    assert any(HOSTILE[2] in one for one in said), said
    assert page.evaluate("window.executed") is None


@pytest.mark.parametrize("width", WIDTHS)
def test_long_names_without_blanks_make_nothing_scroll_sideways(
    width: int, hostile: Path, open_page: OpenPage
) -> None:
    page = open_page(hostile, width=width)
    settle(page)
    sizes = "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    scroll, client = page.evaluate(sizes)
    assert scroll <= client


def test_the_summary_of_a_study_that_leaves_out_datasets_is_one_sheet(
    tmp_path: Path, open_page: OpenPage
) -> None:
    same = [errors_on("bami1", 1.0), errors_on("wrist_exercise", 9.0)]
    study, results = results_left_out(sweep_tables, tmp_path, ERRORS, same, other_people=3)
    page = open_page(write_page(study, results, tmp_path))
    settle(page)
    sheets = [sheet.extract_text() for sheet in pypdf.PdfReader(pdf_of(page)).pages]
    assert "Worst dataset left out of training" in sheets[0]
    assert "What is not known" in sheets[0]
    assert "For the engineer" not in sheets[0]
    assert sheets[1].strip().startswith("For the engineer")


def test_links_whose_words_mean_nothing_on_paper_are_not_printed(
    tmp_path: Path, open_page: OpenPage
) -> None:
    study, results = results_left_out(sweep_tables, tmp_path, ERRORS, [], other_people=3)
    page = open_page(write_page(study, results, tmp_path))
    on_screen = page.locator("main").inner_text()
    printed = re.sub(r"\s+", " ", pypdf.PdfReader(pdf_of(page)).pages[0].extract_text())
    for words in ("Other cores", "All datasets, by activity"):
        assert words in on_screen
        assert words not in printed


def test_the_title_of_switches_is_on_the_line_of_its_boxes(
    hostile: Path, open_page: OpenPage
) -> None:
    page = open_page(hostile, width=420)
    settle(page)
    middles = page.evaluate(
        """() => [...document.querySelectorAll(".switches")].map((one) =>
            ["legend", "label"].map((part) => {
              const box = one.querySelector(part).getBoundingClientRect();
              return box.top + Math.min(box.height, 28) / 2;
            }))"""
    )
    assert middles
    for legend, label in middles:
        assert abs(legend - label) <= 1


def pdf_of(page: Any) -> BytesIO:
    """A page as PDF."""
    return BytesIO(page.pdf(format="A4"))
