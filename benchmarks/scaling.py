"""Time of the scaling stage: laws, bootstrap and mixed model, for sweeps of growing size.

The tables are simulated, in the shape of a study with five strategies, eight capacities, five seeds
and 25 subjects; they grow with the number of teachers. Errors follow a law, with random levels of
subjects and random deviations of seeds.
"""

from __future__ import annotations

import time
from argparse import ArgumentParser
from pathlib import Path

import numpy as np
import pandas as pd
from data import markdown

from ppgkd.runtime.artifacts import write_json
from ppgkd.scaling import fit_laws
from ppgkd.scaling.effects import fit_effects
from ppgkd.scaling.study import DRAWS

CAPACITIES = (300, 900, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000)
STRATEGIES = ("scratch", "hard", "soft", "dkd", "feature")
SEEDS, SUBJECTS = 5, 25


def main() -> None:
    """Measure, print the table, write the JSON."""
    parser = ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--teachers", type=int, nargs="+", default=[1, 3, 6, 13])
    parser.add_argument("--output", type=Path, default=Path("results/benchmarks/scaling.json"))
    options = parser.parse_args()
    rows = []
    for teachers in options.teachers:
        cells, subjects = sweep(teachers)
        started = time.perf_counter()
        fitted = fit_laws(cells, subjects)
        laws_s = time.perf_counter() - started
        started = time.perf_counter()
        fit_effects(cells, subjects)
        effects_s = time.perf_counter() - started
        rows.append(
            {
                "cells": len(cells),
                "laws": len(fitted["laws"]),
                "laws_s": laws_s,
                "effects_s": effects_s,
            }
        )
    lines = [
        [
            f"{row['cells']:,}",
            f"{row['laws']}",
            f"{row['laws_s']:.1f}",
            f"{row['effects_s']:.1f}",
            f"{row['laws_s'] + row['effects_s']:.1f}",
        ]
        for row in rows
    ]
    header = ["cells", "groups", "laws, s", "mixed model, s", "together, s"]
    print(f"# Scaling benchmark\n\n{DRAWS:,} draws, every form in every group, one process.\n")
    print(markdown(header, lines))
    write_json(options.output, {"draws": DRAWS, "rows": rows})
    print(f"\nwritten to {options.output}")


def sweep(teachers: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make the tables of a sweep with some teachers."""
    rng = np.random.default_rng(0)
    level = np.exp(0.3 * rng.standard_normal(SUBJECTS))
    cells, subjects = [], []
    for strategy in STRATEGIES:
        sizes = [np.nan] if strategy == "scratch" else 1e5 * np.arange(1, teachers + 1)
        for teacher_params in sizes:
            teacher = "none" if strategy == "scratch" else f"spectral_resnet-{teacher_params:.0f}"
            for params in CAPACITIES:
                for seed in range(SEEDS):
                    run = (2 + 60 * params**-0.6) * np.exp(0.03 * rng.standard_normal())
                    key = {
                        "strategy": strategy,
                        "teacher": teacher,
                        "student": f"spectral_resnet-{params}",
                        "seed": seed,
                    }
                    cells.append(
                        {
                            **key,
                            "family": "spectral_resnet",
                            "params": params,
                            "macs": 90 * params,
                            "flash_bytes": 9_000 + 4 * params,
                            "teacher_params": teacher_params,
                            "teacher_mae_bpm": np.nan if teacher == "none" else 1.5,
                        }
                    )
                    errors = run * level * np.exp(0.1 * rng.standard_normal(SUBJECTS))
                    subjects.append(
                        pd.DataFrame(
                            {
                                **key,
                                "subject": [f"s{who}" for who in range(SUBJECTS)],
                                "n_windows": 300,
                                "mae_bpm": errors,
                            }
                        )
                    )
    return pd.DataFrame(cells), pd.concat(subjects, ignore_index=True)


if __name__ == "__main__":
    main()
