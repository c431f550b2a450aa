"""What a student costs: the engine of ppgkd beside a plain loop and torchdistill, in one run.

Contestants get the same data, steps, batch and one thread, each in a process of its own:

plain loop
    a torch ``Dataset`` that augments one window at a time, a ``DataLoader``, float32, and the
    teacher's forward pass in every step, as distillation code has it;
torchdistill
    that library's own box, if it is installed (``envs/bench.txt``): see `torchdistill_box`;
engine
    the bank of views and the teacher's targets, made once and shared by all students of the
    teacher, then `ppgkd.training.students.train_student`.

The result is a set of ratios of one run. Seconds depend on the machine and on who else uses it;
seconds of CPU do so least.
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
from apart import Spent, apart
from contestants import Task, engine, plain_loop, prepare_lessons
from data import LABEL_SD_BPM, Data, add_options, budget, find_data
from engine_questions import answer
from torchdistill_box import is_installed, torchdistill
from train_report import Row, Setting, Teacher, report, with_growth, without_files

from ppgkd.models.build import save_model
from ppgkd.models.capacity import InputShape, nearest_shape
from ppgkd.runtime.artifacts import write_json
from ppgkd.training.loop import Budget
from ppgkd.training.teachers import train_teacher
from ppgkd.views.augment import Augmentation

MATRIX = 1024


def main() -> None:
    """Measure, print the tables, write the JSON."""
    options = _options()
    os.environ["OMP_NUM_THREADS"] = "1"
    started_load = os.getloadavg()[0]
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        setting = _setting(options, find_data(options, folder))
        rates = apart(matmul_rates)
        rows: list[Row] = []
        teachers = []
        for n_params in options.teachers:
            teacher = _prepare(setting, n_params, options.teacher_epochs, folder / str(n_params))
            teachers.append(teacher)
            rows += _compete(setting, teacher, options.students, rates)
        answers = [
            apart(answer, n_params, setting.inputs, options.batch_size, options.compile)
            for n_params in options.students
        ]
    print(report(setting, rates, teachers, rows, answers))
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
            "budget": asdict(setting.budget),
        },
        "teachers": [without_files(asdict(teacher)) for teacher in teachers],
        "students": [with_growth(row, rows) for row in rows],
        "engine": [asdict(found) for found in answers],
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


def make_teacher(data: Data, n_params: int, training: Budget, file: Path) -> float:
    """Train a teacher, keep it, and give its validation MAE in BPM."""
    windows, inputs = data.read()
    shape = nearest_shape("resnet", n_params, inputs)
    model, history = train_teacher(
        shape,
        inputs,
        windows,
        pretraining=training,
        training=training,
        augmentation=Augmentation(),
        label_sd_bpm=LABEL_SD_BPM,
        seed=0,
    )
    save_model(file, model, shape, inputs)
    return float(history["val_mae_bpm"].min())


def look_at(data: Data) -> tuple[InputShape, int]:
    """Shape of the windows, and how many students learn from."""
    windows, inputs = data.read()
    return inputs, len(windows.transfer)


def _options() -> Namespace:
    parser = ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--students", type=int, nargs="+", default=[1_000, 16_000])
    parser.add_argument("--teachers", type=int, nargs="+", default=[130_000, 1_000_000])
    parser.add_argument("--epochs", type=int, default=6, help="training of the students")
    parser.add_argument("--views", type=int, default=8, help="in the bank; no more than epochs")
    parser.add_argument(
        "--compile", action=BooleanOptionalAction, default=True, help="try torch.compile"
    )
    add_options(parser, "results/benchmarks/train.json")
    return parser.parse_args()


def _setting(options: Namespace, data: Data) -> Setting:
    inputs, n_windows = apart(look_at, data)
    training = budget(options.epochs, options.batch_size)
    return Setting(data, inputs, n_windows, training, min(options.views, options.epochs))


def _prepare(setting: Setting, n_params: int, epochs: int, folder: Path) -> Teacher:
    shape, file = nearest_shape("resnet", n_params, setting.inputs), folder / "model.safetensors"
    training = budget(epochs, setting.budget.batch_size)
    mae_bpm = apart(make_teacher, setting.data, n_params, training, file)
    bank, targets = apart(
        prepare_lessons, Task(setting.data, 0, file, folder, setting.budget), setting.views
    )
    params, macs = shape.n_params(setting.inputs), shape.macs(setting.inputs)
    return Teacher(file, folder, params, macs, mae_bpm, bank, targets)


def _compete(
    setting: Setting, teacher: Teacher, students: list[int], rates: dict[str, float]
) -> Iterator[Row]:
    contestants = {"plain loop": plain_loop, "torchdistill": torchdistill, "engine": engine}
    if not is_installed():
        del contestants["torchdistill"]
    nothing = Spent(0.0, 0.0)
    lessons = Spent(
        teacher.bank.wall_s + teacher.targets.wall_s, teacher.bank.cpu_s + teacher.targets.cpu_s
    )
    for n_params in students:
        shape = nearest_shape("resnet", n_params, setting.inputs)
        task = Task(setting.data, n_params, teacher.file, teacher.lessons, setting.budget)
        for name, contestant in contestants.items():
            outcome = apart(contestant, task)
            asked = 0 if name == "engine" else teacher.macs
            operations = 2 * (3 * shape.macs(setting.inputs) + asked) * setting.windows_seen
            yield Row(
                contestant=name,
                student_params=shape.n_params(setting.inputs),
                teacher_params=teacher.n_params,
                fixed=lessons if name == "engine" else nothing,
                outcome=outcome,
                matmul_share=operations / outcome.spent.wall_s / rates[outcome.number_type],
            )


if __name__ == "__main__":
    main()
