"""The registry: what it lists, and that it loads fast."""

import csv
import re
import subprocess
import sys
from collections import Counter
from importlib import import_module
from pathlib import Path, PurePosixPath

import pytest

from ppgkd.datasets.registry import DATASETS, MANIFEST, RawFile, get_dataset, simulated_dataset
from ppgkd.errors import PpgkdError


def test_the_datasets_have_the_published_recordings() -> None:
    counts = {name: len(dataset.recordings) for name, dataset in DATASETS.items()}
    assert (
        counts.items()
        >= {
            "simulated": 0,
            "bami1": 25,
            "bami2": 23,
            "ieee_spc_train": 13,
            "ieee_spc_test": 10,
            "ppg_dalia": 15,
            "wesad": 15,
            "wrist_exercise": 16,
            "oximetry_camera": 12,
            "welltory": 21,
        }.items()
    )


def test_every_published_file_belongs_to_one_recording_or_is_an_archive_of_several() -> None:
    entries = [entry for dataset in DATASETS.values() for entry in dataset.recordings]
    used = [(file, entry.member) for entry in entries for file in entry.files]
    of_archives = [(file, member) for file, member in used if member]
    assert len(set(of_archives)) == len(of_archives)
    # both hands of a person have one reference
    alone = [f for f, member in used if not member and not f.path.startswith("data/gt/")]
    assert len(set(alone)) == len(alone)
    assert {file for file, _ in used} == set(MANIFEST.values())


def test_every_dataset_has_a_reader() -> None:
    for dataset in DATASETS.values():
        reader = import_module(f"ppgkd.datasets.{dataset.reader}")
        readers = {"read", "read_many"} & set(vars(reader))
        assert dataset.name == "simulated" or len(readers) == 1


def test_subjects_of_an_archive_are_its_members() -> None:
    first, *_, last = get_dataset("ppg_dalia").recordings
    assert (first.subject, first.member) == ("ppg_dalia-S1", "PPG_FieldStudy/S1/S1.pkl")
    assert (last.subject, last.member) == ("ppg_dalia-S15", "PPG_FieldStudy/S15/S15.pkl")


@pytest.mark.parametrize(
    ("dataset", "url"),
    [
        ("ppg_dalia", "https://archive.ics.uci.edu/static/public/495/ppg+dalia.zip"),
        ("wesad", "https://uni-siegen.sciebo.de/s/HGdUkoNlW1Ub0Gx/download"),
    ],
)
def test_an_archive_is_asked_for_where_its_authors_have_it(dataset: str, url: str) -> None:
    (file,) = {file for entry in get_dataset(dataset).recordings for file in entry.files}
    assert file.url == url
    assert (file.n_bytes, file.sha256) == (None, None)
    assert file.local.suffix == ".zip"


def test_a_file_knows_its_pinned_origin_and_its_place() -> None:
    (file,) = get_dataset("bami1").recordings[0].files
    assert file.url == (
        "https://raw.githubusercontent.com/HeewonChung92/CNN_LSTM_HeartRateEstimation/"
        "d83eddc282910ba5bf37ed40aa1cc56bb49fde68/BAMI-1/BAMI1_1.mat"
    )
    assert file.local == PurePosixPath("bami/BAMI-1/BAMI1_1.mat")
    assert file.n_bytes == 321562
    assert file.sha256 == "914d7399ddd28e0515283717520981f09be347d3c1a98ba28f75b4c95924d111"


def test_a_url_is_quoted() -> None:
    file = RawFile("bami", "a folder/50 % #1.mat", 1, "0" * 64)
    assert file.url.endswith("/a%20folder/50%20%25%20%231.mat")


def test_checksums_are_sha256() -> None:
    known = [file.sha256 for file in MANIFEST.values() if file.sha256 is not None]
    assert len(known) >= 94
    assert all(re.fullmatch("[0-9a-f]{64}", sha256) for sha256 in known)


def test_names_of_recordings_are_unique() -> None:
    names = [entry.name for dataset in DATASETS.values() for entry in dataset.recordings]
    assert len(set(names)) == len(names)


