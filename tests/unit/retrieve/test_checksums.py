"""Files without a published checksum: that of the first complete file is required from then on."""

import hashlib
import io
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from ppgkd.datasets.manifest import RawFile
from ppgkd.errors import PpgkdError
from ppgkd.retrieve.checksums import record_path, record_sha256, with_recorded_checksum
from ppgkd.retrieve.download import retrieve

FILE = RawFile("wesad", "WESAD.zip")
KNOWN = RawFile("bami", "a.mat", 5, hashlib.sha256(b"whole").hexdigest())


def archive(content: bytes = b"signal" * 500) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as opened:
        opened.writestr("WESAD/S2/S2.pkl", content)
    return file.getvalue()


class Place:
    """A mirror, the folder of raw files and that of the recorded checksums."""

    def __init__(self, folder: Path) -> None:
        self.mirror, self.raw, self.checksums = (
            folder / name for name in ("mirror", "raw", "checksums")
        )

    def publish(self, content: bytes, file: RawFile = FILE) -> None:
        path = self.mirror / file.local
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def retrieve(self, file: RawFile = FILE) -> Path:
        path = self.raw / file.local
        retrieve(file, path, str(self.mirror), checksums=self.checksums, retry_pauses_s=())
        return path

    def message(self, file: RawFile = FILE) -> str:
        with pytest.raises(PpgkdError) as caught:
            self.retrieve(file)
        assert not (self.raw / file.local).exists()
        return str(caught.value)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_the_first_download_records_its_checksum(place: Place) -> None:
    place.publish(archive())
    assert place.retrieve().read_bytes() == archive()
    recorded = record_path(FILE, place.checksums)
    assert recorded == place.checksums / "wesad" / "WESAD.zip.sha256"
    assert (
        with_recorded_checksum(FILE, place.checksums).sha256
        == hashlib.sha256(archive()).hexdigest()
    )


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="no sha256sum here")
def test_sha256sum_reads_the_record(place: Place) -> None:
    place.publish(archive())
    place.retrieve()
    check = ["sha256sum", "--check", "--strict", str(record_path(FILE, place.checksums))]
    done = subprocess.run(check, cwd=place.raw, capture_output=True, text=True, check=True)
    assert done.stdout == "wesad/WESAD.zip: OK\n"


def test_another_file_is_refused_from_then_on(place: Place) -> None:
    place.publish(archive())
    shutil.rmtree(place.retrieve().parents[1])
    place.publish(archive(b"altered" * 500))
    message = place.message()
    assert hashlib.sha256(archive()).hexdigest() in message
    assert str(record_path(FILE, place.checksums)) in message
    assert "delete that record if the authors have published another version" in message


def test_after_the_record_is_deleted_another_version_is_accepted(place: Place) -> None:
    place.publish(archive())
    shutil.rmtree(place.retrieve().parents[1])
    place.publish(archive(b"version 2" * 500))
    record_path(FILE, place.checksums).unlink()
    assert place.retrieve().read_bytes() == archive(b"version 2" * 500)


def test_an_existing_file_is_recorded_and_kept(place: Place) -> None:
    place.publish(archive(b"what the mirror has" * 100))
    path = place.raw / FILE.local
    path.parent.mkdir(parents=True)
    path.write_bytes(archive())
    assert place.retrieve().read_bytes() == archive()
    assert (
        with_recorded_checksum(FILE, place.checksums).sha256
        == hashlib.sha256(archive()).hexdigest()
    )


def test_a_damaged_existing_file_is_replaced(place: Place) -> None:
    place.publish(archive())
    path = place.raw / FILE.local
    path.parent.mkdir(parents=True)
    path.write_bytes(archive()[:-30])
    assert place.retrieve().read_bytes() == archive()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<!DOCTYPE html><title>Sign in</title>",
        archive()[:-30],
        archive()[:1_000],
        archive().replace(b"signalsignal", b"signalSIGNAL", 1),
    ],
    ids=["empty", "web page", "directory cut", "half", "altered"],
)
def test_an_incomplete_archive_is_refused_and_not_recorded(place: Place, content: bytes) -> None:
    place.publish(content)
    message = place.message()
    assert "its checksum is not known yet" in message
    assert f"found: {len(content)} bytes: " in message
    assert not record_path(FILE, place.checksums).exists()


@pytest.mark.parametrize("content", [b"", b"\n <html><body>Not found</body></html>"])
def test_a_web_page_in_place_of_another_format_is_refused(place: Place, content: bytes) -> None:
    file = RawFile("bami", "new.mat")
    place.publish(content, file)
    assert "a web page or an empty file" in place.message(file)


def test_a_published_checksum_is_not_recorded(place: Place) -> None:
    place.publish(b"whole", KNOWN)
    place.retrieve(KNOWN)
    assert not place.checksums.exists()


def test_a_record_does_not_weaken_a_published_checksum(place: Place) -> None:
    record_sha256(KNOWN, "0" * 64, place.checksums)
    assert with_recorded_checksum(KNOWN, place.checksums) == KNOWN


@pytest.mark.parametrize("text", ["", "no checksum\n", f"{'0' * 64}  bami/another.mat\n"])
def test_an_invalid_record_is_refused(place: Place, text: str) -> None:
    path = record_path(FILE, place.checksums)
    path.parent.mkdir(parents=True)
    path.write_text(text)
    place.publish(archive())
    with pytest.raises(PpgkdError, match=r"not a recorded checksum of wesad/WESAD\.zip"):
        place.retrieve()
