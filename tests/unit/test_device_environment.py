"""A device's host: an environment with the package's own dependencies, and nothing else."""

import json
import os
import re
import subprocess
import tomllib
import venv
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from packaging.requirements import Requirement

from ppgkd.errors import PpgkdError
from ppgkd.inference.stream import HeartRateStream, estimate_recording

CHECKOUT = Path(__file__).resolve().parents[2]
PROJECT: dict[str, Any] = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]

STREAM = """
import json, sys
import numpy
from ppgkd.inference.stream import HeartRateStream
stream = HeartRateStream(sys.argv[1])
found = stream.push(numpy.load(sys.argv[2]))
json.dump([[e.bpm, e.valid] for e in found], sys.stdout)
"""


COMMAND = "import sys; from ppgkd.cli import main; sys.exit(main())"


def needed(requirements: list[str]) -> set[str]:
    """Names of the distributions that requirements need, with all that those need."""
    found: set[str] = set()
    waiting = [Requirement(line) for line in requirements]
    while waiting:
        requirement = waiting.pop()
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        name = re.sub(r"[-_.]+", "-", requirement.name).lower()
        if name not in found:
            found.add(name)
            waiting += map(Requirement, distribution(name).requires or [])
    return found


@pytest.fixture(scope="module")
def device_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Python of an environment that has the package and what it needs without an extra.

    Its packages are those of this environment, so that they are the pinned ones.
    """
    folder = tmp_path_factory.mktemp("device")
    venv.create(folder, with_pip=False, symlinks=True)
    python = folder / "bin" / "python"
    program = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site = Path(subprocess.check_output([python, "-c", program], text=True).strip())
    for name in needed(PROJECT["dependencies"]):
        files = distribution(name).files or []
        for top in {file.parts[0] for file in files} - {"..", "__pycache__"}:
            (site / top).symlink_to(Path(str(distribution(name).locate_file(top))))
    (site / "ppgkd").symlink_to(CHECKOUT / "src" / "ppgkd")
    return python


def run(python: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    environment = {key: os.environ[key] for key in ("HOME", "PATH") if key in os.environ}
    return subprocess.run(
        [python, *arguments], capture_output=True, text=True, env=environment, check=False
    )


def test_a_device_needs_no_package_of_the_studies(device_python: Path) -> None:
    studies = needed(PROJECT["optional-dependencies"]["study"]) - needed(PROJECT["dependencies"])
    assert {"torch", "onnx", "pandas", "scipy", "snakemake"} <= studies
    for module in ("torch", "onnx", "pandas", "scipy", "snakemake"):
        assert "ModuleNotFoundError" in run(device_python, "-c", f"import {module}").stderr


def test_a_stream_has_the_same_estimates_there(
    device_python: Path, student_file: Path, tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    recording = rng.normal(size=(5, 50 * 20)).astype(np.float32)
    np.save(tmp_path / "recording.npy", recording)
    done = run(device_python, "-c", STREAM, student_file, tmp_path / "recording.npy")
    assert not done.stderr
    here = [[found.bpm, found.valid] for found in estimate_recording(student_file, recording)]
    assert len(here) == 7
    # other libraries are loaded there, so sums may differ in their last digit
    there = json.loads(done.stdout)
    assert [bpm for bpm, _ in there] == pytest.approx([bpm for bpm, _ in here], abs=1e-9)
    assert [valid for _, valid in there] == [valid for _, valid in here]


def test_a_command_says_which_extra_it_needs(device_python: Path, student_file: Path) -> None:
    arguments = ["predict", "walk.csv", "--rate", "50", "--model", student_file]
    done = run(device_python, "-c", COMMAND, *arguments)
    assert done.returncode == 1
    assert "pip install 'ppgkd[study]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_file_that_the_runtime_is_too_old_for_is_called_so(
    student_file: Path, tmp_path: Path
) -> None:
    model = onnx.load(student_file)
    assert model.ir_version == 8  # of ONNX Runtime 1.14 and later
    model.ir_version = 99
    onnx.save(model, tmp_path / "newer.onnx")
    with pytest.raises(PpgkdError) as refused:
        HeartRateStream(tmp_path / "newer.onnx")
    message = str(refused.value)
    assert re.search(r"newer\.onnx cannot be opened by ONNX Runtime \d+\.\d+\.\d+: .*99", message)
    assert "from ONNX Runtime 1.14 on. Update onnxruntime" in message
