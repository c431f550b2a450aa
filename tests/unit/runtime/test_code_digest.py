"""Which code counts for a job, and what of it."""

import itertools
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest
from tests.workflow import REPOSITORY

from ppgkd.runtime.code_digest import code_digest, imported_modules

SCRIPTS = REPOSITORY / "workflow/scripts"
SCRIPT = '''"""Say it."""

from ppgkd.errors import PpgkdError

LIMIT = 3


def say(count):
    """Say it so often."""
    if count > LIMIT:
        raise PpgkdError("too often")
    return count
'''


@pytest.fixture
def digest(tmp_path: Path) -> Callable[..., str]:
    numbers = itertools.count()

    def of(code: str, *modules: str) -> str:
        # files are read once
        script = tmp_path / f"script{next(numbers)}.py"
        script.write_text(code)
        return code_digest(script, *modules)

    return of


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("LIMIT = 3", "LIMIT = 3  # times"),
        ('"""Say it."""', '"""Say it, but not too often."""'),
        ('    """Say it so often."""\n', ""),
        ("LIMIT = 3\n", 'LIMIT = 3\n"""How often."""\n'),
        ("LIMIT = 3", "LIMIT  =  (\n    3\n)"),
    ],
)
def test_what_python_does_not_run_does_not_count(
    old: str, new: str, digest: Callable[..., str]
) -> None:
    assert digest(SCRIPT.replace(old, new)) == digest(SCRIPT)


def test_what_is_for_the_type_checker_alone_does_not_count(digest: Callable[..., str]) -> None:
    plain = "from typing import TYPE_CHECKING\n" + SCRIPT
    block = "if TYPE_CHECKING:\n    from ppgkd.scaling.plan import Constraints\n"
    assert digest(plain + block) == digest(plain)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("LIMIT = 3", "LIMIT = 4"),
        ("count > LIMIT", "count >= LIMIT"),
        ('"too often"', '"far too often"'),
        (
            "from ppgkd.errors import PpgkdError",
            "from ppgkd.splits.study_windows import PpgkdError",
        ),
        ("    return count", "    from ppgkd import grid\n    return count"),
    ],
)
def test_what_python_runs_counts(old: str, new: str, digest: Callable[..., str]) -> None:
    assert digest(SCRIPT.replace(old, new)) != digest(SCRIPT)


def test_modules_that_are_named_count(digest: Callable[..., str]) -> None:
    named = [digest(SCRIPT, *modules) for modules in ((), ("distill.soft",), ("distill.dkd",))]
    assert len(set(named)) == 3


def test_a_module_that_does_not_exist_is_refused(digest: Callable[..., str]) -> None:
    with pytest.raises(ModuleNotFoundError, match=r"no module ppgkd\.distill\.osmosis"):
        digest(SCRIPT, "distill.osmosis")


