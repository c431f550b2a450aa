"""What large studies cost Snakemake and the tables: sweeps of growing size, artifacts simulated.

Each of these is measured in a process of its own: the plan of a study of which nothing is made
(``snakemake -n``); the start of a job, in which Snakemake reads the workflow again;
the rule ``cells``, really run on simulated artifacts; the plan of the study whose cells are
finished, as a rerun makes it; the laws and the mixed model. For comparison, a bare
workflow of three rules, whose jobs have one input and one output each: what Snakemake itself costs.

A cell is a strategy, teacher, student, seed and fold. A student's job trains its seeds together,
and so do the jobs that export, quantise and time them; with folds, only the first fold is
exported. Other work on the machine disturbs the wall clock more than the CPU's.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from argparse import ArgumentParser, Namespace
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml
from data import markdown
from scale_study import Layout, make_config, make_study, simulate_artifacts

from ppgkd.runtime.artifacts import write_json

REPOSITORY = Path(__file__).parents[1]
STEPS = ("plan", "start", "cells", "again", "laws")
SKELETON = """
CELLS = range({cells})

rule all:
    input:
        expand("out/{{cell}}/c.txt", cell=CELLS),

rule a:
    output:
        "out/{{cell}}/a.txt",
    shell:
        "touch {{output}}"

rule b:
    input:
        "out/{{cell}}/a.txt",
    output:
        "out/{{cell}}/b.txt",
    shell:
        "touch {{output}}"

rule c:
    input:
        "out/{{cell}}/b.txt",
    output:
        "out/{{cell}}/c.txt",
    shell:
        "touch {{output}}"
"""
PARSE = "import sys, yaml; from pathlib import Path; from ppgkd.study.parse import parse_study; "
PARSE += "parse_study(yaml.safe_load(Path(sys.argv[1]).read_text()))"
# Touching waits a tenth of a second for each job, lest two files be of one age.
TOUCH = "from snakemake.cli import main; from snakemake.executors import touch; "
TOUCH += "touch.Executor.SLEEPING_TIME = 0; main()"


@dataclass(frozen=True)
class Cost:
    """What a command and its children took; ``printed`` is their output."""

    wall_s: float
    cpu_s: float
    peak_mib: float
    printed: str

    @property
    def jobs(self) -> int:
        """Number of jobs in Snakemake's table of them."""
        found = re.search(r"^total\s+(\d+)$", self.printed, re.MULTILINE)
        return int(found[1]) if found else 0


def main() -> None:
    """Measure, print the table, write the JSON."""
    options = _options()
    rows = []
    for layout in options.layouts:
        for wanted in options.cells:
            with TemporaryDirectory(dir=options.scratch) as folder:
                rows.append(measure(Path(folder), wanted, layout, options))
            print(f"{rows[-1]['cells']:,} cells, {layout}: measured", file=sys.stderr)
    print(f"# Scale benchmark\n\nCPU seconds, in parentheses wall seconds.\n\n{table(rows)}")
    write_json(options.output, {"rows": rows})
    print(f"\nwritten to {options.output}")


