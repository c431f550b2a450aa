"""A new strategy or family is one module and its entries; everything else follows from these."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.workflow import REPOSITORY

NEW_STRATEGY = '''
"""Squared difference of the logits."""

from ppgkd.distill.loss import DistillationLoss


class SquaredLoss(DistillationLoss):
    """Squared difference of the logits, weighted."""

    def distillation_loss(self, output, batch, epoch):
        """Loss of one batch."""
        difference = output.logits - self.teacher_logits(output, batch)
        return self.settings["weight"] * difference.square().mean()


LOSS = SquaredLoss
'''
SETTINGS_OF_THE_STRATEGY = '''
class SquaredSettings(StrategySettings):
    """Settings of ``squared``."""

    weight: float = Field(0.5, ge=0, description="Weight of the difference.")
    label_weight: float = _label_weight(0)


SETTINGS = {**SETTINGS, "squared": SquaredSettings}
'''
ENTRY_OF_THE_STRATEGY = """
STRATEGIES = {
    **STRATEGIES,
    "squared": Strategy("squared", "squared logits", "Squared difference of the logits.", "", ()),
}
"""
NEW_FAMILY = '''
"""Linear classifiers of the spectra."""

from torch import nn

from ppgkd.grid import N_CLASSES
from ppgkd.models.capacity import BINS, HARMONICS
from ppgkd.models.network import SpectralNetwork
from ppgkd.models.output import Output


def make_network(shape, inputs):
    """Make a member of the family."""
    return Linear(shape, inputs)


class Linear(SpectralNetwork):
    """Two linear maps."""

    def __init__(self, shape, inputs):
        super().__init__(inputs)
        self.hidden = nn.Linear(inputs.spectra * len(HARMONICS) * BINS, shape.width)
        self.head = nn.Linear(shape.width, N_CLASSES)

    def from_seen(self, spectra):
        """Map spectra to logits and features."""
        hidden = self.hidden(spectra.flatten(1))
        return Output(self.head(hidden), hidden.unsqueeze(2))
'''
ENTRY_OF_THE_FAMILY = '''
@dataclass(frozen=True)
class LinearShape(Shape):
    """Two linear maps; the capacity is the width between them."""

    @property
    def family(self) -> str:
        """Name of the family."""
        return "linear"

    def n_params(self, inputs: InputShape) -> int:
        """Count the trainable parameters."""
        entry = inputs.spectra * len(HARMONICS) * BINS
        return (entry + 1) * self.width + (self.width + 1) * N_CLASSES

    def macs(self, inputs: InputShape) -> int:
        """Count the multiply-accumulates of one window, after the front end."""
        return (inputs.spectra * len(HARMONICS) * BINS + N_CLASSES) * self.width


SHAPES["linear"] = LinearShape
'''
TRAIN = """
import sys
from pathlib import Path

import numpy as np
import ppgkd
from tests.unit.conftest import tone_windows

from ppgkd.distill.targets import write_targets
from ppgkd.models.build import build_model
from ppgkd.models.capacity import InputShape, nearest_shape
from ppgkd.runtime.artifacts import write_json
from ppgkd.study.parse import parse_study
from ppgkd.training.loop import TrainingConfig
from ppgkd.training.students import StudentConfig, read_training_inputs, train_student
from ppgkd.views.augment import Augmentation
from ppgkd.views.cache import read_view_cache, write_view_cache
from ppgkd.views.examples import examples

folder, strategy, family, capacity = Path(sys.argv[1]), *sys.argv[2:4], int(sys.argv[4])
assert Path(ppgkd.__file__).is_relative_to(folder)
study = parse_study(
    {
        "study": "new",
        "datasets": {"simulated": {"train": 0.5, "val": 0.25, "test": 0.25}},
        "teachers": {"spectral_resnet": [3000]},
        "students": {family: [capacity]},
        "strategies": {strategy: {}},
    }
)
assert [cell.strategy for cell in study.cells] == [strategy]

inputs = InputShape(ppg_channels=2, acc_channels=3, n_samples=200, rate_hz=25.0)
windows, val = (tone_windows(np.linspace(60, 170, n), inputs, seed=n) for n in (64, 24))
views, targets = folder / "views", folder / "targets"
write_view_cache(examples(windows), inputs, Augmentation(), views, views=2, seed=0)
teacher = build_model(nearest_shape("spectral_resnet", 3000, inputs), inputs, seed=1)
write_json(folder / "teacher.json", {"sha256": "a teacher"})
write_targets(teacher, "a teacher", read_view_cache(views), targets)

training = TrainingConfig(
    epochs=4, batch_size=16, learning_rate=0.01, weight_decay=0.01, patience=4
)
shape = nearest_shape(family, capacity, inputs)
settings = study.config["strategies"][strategy]
student = StudentConfig(strategy, settings, shape, inputs, training, label_sd_bpm=1.5, seed=0)
found = read_training_inputs(windows, "spectra", views, folder / "teacher.json", targets)
model, history = train_student(student, found, val)
assert sum(p.numel() for p in model.parameters()) == shape.n_params(inputs)
first, *_, last = history["train_loss"]
assert last < first
print("trained", strategy, shape.family)
"""


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A copy of the package."""
    return Path(shutil.copytree(REPOSITORY / "src/ppgkd", tmp_path / "src/ppgkd"))


def train(folder: Path, strategy: str, family: str, capacity: int) -> str:
    """Read a configuration and train a student with the package of a folder."""
    done = subprocess.run(
        [sys.executable, "-c", TRAIN, str(folder), strategy, family, str(capacity)],
        check=False,
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
        env={"PYTHONPATH": f"{folder / 'src'}:{REPOSITORY}"},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def append(file: Path, text: str) -> None:
    file.write_text(f"{file.read_text()}\n{text}")


def test_a_new_strategy_is_a_module_an_entry_and_its_settings(
    package: Path, tmp_path: Path
) -> None:
    (package / "distill/squared.py").write_text(NEW_STRATEGY)
    append(package / "strategies/registry.py", ENTRY_OF_THE_STRATEGY)
    append(package / "strategies/settings.py", SETTINGS_OF_THE_STRATEGY)
    assert train(tmp_path, "squared", "spectral_mlp", 4000) == "trained squared spectral_mlp"


def test_a_new_family_is_one_module_and_one_entry(package: Path, tmp_path: Path) -> None:
    (package / "models/linear.py").write_text(NEW_FAMILY)
    append(package / "models/capacity.py", ENTRY_OF_THE_FAMILY)
    assert train(tmp_path, "soft", "linear", 4000) == "trained soft linear"
