"""The documentation: every command, option, link, anchor, file and module that it names exists."""

import ast
import importlib
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import jsonschema
import numpy as np
import pandas as pd
import pytest
import yaml

from ppgkd.cli import main
from ppgkd.report.contents import PARTS
from ppgkd.study.parse import parse_study

CHECKOUT = Path(__file__).parents[2]
PAGES = sorted(
    path.relative_to(CHECKOUT).as_posix()
    for pattern in ("*.md", "docs/*.md", "config/*.md")
    for path in CHECKOUT.glob(pattern)
)
FENCE = re.compile(r"^( *)```(\w+)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
FOLDERS = (
    "benchmarks",
    "config",
    "docs",
    "envs",
    "profiles",
    "src",
    "studies",
    "tests",
    "workflow",
)
SCHEMA = CHECKOUT / "workflow/schemas/config.schema.yaml"


def read(page: str) -> str:
    return (CHECKOUT / page).read_text(encoding="utf-8")


def blocks(page: str, language: str) -> list[str]:
    """Fenced blocks of one language, without the indentation of a list around them."""
    return [
        re.sub(f"^{indent}", "", text, flags=re.MULTILINE)
        for indent, found, text in FENCE.findall(read(page))
        if found == language
    ]


def spans(page: str) -> list[str]:
    """Code within sentences and tables."""
    return re.findall(r"`([^`\n]+)`", FENCE.sub("", read(page)))


def commands(page: str) -> Iterator[list[str]]:
    """Words of every command, without settings of the environment before it."""
    lines = [line for block in blocks(page, "console") for line in block.splitlines()]
    said = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")] + spans(page)
    for line in said:
        words = shlex.split(line, comments=True) if line.count('"') % 2 == 0 else []
        while words and re.match(r"[A-Z_]+=", words[0]):
            words.pop(0)
        if words:
            yield words


def of_program(page: str, *programs: str) -> list[list[str]]:
    """What follows the name of a program, in every command that calls it."""
    return [words for name, *words in commands(page) if Path(name).name in programs and words]


def options_of(words: list[str]) -> set[str]:
    return {word.partition("=")[0] for word in words if word.startswith("-")}


@cache
def help_of(*command: str) -> str:
    return subprocess.run(
        [sys.executable, *command, "--help"], check=True, capture_output=True, text=True
    ).stdout


@cache
def anchors(page: str) -> set[str]:
    """Anchors of the headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", read(page)), re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.replace(" ", "-") for heading in plain}


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_to_files_and_headings(page: str) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", FENCE.sub("", read(page))):
        if re.match(r"https?://", target):
            continue
        name, _, anchor = target.partition("#")
        path = (CHECKOUT / page).parent / name if name else CHECKOUT / page
        assert path.exists(), target
        if anchor:
            assert anchor in anchors(path.resolve().relative_to(CHECKOUT).as_posix()), target


@pytest.mark.parametrize("page", PAGES)
def test_named_files_are_there(page: str) -> None:
    named = re.compile(rf"(?:{'|'.join(FOLDERS)})/[\w./-]*")
    for span in [word for words in commands(page) for word in words] + spans(page):
        for name in [span, span.partition("=")[2]]:
            if named.fullmatch(name):
                assert (CHECKOUT / name).exists(), name


@pytest.mark.parametrize("page", PAGES)
def test_named_modules_can_be_imported(page: str) -> None:
    for span in spans(page):
        if re.fullmatch(r"ppgkd(\.\w+)+", span) and page != "CHANGELOG.md" and span != "ppgkd.h":
            module, _, name = span.rpartition(".")
            found = importlib.import_module(module)
            assert hasattr(found, name) or importlib.import_module(span)


@pytest.mark.parametrize("page", PAGES)
def test_make_targets_and_their_variables_exist(page: str) -> None:
    makefile = (CHECKOUT / "Makefile").read_text()
    targets = set(re.findall(r"^([\w./-]+):", makefile, re.MULTILINE))
    variables = set(re.findall(r"^(\w+) \?=", makefile, re.MULTILINE))
    for words in of_program(page, "make"):
        asked = {word for word in words if "=" not in word}
        assert asked <= targets
        assert {word.partition("=")[0] for word in words} - asked <= variables


@pytest.mark.parametrize("page", PAGES)
def test_subcommands_and_their_options_exist(page: str, capsys: pytest.CaptureFixture[str]) -> None:
    for words in of_program(page, "ppgkd"):
        with pytest.raises(SystemExit, match="0"):
            main([words[0], "--help"])
        assert options_of(words) <= set(re.findall(r"--[\w-]+", capsys.readouterr().out))


@pytest.mark.parametrize("page", PAGES)
def test_snakemakes_options_exist(page: str) -> None:
    for words in of_program(page, "snakemake"):
        assert options_of(words) <= set(re.findall(r"--[\w-]+", help_of("-m", "snakemake")))


@pytest.mark.parametrize("page", PAGES)
def test_python_is_called_with_files_modules_and_options_that_exist(page: str) -> None:
    for words in of_program(page, "python"):
        if words[0] == "-m":
            assert importlib.util.find_spec(words[1]) is not None
        else:
            assert options_of(words) <= set(re.findall(r"--[\w-]+", help_of(words[0])))


@pytest.mark.parametrize("page", PAGES)
def test_imports_in_python_examples_exist(page: str) -> None:
    for block in blocks(page, "python"):
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.ImportFrom):
                module = importlib.import_module(str(node.module))
                assert all(hasattr(module, name.name) for name in node.names)


def test_the_law_of_the_example_is_fitted() -> None:
    (example,) = blocks("docs/scaling-laws.md", "python")
    names: dict[str, object] = {}
    exec(example, names)
    assert getattr(names["law"], "form", None) is not None


@pytest.mark.parametrize("page", ["README.md", "config/README.md", "docs/own-data.md"])
def test_studies_in_examples_are_valid(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (definition,) = [text for text in blocks("docs/own-data.md", "yaml") if "files:" in text]
    (tmp_path / "data").mkdir()
    for folder in (tmp_path, tmp_path / "data"):
        (folder / "walks.yaml").write_text(definition)
        for subject in ("P1", "P2", "P3", "P4", "P5"):
            (folder / f"{subject}_walk.csv").write_text("time_s,green\n0,1\n")
    monkeypatch.chdir(tmp_path)
    studies = [text for text in blocks(page, "yaml") if "study:" in text]
    assert studies
    for study in studies:
        parse_study(yaml.safe_load(study))


def test_the_dataset_of_the_example_is_read_and_its_check_is_described(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (definition,) = [text for text in blocks("docs/own-data.md", "yaml") if "files:" in text]
    (tmp_path / "walks.yaml").write_text(definition)
    time_s = np.arange(60 * 50) / 50
    pulse = np.sin(2 * np.pi * 1.2 * time_s)
    colours = {"green": pulse, "infrared": pulse, "red": pulse}
    noise = np.random.default_rng(0).integers(-20, 21, (3, len(time_s)))  # one without is dead
    still = {"ax": noise[0], "ay": noise[1], "az": 16384 + noise[2]}
    table = pd.DataFrame({"time_s": time_s, **colours, **still, "hr": 72, "what": "sit"})
    table.to_csv(tmp_path / "P1_rest.csv", index=False)

    assert main(["check-dataset", str(tmp_path / "walks.yaml")]) == 0
    printed = capsys.readouterr().out
    described = re.findall(r"^\| `([^`]+)` \|", read("docs/own-data.md"), re.MULTILINE)
    assert described
    assert [label for label in described if f"\n{label} " not in printed] == []


def test_keys_in_the_tables_are_valid() -> None:
    schema = {**yaml.safe_load(SCHEMA.read_text()), "required": []}
    keys = re.findall(r"^\| `(\w+: [^`]*)` \|", read("config/README.md"), re.MULTILINE)
    assert keys
    for key in keys:
        jsonschema.validate(yaml.safe_load(key), schema)


@pytest.mark.parametrize("page", ["README.md", "docs/studies.md"])
def test_every_study_is_listed(page: str) -> None:
    listed = re.findall(r"^\| `([\w/]+\.yaml)`", read(page), re.MULTILINE)
    there = [f"studies/{path.name}" for path in (CHECKOUT / "studies").glob("*.yaml")]
    assert sorted(listed) == sorted(["config.yaml", *there])


MAP = re.findall(
    r"^\| ([^|]+) \| [^|]+ \| `(\w+\.smk)` \| ([^|]+) \|$",
    read("docs/developing.md"),
    re.MULTILINE,
)


@pytest.mark.parametrize(("rules", "file", "modules"), MAP, ids=[row[0] for row in MAP])
def test_a_rule_of_the_map_has_its_file_its_script_and_its_module(
    rules: str, file: str, modules: str
) -> None:
    text = (CHECKOUT / "workflow/rules" / file).read_text()
    declared = set(re.findall(r"^(?:rule|checkpoint) (\w+):", text, re.MULTILINE))
    assert set(rules.split(", ")) == declared
    for rule in declared:
        own_module = CHECKOUT / f"src/ppgkd/published/{rule}.py"  # run in another environment
        assert (CHECKOUT / f"workflow/scripts/{rule}.py").is_file() or own_module.is_file()
    for module in re.findall(r"`([^`]+)`", modules):
        place = CHECKOUT / "src/ppgkd" / module
        assert place.is_dir() if module.endswith("/") else place.with_suffix(".py").is_file()


def test_every_rule_file_is_a_row_of_the_map() -> None:
    there = {path.name for path in (CHECKOUT / "workflow/rules").glob("*.smk")}
    assert {file for _, file, _ in MAP} == there - {"common.smk"}


def test_every_section_of_the_report_is_explained() -> None:
    sections = [section.title for part in PARTS for section in part.sections]
    explained = re.findall(r"\*\*([^*]+)\*\*", read("docs/reading-the-report.md"))
    assert sections
    assert set(sections) == set(explained) - {"The summary"}


def test_the_citation_has_what_its_format_requires() -> None:
    # https://github.com/citation-file-format/citation-file-format, version 1.2.0
    citation = yaml.safe_load(read("CITATION.cff"))
    assert citation["cff-version"] == "1.2.0"
    assert citation["message"]
    assert citation["title"]
    assert citation["type"] in ("software", "dataset")
    for work in [citation, *citation["references"]]:
        assert all("name" in author or "family-names" in author for author in work["authors"])
    assert all({"type", "title", "authors"} <= set(work) for work in citation["references"])


def test_citation_changelog_and_package_have_one_version() -> None:
    (version,) = re.findall(r'^version = "([^"]+)"$', read("pyproject.toml"), re.MULTILINE)
    assert str(yaml.safe_load(read("CITATION.cff"))["version"]) == version
    sections = re.findall(r"^## (.+)$", read("CHANGELOG.md"), re.MULTILINE)
    assert sections[:2] == ["Unreleased", version]


def test_the_workflow_catalogue_learns_how_the_workflow_is_deployed() -> None:
    usage = yaml.safe_load(read(".snakemake-workflow-catalog.yml"))["usage"]
    assert usage["software-stack-deployment"]["conda"] is True
    assert (CHECKOUT / "config/README.md").is_file()