def measure(folder: Path, wanted: int, layout: Layout, options: Namespace) -> dict[str, Any]:
    """Measure one study in a folder of its own."""
    config = make_config("scale", wanted, layout)
    study = make_study(config)
    (folder / "study.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    root = options.workflow
    snakemake = [
        *(sys.executable, "-m", "snakemake", "--snakefile", str(root / "Snakefile"), "--cores"),
        *("1", "--configfile", "study.yaml", "--quiet", "rules", "--directory", str(folder)),
    ]
    environment = {"PYTHONPATH": str(root / "src"), "OMP_NUM_THREADS": "1"}
    schema = str(root / "workflow/schemas/config.schema.yaml")
    cells, laws = "results/scale/cells.parquet", "results/scale/scaling/laws.json"

    def spend(*command: str) -> dict[str, Any]:
        return _without_output(run([*command], folder, environment))

    row: dict[str, Any] = {"cells": len(study.cells), "layout": str(layout)}
    row["parse"] = spend(sys.executable, "-c", PARSE, "study.yaml", schema)
    if "plan" in options.steps:
        planned = run([*snakemake, "--dry-run"], folder, environment)
        row |= {"jobs": planned.jobs, "plan": _without_output(planned)}
        if options.skeleton:
            row["skeleton"] = measure_skeleton(folder / "skeleton", len(study.cells))
    if {"start", "cells", "again", "laws"} & {*options.steps}:
        simulate_artifacts(study, folder)
    if "start" in options.steps:
        row["start"] = spend(*snakemake, "--dry-run", "results/scale/splits.csv")
    if {"cells", "again", "laws"} & {*options.steps}:
        if "again" in options.steps:  # what a real run would have noted of each file
            touch = [sys.executable, "-c", TOUCH, *snakemake[3:], "--touch", cells]
            row["touch"] = spend(*touch)
        row["rule"] = spend(*snakemake, cells, "--rerun-triggers", "mtime")
        if "again" in options.steps:
            again = run([*snakemake, "--dry-run", cells], folder, environment)
            row["again"] = {**_without_output(again), "jobs": again.jobs}
        if "laws" in options.steps:
            row["laws"] = spend(*snakemake, laws, "--rerun-triggers", "mtime")
    return row


def measure_skeleton(folder: Path, cells: int) -> dict[str, Any]:
    """Plan a bare workflow of three jobs for each cell."""
    folder.mkdir()
    (folder / "Snakefile").write_text(SKELETON.format(cells=cells), encoding="utf-8")
    command = [sys.executable, "-m", "snakemake", "--dry-run", "--cores", "1", "--quiet", "rules"]
    planned = run(command, folder, {})
    return {**_without_output(planned), "jobs": planned.jobs}


def run(command: list[str], folder: Path, environment: dict[str, str]) -> Cost:
    """Run a command to its end; its children's times and memory count."""
    printed = folder / "printed.txt"
    done = subprocess.run(
        [
            sys.executable,
            str(Path(__file__).with_name("measure_command.py")),
            str(printed),
            *command,
        ],
        cwd=folder,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        check=True,
    )
    measured = json.loads(done.stdout)
    text = printed.read_text(encoding="utf-8")
    if measured.pop("code"):
        raise SystemExit(f"{' '.join(command)} failed:\n{text[-4000:]}")
    cost = Cost(**measured, printed=text)
    print(f"{cost.cpu_s:.1f} s of CPU, {cost.peak_mib:.0f} MiB: {command[-1]}", file=sys.stderr)
    return cost


def table(rows: list[dict[str, Any]]) -> str:
    """Put the rows into a table."""
    header = [
        *("cells", "laid out as", "jobs", "plan", "MiB", "skeleton"),
        *("plan, finished", "MiB", "parse_study", "start of a job"),
        *("rule cells", "MiB", "laws and effects", "MiB"),
    ]
    return markdown(header, [_line(row) for row in rows])


def _line(row: dict[str, Any]) -> list[str]:
    def seconds(name: str) -> str:
        cost = row.get(name)
        return f"{cost['cpu_s']:.1f} ({cost['wall_s']:.1f})" if cost else ""

    def memory(name: str) -> str:
        return f"{row[name]['peak_mib']:,.0f}" if name in row else ""

    return [
        *(f"{row['cells']:,}", row["layout"], f"{row['jobs']:,}" if "jobs" in row else ""),
        *(seconds("plan"), memory("plan"), seconds("skeleton")),
        *(seconds("again"), memory("again"), seconds("parse"), seconds("start")),
        *(seconds("rule"), memory("rule"), seconds("laws"), memory("laws")),
    ]


def _without_output(cost: Cost) -> dict[str, Any]:
    return {name: value for name, value in asdict(cost).items() if name != "printed"}


def _options() -> Namespace:
    parser = ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--cells", type=int, nargs="+", default=[100, 1_000, 10_000, 30_000])
    layouts = {"type": Layout.parse, "nargs": "+", "default": [Layout(3), Layout(1)]}
    parser.add_argument("--layouts", **layouts, help="seeds, or seedsxfolds as in 3x5")
    parser.add_argument("--steps", nargs="+", choices=STEPS, default=STEPS)
    parser.add_argument("--workflow", type=Path, default=REPOSITORY, help="another checkout's root")
    parser.add_argument("--skeleton", action="store_true", help="plan the bare workflow beside it")
    parser.add_argument("--scratch", type=Path, help="where simulated artifacts go for a while")
    parser.add_argument("--output", type=Path, default=Path("results/benchmarks/scale.json"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
