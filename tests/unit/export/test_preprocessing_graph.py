"""The preprocessing graph against `windows.preprocessing`, and on windows without a signal."""

from functools import cache

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray

from ppgkd.export.preprocessing_graph import preprocessing_graph
from ppgkd.windows.preprocessing import WindowSpec, preprocess, resampling_matrix

Raw = NDArray[np.float32]

SPEC = WindowSpec(length_s=8.0, stride_s=2.0, rate_hz=25.0, low_hz=0.4, high_hz=8.0)
RATES_HZ = (25, 32, 50, 64, 100, 125)
TOLERANCE = 5e-6
"""Of a PPG channel's standard deviation, and in g: what float32 gives, 3e-6, with some room."""

RATE_HZ, PPG_CHANNELS, ACC_CHANNELS = 50, 2, 3
"""Of the tests of single channels."""


@cache
def session_of(rate_hz: float, ppg: int, acc: int) -> onnxruntime.InferenceSession:
    content = preprocessing_graph(SPEC, rate_hz, ppg, acc).SerializeToString()
    return onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])


def run(
    raw: Raw, rate_hz: float = RATE_HZ, ppg: int = PPG_CHANNELS, acc: int = ACC_CHANNELS
) -> Raw:
    found: Raw = session_of(rate_hz, ppg, acc).run(["window"], {"raw": raw})[0]
    return found


def expected(raw: Raw, rate_hz: float, ppg: int, acc: int) -> Raw:
    channels = [f"ppg_{n + 1}" for n in range(ppg)] + ["acc_x", "acc_y", "acc_z"][:acc]
    return preprocess(raw, resampling_matrix(SPEC, rate_hz), tuple(channels))


def recording(rate_hz: float, ppg: int, acc: int, *, level: float, pulse: float) -> Raw:
    """Windows with a pulse, noise of a tenth of it, motion and gravity; PPG in whole counts."""
    rng = np.random.default_rng(0)
    n_windows, n_samples = 16, round(8 * rate_hz)
    time_s = np.arange(n_samples) / rate_hz
    hr_hz = rng.uniform(40, 200, (n_windows, 1, 1)) / 60
    phase = rng.uniform(0, 2 * np.pi, (n_windows, ppg, 1))
    wave = np.sin(2 * np.pi * hr_hz * time_s + phase) + 0.1 * rng.standard_normal(
        (n_windows, ppg, n_samples)
    )
    motion = np.array([0.0, 0.0, 1.0])[:acc, None] + 0.5 * rng.standard_normal(
        (n_windows, acc, n_samples)
    )
    return np.concatenate([np.round(level + pulse * wave), motion], axis=1).astype(np.float32)


@pytest.fixture(scope="module")
def usual() -> Raw:
    return recording(RATE_HZ, PPG_CHANNELS, ACC_CHANNELS, level=30_000, pulse=250)


