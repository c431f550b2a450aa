"""The target `data_report`: tables, figures and a page, without any training."""

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


def test_the_tables_have_a_row_for_every_recording(study: Workflow) -> None:
    table = pd.read_parquet(study.results / "data/recordings.parquet")
    assert table["recording"].to_list() == [f"sim-{number:02d}" for number in range(1, 5)]
    counts = pd.read_csv(study.results / "windows/simulated.counts.csv")
    pd.testing.assert_frame_equal(table[counts.columns], counts)
    assert table["hours"].to_numpy() == pytest.approx(N_SECONDS / 3600)
    histogram = table[[name for name in table if name.startswith("windows_hr_")]]
    assert histogram.sum(axis=1).to_list() == table["kept"].to_list()
    csv = pd.read_csv(study.results / "data/recordings.csv")
    np.testing.assert_allclose(csv["good_share"], table["good_share"])


def test_the_page_contains_its_figures(study: Workflow) -> None:
    page = (study.results / "data/report.html").read_text(encoding="utf-8")
    assert page.count("data:image/svg+xml;base64,") == 2
    assert "sim-04" in page
    assert {path.name for path in (study.results / "data").glob("[hd]*.*")} == {
        *("heart_rates.svg", "difficulty.svg", "heart_rates.json", "difficulty.json")
    }


def test_nothing_is_split_or_trained(study: Workflow) -> None:
    assert {path.name for path in study.results.iterdir()} == {
        *("windows", "data", "logs", "benchmarks")
    }


def test_the_data_report_does_not_depend_on_roles_and_training(
    study: Workflow,
) -> None:
    assert "Nothing to be done" in study.make("data_report", options=("--dry-run",)).stdout
    other = {"simulated": {"train": 0.25, "val": 0.25, "test": 0.5}}
    changed = Workflow(study.folder, {**study.config, "datasets": other, "views": 3})
    assert "Nothing to be done" in changed.make("data_report", options=("--dry-run",)).stdout
