"""Training methods to compare: the same student and teacher in several ways, with one thread.

All use augmented windows in batches of the same size, for the same number of steps, with the same
optimiser, schedule, averaged weights and validation, and soft targets with T = 1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any

import torch
from data import LABEL_SD_BPM, Data
from per_sample import AugmentedWindows
from process_cost import Cost, Stopwatch, peak_mib
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel
from torch.utils.data import DataLoader

from ppgkd.distill.soft import soft_loss
from ppgkd.distill.targets import read_targets, write_targets
from ppgkd.heart_rate import decode
from ppgkd.models.build import build_model, load_model
from ppgkd.models.capacity import InputShape, Shape
from ppgkd.models.predict import predict
from ppgkd.runtime.artifacts import file_fingerprint
from ppgkd.splits.study_windows import StudyWindows
from ppgkd.training.loop import TrainingConfig
from ppgkd.training.optimiser import BETA2, FINAL_DIVISOR, INITIAL_DIVISOR, WARMUP_FRACTION
from ppgkd.training.step import AVERAGING_DECAY, GRADIENT_NORM, has_fast_bfloat16
from ppgkd.training.students import StudentConfig, TrainingInputs, train_students
from ppgkd.views.augment import Augmentation
from ppgkd.views.cache import read_view_cache, write_view_cache
from ppgkd.views.examples import Examples, examples

Tensors = tuple[Tensor, ...] | list[Tensor]

SEEDS = 3
"""Students that the engine trains at once: the seeds of a cell."""

WORKERS = (0, 2)
"""Numbers of loading processes; the fastest is used."""


@dataclass(frozen=True)
class Task:
    """One student to be trained.

    Attributes
    ----------
    data
        Where the windows are.
    shape
        Of the student.
    teacher
        File of its teacher.
    shared
        Folder of the view cache and of the teacher's targets, which the engine uses.
    training
        Length and speed of the training.
    seed
        Of the initial weights and of the order of the windows.
    """

    data: Data
    shape: Shape
    teacher: Path
    shared: Path
    training: TrainingConfig
    seed: int = 0


@dataclass(frozen=True)
class Outcome:
    """Error and cost of one student; of several, their means.

    Attributes
    ----------
    cost
        From windows in memory to the trained student, after one warm-up epoch.
    val_mae_bpm
        Of the averaged weights that validated best.
    start_mib, peak_mib
        Largest resident memory of the training process after reading the windows and at the end,
        without child processes.
    number_type
        Of the student's matrix products.
    workers
        Loading processes.
    """

    cost: Cost
    val_mae_bpm: float
    start_mib: float
    peak_mib: float
    number_type: str = "float32"
    workers: int = 0


def prepare_training_inputs(
    data: Data, teacher_file: Path, shared: Path, views: int
) -> tuple[Cost, Cost]:
    """Make what the engine's students share: the view cache and the targets of one teacher."""
    windows, inputs = data.read()
    transfer, folder = examples(windows.transfer), shared / "bank"
    watch = Stopwatch()
    write_view_cache(transfer, inputs, Augmentation(), folder, views=views, seed=0)
    view_cache = watch.read()
    watch = Stopwatch()
    teacher, fingerprint = load_model(teacher_file)[0], file_fingerprint(teacher_file)
    write_targets(teacher, fingerprint, read_view_cache(folder), shared / "targets")
    return view_cache, watch.read()


def engine(task: Task) -> Outcome:
    """Train the seeds of a cell as a student's job does: from the view cache and the targets."""
    windows, inputs = task.data.read()
    start_mib = peak_mib()
    train_by_engine(one_epoch_of(task), windows, inputs)  # the same warm-up as the others
    watch = Stopwatch()
    mae_bpm = train_by_engine(task, windows, inputs)
    cost = watch.read()
    number_type = "bfloat16" if has_fast_bfloat16(torch.device("cpu")) else "float32"
    each = Cost(cost.wall_s / SEEDS, cost.cpu_s / SEEDS)
    return Outcome(each, mae_bpm, start_mib, peak_mib(), number_type)


