"""Cost of the commands at this revision and at an earlier one, measured alternately.

    python benchmarks/commands.py run --against f5d38ed   # make run, from nothing
    python benchmarks/commands.py test --against f5d38ed  # make test
    python benchmarks/commands.py sweep                   # Snakemake's own process, 400 tiny cells

Each revision is cloned into a folder of its own, and its environment is made, before anything is
timed. Wall time needs a machine that does nothing else; CPU seconds are less sensitive.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import yaml

CHECKOUT = Path(__file__).parents[1]
SWEEP = {
    "study": "sweep",
    "datasets": {"simulated": {"train": 0.5, "val": 0.25, "test": 0.25}},
    "simulation": {"n_subjects": 4, "duration_s": 60, "seed": 0},
    "teachers": {"spectral_resnet": [1000, 2000, 3000, 4000]},
    "strategies": {"scratch": {}, "hard": {}, "soft": {}, "dkd": {}, "feature": {}},
    "views": 1,
    "training": {"teacher": {"epochs": 1}, "student": {"epochs": 1}},
}
"""Each student has 17 cells: one from scratch, and four strategies from each of four teachers."""
SWEEP_WIDTHS = range(2, 27)
WINDOW = 50
"""Jobs over which Snakemake's own CPU seconds are averaged."""


def main() -> None:
    """Measure what the command line asks for and print it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("run", "test", "sweep"))
    parser.add_argument("--against", metavar="REVISION", help="an earlier revision")
    parser.add_argument("--rounds", type=int, default=3, help="of each revision; the median counts")
    parser.add_argument("--folder", type=Path, help="for the clones; else a temporary one")
    options = parser.parse_args()
    folder = options.folder or Path(tempfile.mkdtemp(prefix="commands-"))
    if options.what == "sweep":
        measure_sweep(folder / "sweep")
        return
    revisions = [r for r in ("HEAD", options.against) if r]
    clones = {revision: clone(revision, folder) for revision in revisions}
    costs: dict[str, list[tuple[float, float]]] = {revision: [] for revision in revisions}
    for number in range(options.rounds):
        for revision in revisions if number % 2 == 0 else reversed(revisions):
            costs[revision].append(run_make(options.what, clones[revision]))
            wall_s, cpu_s = costs[revision][-1]
            print(f"round {number + 1}, {revision}: {wall_s:.0f} s, {cpu_s:.0f} CPU s", flush=True)
    print(f"\nmake {options.what}, median of {options.rounds}")
    medians = {r: [*map(statistics.median, zip(*costs[r], strict=True))] for r in revisions}
    for revision, (wall_s, cpu_s) in medians.items():
        print(f"  {revision:>10}  {wall_s:7.1f} s  {cpu_s:7.1f} CPU s")
    if options.against:
        ratios = [a / b for a, b in zip(medians["HEAD"], medians[options.against], strict=True)]
        print(f"  {'ratio':>10}  {ratios[0]:7.2f}    {ratios[1]:7.2f}")


def clone(revision: str, folder: Path) -> Path:
    """Clone a revision and make its environment, unless that has been done."""
    place = folder / revision
    if not place.exists():
        subprocess.run(["git", "clone", "--quiet", str(CHECKOUT), str(place)], check=True)
        commit = subprocess.check_output(["git", "rev-parse", revision], cwd=CHECKOUT, text=True)
        subprocess.run(["git", "checkout", "--quiet", commit.strip()], cwd=place, check=True)
    subprocess.run(["make", ".venv/installed"], cwd=place, check=True, stdout=subprocess.DEVNULL)
    return place


def run_make(target: str, place: Path) -> tuple[float, float]:
    """Wall and CPU seconds of a target, from nothing but the environment."""
    for made in ("results", "resources", ".snakemake"):
        shutil.rmtree(place / made, ignore_errors=True)
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    with (place.parent / f"{place.name}-{target}.log").open("w") as log:
        subprocess.run(["make", target], cwd=place, check=True, stdout=log, stderr=log)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - started, cpu_s


def measure_sweep(folder: Path) -> None:
    """Run a sweep of 400 tiny cells; print the CPU seconds of Snakemake's own process per job."""
    sys.path.insert(0, str(CHECKOUT / "src"))
    from ppgkd.models.capacity import SpectralResNetShape
    from ppgkd.study.parse import parse_study
    from ppgkd.study.study import input_shape

    inputs = input_shape(parse_study({**SWEEP, "students": {"spectral_resnet": [350]}}).config)
    sizes = [SpectralResNetShape(width).n_params(inputs) for width in SWEEP_WIDTHS]
    folder.mkdir(parents=True)
    study = {**SWEEP, "students": {"spectral_resnet": sizes[: 400 // 17 + 1]}}
    (folder / "sweep.yaml").write_text(yaml.safe_dump(study))
    command = [sys.executable, "-m", "snakemake", "--cores", "2", "--directory", str(folder)]
    command += ["--snakefile", str(CHECKOUT / "Snakefile")]
    command += ["--configfile", str(folder / "sweep.yaml")]
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    )
    own, cpu_s, n_students, output = psutil.Process(process.pid), [0.0], 0, process.stdout
    assert output is not None
    for line in output:
        if re.match(r"\d+ of \d+ steps", line):
            times = own.cpu_times()
            cpu_s.append(times.user + times.system)
        n_students += "Rule: student)" in line
    if process.wait():
        sys.exit(f"the sweep failed; see {folder}/.snakemake/log")
    jobs = len(cpu_s) - 1
    print(f"{n_students} cells, {jobs} jobs; Snakemake's own process: {cpu_s[-1]:.0f} CPU s")
    for last in (WINDOW, min(400, jobs), jobs):
        share_s = (cpu_s[last] - cpu_s[last - WINDOW]) / WINDOW
        print(f"  jobs {last - WINDOW + 1} to {last}: {share_s:.3f} CPU s a job")


if __name__ == "__main__":
    main()
