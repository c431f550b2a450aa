"""The target data_report run by Snakemake: tables, figures and a page, and nothing trained."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.workflow import Workflow

N_SECONDS = 60


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory, tiny_config: dict[str, Any]) -> Workflow:
    folder = tmp_path_factory.mktemp("data_report")
    changes = {
        "datasets": {"simulated": {"train": 0.5, "val": 0.25, "test": 0.25}},
        "simulation": {"n_subjects": 4, "duration_s": N_SECONDS, "seed": 0},
    }
    made = Workflow(folder, {**tiny_config, **changes})
    made.make("data_report")
    return made


def test_there_is_a_row_for_every_recording_and_the_same_for_people(study: Workflow) -> None:
    table = pd.read_parquet(study.results / "data/recordings.parquet")
    assert table["recording"].to_list() == [f"sim-{number:02d}" for number in range(1, 5)]
    counts = pd.read_csv(study.results / "windows/simulated.counts.csv")
    pd.testing.assert_frame_equal(table[counts.columns], counts)
    assert table["hours"].to_numpy() == pytest.approx(N_SECONDS / 3600)
    histogram = table[[name for name in table if name.startswith("windows_hr_")]]
    assert histogram.sum(axis=1).to_list() == table["kept"].to_list()
    for_people = pd.read_csv(study.results / "data/recordings.csv")
    np.testing.assert_allclose(for_people["good_share"], table["good_share"])


def test_the_page_and_its_figures_are_there(study: Workflow) -> None:
    page = (study.results / "data/report.html").read_text(encoding="utf-8")
    assert page.count("data:image/svg+xml;base64,") == 2
    assert "sim-04" in page
    assert {path.name for path in (study.results / "data").glob("*.svg")} == {
        *("heart_rates.svg", "difficulty.svg")
    }


def test_nothing_is_split_or_trained_for_it(study: Workflow) -> None:
    assert {path.name for path in study.results.iterdir()} == {
        *("windows", "data", "logs", "benchmarks")
    }


def test_a_second_run_has_nothing_to_do_and_the_roles_of_subjects_do_not_matter(
    study: Workflow,
) -> None:
    assert "Nothing to be done" in study.make("data_report", options=("--dry-run",)).stdout
    other = {"simulated": {"train": 0.25, "val": 0.25, "test": 0.5}}
    changed = Workflow(study.folder, {**study.config, "datasets": other, "views": 3})
    assert "Nothing to be done" in changed.make("data_report", options=("--dry-run",)).stdout
