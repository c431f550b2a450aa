"""The student that comes with the package, for recordings of people who have trained none."""

from __future__ import annotations

import sys
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import onnx

from ppgkd.export.student import change_rate, model_card_of, read_student, write_student

PACKAGED_STUDENT = Path(__file__).parent / "packaged_student.onnx"
"""Made by ``make packaged-student`` from ``studies/packaged_student.yaml``."""


def packaged_student(folder: Path, rate_hz: float) -> Path:
    """Write the packaged student for the rate of a sensor, once for each rate.

    Parameters
    ----------
    folder
        Where it is written.
    rate_hz
        Sampling rate of the sensor.

    Raises
    ------
    PpgkdError
        If the rate is outside `ppgkd.export.student.RATES_HZ`, or a window would not have an
        integer number of samples.
    """
    path = folder / f"packaged_student-{rate_hz!r}hz.onnx"
    if not path.exists():
        write_student(change_rate(read_student(PACKAGED_STUDENT), rate_hz), path)
    return path


def about_packaged_student() -> str:
    """What a user must know of the packaged student, in one sentence."""
    card = model_card_of(read_student(PACKAGED_STUDENT), PACKAGED_STUDENT)
    return (
        f"the student is the one that comes with ppgkd, {card.student}; it has learned from "
        f"{', '.join(card.trained_on)}, and docs/packaged-student.md says what it errs by on others"
    )


def pack(results: str | Path) -> None:
    """Put the recommended student of a finished study into the package.

    Its revision is the version of the package, so that it is the same file after each commit.
    """
    path = Path(results) / "recommended" / "student.onnx"
    student = read_student(path)
    card = replace(model_card_of(student, path), revision=version("ppgkd"))
    onnx.helper.set_model_props(student, card.metadata)
    write_student(student, PACKAGED_STUDENT)


if __name__ == "__main__":
    pack(sys.argv[1])
