"""Teachers that are not run for each view: recorded estimates, and a smoothed teacher.

The tests share one folder: later ones use what earlier ones made.
"""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from tests.workflow import Workflow

from ppgkd.simulation.signals import RATE_HZ
from ppgkd.simulation.subject import simulate_subject

STUDENT = "spectral_resnet-350/seed0"
SAID = ["sim-01", "sim-02", "sim-04"]


def write_estimates(path: Path, last_s: float = 50.0, said: Sequence[str] = SAID) -> None:
    """Write what a program of the user might: 90 BPM, less and less sure, of some recordings."""
    time_s = np.arange(2.0, last_s, 2.0)
    columns = {
        "recording": np.repeat(said, len(time_s)),
        "time_s": np.tile(time_s, len(said)),
        "hr_bpm": np.full(len(said) * len(time_s), 90, np.float32),
        "sd_bpm": np.tile(1 + time_s / 10, len(said)).astype(np.float32),
    }
    about = {"format": 1, "made_by": "me", "version": "1", "licence": "MIT", "citation": ""}
    table = pa.table(columns).replace_schema_metadata({"ppgkd": json.dumps(about)})
    pq.write_table(table, path)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory, tiny_config: dict[str, Any]) -> Workflow:
    mine = {"estimates": "mine-{dataset}.parquet", "max_sd_bpm": 3.45}
    changes = {
        "simulation": {"n_subjects": 6, "duration_s": 60, "seed": 0},
        "teachers": {
            "spectral_resnet": [3_000],
            "smoothed": ["spectral_resnet-3000"],
            "recorded": {"mine": mine},
            "joint": {"both": {"members": ["recorded-mine", "spectral_resnet-3000-smoothed"]}},
        },
        "students": {"spectral_resnet": [350]},
        "strategies": {"soft": {}},
    }
    made = Workflow(tmp_path_factory.mktemp("recorded"), {**tiny_config, **changes})
    write_estimates(made.folder / "mine-simulated.parquet")
    return made


def test_a_smoothed_teacher_is_evaluated_and_teaches(study: Workflow) -> None:
    name = "spectral_resnet-3000-smoothed"
    study.make(f"results/tiny/students/soft/{name}/{STUDENT}/metrics.json", cores=2)
    folder = study.results / f"teachers/{name}/seed0"
    metrics = json.loads((folder / "metrics.json").read_text())
    plain = json.loads(
        (study.results / "teachers/spectral_resnet-3000/seed0/metrics.json").read_text()
    )
    assert metrics["n_windows"] == metrics["test_windows"] == plain["n_windows"]
    assert metrics["params"] == plain["params"]
    assert metrics["mae_bpm"] != plain["mae_bpm"], "two epochs do not say which is lower"
    counts = pd.read_csv(study.results / "windows/simulated.counts.csv")
    about = json.loads(pq.read_schema(folder / "simulated.parquet").metadata[b"ppgkd"])
    assert about["recordings"] == dict(zip(counts["recording"], counts["sha256"], strict=True))


def test_recorded_estimates_teach_where_their_spread_is_small(study: Workflow) -> None:
    study.make(f"results/tiny/students/soft/recorded-mine/{STUDENT}/metrics.json", cores=2)
    splits = pd.read_csv(study.results / "splits.csv").set_index("subject")["role"]
    windows = pd.read_parquet(
        study.results / "windows/simulated.parquet",
        columns=["recording", "subject", "start_s", "hr_bpm"],
    )
    train = windows[windows["subject"].map(splits) == "train"]
    covered = train["recording"].isin(SAID) & (train["start_s"] + 4 <= 49)
    logits = np.load(study.results / "targets/recorded-mine/seed0/logits.npy")
    taught = ~np.isnan(logits[0, :, 0])
    # the spread is 3.4 BPM at 24 s, and grows; what the reference contradicts is not taught
    believed = (train["start_s"] + 4 <= 24) & ((train["hr_bpm"] - 90).abs() <= 10)
    np.testing.assert_array_equal(taught, covered & believed)
    assert taught.any()
    factor = np.load(study.results / "bank/seed0/rate_factor.npy")
    said_bpm = 30 + logits[:, taught].argmax(axis=2)
    np.testing.assert_allclose(said_bpm, 90 * factor[:, taught], atol=1)
    tested = windows["subject"].map(splits) == "test"
    of_test = tested & windows["recording"].isin(SAID)
    metrics = json.loads((study.results / "teachers/recorded-mine/seed0/metrics.json").read_text())
    assert metrics["test_windows"] == tested.sum()
    assert metrics["n_windows"] == (of_test & (windows["start_s"] + 4 <= 49)).sum()


