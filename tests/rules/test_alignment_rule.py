"""The rule `alignment` on a study with folds, with one reference shifted by configuration."""

import json
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
from tests.workflow import Workflow

SUBJECTS = [f"sim-{number:02d}" for number in range(1, 7)]


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory, tiny_config: dict[str, Any]) -> Workflow:
    changes = {
        "folds": 2,
        "datasets": {
            "simulated": {
                **{"train": 0.25, "val": 0.25, "test": 0.5},
                "reference_lag_s": {"sim-02": 6},
            }
        },
        "simulation": {"n_subjects": 6, "duration_s": 200, "seed": 0},
        "seeds": [3, 0],
    }
    made = Workflow(tmp_path_factory.mktemp("alignment"), {**tiny_config, **changes})
    made.make("results/tiny/alignment.csv")
    return made


def test_every_recording_is_evaluated_by_a_network_that_has_not_seen_its_subject(
    study: Workflow,
) -> None:
    table = pd.read_csv(study.results / "alignment.csv")
    assert table["recording"].to_list() == table["subject"].to_list() == SUBJECTS
    assert set(table["role"]) == {"test"}
    assert {"lag_s", "lower_s", "upper_s", "mae_bpm", "mae_at_lag_bpm"} <= set(table)
    assert table["flagged"].dtype == bool
    assert (table["n_windows"] > 0).all()


def test_only_teachers_of_the_first_seed_are_trained(
    study: Workflow,
) -> None:
    trained = {path.parent.name for path in study.results.rglob("model.safetensors")}
    assert trained == {"seed3"}
    assert not [*study.results.rglob("students")]


def test_a_configured_lag_is_recorded_with_the_windows(study: Workflow) -> None:
    folder = study.results / "windows"
    counts = pd.read_csv(folder / "simulated.counts.csv").set_index("recording")
    assert counts["reference_lag_s"].to_dict() == dict.fromkeys(SUBJECTS, 0) | {"sim-02": 6}
    assert counts["no_reference"].idxmax() == "sim-02"
    metadata = pq.read_schema(folder / "simulated.parquet").metadata
    assert json.loads(metadata[b"ppgkd"])["reference_lag_s"] == {"sim-02": 6}
