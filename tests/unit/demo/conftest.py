"""A student whose rule of validity refuses for every reason."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from tests.unit.export.conftest import Exported

from ppgkd.export.student import change_rate, model_card_of, read_student, write_student
from ppgkd.inference.model_card import ModelCard

BOUNDS = {
    "max_filtered_sd_bpm": "12",
    "learned_min_bpm": "55",
    "learned_max_bpm": "170",
    "min_not_double": "0.4",
    "min_not_half": "0.2",
    "min_probability": "0.5",
}


@pytest.fixture(scope="session")
def peak_file(
    peak_student: Exported, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[float], tuple[Path, ModelCard]]:
    """File and model card of a student that finds the spectrum's peak, for a sensor's rate."""
    folder = tmp_path_factory.mktemp("peak")

    @cache
    def make(rate_hz: float) -> tuple[Path, ModelCard]:
        model = change_rate(read_student(peak_student.path), rate_hz)
        for entry in model.metadata_props:
            name = entry.key.removeprefix("ppgkd.")
            entry.value = BOUNDS.get(name, entry.value)
        path = folder / f"student-{rate_hz:g}hz.onnx"
        write_student(model, path)
        return path, model_card_of(model, path)

    return make
