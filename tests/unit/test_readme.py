"""README.md: short, complete in its studies, and its picture of the pipeline up to date."""

import re
import runpy
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
README = (CHECKOUT / "README.md").read_text(encoding="utf-8")


def test_it_can_be_read_in_one_sitting() -> None:
    assert len(README.splitlines()) <= 200


def test_the_pipeline_is_drawn_as_snakemake_sees_it() -> None:
    drawn = runpy.run_path(str(CHECKOUT / "docs/draw_pipeline.py"))["draw_pipeline"]()
    assert drawn in README, "Rules or their inputs have changed: run `make pipeline`."


def test_every_page_is_linked() -> None:
    pages = {f"docs/{path.name}" for path in (CHECKOUT / "docs").glob("*.md")}
    assert pages <= set(re.findall(r"\]\((docs/[\w-]+\.md)\)", README))


def test_the_picture_of_the_report_is_small() -> None:
    assert (CHECKOUT / "docs/images/report.png").stat().st_size < 300_000


def test_the_workflow_catalogue_finds_it() -> None:
    # its criteria: README with both words, a Snakefile, and rules in files that end in .smk
    assert {"snakemake", "workflow"} <= set(re.findall(r"\w+", README.lower()))
    assert (CHECKOUT / "Snakefile").is_file()
    assert list((CHECKOUT / "workflow/rules").glob("*.smk"))
