"""The finished studies whose pages are read: the default study, and small ones.

The small studies are run in a folder that the tests throw away. With ``PPGKD_BROWSER_STUDIES`` they
are kept in that folder, where Snakemake makes again only what a change concerns.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.snakemake_fork import run_in_fork
from tests.workflow import REPOSITORY, Workflow

DEFAULT = "default"
"""The default study if it is finished and up to date, otherwise the small study of this name."""

FOLDS = "folds"
NOTHING_PLANNED = "nothing-planned"
TWO_PEOPLE = "two-people"
STUDIES = (DEFAULT, FOLDS, NOTHING_PLANNED, TWO_PEOPLE)

COMMON: Mapping[str, Any] = {
    "simulation": {"n_subjects": 6, "duration_s": 90, "seed": 0},
    "teachers": {"spectral_resnet": [3000]},
    "views": 2,
    "training": {"teacher": {"epochs": 2}, "student": {"epochs": 2}},
    "latency": {"runs": 500, "max_spread": 1e9},  # what a machine does beside it is no matter here
}

SMALL: Mapping[str, Mapping[str, Any]] = {
    DEFAULT: {
        "datasets": {"simulated": {"train": 0.4, "val": 0.2, "test": 0.4}},
        "simulation": {"n_subjects": 10, "duration_s": 90, "seed": 0},
        "students": {"spectral_resnet": [350, 1000], "spectral_mlp": [1300]},
        "strategies": {"scratch": {}, "soft": {}, "dkd": {}},
    },
    FOLDS: {
        "datasets": {"simulated": {"train": 0.3334, "val": 0.3333, "test": 0.3333}},
        "folds": 3,
        "students": {"spectral_resnet": [350]},
        "strategies": {"scratch": {}, "soft": {}},
    },
    NOTHING_PLANNED: {
        "datasets": {"simulated": {"train": 0.34, "val": 0.16, "test": 0.5}},
        "students": {"spectral_resnet": [350, 700, 1000, 1500, 2500]},
        "strategies": {"scratch": {}},
        "plan": [{"max_bytes": 10}],
    },
    TWO_PEOPLE: {
        "datasets": {"simulated": {"train": 0.5, "val": 0.17, "test": 0.33}},
        "students": {"spectral_resnet": [350], "spectral_mlp": [1300]},
        "strategies": {"scratch": {}, "soft": {}},
        "plan": [{"max_mae_bpm": 2.0}],  # which needs a law, and so more sizes
    },
}


@dataclass(frozen=True)
class Study:
    """A finished study.

    Attributes
    ----------
    name
        One of `STUDIES`.
    results
        Its folder, ``results/<study>``.
    stands_in
        Whether a small study stands in for the default study.
    """

    name: str
    results: Path
    stands_in: bool = False

    def page(self, name: str) -> Path:
        """One of `tests.browser.cases.PAGES`."""
        return self.results / name / "report.html"


def finished_study(name: str, folder: Path) -> Study:
    """Return a study, run to its end if it is a small one.

    Parameters
    ----------
    name
        One of `STUDIES`.
    folder
        Where small studies are run.
    """
    results = REPOSITORY / "results" / DEFAULT
    if name == DEFAULT and results.is_dir() and _is_up_to_date():
        return Study(name, results)
    folder = Path(os.environ.get("PPGKD_BROWSER_STUDIES", folder))
    workflow = Workflow(folder / name, {"study": name, **COMMON, **SMALL[name]})
    workflow.make(cores=os.cpu_count() or 1)
    return Study(name, workflow.results, stands_in=name == DEFAULT)


def _is_up_to_date() -> bool:
    """Whether ``make run`` would do nothing."""
    options = ["--cores", "1", "--snakefile", str(REPOSITORY / "Snakefile"), "--dry-run"]
    asked = run_in_fork([*options, "--directory", str(REPOSITORY)], os.environ)
    done = asked.returncode == 0 and "Nothing to be done" in asked.stdout
    return done and "missing metadata" not in asked.stdout  # what has none may be of older code
