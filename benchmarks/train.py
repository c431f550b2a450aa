"""Cost of a student: the engine of ppgkd, a plain loop and torchdistill in one run.

The methods get the same data, steps, batch and one thread, each in a process of its own:

plain loop
    a torch ``Dataset`` that augments one window at a time, a ``DataLoader``, float32, and the
    teacher's forward pass in every step, as in other distillation code;
torchdistill
    the distillation box of that library, if it is installed (``envs/bench.txt``): see
    `torchdistill_box`;
engine
    the view cache and the teacher's targets, made once and shared by all students of the
    teacher, then `ppgkd.training.students.train_student`.

The result is a set of ratios of one run. Seconds depend on the machine and its load, CPU seconds
less so.
"""

from __future__ import annotations

import os
import platform
import time
from argparse import ArgumentParser, BooleanOptionalAction, Namespace
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from data import Data, add_options, find_data, trained_teacher, training_config
from engine_alternatives import time_engine
from process_cost import Cost, Stopwatch, in_fresh_process
from torchdistill_box import is_installed, torchdistill
from train_report import (
    PreparedTeacher,
    Row,
    Setting,
    report,
    windows_seen,
    with_growth,
    without_files,
)
from training_methods import Task, engine, plain_loop, prepare_training_inputs

from ppgkd.models.build import save_model
from ppgkd.models.capacity import SHAPES, InputShape, Shape, nearest_shape
from ppgkd.runtime.artifacts import write_json
from ppgkd.training.loop import TrainingConfig

MATRIX = 1024


def main() -> None:
    """Measure, print the tables, write the JSON."""
    options = _options()
    os.environ["OMP_NUM_THREADS"] = "1"
    started_load = os.getloadavg()[0]
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        setting = _setting(options, find_data(options, folder))
        rates = in_fresh_process(matmul_rates)
        rows: list[Row] = []
        teachers = []
        for n_params in options.teachers:
            shape = nearest_shape(setting.teacher_family, n_params, setting.inputs)
            training = training_config(options.teacher_epochs, options.batch_size)
            teacher = _prepare(setting, shape, training, rates, folder / str(n_params))
            teachers.append(teacher)
            rows += _compare(setting, teacher, options.students, rates)
        engine_times = [
            in_fresh_process(
                time_engine, shape, setting.inputs, options.batch_size, options.compile
            )
            for shape in setting.students(options.students)
        ]
    print(report(setting, rates, teachers, rows, engine_times))
    machine = {
        "processor": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "torch": torch.__version__,
        "load_before": started_load,
        "load_after": os.getloadavg()[0],
        "matmul_flop_per_s": rates,
    }
    content = {
        "machine": machine,
        "setting": {
            "data": "simulated" if options.windows is None else options.windows.stem,
            "windows": setting.n_windows,
            "views": setting.views,
            "student_family": setting.student_family,
            "teacher_family": setting.teacher_family,
            "training": asdict(setting.training),
        },
        "teachers": [without_files(asdict(teacher)) for teacher in teachers],
        "students": [with_growth(row, rows) for row in rows],
        "engine": [asdict(found) for found in engine_times],
    }
    write_json(options.output, content)
    print(f"\nwritten to {options.output}")


def matmul_rates() -> dict[str, float]:
    """Operations per second of square matrix products, for each number type."""
    rates = {}
    for name in ("float32", "bfloat16"):
        matrix = torch.randn(MATRIX, MATRIX).to(getattr(torch, name))
        matrix @ matrix
        seconds = []
        for _ in range(7):
            started = time.perf_counter()
            matrix @ matrix
            seconds.append(time.perf_counter() - started)
        rates[name] = 2 * MATRIX**3 / min(seconds)
    return rates


def make_teacher(
    data: Data, shape: Shape, training: TrainingConfig, file: Path
) -> tuple[float, Cost, int]:
    """Train and save a teacher; return its validation MAE in BPM, cost and operations."""
    windows, inputs = data.read()
    watch = Stopwatch()
    model, history = trained_teacher(shape, inputs, windows, training)
    cost = watch.read()
    save_model(file, model, shape, inputs)
    n_windows = windows_seen(training, len(windows.train))
    return float(history["val_mae_bpm"].min()), cost, 6 * shape.macs(inputs) * n_windows


def shape_and_count(data: Data) -> tuple[InputShape, int]:
    """Shape of the windows, and number of those that students learn from."""
    windows, inputs = data.read()
    return inputs, len(windows.transfer)


def _options() -> Namespace:
    parser = ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--students", type=int, nargs="+", default=[1_000, 16_000])
    parser.add_argument("--teachers", type=int, nargs="+", default=[130_000, 1_000_000])
    for whose in ("student", "teacher"):
        parser.add_argument(
            f"--{whose}-family", choices=SHAPES, default="spectral_resnet", help=f"of the {whose}s"
        )
    parser.add_argument("--epochs", type=int, default=6, help="training of the students")
    parser.add_argument(
        "--views", type=int, default=8, help="in the view cache; no more than epochs"
    )
    parser.add_argument(
        "--compile", action=BooleanOptionalAction, default=True, help="try torch.compile"
    )
    add_options(parser, "results/benchmarks/train.json")
    return parser.parse_args()


def _setting(options: Namespace, data: Data) -> Setting:
    inputs, n_windows = in_fresh_process(shape_and_count, data)
    training = training_config(options.epochs, options.batch_size)
    return Setting(
        data,
        inputs,
        n_windows,
        training,
        min(options.views, options.epochs),
        options.student_family,
        options.teacher_family,
    )


def _prepare(
    setting: Setting, shape: Shape, training: TrainingConfig, rates: dict[str, float], folder: Path
) -> PreparedTeacher:
    file = folder / "model.safetensors"
    mae_bpm, cost, operations = in_fresh_process(make_teacher, setting.data, shape, training, file)
    view_cache, targets = in_fresh_process(
        prepare_training_inputs, setting.data, file, folder, setting.views
    )
    return PreparedTeacher(
        file=file,
        shared=folder,
        n_params=shape.n_params(setting.inputs),
        macs=shape.macs(setting.inputs),
        val_mae_bpm=mae_bpm,
        training=cost,
        training_share={name: operations / cost.cpu_s / rate for name, rate in rates.items()},
        view_cache=view_cache,
        targets=targets,
    )


def _compare(
    setting: Setting, teacher: PreparedTeacher, students: list[int], rates: dict[str, float]
) -> Iterator[Row]:
    methods = {"plain loop": plain_loop, "torchdistill": torchdistill, "engine": engine}
    if not is_installed():
        del methods["torchdistill"]
    nothing = Cost(0.0, 0.0)
    shared = Cost(
        teacher.view_cache.wall_s + teacher.targets.wall_s,
        teacher.view_cache.cpu_s + teacher.targets.cpu_s,
    )
    for shape in setting.students(students):
        task = Task(setting.data, shape, teacher.file, teacher.shared, setting.training)
        for name, method in methods.items():
            outcome = in_fresh_process(method, task)
            teacher_macs = 0 if name == "engine" else teacher.macs
            operations = 2 * (3 * shape.macs(setting.inputs) + teacher_macs) * setting.windows_seen
            yield Row(
                method=name,
                student_params=shape.n_params(setting.inputs),
                teacher_params=teacher.n_params,
                fixed=shared if name == "engine" else nothing,
                outcome=outcome,
                matmul_share=operations / outcome.cost.wall_s / rates[outcome.number_type],
            )


if __name__ == "__main__":
    main()
