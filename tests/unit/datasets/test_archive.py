"""Members of archives and of nested archives are read without extraction, or refused."""

import io
import stat
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import pytest

from ppgkd.datasets.archive import (
    LIMITS,
    MIB,
    Archive,
    Limits,
    member_names,
    open_archive,
    open_member,
)
from ppgkd.errors import PpgkdError

CONTENT = bytes(range(256)) * 40


def pack(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return packed.getvalue()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data.zip"


@pytest.fixture
def nested(path: Path) -> Path:
    """As UCI publishes PPG-DaLiA: a ZIP archive in a ZIP archive."""
    inner = pack({"PPG_FieldStudy/S1/S1.pkl": CONTENT, "PPG_FieldStudy/S2/S2.pkl": b"two"})
    path.write_bytes(pack({"data.zip": inner, "readme.pdf": b"pdf"}))
    return path


def message_of(path: Path, *nested: str, limits: Limits = LIMITS) -> str:
    with pytest.raises(PpgkdError) as caught:
        read_all(path, *nested, limits=limits)
    message = str(caught.value)
    assert str(path) in message
    return message


def read_all(path: Path, *nested: str, limits: Limits = LIMITS) -> dict[str, bytes]:
    with open_archive(path, *nested, limits=limits) as archive:
        found = {}
        for name in archive.names:
            with archive.open(name) as member:
                found[name] = member.read()
        return found


def test_files_are_listed_in_order_and_folders_are_not(path: Path) -> None:
    path.write_bytes(pack({"b/": b"", "b/2.csv": b"", "a.csv": b""}))
    assert member_names(path) == ("b/2.csv", "a.csv")


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_member_is_read(path: Path, method: int) -> None:
    path.write_bytes(pack({"a/b.csv": CONTENT}, method))
    with open_member(path, "a/b.csv") as member:
        assert member.read(10) == CONTENT[:10]
        assert member.read() == CONTENT[10:]


def test_a_member_of_a_nested_archive_is_read(nested: Path) -> None:
    assert member_names(nested, "data.zip") == (
        "PPG_FieldStudy/S1/S1.pkl",
        "PPG_FieldStudy/S2/S2.pkl",
    )
    with open_member(nested, "data.zip", "PPG_FieldStudy/S1/S1.pkl") as member:
        assert member.read() == CONTENT


def test_an_open_file_is_read_like_its_path(nested: Path) -> None:
    with nested.open("rb") as file:
        assert member_names(file) == ("data.zip", "readme.pdf")
        with open_member(file, "readme.pdf") as member:
            assert member.read() == b"pdf"


def test_a_seekable_member_can_be_read_again(nested: Path) -> None:
    with open_member(nested, "data.zip", "PPG_FieldStudy/S1/S1.pkl", seekable=True) as member:
        assert member.seek(0, io.SEEK_END) == len(CONTENT)
        member.seek(0)
        assert member.read() == CONTENT


def test_no_temporary_files_remain(nested: Path) -> None:
    read_all(nested, "data.zip")
    assert list(nested.parent.iterdir()) == [nested]


def test_a_nested_archive_is_not_read_into_memory(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as outer, outer.open("data.zip", "w") as packed:
        inner = pack({"S1.pkl": bytes(range(256)) * (64 * MIB // 256)}, zipfile.ZIP_STORED)
        packed.write(inner)
    del inner
    tracemalloc.start()
    try:
        with open_member(path, "data.zip", "S1.pkl") as member:
            while member.read(MIB):
                pass
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < 8 * MIB


def test_a_missing_member_is_named_together_with_existing_ones(nested: Path) -> None:
    said = r"data\.zip: the member S3\.pkl is missing; found data\.zip, readme\.pdf"
    with open_archive(nested) as archive, pytest.raises(PpgkdError, match=said):
        archive.open("S3.pkl")


# Names that lead elsewhere


@pytest.mark.parametrize(
    "name",
    [
        "../outside",
        "a/../../outside",
        "..",
        "/etc/outside",
        "//server/share",
        "C:/outside",
        "c:outside",
        "..\\outside",
        "a\\b",
        "a//b",
        "./a",
        "a\nb",
    ],
)
def test_an_unsafe_name_is_refused(path: Path, name: str) -> None:
    path.write_bytes(pack({"good": b"good", name: b"hostile"}))
    message = message_of(path)
    assert repr(name) in message
    assert "relative names" in message


def test_a_name_with_a_zero_byte_is_refused(path: Path) -> None:
    path.write_bytes(pack({"S1.pkl#.exe": b"hostile"}).replace(b"S1.pkl#", b"S1.pkl\0"))
    assert r"'S1.pkl\x00.exe': the member has a control character" in message_of(path)


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_links_and_devices_are_refused(path: Path, kind: int) -> None:
    info = zipfile.ZipInfo("link")
    info.external_attr = (kind | 0o777) << 16
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(info, "/etc/passwd")
    assert "'link': the member is a link or a device" in message_of(path)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_occurs_twice_is_refused(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for content in ("checked", "used"):
            archive.writestr("S1.pkl", content)
    assert "'S1.pkl': 2 members have this name" in message_of(path)


def test_a_member_with_another_name_in_its_header_is_refused(path: Path) -> None:
    path.write_bytes(pack({"S1.pkl": CONTENT}).replace(b"S1.pkl", b"S2.pkl", 1))
    assert "File name in directory" in message_of(path)


# Bombs


def test_a_member_that_grows_beyond_the_ratio_is_refused(path: Path) -> None:
    path.write_bytes(pack({"zeros": bytes(2 * MIB)}))
    assert "grow to 2,097,152; allowed are at most growth to 200 times" in message_of(path)


def test_a_zip_bomb_in_an_archive_is_refused(path: Path) -> None:
    path.write_bytes(pack({"data.zip": pack({"zeros": bytes(2 * MIB)})}))
    message = message_of(path, "data.zip")
    assert "data.zip > data.zip > 'zeros'" in message
    assert "allowed are at most growth to 200 times" in message


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        (Limits(member_bytes=99), "found 100 bytes, uncompressed; allowed are at most 99 bytes"),
        (Limits(total_bytes=199), "found 200 bytes in all, uncompressed; allowed are at most 199"),
        (Limits(members=1), "found 2 members; allowed are at most 1"),
        (Limits(directory_bytes=50), "found a directory of 94 bytes; allowed are at most 50"),
    ],
)
def test_each_limit_holds(path: Path, limits: Limits, said: str) -> None:
    path.write_bytes(pack({"a": bytes(100), "b": bytes(100)}))
    assert said in message_of(path, limits=limits)


def test_archives_are_nested_up_to_a_depth(path: Path) -> None:
    path.write_bytes(pack({"1": pack({"2": pack({"3": pack({"file": b""})})})}))
    assert member_names(path, "1", "2") == ("3",)
    assert "is nested in 3 archives; allowed are at most 2" in message_of(path, "1", "2", "3")


def edited(content: bytes, **changes: tuple[int, bytes]) -> bytes:
    """Change bytes of the first entry of the directory, at offsets within it."""
    start = content.index(b"PK\x01\x02")
    altered = bytearray(content)
    for offset, new in changes.values():
        altered[start + offset : start + offset + len(new)] = new
    return bytes(altered)


def test_a_member_has_no_more_bytes_than_its_directory_states(path: Path) -> None:
    """A bomb that declares a small size is read up to it, and its checksum then differs."""
    path.write_bytes(
        edited(pack({"zeros": bytes(2 * MIB)}), size=(24, (100).to_bytes(4, "little")))
    )
    with pytest.raises(PpgkdError, match="CRC-32"), open_member(path, "zeros") as member:
        member.read()


def test_members_that_overlap_are_refused(path: Path) -> None:
    shared = pack({"a": CONTENT, "b": b"b"}, zipfile.ZIP_STORED)
    second = shared.rindex(b"PK\x01\x02")
    altered = bytearray(shared)
    n_bytes = len(CONTENT).to_bytes(4, "little")
    altered[second + 20 : second + 28] = n_bytes + n_bytes
    path.write_bytes(bytes(altered))
    assert "which overlap" in message_of(path)


def test_methods_whose_output_is_not_bounded_are_refused(path: Path) -> None:
    path.write_bytes(pack({"a": CONTENT}, zipfile.ZIP_BZIP2))
    assert "compressed by the method 12" in message_of(path)


def test_an_encrypted_member_is_refused(path: Path) -> None:
    path.write_bytes(edited(pack({"a": CONTENT}), flags=(8, b"\x01")))
    assert "'a': the member is encrypted" in message_of(path)


# Damage


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_an_altered_member_is_named(path: Path, method: int) -> None:
    content = bytearray(pack({"a/b.csv": CONTENT}, method))
    content[100] ^= 0xFF
    path.write_bytes(bytes(content))
    message = message_of(path)
    assert f"{path} > a/b.csv: it cannot be read, the archive is damaged" in message
    assert "Delete it and run the workflow again" in message


@pytest.mark.parametrize("kept", [0, 1, 21, 100, -1, -30])
def test_a_truncated_archive_is_named(path: Path, kept: int) -> None:
    path.write_bytes(pack({"a": CONTENT})[:kept])
    assert f"{path}: it cannot be read" in message_of(path)


def test_an_altered_nested_archive_is_named_before_it_is_read(
    path: Path,
) -> None:
    content = bytearray(pack({"data.zip": pack({"a": CONTENT})}, zipfile.ZIP_STORED))
    content[100] ^= 0xFF
    path.write_bytes(bytes(content))
    assert "data.zip > data.zip: it cannot be read" in message_of(path, "data.zip")


def test_every_byte_of_an_archive_can_be_altered(path: Path) -> None:
    """Whatever is altered, it is an error for the user, or the content is the same."""
    content = pack({"a.csv": CONTENT[:300], "b.csv": b"b"})
    for place in range(len(content)):
        altered = bytearray(content)
        altered[place] ^= 0xFF
        path.write_bytes(bytes(altered))
        try:
            found: dict[str, Any] = read_all(path)
        except PpgkdError:
            continue
        assert set(found.values()) <= {CONTENT[:300], b"b"}


def test_a_missing_archive_is_named(path: Path) -> None:
    assert "cannot be opened" in message_of(path)


def test_a_folder_that_cannot_hold_the_copy_is_named(nested: Path, tmp_path: Path) -> None:
    with nested.open("rb") as file:
        archive = Archive(file, "data.zip", LIMITS, tmp_path / "missing")
        with pytest.raises(PpgkdError, match=r"missing \(No such file.*Make room there"):
            archive.open("data.zip", seekable=True)