@pytest.mark.parametrize("rate_hz", RATES_HZ)
@pytest.mark.parametrize(("ppg", "acc"), [(1, 0), (1, 3), (2, 3), (3, 0), (3, 3)])
def test_it_computes_what_the_preprocessing_computes(rate_hz: float, ppg: int, acc: int) -> None:
    raw = recording(rate_hz, ppg, acc, level=0, pulse=250)
    found = run(raw, rate_hz, ppg, acc)
    assert found.shape == (16, ppg + acc, 200)
    np.testing.assert_allclose(found, expected(raw, rate_hz, ppg, acc), rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_a_pulse_of_20_counts_on_50_000_is_as_exact(rate_hz: float) -> None:
    raw = recording(rate_hz, 2, 3, level=50_000, pulse=20)
    np.testing.assert_allclose(
        run(raw, rate_hz), expected(raw, rate_hz, 2, 3), rtol=0, atol=TOLERANCE
    )


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_beside_a_drift_of_250_pulses_the_error_is_below_a_thousandth(rate_hz: float) -> None:
    raw = recording(rate_hz, 2, 3, level=50_000, pulse=20)
    time_s = np.arange(raw.shape[2]) / rate_hz
    raw[:, :2] += np.round(5_000 * np.cos(2 * np.pi * time_s / 16)).astype(np.float32)
    np.testing.assert_allclose(run(raw, rate_hz), expected(raw, rate_hz, 2, 3), rtol=0, atol=5e-4)


@pytest.mark.parametrize("unit", [1e-30, 1e-9, 1e9, 1e20])
def test_the_unit_of_the_counts_does_not_matter(usual: Raw, unit: float) -> None:
    scaled = usual.copy()
    scaled[:, :2] *= np.float32(unit)
    np.testing.assert_allclose(run(scaled), run(usual), rtol=0, atol=5 * TOLERANCE)


def test_another_pass_band_and_length() -> None:
    spec = WindowSpec(length_s=6.0, stride_s=1.0, rate_hz=32.0, low_hz=0.7, high_hz=4.0)
    raw = recording(RATE_HZ, 1, 0, level=0, pulse=250)[:, :, :300]
    session = onnxruntime.InferenceSession(preprocessing_graph(spec, 50, 1, 0).SerializeToString())
    found = session.run(["window"], {"raw": raw})[0]
    matrix = resampling_matrix(spec, 50)
    np.testing.assert_allclose(found, preprocess(raw, matrix, ("ppg_1",)), rtol=0, atol=TOLERANCE)


# What is no signal


@pytest.mark.parametrize("level", [0.0, 1.0, -3.7, 50_000.3, 65_535.0, 1e7])
def test_a_dead_channel_becomes_zeros_and_the_others_stay(usual: Raw, level: float) -> None:
    raw = usual.copy()
    raw[:, 1] = level
    found = run(raw)
    assert not found[:, 1].any()
    np.testing.assert_array_equal(found[:, [0, 2, 3, 4]], run(usual)[:, [0, 2, 3, 4]])


def test_noise_below_the_floor_is_not_amplified() -> None:
    level, share = 1e6, 1e-7
    raw = recording(RATE_HZ, 1, 0, level=0, pulse=250)
    raw = (level + level * share * raw / raw.std()).astype(np.float32)
    found = run(raw, ppg=1, acc=0)
    assert 0.01 < found.std() < 0.2, "a tenth of the floor"
    np.testing.assert_allclose(found, expected(raw, RATE_HZ, 1, 0), rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e30, -1e35, 3e38])
@pytest.mark.parametrize("everywhere", [False, True])
def test_a_channel_of_nan_or_huge_numbers_becomes_zeros_and_the_others_stay(
    usual: Raw, bad: float, everywhere: bool
) -> None:
    raw = usual.copy()
    raw[3, 0, slice(None) if everywhere else 123] = bad
    found, before = run(raw), run(usual)
    assert not found[3, 0].any()
    found[3, 0] = before[3, 0]
    np.testing.assert_array_equal(found, before)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e30, 3e38])
@pytest.mark.parametrize("axis", [2, 3, 4])
def test_with_an_invalid_acceleration_the_whole_window_becomes_zeros(
    usual: Raw, bad: float, axis: int
) -> None:
    raw = usual.copy()
    raw[3, axis, 123] = bad
    found = run(raw)
    assert not found[3].any()
    others = np.arange(16) != 3
    np.testing.assert_array_equal(found[others], run(usual)[others])


def test_an_acceleration_of_zero_is_valid(usual: Raw) -> None:
    raw = usual.copy()
    raw[:, 2:] = 0
    found = run(raw)
    assert not found[:, 2:].any()
    np.testing.assert_array_equal(found[:, :2], run(usual)[:, :2])


# The graph


def test_no_windows_give_no_windows() -> None:
    assert run(np.zeros((0, 5, 400), np.float32)).shape == (0, 5, 200)


@pytest.mark.parametrize("rate_hz", [25, 125, 1000])
def test_the_matrix_is_a_formula_so_the_file_stays_small_at_any_rate(rate_hz: float) -> None:
    matrix_bytes = 4 * 200 * 8 * rate_hz
    size = preprocessing_graph(SPEC, rate_hz, 3, 3).ByteSize()
    assert size < 6_000 + 4 * 8 * rate_hz
    assert size < matrix_bytes / 15


@pytest.mark.parametrize(("ppg", "acc"), [(1, 0), (3, 3)])
def test_the_graph_is_valid_and_all_operators_are_standard(ppg: int, acc: int) -> None:
    model = preprocessing_graph(SPEC, 50, ppg, acc)
    onnx.checker.check_model(model, full_check=True)
    assert {node.domain for node in model.graph.node} == {""}
    assert [(one.domain, one.version) for one in model.opset_import] == [("", 18)]


def test_every_name_but_input_and_output_has_a_prefix() -> None:
    graph = preprocessing_graph(SPEC, 50, 2, 3).graph
    names = {name for node in graph.node for name in (*node.input, *node.output)}
    assert {name for name in names if not name.startswith("input_")} == {"raw", "window"}
