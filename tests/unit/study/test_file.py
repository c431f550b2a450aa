"""A study that is a program is refused before Snakemake can run it."""

import subprocess
from pathlib import Path

import pytest
import yte

from ppgkd.errors import PpgkdError
from ppgkd.schema.strict_yaml import MAX_BYTES
from ppgkd.study.file import main, require_plain

REPOSITORY = Path(__file__).resolve().parents[3]
SHIPPED = [REPOSITORY / "config.yaml", *sorted((REPOSITORY / "studies").glob("*.yaml"))]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "study.yaml"


def message_of(path: Path) -> str:
    with pytest.raises(PpgkdError) as caught:
        require_plain(path)
    assert str(path) in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_the_projects_own_studies_are_plain(path: Path) -> None:
    require_plain(path)


@pytest.mark.parametrize(
    "key", ["__use_yte__: true", r'"\x5f_use_yte__": 1', "<<: {__use_yte__: true}"]
)
def test_a_template_is_refused_and_not_run(path: Path, tmp_path: Path, key: str) -> None:
    touched = tmp_path / "touched"
    path.write_text(f"{key}\nstudy: mine\n__definitions__: [\"open('{touched}', 'w')\"]\n")
    assert "__use_yte__" in message_of(path)
    assert not touched.exists()
    yte.process_yaml(path.read_text(), require_use_yte=True)  # as Snakemake does
    assert touched.exists()


@pytest.mark.parametrize(
    "value",
    [
        "!!python/object/apply:os.system ['true']",
        "!!python/name:os.system",
        "!!python/module:os",
        "!!python/tuple [1]",
    ],
)
def test_tags_of_python_objects_are_refused(path: Path, value: str) -> None:
    path.write_text(f"study: {value}\n")
    assert "could not determine a constructor" in message_of(path)


@pytest.mark.parametrize("content", [b"study: [", b"\xff\xfe\xfd", b"a: 1\na b: {"])
def test_what_is_no_yaml_is_refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    assert "plain YAML" in message_of(path)


@pytest.mark.parametrize("content", ["", "- 1", "text"])
def test_what_has_no_keys_is_refused(path: Path, content: str) -> None:
    path.write_text(content)
    assert "expected keys with values" in message_of(path)


def test_a_study_beyond_all_size_is_refused(path: Path) -> None:
    path.write_bytes(b"#" * (MAX_BYTES + 1))
    assert "at most 1,048,576" in message_of(path)


def test_the_command_says_what_is_wrong_and_fails(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(str(path)) == 1
    assert f"ppgkd: {path}" in capsys.readouterr().err
    path.write_text("study: mine\n")
    assert main(str(path)) == 0


@pytest.mark.parametrize("target", ["run", "plan", "snakemake-report"])
def test_make_looks_at_a_study_before_snakemake_reads_it(target: str) -> None:
    command = ["make", "--dry-run", target, "STUDY=a study; touch executed.yaml"]
    printed = subprocess.run(
        command, cwd=REPOSITORY, capture_output=True, text=True, check=True
    ).stdout
    (line,) = (line for line in printed.splitlines() if "snakemake --cores" in line)
    looks, reads = line.split(" && ", 1)
    assert looks.endswith("python -m ppgkd.study.file 'a study; touch executed.yaml'")
    assert "--configfile 'a study; touch executed.yaml'" in reads


@pytest.mark.parametrize(
    ("text", "key", "lines"),
    [
        ("study: a\nseed: 1\nstudy: b\n", "study", (1, 3)),
        ("study: a\nwindows:\n  length_s: 8\n  # later\n  length_s: 10\n", "length_s", (3, 5)),
        ("datasets: {walks: {file: a.yaml,\n  file: b.yaml}}\n", "file", (1, 2)),
        ("list:\n- {x: 1, y: 2}\n- {x: 1,\n   y: 2,\n   x: 3}\n", "x", (3, 5)),
        ('study: a\n"study": b\n', "study", (1, 2)),
        ("words: {1: rest,\n  0x1: walk}\n", "0x1", (1, 2)),
        ("<<: {study: a,\n study: b}\n", "study", (1, 2)),
    ],
)
def test_a_key_that_stands_twice_is_refused_with_both_lines(
    path: Path, text: str, key: str, lines: tuple[int, int]
) -> None:
    path.write_text(text)
    assert f"key '{key}' twice, in line {lines[0]} and in line {lines[1]}" in message_of(path)


def test_keys_of_other_mappings_merges_and_aliases_are_no_doubles(path: Path) -> None:
    path.write_text(
        "base: &base {length_s: 8, stride_s: 2}\n"
        "one: {<<: *base, stride_s: 4}\n"
        "two: {<<: *base, stride_s: 1}\n"
        "three: *base\n"
    )
    require_plain(path)
