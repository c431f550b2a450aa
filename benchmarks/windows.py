"""Speed of segmenting recordings into windows, and of reading windows for training.

Simulated recordings of PPG-DaLiA's size (15 subjects, 37 hours, one PPG channel and acceleration at
64 Hz, windows of 8 s every 2 s), and ten times as many. Each recording is generated when it is
read, so memory grows only by what the package keeps. Writing and reading run in processes of their
own with one thread each. Their CPU time is measured, because wall time depends on other processes.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from data import SPEC, markdown

from ppgkd.datasets.recording import Recording
from ppgkd.models.capacity import InputShape
from ppgkd.runtime.artifacts import write_csv, write_json
from ppgkd.splits.study_windows import read_study_windows
from ppgkd.windows.preprocessing import preprocess, resampling_matrix
from ppgkd.windows.read import read_windows
from ppgkd.windows.segmentation import BATCH, segment_recording
from ppgkd.windows.spectral_peak import spectral_peak_bpm
from ppgkd.windows.table import windows_schema, windows_writer, write_row_group
from ppgkd.windows.write import write_windows

SUBJECTS, HOURS, RATE_HZ = 15, 37, 64
CHANNELS = ("ppg_1", "acc_x", "acc_y", "acc_z")
ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
SIMPLE = "for comparison: preprocessing alone, one matrix per window"
MB = 1e6


def main() -> None:
    """Measure, print the tables, write the JSON."""
    parser = ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1, 10], help="times 37 hours")
    parser.add_argument("--output", type=Path, default=Path("results/benchmarks/windows.json"))
    parser.add_argument("--task", nargs=3, metavar=("TASK", "SIZE", "FOLDER"), help="one process")
    options = parser.parse_args()
    if options.task:
        task, size, folder = options.task
        print(json.dumps(TASKS[task](int(size), Path(folder))))
        return
    rows = []
    for size in options.sizes:
        with TemporaryDirectory() as folder:
            rows.append({task: in_process(task, size, Path(folder)) for task in TASKS})
    print(f"# Windows benchmark\n\nSimulated, {len(CHANNELS)} channels at {RATE_HZ} Hz.\n")
    print(markdown(*sizes_table(options.sizes, rows)))
    print(markdown(*stages_table(rows[0]["stages"])))
    write_json(options.output, {"sizes": options.sizes, "rows": rows})
    print(f"\nwritten to {options.output}")


def recordings(size: int) -> Iterator[Recording]:
    """Make recordings one by one: noise over a pulse, and noise over gravity."""
    n_samples = round(HOURS * 3600 / SUBJECTS) * RATE_HZ
    time_s = np.arange(n_samples) / RATE_HZ
    rate = 80 + 30 * np.sin(2 * np.pi * time_s / 600)
    pulse = 100 * np.sin(2 * np.pi * np.cumsum(rate) / 60 / RATE_HZ)
    centre_s = np.arange(4.0, n_samples / RATE_HZ - 4 + 1e-9, 2.0)
    reference_bpm = np.interp(centre_s, time_s, rate).astype(np.float32)
    noise = np.random.default_rng(0).standard_normal((4, n_samples), np.float32)
    for number in range(size * SUBJECTS):
        signal = np.roll(noise, 997 * number, axis=1)
        signal *= np.array([[50], [0.2], [0.2], [0.2]], np.float32)
        signal[0] += pulse
        signal[1] += 1
        name = f"s{number:03d}"
        yield Recording(name, name, RATE_HZ, CHANNELS, signal, centre_s, reference_bpm)


def write(size: int, folder: Path) -> dict[str, float]:
    """Write recordings from memory to Parquet, without the time to generate them."""
    making_s = cpu_s(lambda: [None for _ in recordings(size)])
    before = peak_bytes()
    whole_s = cpu_s(
        lambda: write_windows(recordings(size), "simulated", SPEC, folder / "windows.parquet")
    )
    return {
        "hours": size * HOURS,
        "cpu_s": whole_s - making_s,
        "hours_per_s": size * HOURS / (whole_s - making_s),
        "peak_mb": (peak_bytes() - before) / MB,
        "recording_mb": next(recordings(size)).signal.nbytes / MB,
        "file_mb": (folder / "windows.parquet").stat().st_size / MB,
    }


def read_whole(size: int, folder: Path) -> dict[str, float]:
    """Read all windows."""
    return reading(lambda: read_windows(folder / "windows.parquet").signal.nbytes)


def read_study(size: int, folder: Path) -> dict[str, float]:
    """Read windows by role, as a training does."""
    roles = ["train"] * 9 + ["val"] * 3 + ["test"] * 3
    subjects = [f"s{number:03d}" for number in range(size * SUBJECTS)]
    splits = pd.DataFrame({"dataset": "simulated", "subject": subjects, "role": roles * size})
    write_csv(folder / "splits.csv", splits)
    inputs = InputShape(1, 3, SPEC.n_samples, SPEC.rate_hz)

    def read() -> int:
        found = read_study_windows([folder / "windows.parquet"], folder / "splits.csv", inputs)
        return sum(part.signal.nbytes for part in (found.train, found.val, found.test))

    return reading(read)


def stages(size: int, folder: Path) -> dict[str, float]:
    """CPU milliseconds per hour of one recording, the best of seven runs."""
    recording = next(recordings(1))
    index, signal, _ = segment_recording(recording, SPEC)
    schema = windows_schema("simulated", CHANNELS, SPEC, {})

    def to_parquet() -> None:
        with windows_writer(folder / "one.parquet", schema) as writer:
            write_row_group(writer, index, signal)

    steps: dict[str, Callable[[], object]] = {
        "segmentation, rejection, preprocessing": lambda: segment_recording(recording, SPEC),
        "spectral peak": lambda: spectral_peak_bpm(signal[:, :1], SPEC.rate_hz),
        "Parquet": to_parquet,
    }
    steps[SIMPLE] = lambda: preprocess_one_by_one(recording)
    per_hour = 1e3 * SUBJECTS / HOURS
    return {name: per_hour * min(cpu_s(step) for _ in range(7)) for name, step in steps.items()}


def preprocess_one_by_one(recording: Recording) -> None:
    """Preprocess windows without what they share: one matrix product with each raw window."""
    n_raw = round(SPEC.length_s * RATE_HZ)
    matrix = resampling_matrix(SPEC, RATE_HZ)
    raw = np.lib.stride_tricks.sliding_window_view(recording.signal, n_raw, axis=1)
    raw = raw[:, :: round(SPEC.stride_s * RATE_HZ)].swapaxes(0, 1)
    for first in range(0, len(raw), BATCH):
        preprocess(raw[first : first + BATCH], matrix, CHANNELS)


TASKS: dict[str, Callable[[int, Path], dict[str, float]]] = {
    "write": write,
    "read": read_whole,
    "study": read_study,
    "stages": stages,
}


def reading(read: Callable[[], int]) -> dict[str, float]:
    """CPU time of reading, and its peak memory relative to the size of the data."""
    before = peak_bytes()
    n_bytes: list[int] = []
    seconds = cpu_s(lambda: n_bytes.append(read()))
    peak = (peak_bytes() - before) / MB
    return {
        "cpu_s": seconds,
        "peak_mb": peak,
        "data_mb": n_bytes[0] / MB,
        "times_data": peak / (n_bytes[0] / MB),
    }


def in_process(task: str, size: int, folder: Path) -> dict[str, float]:
    """Run a task in a process of its own with one thread."""
    command = [sys.executable, __file__, "--task", task, str(size), str(folder)]
    done = subprocess.run(
        command, env=os.environ | ONE_THREAD, check=True, capture_output=True, text=True
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def cpu_s(work: Callable[[], Any]) -> float:
    """CPU seconds of the process."""
    started = time.process_time()
    work()
    return time.process_time() - started


def peak_bytes() -> int:
    """Largest resident memory of the process so far."""
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return kilobytes if sys.platform == "darwin" else 1024 * kilobytes


def sizes_table(
    sizes: list[int], rows: list[dict[str, dict[str, float]]]
) -> tuple[list[str], list[list[str]]]:
    """Table of the costs of writing and reading."""
    header = [
        "recorded",
        "hours per CPU second",
        "peak, MB",
        "a recording, MB",
        "file, MB",
        "read: CPU s",
        "read: peak / data",
        "by role: CPU s",
        "by role: peak / data",
    ]
    lines = [
        [
            f"{size * HOURS} h",
            f"{row['write']['hours_per_s']:.0f}",
            f"{row['write']['peak_mb']:.0f}",
            f"{row['write']['recording_mb']:.0f}",
            f"{row['write']['file_mb']:,.0f}",
            f"{row['read']['cpu_s']:.2f}",
            f"{row['read']['times_data']:.2f}",
            f"{row['study']['cpu_s']:.2f}",
            f"{row['study']['times_data']:.2f}",
        ]
        for size, row in zip(sizes, rows, strict=True)
    ]
    return header, lines


def stages_table(found: dict[str, float]) -> tuple[list[str], list[list[str]]]:
    """Table of CPU time by stage."""
    total = sum(ms for name, ms in found.items() if name != SIMPLE)
    lines = [[name, f"{ms:.1f}"] for name, ms in {**found, "total": total}.items()]
    return ["stage", "CPU ms per hour"], lines


if __name__ == "__main__":
    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    main()