def train_by_engine(task: Task, windows: StudyWindows, inputs: InputShape) -> float:
    """Train the seeds of a cell; return their mean validation MAE in BPM."""
    first = StudentConfig(
        strategy="soft",
        settings={"temperature": 1.0, "label_weight": 0.0},
        shape=task.shape,
        inputs=inputs,
        training=task.training,
        label_sd_bpm=LABEL_SD_BPM,
        seed=task.seed,
    )
    view_cache = read_view_cache(task.shared / "bank", examples(windows.transfer), task.shape.sees)
    fingerprint = file_fingerprint(task.teacher)
    targets = read_targets(task.shared / "targets", view_cache, fingerprint)
    training_inputs = [TrainingInputs(view_cache, fingerprint, targets)] * SEEDS
    configs = [replace(first, seed=task.seed + number) for number in range(SEEDS)]
    trained = train_students(configs, training_inputs, windows.val)
    return fmean(float(history["val_mae_bpm"].min()) for _, history in trained)


def plain_loop(task: Task) -> Outcome:
    """Train a student by the loop of a tutorial: load a batch, run the teacher, take a step."""
    return with_the_faster_loading(train_plainly, task)


Training = Callable[[Task, StudyWindows, InputShape, int], float]
"""Maps a task, its windows and a number of loading processes to the validation MAE in BPM."""


def with_the_faster_loading(train: Training, task: Task) -> Outcome:
    """Warm up, try one epoch with each number of `WORKERS`, then train with the faster one."""
    windows, inputs = task.data.read()
    start_mib = peak_mib()
    torch.manual_seed(task.seed)

    def one_epoch_s(workers: int) -> float:
        watch = Stopwatch()
        train(one_epoch_of(task), windows, inputs, workers)
        return watch.read().wall_s

    one_epoch_s(WORKERS[0])  # the first epoch is slower for any number
    workers = min(WORKERS, key=one_epoch_s)
    watch = Stopwatch()
    mae_bpm = train(task, windows, inputs, workers)
    return Outcome(watch.read(), mae_bpm, start_mib, peak_mib(), workers=workers)


def one_epoch_of(task: Task) -> Task:
    """Return the same task for one epoch."""
    return replace(task, training=replace(task.training, epochs=1))


def train_plainly(task: Task, windows: StudyWindows, inputs: InputShape, workers: int) -> float:
    """Train a student; return its validation MAE in BPM."""
    dataset = AugmentedWindows(examples(windows.transfer), inputs, Augmentation())
    size = min(task.training.batch_size, len(dataset))
    loader = DataLoader(dataset, size, shuffle=True, drop_last=True, num_workers=workers)
    teacher = load_model(task.teacher)[0]
    student = build_model(task.shape, inputs, task.seed)
    optimiser = adamw([*student.parameters()], task.training)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, **one_cycle(task.training, task.training.epochs * len(loader))
    )
    averaged = AveragedStudent(student, examples(windows.val))
    for _ in range(task.training.epochs):
        student.train()
        for signal, _ in loader:
            with torch.no_grad():
                teacher_logits = teacher(signal).logits
            loss = soft_loss(student(signal).logits, teacher_logits, temperature=1.0)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(student.parameters(), GRADIENT_NORM)
            optimiser.step()
            schedule.step()
            averaged.follow(student)
        averaged.validate()
    return averaged.best_mae_bpm


class AveragedStudent:
    """Averaged weights of a student, as in the engine, and their best validation error."""

    def __init__(self, student: nn.Module, val: Examples) -> None:
        self._average = AveragedModel(student, multi_avg_fn=_average_into)
        self._val = val
        self.best_mae_bpm = float("inf")

    def follow(self, student: nn.Module) -> None:
        """Move towards the student's weights after a step."""
        self._average.update_parameters(student)

    def validate(self) -> None:
        """Evaluate on the validation windows after an epoch."""
        bpm, _ = decode(predict(self._average, self._val.signal))
        mae_bpm = float((bpm - self._val.hr_bpm).abs().mean())
        self.best_mae_bpm = min(self.best_mae_bpm, mae_bpm)


def adamw(parameters: list[nn.Parameter], training: TrainingConfig) -> torch.optim.AdamW:
    """Make the optimiser of the engine: only matrices and kernels decay."""
    groups = [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": training.weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=training.learning_rate, betas=(0.9, BETA2))


def one_cycle(training: TrainingConfig, steps: int) -> dict[str, Any]:
    """Arguments of the schedule, as in the engine."""
    return {
        "max_lr": training.learning_rate,
        "total_steps": steps + 1,
        "pct_start": WARMUP_FRACTION,
        "div_factor": INITIAL_DIVISOR,
        "final_div_factor": FINAL_DIVISOR / INITIAL_DIVISOR,
    }


def _average_into(averaged: Tensors, current: Tensors, step: Tensor | int) -> None:
    decay = min(AVERAGING_DECAY, (1 + int(step)) / (10 + int(step)))
    torch._foreach_lerp_(averaged, current, 1 - decay)
