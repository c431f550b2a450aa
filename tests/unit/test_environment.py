"""One list of pinned versions for pip and conda, and rules that declare what they need."""

import importlib.util
import json
import re
import tomllib
from pathlib import Path
from types import ModuleType

import pytest
import yaml

CHECKOUT = Path(__file__).resolve().parents[2]
ENVS = CHECKOUT / "envs"


def normal(name: str) -> str:
    """Normalise a package's name as PEP 503 does."""
    return re.sub(r"[-_.]+", "-", name).lower()


def requirement_lines() -> list[str]:
    lines = (ENVS / "requirements.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def pinned() -> list[str]:
    return [normal(line.split("==")[0]) for line in requirement_lines()]


def rules() -> list[tuple[Path, str, str]]:
    """File, name and text of every rule."""
    found = []
    for file in sorted((CHECKOUT / "workflow" / "rules").glob("*.smk")):
        parts = re.split(r"^rule (\w+):\n", file.read_text(encoding="utf-8"), flags=re.MULTILINE)
        found += [(file, name, text) for name, text in zip(parts[1::2], parts[2::2], strict=True)]
    return found


def directive(text: str, name: str) -> str:
    """Give what a rule says under one of its directives; empty if it has none."""
    match = re.search(rf"^    {name}:(.*(?:\n(?: {{8}}.*)?)*)", text, flags=re.MULTILINE)
    return match.group(1).strip() if match else ""


def make_environment() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_environment", ENVS / "make_environment.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


every_rule = pytest.mark.parametrize(
    ("file", "text"), [pytest.param(file, text, id=name) for file, name, text in rules()]
)


@pytest.mark.parametrize(
    ("listed", "made", "maker"),
    [
        ("requirements.txt", "environment.yaml", "environment_yaml"),
        ("beliefppg.txt", "beliefppg.post-deploy.sh", "post_deploy_script"),
    ],
)
def test_what_conda_needs_is_made_from_the_pins(listed: str, made: str, maker: str) -> None:
    text = getattr(make_environment(), maker)((ENVS / listed).read_text(encoding="utf-8"))
    assert (ENVS / made).read_text(encoding="utf-8") == text, f"run make envs/{made}"


def test_conda_installs_what_a_demonstration_loads_by_a_script_made_from_the_pins_of_npm() -> None:
    text = make_environment().web_post_deploy_script(ENVS)
    made = ENVS / "environment.post-deploy.sh"
    assert made.read_text(encoding="utf-8") == text, "run make envs/environment.post-deploy.sh"


def test_every_package_of_npm_is_pinned_by_its_hash_and_by_no_address() -> None:
    lock = json.loads((ENVS / "web/package-lock.json").read_text(encoding="utf-8"))
    packages = [package for name, package in lock["packages"].items() if name]
    assert all(package["integrity"].startswith("sha512-") for package in packages)
    assert not any("resolved" in package for package in packages)


def test_conda_installs_beliefppg_without_what_its_package_asks_for() -> None:
    """Its list has all that it needs, and its package asks for wandb and another TensorFlow."""
    script = (ENVS / "beliefppg.post-deploy.sh").read_text(encoding="utf-8")
    assert "pip install --no-deps" in script
    assert "beliefppg==" in script
    assert "tensorflow" not in (ENVS / "requirements.txt").read_text(encoding="utf-8")


def test_conda_and_pip_have_the_same_pins() -> None:
    environment = yaml.safe_load((ENVS / "environment.yaml").read_text(encoding="utf-8"))
    (pip,) = [entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict)]
    assert pip == requirement_lines()


@pytest.mark.parametrize("line", requirement_lines())
def test_a_requirement_is_an_exact_pin(line: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*==[0-9]+(\.[0-9a-z]+)*", line)


def test_no_package_is_pinned_twice() -> None:
    assert sorted(pinned()) == sorted(set(pinned()))


def test_everything_that_the_package_depends_on_is_pinned() -> None:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    entries = project["dependencies"] + project["optional-dependencies"]["study"]
    needed = {normal(re.split(r"[^\w.-]", entry)[0]) for entry in entries}
    assert needed
    assert needed - set(pinned()) == set()


def test_conda_has_the_python_that_the_package_needs() -> None:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    environment = yaml.safe_load((ENVS / "environment.yaml").read_text(encoding="utf-8"))
    minimum = project["requires-python"].removeprefix(">=")
    assert f"python={minimum}" in environment["dependencies"]


def test_every_stage_has_its_rules() -> None:
    names = {name for _, name, _ in rules()}
    assert names >= {"retrieve", "windows", "splits", "teacher", "targets", "student"}
    assert names >= {"onnx", "latency", "cells", "scaling", "report"}


@every_rule
def test_a_rule_names_the_environment(file: Path, text: str) -> None:
    named = directive(text, "conda").strip('"')
    assert named
    own = "beliefppg.yaml" if "-m ppgkd.published.beliefppg" in text else "environment.yaml"
    assert (file.parent / named).resolve() == ENVS / own


@every_rule
def test_a_rule_has_a_log(file: Path, text: str) -> None:
    assert ".log" in directive(text, "log")


@every_rule
def test_a_rule_takes_one_thread_or_as_many_as_configured(file: Path, text: str) -> None:
    """Without the directive, Snakemake gives a rule one thread."""
    threads = directive(text, "threads")
    assert not threads or threads.startswith(("lookup(dpath=", "workflow.resource_settings.cores"))


@every_rule
def test_a_rule_says_how_much_memory_and_time_it_takes(file: Path, text: str) -> None:
    resources = directive(text, "resources")
    if "**SMALL_JOB" in resources:
        snakefile = (CHECKOUT / "Snakefile").read_text(encoding="utf-8")
        assert re.search(
            r'^SMALL_JOB = \{"mem_mb": \d+, "runtime": \d+\}$', snakefile, re.MULTILINE
        )
    else:
        assert re.search(r"\bmem_mb=(doubled_on_retry\()?\d+", resources)
        assert re.search(r"\bruntime=(doubled_on_retry\()?\d+", resources)


@every_rule
def test_a_rule_runs_an_existing_script(file: Path, text: str) -> None:
    script = directive(text, "script").strip('"')
    module = re.search(r"-m (ppgkd\.[\w.]+)", directive(text, "shell"))
    assert script or module
    if module:
        script = f"../../src/{module[1].replace('.', '/')}.py"
    assert (file.parent / script).is_file()


def test_git_ignores_what_a_run_writes() -> None:
    ignored = (CHECKOUT / ".gitignore").read_text(encoding="utf-8").splitlines()
    tops = {
        path.split("/")[0]
        for _, _, text in rules()
        for name in ("output", "log", "benchmark")
        for path in re.findall(r'"([\w.-]+/[^"]*)"', directive(text, name))
        if not path.startswith(".")
    }
    assert "resources" in tops
    assert {top for top in tops if f"/{top}/" not in ignored} == set()
