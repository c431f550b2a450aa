"""An invalid configuration is refused before any job, with a message."""

from collections.abc import Callable

import pytest

LISTS = {"train": ["sim-01", "sim-02"], "val": ["sim-03"], "test": ["sim-04"]}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"epochs": 3}, ["unknown keys ['epochs']", "'training'"]),
        ({"views ": 3}, ["unknown keys ['views ']", "did you mean 'views'?"]),
        ({"seeds": "0"}, ["'seeds' must be a list", "'0'"]),
        ({"datasets": {"dalia": {"train": 1}}}, ["'dalia'", "bami1"]),
        ({"strategies": {"softer": {}}}, ["'softer'", "'soft'"]),
        ({"students": {"spectral_resnet": [3]}}, ["3", "spectral_resnet"]),
        (
            {"datasets": {"simulated": {**LISTS, "test": ["sim-01"]}}},
            ["sim-01", "'train'", "'test'"],
        ),
        ({"datasets": {"simulated": {"train": 0.5, "test": 0.5}}}, ["'val'"]),
        ({"folds": 5}, ["'folds: 5'", "'test' must be 0.2", "0.33"]),
        ({"teachers": {"onnx": {"own": "own.onnx"}}}, ["own.onnx", "'onnx-own' does not exist"]),
        (
            {"tuning": {"student": "spectral_resnet-350", "teacher": "spectral_resnet-1"}},
            ["'tuning.teacher'", "'spectral_resnet-1'", "['spectral_resnet-3000']"],
        ),
    ],
)
def test_the_message_names_what_is_wrong_and_what_is_allowed(
    workflow: Callable, changes: dict, expected: list[str]
) -> None:
    done = workflow(**changes).run(options=("--dry-run",))
    assert done.returncode != 0
    for part in expected:
        assert part in done.stdout
    assert "Traceback" not in done.stdout
    assert 'File "' not in done.stdout
