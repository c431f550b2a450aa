"""Check that a study is reproducible: `make verify` runs the tiny study twice and compares.

All artifacts must be equal byte for byte, except for measurements of time and memory: these keys
and columns are listed here, and all others must be equal. Then the report is deleted and made again
from the artifacts: it must be equal byte for byte, with its measurements.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from tests.workflow import REPOSITORY, Workflow

MEASURED = frozenset(
    (
        *("train_s", "seconds"),
        *("mean_ms", "p50_ms", "p95_ms", "p99_ms", "spread", "peak_memory_bytes"),
        *("clock", "busy", "rounds", "latency_busy"),
        *("latency_p50_ms", "latency_p99_ms", "front_end_latency_p99_ms", "int8_latency_p99_ms"),
    )
)
"""Keys of JSON files and columns of tables that differ between runs."""
SHOWING_MEASURED = frozenset(
    (
        *("report.html", "error_vs_cost.svg", "pareto.svg"),
        # of each student they have what is known of it, its latency too
        *("error_vs_size.json", "gain_over_scratch.json", "teacher_student.json"),
        *("error_vs_cost.json", "pareto.json"),
    )
)
"""Files that show measurements: they differ between runs, not when made again from artifacts."""
NOT_ARTIFACTS = frozenset(("logs", "benchmarks"))


def main() -> None:
    """Run the tiny study twice, make its report again, and print what differs."""
    tiny = (REPOSITORY / "tests/studies/tiny.yaml").read_text(encoding="utf-8")
    # the recommended student must not depend on measured times
    config = {**yaml.safe_load(tiny), "gates": {"max_latency_ms": 1e9}}
    with tempfile.TemporaryDirectory(prefix="ppgkd-verify-") as folder:
        first, second = (Workflow(Path(folder, name), config) for name in ("first", "second"))
        for study in (first, second):
            print(f"running the tiny study from nothing, the {study.folder.name} time", flush=True)
            study.make(cores=2)
        found = [*differences(first.results, second.results)]
        print(f"{len(artifacts(first.results))} artifacts compared, {len(found)} differ")

        first_report = Path(folder, "report")
        shutil.move(first.results / "report", first_report)
        print("making the report again from the artifacts", flush=True)
        first.make(cores=2)
        again = [*differences(first_report, first.results / "report", measured=False)]
        print(f"{len(artifacts(first_report))} files of the report compared, {len(again)} differ")
    for line in found + again:
        print(f"  {line}")
    sys.exit(bool(found or again))


def artifacts(folder: Path) -> list[str]:
    """Return the paths of all artifacts below a folder, relative to it."""
    paths = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return sorted(str(path) for path in paths if not NOT_ARTIFACTS & set(path.parts))


def differences(first: Path, second: Path, measured: bool = True) -> Iterator[str]:
    """Yield the differences between the artifacts of two folders, one line for each.

    ``measured``: whether measurements, and files that show them, may differ.
    """
    firsts, seconds = artifacts(first), artifacts(second)
    for name in sorted({*firsts} ^ {*seconds}):
        yield f"{name}: only in {(first if name in firsts else second).name}"
    for name in sorted({*firsts} & {*seconds}):
        pair = first / name, second / name
        contents = [path.read_bytes() for path in pair]
        if contents[0] == contents[1] or (measured and pair[0].name in SHOWING_MEASURED):
            continue
        if measured and pair[0].suffix == ".json":
            yield from (f"{name}: {line}" for line in _in_json(*map(json.loads, contents)))
        elif measured and pair[0].suffix == ".parquet":
            yield from (f"{name}: {line}" for line in _in_tables(*map(pd.read_parquet, pair)))
        else:
            position = next(
                (i for i, (a, b) in enumerate(zip(*contents, strict=False)) if a != b),
                min(map(len, contents)),
            )
            yield f"{name}: differs from byte {position} on"


def _in_json(first: Any, second: Any, path: str = "$") -> Iterator[str]:
    if isinstance(first, dict) and isinstance(second, dict) and first.keys() == second.keys():
        for key in first.keys() - MEASURED:
            yield from _in_json(first[key], second[key], f"{path}.{key}")
    elif isinstance(first, list) and isinstance(second, list) and len(first) == len(second):
        for number, pair in enumerate(zip(first, second, strict=True)):
            yield from _in_json(*pair, f"{path}[{number}]")
    elif first != second:
        yield f"{path} is {first!r} and {second!r}"


def _in_tables(first: pd.DataFrame, second: pd.DataFrame) -> Iterator[str]:
    if list(first.columns) != list(second.columns) or len(first) != len(second):
        yield f"tables of {first.shape} and {second.shape}, columns or rows differ"
        return
    columns: Sequence[str] = [column for column in first.columns if column not in MEASURED]
    differing = [column for column in columns if not first[column].equals(second[column])]
    if differing:
        yield f"columns {differing} differ"


if __name__ == "__main__":
    main()
