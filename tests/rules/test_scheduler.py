"""What Snakemake's own process does while jobs wait for a core."""

import re

import pytest
from tests.workflow import Workflow

CONFIG = {
    "study": "waiting",
    "datasets": {"simulated": {"train": 0.5, "val": 0.25, "test": 0.25}},
    "simulation": {"n_subjects": 4, "duration_s": 60, "seed": 0},
    "teachers": {"spectral_resnet": [3000]},
    "students": {"spectral_resnet": [350]},
    "strategies": {"scratch": {}},
    "seeds": [0, 1, 2],
    "training": {"teacher": {"epochs": 1}, "student": {"epochs": 1}},
}


@pytest.fixture(scope="module")
def passes_and_jobs(tmp_path_factory: pytest.TempPathFactory) -> tuple[int, int]:
    """Passes of the scheduler, and jobs, of a run on one core that takes some seconds."""
    study = Workflow(tmp_path_factory.mktemp("waiting"), CONFIG)
    targets = [
        f"results/waiting/teachers/spectral_resnet-3000/seed{seed}/metrics.json"
        for seed in range(3)
    ]
    targets += [f"results/waiting/bank/seed{seed}/bank.json" for seed in range(3)]
    done = study.make(*targets, options=("--verbose",))
    jobs = int(re.findall(r"^(\d+) of \1 steps", done.stdout, re.MULTILINE)[-1])
    return len(re.findall(r"Waiting for running jobs|Select jobs", done.stdout)), jobs


def test_it_looks_for_jobs_when_one_has_finished_and_not_every_second(
    passes_and_jobs: tuple[int, int],
) -> None:
    """Without the remedy in the Snakefile it looks again once a second for each finished job."""
    passes, jobs = passes_and_jobs
    assert jobs >= 9
    assert passes <= 2 * jobs + 2
