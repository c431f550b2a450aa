"""The model card of a student."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ppgkd.distill.teacher_estimates import (
    EstimatesAbout,
    TeacherEstimates,
    write_estimates,
)
from ppgkd.export.make_model_card import make_model_card
from ppgkd.inference.model_card import ModelCard
from ppgkd.inference.online_filter import Transition
from ppgkd.inference.validity import ValidityBounds
from ppgkd.models.capacity import InputShape
from ppgkd.published.registry import PUBLISHED
from ppgkd.runtime.revision import code_revision
from ppgkd.splits.study_windows import StudyWindows
from ppgkd.study.parse import parse_study
from ppgkd.study.study import Study
from ppgkd.windows.preprocessing import PREPROCESSING_VERSION
from ppgkd.windows.read import Windows, concatenate_windows

BAMI = "Free for academic research with citation."
SPC = "Free for research with citation."
SIMULATED = "Made by this program; free of terms."

CELL = {
    "strategy": "soft",
    "teacher": "spectral_resnet-3000",
    "family": "spectral_resnet",
    "capacity": "350",
    "seed": "1",
    "fold": "2",
}
BOUNDS = ValidityBounds(11.0, 7.0, 42.0, 190.0, 0.6, 0.1, 0.5, -2.0, 1.0, 3.0, 2.0, -1.0)

METRICS = {"mae_bpm": 2.5, "mae_lower_bpm": 2.0, "mae_upper_bpm": 3.25, "rmse_bpm": 4.0}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """Trains on BAMI-1, tests on SPC, pretrains teachers on the cohort, BAMI-2 is unlabelled."""
    own = tmp_path_factory.mktemp("teacher") / "mine.onnx"
    own.touch()
    about = EstimatesAbout(
        made_by="a watch", version="7", licence="CC0", citation="me, 2026.", trained_on=None
    )
    said = TeacherEstimates(
        np.array(["walk"], object), np.array([4.0]), np.full((1, 180), 1 / 180, "f4"), about
    )
    write_estimates(own.with_name("bami2.parquet"), said)
    config: dict[str, Any] = {
        "study": "hand-made",
        "datasets": {
            "simulated": {"pretrain": 1},
            "bami2": {"unlabelled": 1},
            "ieee_spc_test": {"test": 1},
            "bami1": {"train": 0.8, "val": 0.2},
        },
        "windows": {"length_s": 8, "stride_s": 1, "rate_hz": 25, "low_hz": 0.5, "high_hz": 7},
        "inputs": {"ppg_channels": 2},
        "teachers": {
            "spectral_resnet": [3000],
            "smoothed": ["spectral_resnet-3000"],
            "joint": {
                "all": {"members": ["recorded-watch", "beliefppg", "spectral_resnet-3000-smoothed"]}
            },
            "onnx": {"mine": str(own)},
            "published": ["beliefppg"],
            "recorded": {
                "watch": {"estimates": str(own.with_name("bami2.parquet")), "datasets": ["bami2"]}
            },
        },
        "students": {"spectral_resnet": [350]},
        "strategies": {"scratch": {}, "soft": {"label_weight": 1}},
    }
    return parse_study(config)


@pytest.fixture(scope="module")
def windows(tones: Callable[..., Windows], inputs: InputShape) -> StudyWindows:
    def of(dataset: str, *subjects: str) -> Windows:
        made = tones([60.0, 70.0, 80.0, 90.0], inputs, subjects=subjects)
        return replace(made, index=made.index.assign(dataset=dataset))

    return StudyWindows(
        train=of("bami1", "ada", "bo"),
        val=of("bami1", "cy"),
        test=of("ieee_spc_test", "fay", "dee", "eve"),
        pretrain=of("simulated", "sim-01"),
        unlabelled=of("bami2", "gus"),
    )


@pytest.fixture(scope="module")
def made(study: Study, windows: StudyWindows) -> Callable[..., ModelCard]:
    def card(cell: dict[str, str] = CELL, **parts: Windows | None) -> ModelCard:
        return make_model_card(
            study,
            cell,
            replace(windows, **parts),
            METRICS,
            125.0,
            Transition(2.8, 4e-4, 1.0),
            BOUNDS,
        )

    return card


def test_it_names_the_datasets_of_all_training_and_their_terms(
    made: Callable[..., ModelCard],
) -> None:
    card = made()
    assert card.trained_on == ("simulated", "bami2", "bami1")
    assert card.terms == f"simulated: {SIMULATED} bami2: {BAMI} bami1: {BAMI}"


def test_a_dataset_that_is_only_tested_on_is_not_among_them(made: Callable[..., ModelCard]) -> None:
    card = made(pretrain=None, unlabelled=None)
    assert card.trained_on == ("bami1",)
    assert card.terms == f"bami1: {BAMI}"


def test_a_dataset_that_only_selected_the_weights_is_among_them(
    made: Callable[..., ModelCard], windows: StudyWindows
) -> None:
    index = windows.val.index.assign(dataset="ieee_spc_test")
    card = made(pretrain=None, unlabelled=None, val=replace(windows.val, index=index))
    assert card.trained_on == ("ieee_spc_test", "bami1")
    assert card.terms == f"ieee_spc_test: {SPC} bami1: {BAMI}"


def test_a_student_without_a_teacher_does_not_name_the_pretraining_datasets(
    made: Callable[..., ModelCard],
) -> None:
    card = made({**CELL, "strategy": "scratch", "teacher": "none"})
    assert card.trained_on == ("bami2", "bami1")


def test_the_training_data_of_a_teacher_of_the_users_own_are_unknown(
    made: Callable[..., ModelCard],
) -> None:
    card = made({**CELL, "teacher": "onnx-mine"})
    assert card.trained_on == ("bami2", "bami1")
    assert card.terms.endswith(
        " onnx-mine: a teacher of the user's own, whose data and terms are not known."
    )


def test_a_published_teacher_has_its_licence_and_citation_and_what_it_may_have_seen(
    made: Callable[..., ModelCard],
) -> None:
    terms = made({**CELL, "teacher": "beliefppg"}).terms
    published = PUBLISHED["beliefppg"]
    made_by = f"beliefppg: BeliefPPG (decoding: online) {published.version}, MIT"
    assert f"{made_by}; cite {published.citation}" in terms
    assert "may have learned from ppg_dalia, wesad, bami1, bami2, ieee_spc_train" in terms
    assert "not known" not in terms


def test_recorded_estimates_have_the_licence_and_citation_that_their_file_names(
    made: Callable[..., ModelCard],
) -> None:
    terms = made({**CELL, "teacher": "recorded-watch"}).terms
    assert terms.endswith(
        " recorded-watch on bami2: a watch 7, CC0; cite me, 2026. It may have learned from data "
        "that are not known."
    )


def test_teachers_that_teach_together_have_the_terms_and_datasets_of_each(
    made: Callable[..., ModelCard],
) -> None:
    card = made({**CELL, "teacher": "joint-all"})
    assert "recorded-watch on bami2: a watch 7, CC0" in card.terms
    assert "beliefppg: BeliefPPG (decoding: online)" in card.terms
    # the smoothed one was pretrained on the cohort
    assert card.trained_on == ("simulated", "bami2", "bami1")


def test_the_subjects_held_out_are_the_test_subjects(
    made: Callable[..., ModelCard],
) -> None:
    assert made().subjects_held_out == ("dee", "eve", "fay")


def test_another_fold_has_other_subjects_held_out(
    made: Callable[..., ModelCard], windows: StudyWindows
) -> None:
    both = concatenate_windows([windows.val, windows.train])
    assert made(test=both).subjects_held_out == ("ada", "bo", "cy")


def test_after_the_final_training_nobody_is_held_out(made: Callable[..., ModelCard]) -> None:
    assert made({**CELL, "fold": "final"}).subjects_held_out == ()


def test_it_has_the_error_on_them_with_its_interval(made: Callable[..., ModelCard]) -> None:
    card = made()
    assert (card.test_mae_lower_bpm, card.test_mae_bpm, card.test_mae_upper_bpm) == (2.0, 2.5, 3.25)


def test_it_has_the_segmentation_and_preprocessing(made: Callable[..., ModelCard]) -> None:
    card = made()
    assert (card.rate_hz, card.window_s, card.stride_s) == (125.0, 8.0, 1.0)
    assert (card.model_rate_hz, card.low_hz, card.high_hz) == (25.0, 0.5, 7.0)
    assert card.preprocessing_version == PREPROCESSING_VERSION
    assert card.channels == ("ppg_1", "ppg_2", "acc_x", "acc_y", "acc_z")
    assert card.units == ("counts", "counts", "g", "g", "g")
    assert (card.bpm_min, card.bpm_max) == (30, 209)


def test_it_has_the_filter_and_the_bounds_of_a_valid_estimate(
    made: Callable[..., ModelCard],
) -> None:
    card = made()
    assert card.transition == Transition(2.8, 4e-4, 1.0)
    for online_filter in (False, True):
        rule = card.validity_rule(online_filter=online_filter)
        assert rule == BOUNDS.rule(online_filter=online_filter)


def test_it_names_the_cell_of_the_weights(made: Callable[..., ModelCard]) -> None:
    card = made()
    assert (card.study, card.strategy, card.teacher) == (
        "hand-made",
        "soft",
        "spectral_resnet-3000",
    )
    assert (card.student, card.seed, card.fold) == ("spectral_resnet-350", 1, "2")
    assert card.revision == code_revision()


def test_a_study_without_folds_names_none(made: Callable[..., ModelCard]) -> None:
    cell = {key: value for key, value in CELL.items() if key != "fold"}
    assert made(cell).fold == ""
