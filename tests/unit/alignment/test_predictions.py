"""Which network says when the heart rate changes in a recording."""

from collections.abc import Callable

import pandas as pd
import pytest
import torch
from torch import Tensor, nn

from ppgkd.alignment.predictions import predict_recordings
from ppgkd.evaluation.score import score
from ppgkd.heart_rate import BPM_MIN, N_CLASSES
from ppgkd.models.capacity import InputShape
from ppgkd.models.output import Output
from ppgkd.splits.study_windows import StudyWindows
from ppgkd.windows.read import Windows

# Who predicts


class Says(nn.Module):
    """A network that answers one rate whatever it sees."""

    def __init__(self, bpm: int) -> None:
        super().__init__()
        self.bpm = bpm

    def forward(self, window: Tensor) -> Output:
        sure = torch.full((len(window), N_CLASSES), -100.0)
        sure[:, self.bpm - BPM_MIN] = 0.0
        return Output(sure, window[:, :1, :1])


def says(bpm: int) -> Callable[[Windows], pd.DataFrame]:
    return lambda windows: score(Says(bpm), windows)[0]


@pytest.fixture
def of_subjects(tones: Callable[..., Windows], inputs: InputShape) -> Callable[..., Windows]:
    return lambda *subjects: tones([60.0] * 2 * len(subjects), inputs, subjects=subjects)


def who_predicted(table: pd.DataFrame) -> dict[str, tuple[float, str]]:
    one_each = table.drop_duplicates(["subject", "pred_bpm", "role"])
    assert one_each["subject"].is_unique
    return {row.subject: (row.pred_bpm, row.role) for row in one_each.itertuples()}


def test_with_folds_a_recording_is_predicted_by_the_network_that_is_tested_on_it(
    of_subjects: Callable[..., Windows],
) -> None:
    first = StudyWindows(
        train=of_subjects("ada"),
        val=of_subjects("bo"),
        test=of_subjects("cy"),
        pretrain=of_subjects("di"),
    )
    second = StudyWindows(
        train=of_subjects("bo"),
        val=of_subjects("cy"),
        test=of_subjects("ada"),
        pretrain=of_subjects("di"),
    )
    table = predict_recordings([says(100), says(120)], [first, second])
    assert len(table) == 8
    assert who_predicted(table) == {
        "ada": (120, "test"),
        "bo": (100, "val"),
        "cy": (100, "test"),
        "di": (100, "pretrain"),
    }


def test_without_folds_all_recordings_are_predicted_by_the_one_network(
    of_subjects: Callable[..., Windows],
) -> None:
    study = StudyWindows(
        train=of_subjects("ada", "bo"), val=of_subjects("cy"), test=of_subjects("di")
    )
    table = predict_recordings([says(100)], [study])
    assert who_predicted(table) == {
        "ada": (100, "train"),
        "bo": (100, "train"),
        "cy": (100, "val"),
        "di": (100, "test"),
    }
    assert list(table["window"]) == [0, 1] * 4
