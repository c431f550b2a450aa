"""The view cache has what the study's students see, and no more."""

from collections.abc import Callable

import pytest
from tests.workflow import Workflow


@pytest.mark.parametrize(
    ("family", "has_spectra"), [("waveform_mlp", False), ("spectral_resnet", True)]
)
def test_spectra_are_kept_where_a_student_sees_them(
    workflow: Callable[..., Workflow], family: str, has_spectra: bool
) -> None:
    study = workflow(students={family: [3_000]}, strategies={"scratch": {}})
    student = f"students/scratch/none/{family}-3000/seed0/metrics.json"
    study.make(f"results/tiny/{student}")
    assert (study.results / "bank/seed0/signal.npy").is_file()
    assert (study.results / "bank/seed0/spectra.npy").is_file() == has_spectra
