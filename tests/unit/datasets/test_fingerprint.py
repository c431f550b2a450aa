"""The digest of a recording's files, which any program can compute."""

import subprocess
from pathlib import Path

import yaml

from ppgkd.datasets.fingerprint import recording_fingerprints
from ppgkd.datasets.registry import get_dataset


def sha256sum(*paths: Path) -> str:
    """What `cat FILES | sha256sum` prints."""
    joined = b"".join(path.read_bytes() for path in paths)
    done = subprocess.run(["sha256sum"], input=joined, capture_output=True, check=True)
    return done.stdout.decode().split()[0]


def test_a_recording_of_one_file_has_the_digest_of_the_file(tmp_path: Path) -> None:
    entries = get_dataset("bami1").recordings[:2]
    paths = [tmp_path / entry.files[0].local for entry in entries]
    for number, path in enumerate(paths):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes([number]) * 3_000_000)
    found = recording_fingerprints("bami1", [entry.name for entry in entries], paths)
    assert found == {
        entry.name: sha256sum(path) for entry, path in zip(entries, paths, strict=True)
    }


def test_several_files_count_one_after_the_other_in_the_order_of_their_names(
    tmp_path: Path,
) -> None:
    (entry,) = get_dataset("ieee_spc_test").recordings[:1]
    assert len(entry.files) == 2
    paths = [tmp_path / file.local for file in entry.files]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(path.name)
    found = recording_fingerprints("ieee_spc_test", [entry.name], paths)
    assert found == {entry.name: sha256sum(*sorted(paths))}


def test_the_simulated_people_share_the_digest_of_their_file(tmp_path: Path) -> None:
    path = tmp_path / "n2-s60-seed1.npz"
    path.write_bytes(b"cohort")
    found = recording_fingerprints("simulated", ["sim-01", "sim-02"], [path])
    assert found == dict.fromkeys(["sim-01", "sim-02"], sha256sum(path))


def test_the_description_of_own_recordings_is_no_part_of_them(tmp_path: Path) -> None:
    rows = "\n".join(f"{n % 7},70" for n in range(400))
    (tmp_path / "walk.csv").write_text(f"green,hr\n{rows}\n")
    about = {
        "title": "Walks",
        "terms": "Made by a test.",
        "files": "walk.csv",
        "rate_hz": 25,
        "channels": {"ppg": ["green"]},
        "reference": {"column": "hr"},
    }
    (tmp_path / "walks.yaml").write_text(yaml.safe_dump(about))
    files = [tmp_path / "walks.yaml", tmp_path / "walk.csv"]
    assert recording_fingerprints("walks", ["walk"], files) == {"walk": sha256sum(files[1])}
