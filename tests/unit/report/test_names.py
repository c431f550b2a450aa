"""What students and strategies are called."""

from ppgkd.report.names import student_name
from ppgkd.strategies.labels import strategy_label, training_label


def test_a_student_is_named_by_its_shape_its_strategy_and_its_teacher() -> None:
    row = {"student": "spectral_resnet-350", "strategy": "feature", "teacher": "big-60000"}
    assert student_name(row) == "spectral_resnet-350, features from big-60000"
    scratch = {"student": "spectral_resnet-350", "strategy": "scratch", "teacher": "none"}
    assert student_name(scratch) == "spectral_resnet-350, from scratch"


def test_a_strategy_that_is_not_known_keeps_its_name() -> None:
    assert strategy_label("soft") == "soft targets"
    assert training_label("own", "none") == "own"
