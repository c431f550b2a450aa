"""The same student trained by torchdistill (Matsubara, RRPR 2021), used as in its examples.

torchdistill was made for images, but its `DistillationBox` accepts any shape of sample and any
network. The data set and the loop over the batches are ours; data loader, teacher's pass, loss,
optimiser and schedule are its own, as its configuration names them. Three things were added:
networks that return logits alone, an optimiser without decay of vectors, and averaged weights,
which it does not have, updated after every step as in the other methods.

It needs torchvision, of which it uses image classifiers alone; ``envs/bench.txt`` has the pins.
"""

from __future__ import annotations

import importlib.util
import sys
from functools import partial
from types import ModuleType
from typing import Any

import torch
from per_sample import AugmentedWindows
from torch import Tensor, nn
from torch.utils.data import RandomSampler
from training_methods import (
    AveragedStudent,
    Outcome,
    Task,
    adamw,
    one_cycle,
    with_the_faster_loading,
)

from ppgkd.models.build import build_model, load_model
from ppgkd.models.capacity import InputShape
from ppgkd.splits.study_windows import StudyWindows
from ppgkd.training.step import GRADIENT_NORM
from ppgkd.views.augment import Augmentation
from ppgkd.views.examples import examples


def is_installed() -> bool:
    """Whether torchdistill and torchvision are installed."""
    return all(map(importlib.util.find_spec, ("torchdistill", "torchvision")))


def torchdistill(task: Task) -> Outcome:
    """Train a student by torchdistill."""
    _import_torchvision()
    return with_the_faster_loading(_train, task)


class LogitsOnly(nn.Module):
    """A network that returns its logits alone."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, window: Tensor) -> Tensor:
        """Map windows to logits, shape (batch, 180)."""
        logits: Tensor = self.network(window).logits
        return logits


def _train(task: Task, windows: StudyWindows, inputs: InputShape, workers: int) -> float:
    from torchdistill.core.distillation import get_distillation_box  # type: ignore[import-not-found]
    from torchdistill.optim.registry import register_optimizer  # type: ignore[import-not-found]

    register_optimizer(key="adamw")(partial(adamw, training=task.training))

    dataset = AugmentedWindows(examples(windows.transfer), inputs, Augmentation())
    size = min(task.training.batch_size, len(dataset))
    steps = task.training.epochs * (len(dataset) // size)
    student = build_model(task.shape, inputs, task.seed)
    box = get_distillation_box(
        LogitsOnly(load_model(task.teacher)[0]),
        LogitsOnly(student),
        {"train": dataset},
        {
            "num_epochs": task.training.epochs,
            "train_data_loader": {
                "dataset_id": "train",
                "sampler": {"class_or_func": RandomSampler},
                "kwargs": {"batch_size": size, "drop_last": True, "num_workers": workers},
            },
            "teacher": {"forward_proc": "forward_batch_only", "requires_grad": False},
            "student": {"forward_proc": "forward_batch_only"},
            "optimizer": {"key": "adamw", "kwargs": {}, "max_grad_norm": GRADIENT_NORM},
            "scheduler": {
                "key": "OneCycleLR",
                "kwargs": one_cycle(task.training, steps),
                "scheduling_step": 1,
            },
            "criterion": _soft_targets(),
        },
        device=torch.device("cpu"),
        device_ids=None,
        distributed=False,
        lr_factor=1,
    )
    averaged = AveragedStudent(student, examples(windows.val))
    for epoch in range(task.training.epochs):
        box.pre_epoch_process(epoch=epoch)
        for signal, hr_bpm, about in box.train_data_loader:
            box.pre_forward_process()
            loss = box.forward_process(signal, hr_bpm, about)
            box.post_forward_process(loss=loss)
            averaged.follow(student)
        averaged.validate()
        box.post_epoch_process()
    return averaged.best_mae_bpm


def _soft_targets() -> dict[str, Any]:
    whole_network = {"module_path": ".", "module_io": "output"}
    sides = {
        f"{side}_{key}": value
        for side in ("student", "teacher")
        for key, value in whole_network.items()
    }
    kd = {"key": "KDLoss", "kwargs": {**sides, "temperature": 1.0, "alpha": 0.0}}
    return {
        "key": "WeightedSumLoss",
        "kwargs": {"sub_terms": {"kd": {"criterion": kd, "weight": 1.0}}},
    }


def _import_torchvision() -> None:
    """Import torchvision even if its compiled operators, which are not used here, do not load.

    The wheel on PyPI is built for CUDA. With a CPU build of PyTorch, the module that registers
    operators fails, unless a module of that name is already imported.
    """
    name = "torchvision._meta_registrations"
    sys.modules.setdefault(name, ModuleType(name))
    importlib.import_module("torchvision.datasets")