def test_estimates_of_times_after_the_end_are_refused_by_name(study: Workflow) -> None:
    path = study.folder / "mine-simulated.parquet"
    whole = path.read_bytes()
    try:
        write_estimates(path, last_s=70)
        done = study.run("results/tiny/teachers/recorded-mine/seed0/metrics.json")
    finally:
        path.write_bytes(whole)
    assert done.returncode != 0
    assert "recording 'sim-01' at 68 s, and the recording is from 0 to 60 s" in done.stdout
    assert "Traceback" not in done.stdout


def test_teachers_that_teach_together_speak_where_one_of_them_does(study: Workflow) -> None:
    study.make(f"results/tiny/students/soft/joint-both/{STUDENT}/metrics.json", cores=2)
    metrics = json.loads((study.results / "teachers/joint-both/seed0/metrics.json").read_text())
    assert metrics["n_windows"] == metrics["test_windows"]


HOME = {
    "title": "At home, without a strap",
    "terms": "Made by a test.",
    "files": "home/*.csv",
    "rate_hz": RATE_HZ,
    "channels": {"ppg": ["a", "b", "c"], "acceleration": [*"xyz"], "acceleration_unit": "g"},
    "reference": "none",
}


def test_students_learn_from_a_teacher_on_recordings_that_have_no_reference(
    study: Workflow,
) -> None:
    (study.folder / "home").mkdir()
    for number in (1, 2):
        signal = simulate_subject(20 + number, 60, seed=0).signal
        table = pd.DataFrame(signal.T, columns=[*"abcxyz"])
        table.to_csv(study.folder / f"home/H{number}.csv", index=False)
    (study.folder / "unreferenced.yaml").write_text(yaml.safe_dump(HOME))
    write_estimates(study.folder / "mine-home.parquet", last_s=60, said=["H1", "H2"])
    changes = {
        "study": "home",
        "datasets": {
            **study.config["datasets"],
            "home": {"file": "unreferenced.yaml", "unlabelled": 1},
        },
        "teachers": {"recorded": {"mine": "mine-{dataset}.parquet"}},
        "strategies": {"scratch": {}, "soft": {}},
    }
    made = Workflow(study.folder, {**study.config, **changes})
    students = ["soft/recorded-mine", "scratch/none"]
    made.make(
        *(f"results/home/students/{name}/{STUDENT}/metrics.json" for name in students),
        "results/home/alignment.csv",
        "results/home/data/report.html",
        cores=2,
    )
    windows = pd.read_parquet(made.results / "windows/home.parquet", columns=["start_s", "hr_bpm"])
    assert windows["start_s"].tolist() == 2 * [2.0 * number for number in range(27)]
    assert windows["hr_bpm"].isna().all()
    # the transfer set ends with the unlabelled windows
    logits = np.load(made.results / "targets/recorded-mine/seed0/logits.npy")
    hr_bpm = np.load(made.results / "bank/seed0/hr_bpm.npy")
    assert not np.isnan(logits[:, -54:]).any()
    assert np.isnan(hr_bpm[:, -54:]).all()
    assert not np.isnan(hr_bpm[:, :-54]).any()
    for name in students:
        metrics = json.loads((made.results / f"students/{name}/{STUDENT}/metrics.json").read_text())
        assert np.isfinite(metrics["mae_bpm"])
    aligned = pd.read_csv(made.results / "alignment.csv")
    assert set(aligned["dataset"]) == {"simulated"}
    page = (made.results / "data/report.html").read_text()
    assert "<b>Reference</b>: none, so contact, rates and lag are not judged" in page
    words = re.sub(r"<(script|style).*?</\1>|<[^>]*>", " ", page, flags=re.DOTALL)
    assert not re.search(r"\bnan\b", words, re.IGNORECASE)
