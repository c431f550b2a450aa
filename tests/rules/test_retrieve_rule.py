"""The rule `retrieve`, with a real HTTP server on this machine."""

import functools
import hashlib
import http.server
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.unit.datasets.siegen import dalia_archive, dalia_subject

from ppgkd.datasets.registry import MANIFEST

TARGET = "resources/raw/ieee_spc/datasets/TrueBPM/True_S01_T01.mat"
FILE = MANIFEST["ieee_spc", "datasets/TrueBPM/True_S01_T01.mat"]
REAL = {
    "ieee_spc_train": {"train": 0.5, "val": 0.5, "exclude": ["spc-S04"]},
    "ieee_spc_test": {"test": 1},
}


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """Serve a folder over HTTP; return its address and the folder."""
    folder = tmp_path / "mirror"
    folder.mkdir()
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", folder
        server.shutdown()


def test_a_missing_file_fails_the_rule_with_its_name_url_and_checksum(
    workflow: Callable, mirror: tuple[str, Path]
) -> None:
    address, _ = mirror
    study = workflow(datasets=REAL, inputs={"ppg_channels": 2})
    done = study.run(TARGET, PPGKD_MIRROR=address)
    assert done.returncode != 0
    assert f"{address}/{FILE.local}" in done.stdout
    assert FILE.sha256 in done.stdout
    assert "404" in done.stdout
    assert "Traceback" not in done.stdout
    assert not [path for path in (study.folder / "resources" / "raw").rglob("*") if path.is_file()]


def test_an_altered_file_is_refused_and_deleted(
    workflow: Callable, mirror: tuple[str, Path]
) -> None:
    address, folder = mirror
    served = folder / FILE.local
    served.parent.mkdir(parents=True)
    served.write_bytes(b"x" * FILE.n_bytes)
    study = workflow(datasets=REAL, inputs={"ppg_channels": 2}, mirror=address)
    done = study.run(TARGET)
    assert done.returncode != 0
    assert FILE.sha256 in done.stdout
    assert hashlib.sha256(b"x" * FILE.n_bytes).hexdigest() in done.stdout
    assert not [path for path in (study.folder / "resources" / "raw").rglob("*") if path.is_file()]


def test_only_what_the_study_uses_is_downloaded(workflow: Callable) -> None:
    two = {"bami1": {"train": ["bami1-03"], "val": ["bami1-07"], "test": ["bami1-11"]}}
    done = workflow(datasets=two).run(options=("--dry-run",))
    assert done.returncode == 0, done.stdout
    requested = {
        line.split()[-1] for line in done.stdout.splitlines() if "output: resources" in line
    }
    assert requested == {f"resources/raw/bami/BAMI-1/BAMI1_{n}.mat" for n in (3, 7, 11)}


DALIA = {
    "ppg_dalia": {
        "train": ["ppg_dalia-S1"],
        "val": ["ppg_dalia-S2"],
        "test": ["ppg_dalia-S3"],
    }
}


def test_an_archive_of_many_recordings_is_downloaded_once(workflow: Callable) -> None:
    real = {**DALIA, "wesad": {"pretrain": 1}}
    done = workflow(datasets=real, inputs={"ppg_channels": 1}).run(options=("--dry-run",))
    assert done.returncode == 0, done.stdout
    requested = [
        line.split()[-1] for line in done.stdout.splitlines() if "output: resources" in line
    ]
    assert sorted(requested) == [
        "resources/raw/ppg_dalia/ppg+dalia.zip",
        "resources/raw/wesad/WESAD.zip",
    ]


def test_a_download_and_its_checksum_stay_when_a_later_step_fails(
    workflow: Callable, mirror: tuple[str, Path]
) -> None:
    address, folder = mirror
    content = dalia_archive(S1=dalia_subject(), S2=dalia_subject("S2"))
    served = folder / "ppg_dalia" / "ppg+dalia.zip"
    served.parent.mkdir(parents=True)
    served.write_bytes(content)
    study = workflow(datasets=DALIA, inputs={"ppg_channels": 1}, mirror=address)
    windows = "results/tiny/windows/ppg_dalia.parquet"

    done = study.run(windows)
    assert done.returncode != 0
    assert "PPG_FieldStudy/S3/S3.pkl is missing" in done.stdout
    assert "Cite: Reiss" in done.stdout
    kept = study.folder / "resources" / "raw" / "ppg_dalia" / "ppg+dalia.zip"
    recorded = study.folder / "resources" / "checksums" / "ppg_dalia" / "ppg+dalia.zip.sha256"
    assert kept.read_bytes() == content
    sha256 = hashlib.sha256(content).hexdigest()
    assert recorded.read_text() == f"{sha256}  ppg_dalia/ppg+dalia.zip\n"
    assert not (study.folder / windows).exists()

    # the next run does not download it again
    served.unlink()
    again = study.run(windows)
    assert "PPG_FieldStudy/S3/S3.pkl is missing" in again.stdout
    assert kept.read_bytes() == content

    # a different file is refused, even after the raw files are deleted
    served.write_bytes(dalia_archive(S1=dalia_subject(), S3=dalia_subject("S3")))
    kept.unlink()
    refused = study.run(windows)
    assert sha256 in refused.stdout
    assert str(Path("resources/checksums/ppg_dalia/ppg+dalia.zip.sha256")) in refused.stdout
    assert not kept.exists()
