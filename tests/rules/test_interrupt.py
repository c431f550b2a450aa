"""Ctrl-C: what it says, what it leaves, and that the same command goes on."""

import os
import signal
import subprocess
import time

import psutil
import pytest
from tests.workflow import Workflow

CONFIG = {
    "study": "interrupted",
    "datasets": {"simulated": {"train": 0.5, "val": 0.25, "test": 0.25}},
    "simulation": {"n_subjects": 4, "duration_s": 60, "seed": 0},
    "teachers": {"spectral_resnet": [3000]},
    "students": {"spectral_resnet": [350]},
    "strategies": {"scratch": {}},
    "training": {"teacher": {"epochs": 100_000, "patience": 100_000}},
}
TEACHER = "results/interrupted/teachers/spectral_resnet-3000/seed0/metrics.json"


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workflow, int, str]:
    """A study, and exit code and last output of a run that Ctrl-C ended during a training."""
    study = Workflow(tmp_path_factory.mktemp("interrupted"), CONFIG)
    process = subprocess.Popen(
        study.command(TEACHER, cores=1),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    log = study.results / "logs/teacher/spectral_resnet-3000/seed0.log"
    for line in process.stdout:
        if "rule teacher:" in line:
            break
    while not (log.is_file() and "epoch 2/" in log.read_text()):
        assert process.poll() is None
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to all processes
    output, _ = process.communicate(timeout=300)
    return study, process.returncode, output


def test_it_says_that_it_was_interrupted_and_how_to_go_on(
    interrupted: tuple[Workflow, int, str],
) -> None:
    _, status, output = interrupted
    assert status != 0
    assert "ppgkd: interrupted. Finished jobs are kept" in output
    assert "run the same command again" in output


def test_no_error_and_no_traceback_is_shown(interrupted: tuple[Workflow, int, str]) -> None:
    *_, output = interrupted
    for word in ("Error", "Traceback", "KeyboardInterrupt"):
        assert word not in output


def test_no_job_goes_on(interrupted: tuple[Workflow, int, str]) -> None:
    study, *_ = interrupted
    scripts = str(study.folder / ".snakemake/scripts")
    left = [p.info["cmdline"] for p in psutil.process_iter(["cmdline"])]
    assert not [command for command in left if any(scripts in part for part in command or [])]


def test_the_same_command_goes_on_after_the_last_epoch(
    interrupted: tuple[Workflow, int, str],
) -> None:
    study, *_ = interrupted
    assert (study.results / "teachers/spectral_resnet-3000/seed0/training.pt").is_file()
    done = Workflow(study.folder, CONFIG).run(TEACHER, options=("--dry-run",))
    assert done.returncode == 0
    assert "rule teacher:" in done.stdout
    assert "rule windows:" not in done.stdout