def test_imports_are_followed_through_others_and_into_functions(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("def plan():\n    from ppgkd.scaling.plan import Constraints\n")
    found = imported_modules(script)
    named = ["ppgkd", "ppgkd.scaling", "ppgkd.scaling.plan", "ppgkd.scaling.law", "ppgkd.grid"]
    assert {*named} <= {*found}


def test_a_students_code_has_its_own_loss_and_family_alone() -> None:
    found = imported_modules(SCRIPTS / "student.py", "distill.soft", "models.spectral_mlp")
    of_strategies = {"scratch", "hard", "soft", "dkd", "feature", "ordinal"}
    losses = {name for name in of_strategies if f"ppgkd.distill.{name}" in found}
    assert losses == {"soft"}
    assert "ppgkd.models.spectral_mlp" in found
    assert "ppgkd.models.spectral_resnet" not in found


@pytest.mark.parametrize("script", ["teacher", "view_cache", "targets", "student", "trial"])
def test_training_depends_on_neither_configuration_nor_registry_nor_what_comes_after(
    script: str,
) -> None:
    found = imported_modules(SCRIPTS / f"{script}.py")
    later = ("study.study", "datasets.registry", "evaluation.cells", "scaling", "report", "export")
    assert not [name for name in found if name.removeprefix("ppgkd.").startswith(later)]


def test_editing_a_loss_or_a_network_concerns_nothing_before_training() -> None:
    for script in ("windows", "splits", "view_cache", "filter", "cells", "scaling"):
        found = imported_modules(SCRIPTS / f"{script}.py")
        assert not [name for name in found if name.startswith("ppgkd.distill")]


BELOW_ALL = "errors grid runtime"
WINDOWS = f"{BELOW_ALL} datasets windows"
STUDY_WINDOWS = f"{WINDOWS} models splits study"
EVALUATION = f"{STUDY_WINDOWS} evaluation heart_rate views"
TRAINING = f"{EVALUATION} distill training"
EXPORT = f"{BELOW_ALL} export heart_rate inference models windows"
SCALING = f"{BELOW_ALL} evaluation models scaling study"

MAY_DEPEND_ON = {
    "retrieve": f"{BELOW_ALL} datasets retrieve",
    "simulate": f"{BELOW_ALL} datasets simulation",
    "windows": WINDOWS,
    "raw_windows": WINDOWS,
    "dataset_summary": f"{WINDOWS} alignment dataset_summary",
    "spectral_ranks": f"{WINDOWS} dataset_summary",
    "data_report": f"{WINDOWS} alignment dataset_summary export inference plots profile report"
    " evaluation retrieve scaling schema strategies study",
    "splits": f"{BELOW_ALL} splits study windows",
    "view_cache": f"{STUDY_WINDOWS} views",
    "filter": f"{STUDY_WINDOWS} inference",
    "teacher": TRAINING,
    "evaluate_teacher": f"{EVALUATION} training",
    "published_environment": f"{BELOW_ALL} published",
    "published_inputs": f"{BELOW_ALL} datasets published",
    "published": f"{BELOW_ALL} datasets distill heart_rate published schema training",
    "evaluate_recorded": f"{EVALUATION} distill schema training",
    "recorded_targets": f"{EVALUATION} distill schema training",
    "smooth": f"{EVALUATION} distill inference schema training",
    "joint": f"{EVALUATION} distill schema training",
    "alignment": f"{EVALUATION} alignment distill schema training",
    "targets": f"{BELOW_ALL} distill models training views windows",
    "trial": f"{TRAINING} strategies",
    "settings": f"{BELOW_ALL} training",
    "student": f"{TRAINING} strategies",
    "onnx": f"{EVALUATION} distill export inference published schema simulation",
    "int8": f"{STUDY_WINDOWS} export heart_rate inference",
    "latency": f"{BELOW_ALL} datasets emulation export firmware inference models profile windows",
    "ship": EXPORT,
    "demo": f"{EXPORT} datasets demo report schema",
    "cells": f"{BELOW_ALL} evaluation study",
    "recommend": f"{BELOW_ALL} evaluation",
    "quality": f"{EVALUATION} inference simulation",
    "other_people": f"{EVALUATION} inference simulation",
    "quality_figures": f"{EVALUATION} inference plots strategies report",
    "scaling": SCALING,
    "claims": f"{SCALING} strategies",
    "plan": f"{SCALING} strategies",
    "compare_plan": f"{SCALING} strategies",
    "people_cells": f"{STUDY_WINDOWS} evaluation",
    "people": SCALING,
    "people_plan": f"{SCALING} strategies",
    "compare_people_plan": f"{SCALING} strategies",
    "people_figure": f"{SCALING} plots report strategies",
    "compare": f"{EVALUATION} export inference report schema strategies",
    "figures": f"{BELOW_ALL} evaluation plots strategies report scaling study",
    "report": f"{EVALUATION} alignment dataset_summary export inference plots profile report"
    " retrieve scaling schema strategies",
}
"""Subpackages whose code a script may run; a change of any other reruns none of its jobs."""


@pytest.mark.parametrize("script", sorted(path.stem for path in SCRIPTS.glob("*.py")))
def test_a_script_depends_on_no_more_than_it_may(script: str) -> None:
    found = {
        name.split(".")[1] for name in imported_modules(SCRIPTS / f"{script}.py") if "." in name
    }
    assert found - {*MAY_DEPEND_ON[script].split()} == set()


def test_only_jobs_with_a_network_import_pytorch() -> None:
    """It takes more than a second in each job, and a change of the networks reruns the job."""
    found = set()
    for script in SCRIPTS.glob("*.py"):
        modules = [*map(find_spec, imported_modules(script))]
        files = [script, *(Path(spec.origin) for spec in modules if spec and spec.origin)]
        if any(re.search(r"^(import|from) torch\b", file.read_text(), re.M) for file in files):
            found.add(script.stem)
    assert found == {
        *("view_cache", "teacher", "evaluate_teacher", "targets", "trial", "student"),
        *("alignment", "onnx", "quality", "other_people"),
        *("evaluate_recorded", "recorded_targets", "smooth", "joint", "published"),
    }


def digest_in_a_new_process(project: Path) -> str:
    code = (
        "from pathlib import Path\n"
        "from ppgkd.runtime.code_digest import code_digest\n"
        "print(code_digest(Path('script.py')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(project)},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_what_an_earlier_process_has_kept_changes_no_digest(tmp_path: Path) -> None:
    """An edit counts and is forgotten when undone; a damaged file of kept results is made again."""
    shutil.copytree(
        REPOSITORY / "src/ppgkd", tmp_path / "ppgkd", ignore=shutil.ignore_patterns("__pycache__")
    )
    (tmp_path / "script.py").write_text(SCRIPT)
    first = digest_in_a_new_process(tmp_path)
    (kept,) = tmp_path.rglob("code_digest.*.json")
    assert digest_in_a_new_process(tmp_path) == first

    module = tmp_path / "ppgkd/errors.py"
    text = module.read_text()
    module.write_text(text + "EDITED = True\n")
    assert digest_in_a_new_process(tmp_path) != first
    module.write_text(text)
    assert digest_in_a_new_process(tmp_path) == first

    kept.write_bytes(kept.read_bytes()[:100])
    assert digest_in_a_new_process(tmp_path) == first
    kept.unlink()
    assert digest_in_a_new_process(tmp_path) == first