def test_subjects_carry_their_dataset_and_number() -> None:
    assert get_dataset("bami1").subjects[::24] == ("bami1-01", "bami1-25")
    assert get_dataset("bami2").subjects[::22] == ("bami2-01", "bami2-23")
    assert get_dataset("ieee_spc_train").subjects[::11] == ("spc-01", "spc-12")


def test_a_subject_with_two_recordings_is_listed_once() -> None:
    test_set = get_dataset("ieee_spc_test")
    of_s02 = [entry.name for entry in test_set.recordings if entry.subject == "spc-S02"]
    assert of_s02 == ["TEST_S02_T01", "TEST_S02_T02"]
    assert test_set.subjects == tuple(f"spc-S0{number}" for number in range(1, 9))


def test_the_one_subject_of_both_spc_sets_has_one_name() -> None:
    both = set(get_dataset("ieee_spc_train").subjects) & set(get_dataset("ieee_spc_test").subjects)
    assert both == {"spc-S04"}


def test_nobody_else_is_in_two_datasets() -> None:
    datasets_of = Counter(subject for dataset in DATASETS.values() for subject in dataset.subjects)
    assert [subject for subject, count in datasets_of.items() if count > 1] == ["spc-S04"]


def test_a_signal_comes_with_its_own_reference() -> None:
    paths = {
        entry.name: tuple(file.path.removeprefix("datasets/") for file in entry.files)
        for name in ("ieee_spc_train", "ieee_spc_test")
        for entry in get_dataset(name).recordings
    }
    assert paths["DATA_01_TYPE01"] == (
        "Training_data/DATA_01_TYPE01.mat",
        "Training_data/DATA_01_TYPE01_BPMtrace.mat",
    )
    assert paths["DATA_S04_T01"] == (
        "Extra_TrainingData/DATA_S04_T01.mat",
        "Extra_TrainingData/BPM_S04_T01.mat",
    )
    assert paths["TEST_S06_T02"] == ("TestData/TEST_S06_T02.mat", "TrueBPM/True_S06_T02.mat")


def test_the_simulated_cohort_is_as_large_as_asked() -> None:
    cohort = simulated_dataset(3)
    assert cohort.subjects == ("sim-01", "sim-02", "sim-03")
    assert all(entry.files == () for entry in cohort.recordings)
    assert cohort.title == get_dataset("simulated").title


def test_the_simulated_cohort_is_not_read_from_published_files(tmp_path: Path) -> None:
    cohort = simulated_dataset(1)
    with pytest.raises(PpgkdError, match=r"sim-01 .* simulated has no published files"):
        cohort.read(cohort.recordings[0], tmp_path)


def test_an_unknown_dataset_is_refused_with_what_is_allowed() -> None:
    with pytest.raises(PpgkdError) as caught:
        get_dataset("bami3")
    message = str(caught.value)
    assert "'bami3'" in message
    assert "simulated, bami1, bami2, ieee_spc_train, ieee_spc_test" in message


def test_the_registry_loads_nothing_heavy() -> None:
    # Snakemake imports it in every job.
    code = (
        "import sys, ppgkd.datasets.registry\n"
        "print(*{'numpy', 'scipy', 'torch', 'pooch', 'requests'} & set(sys.modules))"
    )
    command = [sys.executable, "-c", code]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == ""


def test_the_manifest_agrees_with_the_one_that_came_with_the_data(real_data: Path) -> None:
    """That one may list more: files of datasets that this project does not read."""
    delivered = real_data / "MANIFEST.tsv"
    if not delivered.exists():
        pytest.skip(f"no manifest in {real_data}")
    with delivered.open(encoding="utf-8", newline="") as lines:
        listed = {
            (row["dataset"], row["path"]): (int(row["bytes"]), row["sha256"])
            for row in csv.DictReader(lines, delimiter="\t")
        }
    sources = {source for source, _ in listed}
    ours = {key: file for key, file in MANIFEST.items() if file.source in sources}
    assert ours
    assert {key: (file.n_bytes, file.sha256) for key, file in ours.items()} == {
        key: listed.get(key) for key in ours
    }
