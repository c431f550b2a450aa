"""Estimates of a teacher of the study, smoothed by recording."""

import numpy as np
import pandas as pd
import torch
from tests.unit.conftest import tone_windows
from torch import Tensor, nn

from ppgkd.inference.online_filter import Transition
from ppgkd.inference.smoother import smooth_windows
from ppgkd.models.capacity import InputShape
from ppgkd.models.output import Output
from ppgkd.splits.study_windows import StudyWindows
from ppgkd.training.recorded_teacher import RecordedTeacher
from ppgkd.training.smoothed_teacher import smoothed_estimates
from ppgkd.windows.read import Windows

INPUTS = InputShape(ppg_channels=1, acc_channels=0, n_samples=200, rate_hz=25.0)
TRANSITION = Transition(sd_bpm=2.0, jump_probability=0.01, stride_s=2.0)
ABOUT = {"made_by": "net", "version": "1", "licence": "", "citation": "", "params": 3}
SHA256 = {("tones", f"{who}-1"): f"of {who}" for who in ("ada", "bo", "cy", "di")}


class Power(nn.Module):
    """Logits of the power at each rate."""

    def forward(self, window: Tensor) -> Output:
        time_s = torch.arange(window.shape[2]) / INPUTS.rate_hz
        phase = 2 * torch.pi / 60 * torch.arange(30, 210)[:, None] * time_s
        power = (window[:, 0] @ phase.cos().T).square() + (window[:, 0] @ phase.sin().T).square()
        return Output(power / 500, window[:, :, :1])


def part(*subjects: str, seed: int = 0, n: int = 6) -> Windows:
    made = tone_windows(np.repeat(np.linspace(70, 80, n), len(subjects)), INPUTS, subjects, seed)
    made.signal[2 * len(subjects)] = 0  # one window of the first subject shows nothing
    return made


STUDY = StudyWindows(
    train=part("ada", "bo"), val=part("cy"), test=part("di"), pretrain=part("ada", seed=3)
)


def made(study: StudyWindows = STUDY) -> RecordedTeacher:
    found = smoothed_estimates(Power(), study, TRANSITION, ["tones", "others"], ABOUT, SHA256)
    assert list(found) == ["tones", "others"]
    assert len(found["others"].recording) == 0
    return RecordedTeacher(found, "a digest")


def test_every_window_gets_the_smoothed_estimate_of_its_recording() -> None:
    teacher = made()
    for windows in (STUDY.train, STUDY.val, STUDY.test):
        logits = Power()(torch.from_numpy(windows.signal)).logits
        alone = torch.softmax(logits, dim=1).numpy().astype(np.float64)
        found = teacher.probabilities_of(windows)
        for _, rows in windows.index.groupby("recording").indices.items():
            expected = smooth_windows(alone[rows], np.arange(len(rows)), TRANSITION)
            np.testing.assert_allclose(found[rows], expected, atol=1e-6)


def test_after_the_last_training_which_tests_nobody_each_window_has_one_estimate() -> None:
    cy = part("cy")
    teacher = made(StudyWindows(train=part("ada", "bo"), val=cy, test=cy))
    np.testing.assert_array_equal(teacher.probabilities_of(cy), made().probabilities_of(STUDY.val))


def test_a_window_that_shows_nothing_is_known_by_its_neighbours() -> None:
    found = made().probabilities_of(STUDY.test)
    assert abs(30 + found[2].argmax() - 74) <= 2


def test_it_knows_no_reference() -> None:
    def withheld(windows: Windows) -> Windows:
        return Windows(
            windows.index.assign(hr_bpm=np.nan), windows.signal, windows.channels, windows.rate_hz
        )

    hidden = StudyWindows(
        train=withheld(STUDY.train), val=withheld(STUDY.val), test=withheld(STUDY.test)
    )
    for windows in (STUDY.train, STUDY.test):
        np.testing.assert_array_equal(
            made(hidden).probabilities_of(windows), made().probabilities_of(windows)
        )


def test_it_says_what_it_was_made_from() -> None:
    about = made().estimates["tones"].about
    assert about.recordings == {f"{who}-1": f"of {who}" for who in ("ada", "bo", "cy", "di")}
    assert about.trained_on == ["tones"]
    assert about.params == 3


def test_channels_that_are_recordings_of_their_own_are_smoothed_apart() -> None:
    two = part("ada")
    other = part("ada", seed=9)
    other.index["recording"] = "ada-1@ppg_2"
    other.signal[:, 0] = -other.signal[::-1, 0]
    both = Windows(
        pd.concat([two.index, other.index], ignore_index=True),
        np.concatenate([two.signal, other.signal]),
        two.channels,
        two.rate_hz,
    )
    study = StudyWindows(train=both, val=part("cy"), test=part("di"))
    sha256 = SHA256 | {("tones", "ada-1@ppg_2"): "of ada"}
    found = smoothed_estimates(Power(), study, TRANSITION, ["tones"], ABOUT, sha256)
    said = RecordedTeacher(found, "a digest").probabilities_of(both).argmax(axis=1) + 30
    assert np.abs(said[[0, 5]] - [70, 80]).max() <= 2
    assert np.abs(said[[6, 11]] - [80, 70]).max() <= 2
