"""Parse Snakemake's output: which jobs a run started and finished."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

_BLOCK = re.compile(r"^local(?:rule|checkpoint) (\w+):\n((?:    .*\n)+)", re.MULTILINE)
_FINISHED = re.compile(r"^Finished jobid: (\d+) ", re.MULTILINE)

TRAINING = ("teacher", "student")
"""Rules that train."""


@dataclass(frozen=True)
class Job:
    """A job of a run, identified by its outputs."""

    rule: str
    inputs: frozenset[str]
    outputs: frozenset[str]
    logs: frozenset[str]

    @property
    def name(self) -> str:
        """A readable name: the rule and its wildcards."""
        path = Path(min(self.logs))
        parts = (part for part in path.parts if part not in ("results", "faults", "logs"))
        return str(Path(*parts).with_suffix(""))


@dataclass(frozen=True)
class Trace:
    """Jobs that a run started, in order, and those that Snakemake recorded as finished."""

    started: tuple[Job, ...]
    finished: frozenset[Job]

    @property
    def unfinished(self) -> tuple[Job, ...]:
        return tuple(job for job in self.started if job not in self.finished)


def read_trace(text: str) -> Trace:
    """Parse the output of a run, which may be incomplete."""
    by_id: dict[str, Job] = {}
    for rule, block in _BLOCK.findall(text):
        entries = dict(line.strip().partition(": ")[::2] for line in block.splitlines())
        if "jobid" not in entries or "log" not in entries:
            continue  # the rule `all`, or a block that is not printed completely yet
        files = {
            key: frozenset(part for part in entries.get(key, "").split(", ") if part)
            for key in ("input", "output")
        }
        logs = frozenset([entries["log"].removesuffix(" (check log file(s) for error details)")])
        by_id[entries["jobid"]] = Job(rule, files["input"], files["output"], logs)
    finished = (by_id[number] for number in _FINISHED.findall(text) if number in by_id)
    return Trace((*by_id.values(),), frozenset(finished))


def downstream(of: Iterable[Job], jobs: Iterable[Job]) -> frozenset[Job]:
    """Return some jobs and all jobs that depend on them."""
    found, jobs = {*of}, [*jobs]
    while True:
        made = frozenset().union(*(job.outputs for job in found))
        more = {job for job in jobs if job.inputs & made} - found
        if not more:
            return frozenset(found)
        found |= more


def upstream(targets: Iterable[str], jobs: Iterable[Job]) -> tuple[Job, ...]:
    """Return the jobs that are necessary to make some files, in the given order."""
    wanted, jobs = {*targets}, [*jobs]
    while True:
        needed = tuple(job for job in jobs if job.outputs & wanted)
        more = wanted.union(*(job.inputs for job in needed))
        if more == wanted:
            return needed
        wanted = more


def epochs_logged(log: Path) -> int:
    """Return the last epoch in a training's log; 0 before the first."""
    found = re.findall(r"epoch (\d+)/\d+ ", log.read_text()) if log.exists() else []
    return int(found[-1]) if found else 0


def resumed_after(log: Path) -> int:
    """Return the epoch after which a training resumed; 0 if it started from the beginning."""
    found = re.search(r"going on after epoch (\d+) of", log.read_text())
    return int(found[1]) if found else 0


def as_table(rows: Iterable[Mapping[str, object]]) -> str:
    """Format rows as a text table with a header."""
    rows = [{key: str(value) for key, value in row.items()} for row in rows]
    widths = {key: max(len(key), *(len(row[key]) for row in rows)) for key in rows[0]}
    lines = [{key: key for key in widths}, *rows]
    return "\n".join(
        "  ".join(line[key].ljust(width) for key, width in widths.items()).rstrip()
        for line in lines
    )
