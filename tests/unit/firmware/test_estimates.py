"""The C of a student estimates what `HeartRateStream` does, in float32."""

from collections.abc import Callable

import numpy as np
import onnx
import pytest
from tests.unit.firmware.conftest import (
    FLOAT_TOLERANCE_BPM,
    NativeStudent,
    Samples,
    assert_equal,
)

from ppgkd.export.packaged_student import PACKAGED_STUDENT
from ppgkd.export.student import read_student
from ppgkd.inference.stream import estimate_recording
from ppgkd.simulation.subject import simulate_subject

Compile = Callable[..., NativeStudent]


@pytest.fixture(scope="module")
def packaged() -> onnx.ModelProto:
    return read_student(PACKAGED_STUDENT)


@pytest.fixture(scope="module")
def in_c(native: Compile, packaged: onnx.ModelProto) -> NativeStudent:
    return native(packaged)


@pytest.fixture(scope="module")
def walk() -> Samples:
    """Two minutes of a simulated person, at 50 Hz: one PPG channel and acceleration."""
    return simulate_subject(0, 120.0, seed=0).signal[[0, 3, 4, 5]]


def test_a_simulated_recording(in_c: NativeStudent, walk: Samples) -> None:
    expected = estimate_recording(PACKAGED_STUDENT, walk)

    assert_equal(in_c.estimates(walk), expected, FLOAT_TOLERANCE_BPM)
    assert np.mean([estimate.valid for estimate in expected]) > 0.5


def test_gaps_placeholders_and_saturation(in_c: NativeStudent, walk: Samples) -> None:
    broken = walk.copy()
    broken[:, 1000:1010] = np.nan  # bridged
    broken[0, 1500:1502] = 0  # bridged placeholders
    broken[0, 2100:2130] = np.nan  # too long
    broken[2, 2700:2740] = np.inf
    broken[0, 3300:3400] = 65_535
    broken[0, 4000:4700] = broken[0, 4000]  # flat
    expected = estimate_recording(PACKAGED_STUDENT, broken)

    assert_equal(in_c.estimates(broken), expected, FLOAT_TOLERANCE_BPM)
    assert sum(estimate.reason == "no signal" for estimate in expected) > 5
