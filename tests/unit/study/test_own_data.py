"""What a study can ask of recordings of the user's own, and of PPG channels."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from ppgkd.errors import PpgkdError
from ppgkd.study.parse import parse_study
from ppgkd.study.study import Study

DEFINITION = {
    "title": "Walks",
    "terms": "Made by a test.",
    "files": "walks/*.csv",
    "rate_hz": 50,
    "channels": {"ppg": ["green", "red"]},
    "reference": {"column": "hr"},
}
SHARES = {"file": "walks.yaml", "train": 0.5, "val": 0.25, "test": 0.25}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with four tables that nobody opens, and one that is described alone."""
    for name in ("P1", "P2", "P3", "P4"):
        path = tmp_path / f"walks/{name}.csv"
        path.parent.mkdir(exist_ok=True)
        pd.DataFrame({"green": [1], "red": [1], "hr": [60]}).to_csv(path, index=False)
    (tmp_path / "walks.yaml").write_text(yaml.safe_dump(DEFINITION))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def parse(**changes: Any) -> Study:
    config = {
        "study": "mine",
        "datasets": {"walks": SHARES},
        "inputs": {"ppg_channels": 2, "accelerometer": False},
        "teachers": {"spectral_resnet": [3_000]},
        "students": {"spectral_resnet": [350]},
        **changes,
    }
    return parse_study(config)


def walks(**changes: Any) -> dict[str, Any]:
    return {"walks": {**SHARES, **changes}}


def test_own_recordings_are_a_dataset_whose_files_stay_where_they_are() -> None:
    study = parse()
    (dataset,) = study.datasets
    assert (dataset.name, dataset.title) == ("walks", "Walks")
    assert dataset.subjects == ("P1", "P2", "P3", "P4")
    assert study.input_files("walks") == [
        "walks.yaml",
        *(f"walks/P{number}.csv" for number in range(1, 5)),
    ]


def test_only_the_recordings_that_are_used_are_read() -> None:
    shares = {"file": "walks.yaml", "train": ["P1"], "val": ["P3"], "test": ["P4"]}
    study = parse(datasets={"walks": shares})
    assert "walks/P2.csv" not in study.input_files("walks")


def test_published_files_lie_below_the_raw_data() -> None:
    datasets = {"bami1": {"train": ["bami1-01"], "val": ["bami1-02"], "test": ["bami1-03"]}}
    study = parse(datasets=datasets)
    assert study.input_files("bami1")[0] == "resources/raw/bami/BAMI-1/BAMI1_1.mat"


@pytest.mark.parametrize(
    ("ppg", "n_channels"), [(None, 2), (["ppg_2"], 1), ("average", 1), ("each", 1)]
)
def test_a_dataset_has_the_ppg_channels_that_the_study_takes(
    ppg: str | list[str] | None, n_channels: int
) -> None:
    shares = walks() if ppg is None else walks(ppg=ppg)
    inputs = {"ppg_channels": n_channels, "accelerometer": False}
    (dataset,) = parse(datasets=shares, inputs=inputs).datasets
    assert dataset.ppg_channels == n_channels
    with pytest.raises(PpgkdError, match=f"ask for at most {n_channels}"):
        parse(datasets=shares, inputs={**inputs, "ppg_channels": n_channels + 1})


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"inputs": {"ppg_channels": 2}}, "Dataset 'walks' has no accelerometer"),
        ({"datasets": walks(file="no.yaml")}, "(relative to the folder that Snakemake works in)"),
        ({"datasets": walks(file="walks/P1.csv")}, "walks/P1.csv is of the type str"),
        ({"datasets": walks(ppg=["ppg_3"])}, "has ['ppg_1', 'ppg_2']"),
        ({"datasets": walks(ppg="median")}, "'datasets.walks.ppg'"),
        ({"datasets": walks(ppg=[])}, "'datasets.walks.ppg' must not be empty"),
        ({"datasets": walks(exclude=["P9"])}, "unknown subjects ['P9']; it has ['P1', 'P2'"),
        ({"datasets": {"bami1": SHARES}}, "cannot have this name"),
        ({"datasets": {"my walks": SHARES}}, "cannot have this name"),
        ({"compare": ["nowhere"]}, "results/nowhere lacks ['students.parquet'"),
        ({"compare": ["mine"]}, "'compare' names 'mine', which is this study"),
        ({"compare": ["../else"]}, "'compare.0'"),
    ],
)
def test_what_is_contradictory_is_refused_by_key(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(PpgkdError) as caught:
        parse(**changes)
    assert said in str(caught.value)


@pytest.mark.parametrize("role", ["train", "val", "test", "pretrain"])
def test_recordings_without_a_reference_are_refused_in_every_role_but_unlabelled(
    folder: Path, role: str
) -> None:
    definition = {**DEFINITION, "reference": "none"}
    (folder / "home.yaml").write_text(yaml.safe_dump(definition))
    home = {"file": "home.yaml", "unlabelled": 1}
    cohort = {"simulated": {"train": 0.5, "val": 0.25, "test": 0.25}}
    (_, dataset) = parse(datasets={**cohort, "home": home}).datasets
    assert not dataset.has_reference
    with pytest.raises(PpgkdError) as raised:
        parse(datasets={**cohort, "home": {"file": "home.yaml", "unlabelled": 0.5, role: 0.5}})
    message = str(raised.value)
    assert "'home' has no reference ('reference: none' in home.yaml)" in message
    assert f"the roles ['{role}'], which need one. Use it in the role 'unlabelled'" in message


def test_a_lag_of_references_that_do_not_exist_is_refused(folder: Path) -> None:
    definition = {**DEFINITION, "reference": "none"}
    (folder / "home.yaml").write_text(yaml.safe_dump(definition))
    home = {"file": "home.yaml", "unlabelled": 1, "reference_lag_s": 2.0}
    cohort = {"simulated": {"train": 0.5, "val": 0.25, "test": 0.25}}
    with pytest.raises(PpgkdError, match=r"'datasets\.home\.reference_lag_s' moves references"):
        parse(datasets={**cohort, "home": home})
    (folder / "home.yaml").write_text(yaml.safe_dump({**definition, "reference_lag_s": 2.0}))
    with pytest.raises(PpgkdError, match="'reference: none' and 'reference_lag_s'"):
        parse(datasets={**cohort, "home": {"file": "home.yaml", "unlabelled": 1}})


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        (None, "'reference' must be keys with values or 'none', found None"),
        ("nothing", "'reference' must be keys with values or 'none', found 'nothing'"),
        (
            {"colum": "hr"},
            "'reference' has unknown keys ['colum'] (did you mean 'column'?)",
        ),
        ({}, "'reference' has none of column, files, ecg, beats; give one of them"),
        ({"column": "hr", "window_s": 99}, "'reference.window_s' must be a number from 0 to 60"),
    ],
)
def test_a_wrong_reference_is_named_once(folder: Path, reference: Any, expected: str) -> None:
    (folder / "walks.yaml").write_text(yaml.safe_dump({**DEFINITION, "reference": reference}))
    with pytest.raises(PpgkdError) as raised:
        parse()
    assert expected in str(raised.value)
    assert str(raised.value).count("  - ") == 1
