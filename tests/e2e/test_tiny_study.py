"""The tiny study from nothing to its report, and `snakemake --report`."""

from collections.abc import Callable

import pandas as pd


def test_the_tiny_study_ends_in_a_report_that_compares_five_strategies(
    workflow: Callable, tiny_config: dict
) -> None:
    study = workflow()
    study.make(cores=2)
    cells = pd.read_parquet(study.results / "cells.parquet")
    assert set(cells["strategy"]) == {"scratch", "hard", "soft", "dkd", "feature"}
    assert len(cells) == 5 * 3
    assert cells["mae_bpm"].between(0, 180).all()
    page = (study.results / "report/report.html").read_text()
    for strategy in tiny_config["strategies"]:
        assert f"<code>{strategy}</code>" in page

    study.make(options=("--report", "report.html"))
    report = (study.folder / "report.html").read_text()
    assert "error_vs_size" in report
