"""Students: their configuration, what they learn from, and that they load no teacher."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from ppgkd.distill.targets import write_targets
from ppgkd.errors import PpgkdError
from ppgkd.models.build import build_model, load_model, save_model
from ppgkd.models.capacity import InputShape, Seen, SpectralMLPShape, SpectralResNetShape
from ppgkd.runtime.artifacts import file_fingerprint, write_json
from ppgkd.training.loop import TrainingConfig
from ppgkd.training.students import (
    StudentConfig,
    TrainingInputs,
    read_training_inputs,
    train_student,
)
from ppgkd.views.augment import Augmentation
from ppgkd.views.cache import ViewCache, read_view_cache, write_view_cache
from ppgkd.views.examples import examples
from ppgkd.windows.read import Windows

TRAINING = TrainingConfig(
    epochs=4, batch_size=16, learning_rate=0.01, weight_decay=0.01, patience=9
)
SETTINGS: dict[str, dict[str, float]] = {
    "scratch": {},
    "hard": {"label_weight": 0.1},
    "soft": {"temperature": 2.0, "label_weight": 0.1},
    "dkd": {
        "alpha": 1.0,
        "beta": 2.0,
        "temperature": 2.0,
        "warmup_epochs": 2,
        "label_weight": 0.1,
    },
    "feature": {"feature_weight": 1.0, "label_weight": 1.0},
    "ordinal": {"label_weight": 0.1},
}
TARGETS_FILES = ("logits.npy", "features.npy", "targets.json")
every_strategy = pytest.mark.parametrize("strategy", SETTINGS)


@pytest.fixture(scope="module")
def transfer(tones: Callable[..., Windows], inputs: InputShape) -> Windows:
    """64 windows, a quarter of them without a reference."""
    made = tones(np.random.default_rng(0).uniform(60, 170, 64), inputs, seed=0)
    made.index.loc[::4, "hr_bpm"] = np.float32("nan")
    return made


@pytest.fixture(scope="module")
def val(tones: Callable[..., Windows], inputs: InputShape) -> Windows:
    return tones(np.random.default_rng(1).uniform(60, 170, 24), inputs, seed=1)


class Study:
    """Folders of a study: a view cache, a teacher and its targets."""

    def __init__(self, folder: Path) -> None:
        self.view_cache, self.teacher, self.targets = (
            folder / name for name in ("bank", "teacher", "targets")
        )

    @property
    def teaching(self) -> tuple[Path, Path]:
        return self.teacher / "metrics.json", self.targets

    def make(self, transfer: Windows, inputs: InputShape, *, seed: int = 0) -> None:
        windows = examples(transfer)
        write_view_cache(windows, inputs, Augmentation(), self.view_cache, views=2, seed=seed)
        self.make_teacher(inputs)
        digest = file_fingerprint(self.teacher / "model.safetensors")
        network, _, _ = load_model(self.teacher / "model.safetensors")
        write_targets(network, digest, read_view_cache(self.view_cache, windows), self.targets)

    def make_teacher(self, inputs: InputShape, seed: int = 0) -> None:
        weights = self.teacher / "model.safetensors"
        shape = SpectralResNetShape(8)
        save_model(weights, build_model(shape, inputs, seed), shape, inputs)
        write_json(self.teacher / "metrics.json", {"sha256": file_fingerprint(weights)})


@pytest.fixture(scope="module")
def study(transfer: Windows, inputs: InputShape, tmp_path_factory: pytest.TempPathFactory) -> Study:
    made = Study(tmp_path_factory.mktemp("study"))
    made.make(transfer, inputs)
    return made


@pytest.fixture
def own_study(transfer: Windows, inputs: InputShape, tmp_path: Path) -> Study:
    """A study that a test may spoil."""
    made = Study(tmp_path)
    made.make(transfer, inputs)
    return made


@pytest.fixture(scope="module")
def training_inputs(study: Study, transfer: Windows) -> TrainingInputs:
    return read_training_inputs(transfer, "spectra", study.view_cache, *study.teaching)


@pytest.fixture(scope="module")
def config(inputs: InputShape) -> StudentConfig:
    return StudentConfig(
        "scratch", {}, SpectralMLPShape(6), inputs, TRAINING, label_sd_bpm=2.0, seed=0
    )


def by_strategy(config: StudentConfig, strategy: str, **settings: float) -> StudentConfig:
    return replace(config, strategy=strategy, settings=SETTINGS[strategy] | settings)


def same(one: nn.Module, other: nn.Module) -> bool:
    """Whether all weights and running statistics are equal bit by bit."""
    pairs = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    return all(torch.equal(mine, theirs) for mine, theirs in pairs)


def without_time(history: pd.DataFrame) -> pd.DataFrame:
    return history.drop(columns="seconds")


def test_a_configuration_without_settings_of_its_own_has_those_of_the_study(
    config: StudentConfig,
) -> None:
    assert config.own_training == TRAINING
    assert config.own_label_sd_bpm == 2.0
    assert config.own_settings == {"learning_rate": 0.01, "label_sd_bpm": 2.0}


def test_a_strategys_own_learning_rate_and_label_width_take_their_place(
    config: StudentConfig,
) -> None:
    own = by_strategy(config, "soft", learning_rate=0.003, label_sd_bpm=1.5)
    assert own.own_training == replace(TRAINING, learning_rate=0.003)
    assert own.own_label_sd_bpm == 1.5
    assert own.own_settings == {
        "temperature": 2.0,
        "label_weight": 0.1,
        "learning_rate": 0.003,
        "label_sd_bpm": 1.5,
    }


def test_a_student_is_trained_with_its_own_learning_rate_and_label_width(
    config: StudentConfig, training_inputs: TrainingInputs, val: Windows
) -> None:
    own = replace(config, settings={"learning_rate": 0.02, "label_sd_bpm": 4.0})
    plain = replace(config, training=replace(TRAINING, learning_rate=0.02), label_sd_bpm=4.0)
    first, history = train_student(own, training_inputs, val)
    second, _ = train_student(plain, training_inputs, val)
    other, _ = train_student(config, training_inputs, val)
    assert same(first, second)
    assert not same(first, other)
    assert 0.01 < history["learning_rate"].max() <= 0.02


@every_strategy
def test_every_strategy_trains_a_student_and_sees_the_views_by_turns(
    strategy: str, config: StudentConfig, training_inputs: TrainingInputs, val: Windows
) -> None:
    model, history = train_student(by_strategy(config, strategy), training_inputs, val)
    assert list(history["view"]) == [0, 1, 0, 1]
    first, *_, last = history["train_loss"]
    assert last < first or strategy == "dkd", "whose loss grows during its warm-up"
    assert sum(p.numel() for p in model.parameters()) == SpectralMLPShape(6).n_params(config.inputs)
    assert not model.training


@every_strategy
def test_a_student_made_again_is_the_same_bit_by_bit(
    strategy: str, config: StudentConfig, training_inputs: TrainingInputs, val: Windows
) -> None:
    first, history = train_student(by_strategy(config, strategy), training_inputs, val)
    torch.rand(3)
    again, found = train_student(by_strategy(config, strategy), training_inputs, val)
    assert same(first, again)
    pd.testing.assert_frame_equal(without_time(found), without_time(history))


def test_scratch_needs_no_teacher(
    config: StudentConfig,
    training_inputs: TrainingInputs,
    val: Windows,
    study: Study,
    transfer: Windows,
) -> None:
    alone = read_training_inputs(transfer, "spectra", study.view_cache)
    assert alone.targets is None
    assert alone.teacher == "none"
    without, _ = train_student(config, alone, val)
    with_one, _ = train_student(config, training_inputs, val)
    assert same(without, with_one)


@pytest.mark.parametrize("strategy", [name for name in SETTINGS if name != "scratch"])
def test_the_other_strategies_are_refused_without_a_teacher(
    strategy: str, config: StudentConfig, training_inputs: TrainingInputs, val: Windows
) -> None:
    with pytest.raises(PpgkdError, match=f"'{strategy}' learns from a teacher"):
        train_student(
            by_strategy(config, strategy), TrainingInputs(training_inputs.view_cache), val
        )


def test_feature_is_refused_where_the_teacher_has_no_features(
    config: StudentConfig, training_inputs: TrainingInputs, val: Windows
) -> None:
    assert training_inputs.targets is not None
    bare = replace(training_inputs, targets=replace(training_inputs.targets, features=None))
    with pytest.raises(PpgkdError, match="'feature' needs a teacher with features"):
        train_student(by_strategy(config, "feature"), bare, val)
    model, _ = train_student(by_strategy(config, "soft"), bare, val)
    assert same(model, train_student(by_strategy(config, "soft"), training_inputs, val)[0])


@pytest.mark.parametrize("strategy", ["soft", "feature"])
def test_the_teachers_weights_may_be_gone_when_a_student_learns(
    strategy: str,
    config: StudentConfig,
    own_study: Study,
    study: Study,
    transfer: Windows,
    val: Windows,
) -> None:
    (own_study.teacher / "model.safetensors").unlink()
    found = read_training_inputs(transfer, "spectra", own_study.view_cache, *own_study.teaching)
    model, _ = train_student(by_strategy(config, strategy), found, val)
    there = read_training_inputs(transfer, "spectra", study.view_cache, *study.teaching)
    assert same(model, train_student(by_strategy(config, strategy), there, val)[0])


def test_a_students_job_imports_no_teacher_and_no_onnx_runtime() -> None:
    imported = "ppgkd.training.students, ppgkd.training.trained"
    code = f"import sys, {imported}; print(*sys.modules, sep='\\n')"
    found = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, env=os.environ
    ).stdout.splitlines()
    assert "ppgkd.training.students" in found
    unwanted = {
        "ppgkd.training.teachers",
        "ppgkd.training.read_teacher",
        "ppgkd.training.ensemble",
        "ppgkd.training.onnx_teacher",
        "onnxruntime",
    }
    assert unwanted.isdisjoint(found)


class Killed(BaseException):
    """Raised in place of a kill."""


class BreaksOff(ViewCache):
    """A view cache during whose third epoch the job is killed."""

    def of_epoch(self, epoch: int, sees: Seen) -> Any:
        if epoch == 2:
            raise Killed
        return super().of_epoch(epoch, sees)


@pytest.mark.parametrize("strategy", ["scratch", "dkd", "feature"])
def test_a_killed_student_ends_like_an_uninterrupted_one(
    strategy: str,
    config: StudentConfig,
    training_inputs: TrainingInputs,
    val: Windows,
    tmp_path: Path,
) -> None:
    own, path, view_cache = (
        by_strategy(config, strategy),
        tmp_path / "state.pt",
        training_inputs.view_cache,
    )
    undisturbed, history = train_student(own, training_inputs, val)
    broken = BreaksOff(**vars(view_cache))
    with pytest.raises(Killed):
        train_student(own, replace(training_inputs, view_cache=broken), val, path)
    assert path.is_file()
    resumed, found = train_student(own, training_inputs, val, path)
    assert same(resumed, undisturbed)
    pd.testing.assert_frame_equal(without_time(found), without_time(history))
    assert [*tmp_path.iterdir()] == [path]


Cell = tuple[StudentConfig, TrainingInputs, Windows]
OTHERS: dict[str, Callable[[StudentConfig, TrainingInputs, Windows], Cell]] = {
    "the seed": lambda r, s, v: (replace(r, seed=1), s, v),
    "the strategy": lambda r, s, v: (by_strategy(r, "hard"), s, v),
    "a setting": lambda r, s, v: (by_strategy(r, "soft", temperature=3.0), s, v),
    "the learning rate": lambda r, s, v: (by_strategy(r, "soft", learning_rate=0.02), s, v),
    "the training": lambda r, s, v: (replace(r, training=replace(TRAINING, epochs=3)), s, v),
    "the network": lambda r, s, v: (replace(r, shape=SpectralMLPShape(7)), s, v),
    "the teacher": lambda r, s, v: (r, replace(s, teacher="another"), v),
    "the view cache": lambda r, s, v: (
        r,
        replace(s, view_cache=replace(s.view_cache, fingerprint="another")),
        v,
    ),
    "the windows to choose by": lambda r, s, v: (r, s, replace(v, signal=v.signal[::-1].copy())),
}


@pytest.mark.parametrize("change", OTHERS.values(), ids=OTHERS)
def test_the_state_of_another_student_is_not_used(
    change: Callable[[StudentConfig, TrainingInputs, Windows], Cell],
    config: StudentConfig,
    training_inputs: TrainingInputs,
    val: Windows,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    path, own = tmp_path / "state.pt", by_strategy(config, "soft")
    train_student(own, training_inputs, val, path)
    other = change(own, training_inputs, val)
    with caplog.at_level("INFO", logger="ppgkd"):
        anew, _ = train_student(*other, path)
    assert f"{path} belongs to another training: starting again" in caplog.text
    assert same(anew, train_student(*other)[0])


def test_training_inputs_are_the_view_cache_the_teachers_fingerprint_and_its_targets(
    study: Study, training_inputs: TrainingInputs, transfer: Windows
) -> None:
    digest = file_fingerprint(study.teacher / "model.safetensors")
    assert training_inputs.teacher == digest
    assert training_inputs.targets is not None
    assert (
        training_inputs.view_cache.n_windows
        == training_inputs.targets.logits.shape[1]
        == len(transfer)
    )
    assert isinstance(training_inputs.view_cache.spectra, np.memmap)
    assert training_inputs.view_cache.signal is None, "a spectral student needs no signal"
    assert isinstance(training_inputs.targets.logits, np.memmap)


def refusal(transfer: Windows, view_cache: Path, *teaching: Path) -> str:
    with pytest.raises(PpgkdError) as caught:
        read_training_inputs(transfer, "spectra", view_cache, *teaching)
    message = str(caught.value)
    assert "Delete it" in message
    assert "run the workflow again" in message
    return message


def test_a_view_cache_of_other_windows_is_refused(
    study: Study, tones: Callable[..., Windows], inputs: InputShape
) -> None:
    other = tones(np.linspace(60, 170, 64), inputs)
    message = refusal(other, study.view_cache, *study.teaching)
    assert f"view cache {study.view_cache} was made from another window table" in message


def test_a_view_cache_whose_references_were_not_withheld_is_refused(
    study: Study, transfer: Windows
) -> None:
    known = replace(transfer, index=transfer.index.assign(hr_bpm=transfer.index.hr_bpm.fillna(80)))
    assert "another window table" in refusal(known, study.view_cache, *study.teaching)


def test_targets_of_a_view_cache_of_another_seed_are_refused(
    study: Study, own_study: Study, transfer: Windows, inputs: InputShape
) -> None:
    write_view_cache(
        examples(transfer), inputs, Augmentation(), own_study.view_cache, views=2, seed=1
    )
    message = refusal(transfer, own_study.view_cache, *study.teaching)
    assert f"targets folder {study.targets} was made for another view cache" in message


def test_targets_of_a_teacher_that_was_trained_again_are_refused(
    own_study: Study, transfer: Windows, inputs: InputShape
) -> None:
    own_study.make_teacher(inputs, seed=1)
    message = refusal(transfer, own_study.view_cache, *own_study.teaching)
    assert f"targets folder {own_study.targets} was made for another teacher" in message


@pytest.mark.parametrize("content", ["", "{", json.dumps({"mae_bpm": 1.0}), "[]", "null"])
def test_metrics_of_a_teacher_that_cannot_be_read_are_refused(
    content: str, own_study: Study, transfer: Windows
) -> None:
    metrics = own_study.teacher / "metrics.json"
    metrics.write_text(content)
    message = refusal(transfer, own_study.view_cache, *own_study.teaching)
    assert f"metrics {metrics} cannot be read" in message


def test_metrics_of_a_teacher_that_are_missing_are_refused(
    own_study: Study, transfer: Windows
) -> None:
    (own_study.teacher / "metrics.json").unlink()
    assert "cannot be read" in refusal(transfer, own_study.view_cache, *own_study.teaching)


@pytest.mark.parametrize("name", TARGETS_FILES)
def test_targets_that_are_cut_short_are_refused(
    name: str, own_study: Study, transfer: Windows
) -> None:
    path = own_study.targets / name
    path.write_bytes(path.read_bytes()[:-40])
    message = refusal(transfer, own_study.view_cache, *own_study.teaching)
    assert f"targets folder {own_study.targets} cannot be read" in message
