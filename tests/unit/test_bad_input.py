"""Whatever is given: an error that names it, or an estimate that is not valid.

Never a crash, and never a confident number from no signal.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import astuple
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from ppgkd.datasets.own.recording_table import read_recording_table
from ppgkd.datasets.own.time_stamps import read_clock
from ppgkd.datasets.recording import Recording
from ppgkd.errors import PpgkdError
from ppgkd.export.student import change_rate, read_student
from ppgkd.inference.model_card import ADDED, ModelCard, read_model_card
from ppgkd.inference.online_filter import (
    BeliefFilter,
    Transition,
    decode_bpm,
    filter_windows,
    fit_transition,
)
from ppgkd.inference.stream import Estimate, HeartRateStream, estimate_recording
from ppgkd.windows.preprocessing import WindowSpec, preprocess, resampling_matrix
from ppgkd.windows.segmentation import segment_recording

CHANNELS = ("ppg_1", "ppg_2", "acc_x", "acc_y", "acc_z")
SPEC = WindowSpec(length_s=8, stride_s=2, rate_hz=25, low_hz=0.4, high_hz=8)
TRANSITION = Transition(sd_bpm=3.0, jump_probability=0.01, stride_s=2.0)

Samples = NDArray[Any]

SILENCE = (np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0, 1e-45, 1e-38, 30_000.0, 65_535.0)
SILENCE += (16_777_217.0, 1e19, 3e38, -3e38, 1e39, 1e300, -1e308)
"""Values that a channel without a signal may have throughout, as double precision."""

any_float = st.floats(allow_nan=True, allow_infinity=True, width=32)


@contextmanager
def refused(*names: str) -> Iterator[None]:
    """Expect an error whose message names something."""
    with pytest.raises(PpgkdError) as caught:
        yield
    for name in names:
        assert name in str(caught.value)


@contextmanager
def perhaps_refused(*names: str) -> Iterator[None]:
    """Allow an error if its message has one of these."""
    said = None
    try:
        yield
    except PpgkdError as error:
        said = str(error)
    assert said is None or any(name in said for name in names)


def assert_silent(estimates: list[Estimate]) -> None:
    for estimate in estimates:
        assert not estimate.valid
        assert np.isnan([estimate.bpm, estimate.sd_bpm]).all()
        assert np.isnan([estimate.window_bpm, estimate.window_sd_bpm]).all()


def assert_sane(estimate: Estimate) -> None:
    if np.isnan(estimate.bpm):
        assert_silent([estimate])
    else:
        assert 30 <= estimate.bpm <= 209
        assert 30 <= estimate.window_bpm <= 209
        assert 0 <= estimate.sd_bpm < 180
        assert 0 <= estimate.window_sd_bpm < 180


def silence(levels: list[float], n_samples: int) -> NDArray[np.float64]:
    """Channels that stay at their level."""
    return np.repeat(np.array(levels)[:, None], n_samples, axis=1)


@st.composite
def garbage(draw: st.DrawFn, n_samples: int) -> NDArray[np.float32]:
    """Five channels of anything at all, mostly one value with others strewn in."""
    fill = draw(st.sampled_from([0.0, 1.0, 30_000.0, 3e38]) | any_float)
    return draw(hnp.arrays(np.float32, (5, n_samples), elements=any_float, fill=st.just(fill)))


@pytest.fixture(scope="module")
def tones(raw: Callable[..., Samples]) -> Samples:
    """24 s of a pulse at 50 Hz, on a moving arm."""
    return np.concatenate(list(raw(np.array([70.0, 90.0, 110.0]), 50.0)), axis=1)


@pytest.fixture(scope="module")
def session(student_file: Path) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(student_file, providers=["CPUExecutionProvider"])


# HeartRateStream.push, estimate_recording


@given(
    levels=st.lists(st.sampled_from(SILENCE), min_size=5, max_size=5),
    n_samples=st.sampled_from([0, 1, 2, 399, 400, 401, 700]),
    online_filter=st.booleans(),
)
def test_no_signal_gives_no_number(
    student_file: Path, levels: list[float], n_samples: int, online_filter: bool
) -> None:
    options: dict[str, Any] = {"online_filter": online_filter, "max_sd_bpm": float("inf")}
    found = estimate_recording(student_file, silence(levels, n_samples), **options)
    assert len(found) == max(0, 1 + (n_samples - 400) // 100)
    assert_silent(found)


@given(levels=st.lists(st.sampled_from(SILENCE), min_size=2, max_size=2))
def test_motion_is_not_taken_for_a_pulse(
    student_file: Path, tones: Samples, levels: list[float]
) -> None:
    samples = np.concatenate([silence(levels, tones.shape[1]), tones[2:].astype(np.float64)])
    assert_silent(estimate_recording(student_file, samples, max_sd_bpm=float("inf")))


@pytest.mark.parametrize("kind", [np.int8, np.uint8, np.int16, np.uint16, np.int64, np.uint64])
@pytest.mark.parametrize("end", ["min", "max"])
def test_a_sensor_that_sits_at_the_end_of_its_range_has_no_signal(
    student_file: Path, kind: type, end: str
) -> None:
    level = getattr(np.iinfo(kind), end)
    assert_silent(estimate_recording(student_file, np.full((5, 500), level, kind)))


@given(samples=garbage(520), sizes=st.lists(st.integers(1, 300), min_size=1, max_size=4))
def test_garbage_in_any_chunks_gives_the_same_and_nothing_absurd(
    student_file: Path, samples: NDArray[np.float32], sizes: list[int]
) -> None:
    whole = estimate_recording(student_file, samples)
    for estimate in whole:
        assert_sane(estimate)
    stream, found, start = HeartRateStream(student_file), [], 0
    while start < 520:
        for size in sizes:
            found += stream.push(samples[:, start : start + size])
            start += size
    np.testing.assert_equal([astuple(e) for e in found], [astuple(e) for e in whole])


def test_lost_samples_one_by_one_are_no_signal(student_file: Path) -> None:
    stream, lost = HeartRateStream(student_file), np.full((5, 1), np.nan)
    found = [estimate for _ in range(601) for estimate in stream.push(lost)]
    assert len(found) == 3
    assert_silent(found)


@given(shape=hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=6))
def test_samples_of_another_shape_are_refused(student_file: Path, shape: tuple[int, ...]) -> None:
    stream, samples = HeartRateStream(student_file), np.zeros(shape)
    if len(shape) == 2 and shape[0] == 5:
        assert stream.push(samples) == []
    else:
        with refused("samples", str(shape), "(5, n_samples)", *CHANNELS):
            stream.push(samples)


@pytest.mark.parametrize(
    "samples",
    [
        np.zeros((5, 3), complex),
        np.zeros((5, 3), bool),
        np.full((5, 3), "1"),
        np.full((5, 3), None),
        np.zeros((5, 3), "datetime64[s]"),
        [[1.0, 2.0], [3.0], [4.0], [5.0], [6.0]],
        [["1"]] * 5,
        None,
        "samples",
    ],
)
def test_samples_that_are_no_real_numbers_are_refused(student_file: Path, samples: Any) -> None:
    with refused("samples", "(5, n_samples)"):
        HeartRateStream(student_file).push(samples)


def test_a_refused_chunk_leaves_the_stream_as_it_was(student_file: Path, tones: Samples) -> None:
    stream, found = HeartRateStream(student_file), []
    for start in range(0, tones.shape[1], 150):
        with refused("samples"):
            stream.push(tones[:4, :50])
        found += stream.push(tones[:, start : start + 150])
    assert found == estimate_recording(student_file, tones)


# HeartRateStream's constructor, and the file


@given(max_sd_bpm=st.floats(max_value=0) | st.just(float("nan")))
def test_a_widest_spread_that_is_none_is_refused(student_file: Path, max_sd_bpm: float) -> None:
    with refused("max_sd_bpm", str(max_sd_bpm)):
        HeartRateStream(student_file, max_sd_bpm=max_sd_bpm)


@given(content=st.binary(max_size=200))
def test_a_file_that_is_no_model_is_refused(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "garbage.onnx"
    path.write_bytes(content)
    with refused(str(path)):
        HeartRateStream(path)


@given(share=st.floats(0, 0.999))
def test_a_file_that_ends_early_is_refused(
    student_file: Path, tmp_path_factory: pytest.TempPathFactory, share: float
) -> None:
    path = tmp_path_factory.getbasetemp() / "short.onnx"
    content = student_file.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with refused(str(path)):
        HeartRateStream(path)


def test_a_folder_and_a_file_that_is_not_there_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing.onnx"):
        with refused(str(path), "is not a file"):
            HeartRateStream(path)


def test_a_model_of_somebody_else_is_refused(student_file: Path, tmp_path: Path) -> None:
    model, path = onnx.load(student_file), tmp_path / "model.onnx"
    del model.metadata_props[:]
    onnx.save(model, path)
    with refused(str(path), "is not a student of this version of ppgkd"):
        HeartRateStream(path)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"rate_hz": 64.0}, "contradicts its own metadata"),
        ({"window_s": 4.0}, "contradicts its own metadata"),
        ({"channels": CHANNELS[:4]}, "contradicts its own metadata"),
        ({"channels": ()}, "contradicts its own metadata"),
        ({"stride_s": 0.01}, "less than a sample"),
    ],
)
def test_metadata_that_another_hand_has_changed_are_refused(
    student_file: Path,
    tmp_path: Path,
    card: Callable[..., ModelCard],
    changes: dict[str, Any],
    said: str,
) -> None:
    model, path = onnx.load(student_file), tmp_path / "model.onnx"
    onnx.helper.set_model_props(model, card(**changes).metadata)
    onnx.save(model, path)
    with refused(str(path), said):
        HeartRateStream(path)


# The file's own input


@given(window=garbage(400))
def test_the_file_answers_any_window_with_a_rate_or_none(
    session: onnxruntime.InferenceSession, window: NDArray[np.float32]
) -> None:
    bpm, sd_bpm, probabilities = session.run(None, {"raw": window[None]})
    assert ((probabilities >= 0) & (probabilities <= 1)).all()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-4)
    assert np.isfinite(sd_bpm).all()
    if np.isnan(bpm[0]):
        np.testing.assert_allclose(probabilities, 1 / 180, rtol=1e-6)
    else:
        assert 30 <= bpm[0] <= 209


@given(levels=st.lists(st.sampled_from(SILENCE), min_size=5, max_size=5))
def test_the_file_gives_no_rate_where_there_is_no_signal(
    session: onnxruntime.InferenceSession, levels: list[float]
) -> None:
    with np.errstate(over="ignore"):
        window = silence(levels, 400).astype(np.float32)
    bpm, sd_bpm, probabilities = session.run(None, {"raw": window[None]})
    assert np.isnan(bpm[0])
    assert sd_bpm[0] > 50
    np.testing.assert_allclose(probabilities, 1 / 180, rtol=1e-6)


@pytest.mark.parametrize(
    "window",
    [
        np.zeros((5, 400), np.float32),
        np.zeros((1, 4, 400), np.float32),
        np.zeros((1, 5, 1), np.float32),
        np.zeros((1, 5, 0), np.float32),
        np.zeros((1, 5, 512), np.float32),
        np.zeros((1, 1, 5, 400), np.float32),
        np.zeros((1, 5, 400), np.float64),
        np.zeros((1, 5, 400), np.int16),
    ],
    ids=lambda window: f"{window.dtype}{window.shape}",
)
def test_the_file_refuses_what_is_no_window(
    session: onnxruntime.InferenceSession, window: Samples
) -> None:
    with pytest.raises(Exception, match=r"raw|input data type"):
        session.run(None, {"raw": window})


# Filter


@given(
    references=st.lists(
        hnp.arrays(np.float64, st.integers(0, 5), elements=st.floats() | st.floats(30, 210)),
        max_size=4,
    )
)
def test_a_transition_is_fitted_within_bounds_or_refused(
    references: list[NDArray[np.float64]],
) -> None:
    with perhaps_refused("references[", "no two successive windows"):
        found = fit_transition(references, 2.0)
        assert 0.5 <= found.sd_bpm <= 500
        assert 1e-5 <= found.jump_probability <= 0.5


@pytest.mark.parametrize(
    "reference",
    [
        np.array(70.0),
        np.full((3, 1), 70.0),
        np.array(["70", "71"]),
        np.array([70 + 1j, 71]),
        np.array([70.0, np.inf]),
        np.array([70.0, -1.0]),
        np.array([857.0, 860.0]),  # milliseconds between beats
    ],
)
def test_a_reference_that_is_none_is_named(reference: Samples) -> None:
    with refused("references[1]"):
        fit_transition([np.array([70.0, 71.0]), reference], 2.0)


@given(sd_bpm=st.floats(), jump_probability=st.floats() | st.floats(0, 1), stride_s=st.floats())
def test_a_transition_goes_somewhere_or_is_refused(
    sd_bpm: float, jump_probability: float, stride_s: float
) -> None:
    with perhaps_refused(
        "transition's sd_bpm", "transition's jump_probability", "transition's stride_s"
    ):
        kernel = Transition(sd_bpm, jump_probability, stride_s).kernel
        np.testing.assert_allclose(kernel.sum(axis=1), 1, rtol=1e-9)


def probabilities_are_refused(row: Samples, *said: str) -> None:
    """Expect all three entries to refuse a row."""
    with refused("probabilities", *said):
        BeliefFilter(TRANSITION).update(row)
    with refused("probabilities", *said):
        filter_windows(row[None], np.array([0]), TRANSITION)
    with refused("probabilities", *said):
        decode_bpm(row[None])


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, -0.1, 1e308, 0.5])
@pytest.mark.parametrize("everywhere", [True, False])
def test_what_is_no_distribution_is_refused(value: float, everywhere: bool) -> None:
    row = np.full(180, value if everywhere else 1 / 180)
    row[17] = value
    probabilities_are_refused(row, "row 0", "sum to")


@pytest.mark.parametrize(
    "row",
    [
        np.full(179, 1 / 179),
        np.full((1, 180), 1 / 180),
        np.zeros(0),
        np.array(1.0),
        np.zeros(180, int),
        np.full(180, "a"),
    ],
)
def test_probabilities_of_another_shape_or_type_are_refused(row: Samples) -> None:
    probabilities_are_refused(row, "shape", "type")


@given(
    row=hnp.arrays(np.float32, 180, elements=any_float | st.floats(0, 1, width=32))
    | hnp.arrays(np.float64, 180, elements=st.floats(0, 1)).map(lambda row: row / max(row.sum(), 1))
)
def test_any_row_is_a_belief_or_is_refused(row: Samples) -> None:
    with perhaps_refused("probabilities"):
        belief = BeliefFilter(TRANSITION).update(row)
        assert belief.sum() == pytest.approx(1)
        (bpm,), (sd_bpm,) = decode_bpm(belief[None])
        assert 30 <= bpm <= 209
        assert 0 <= sd_bpm < 180


@pytest.mark.parametrize("strides", [0, -1, -(10**20)])
def test_an_update_without_time_is_refused(strides: int) -> None:
    with refused("strides", str(strides)):
        BeliefFilter(TRANSITION).update(np.full(180, 1 / 180), strides)


@pytest.mark.parametrize(
    ("window", "said"),
    [
        ([0, 2, 1], "window 1 follows window 2"),
        ([0, 1, 1], "window 1 follows window 1"),
        ([0, 1], "for each of the 3 rows"),
        ([[0, 1, 2]], "shape (1, 3)"),
        ([0.0, 1.0, 2.0], "type float64"),
    ],
)
def test_windows_that_are_not_in_order_are_refused(window: list[Any], said: str) -> None:
    with refused("window", said):
        filter_windows(np.full((3, 180), 1 / 180), np.array(window), TRANSITION)


@pytest.mark.parametrize("kind", [np.int64, np.uint64, np.int8])
def test_any_type_of_window_number_is_taken(kind: type) -> None:
    window = np.array([np.iinfo(kind).min, np.iinfo(kind).max], kind)
    found = filter_windows(np.full((2, 180), 1 / 180), window, TRANSITION)
    np.testing.assert_allclose(found.sum(axis=1), 1)


# Preprocessing and windows


@given(levels=st.lists(st.sampled_from(SILENCE), min_size=5, max_size=5))
def test_no_signal_is_preprocessed_into_no_signal_or_is_refused(levels: list[float]) -> None:
    with np.errstate(over="ignore"):
        raw = silence(levels, 400).astype(np.float32)[None]
    if (np.abs(raw) <= 1e15).all():
        found = preprocess(raw, resampling_matrix(SPEC, 50), CHANNELS)
        assert found.shape == (1, 5, 200)
        assert np.abs(found[:, :2]).max() < 1e-3
    else:
        with refused("raw", "NaN"):
            preprocess(raw, resampling_matrix(SPEC, 50), CHANNELS)


@pytest.mark.parametrize("shape", [(5, 400), (1, 5, 399), (1, 4, 400), (1, 5, 0), ()])
def test_raw_windows_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    with refused("raw", str(shape), "(n_windows, 5, 400)"):
        preprocess(np.zeros(shape, np.float32), resampling_matrix(SPEC, 50), CHANNELS)


@given(signal=garbage(1_000), reference=hnp.arrays(np.float32, 4, elements=any_float))
def test_every_window_of_garbage_is_finite_or_dropped_and_counted(
    signal: NDArray[np.float32], reference: NDArray[np.float32]
) -> None:
    centres_s = 4 + 2.0 * np.arange(4)
    recording = Recording("r", "s", 50.0, CHANNELS, signal, centres_s, reference)
    index, found, dropped = segment_recording(recording, SPEC)
    assert len(index) == len(found)
    assert len(index) + sum(dropped.values()) == 4
    assert np.isfinite(found).all()
    assert index["hr_bpm"].between(30, 209.5).all()


@pytest.mark.parametrize("level", [1e16, 1e30, 3e38])
def test_a_window_with_samples_beyond_all_measure_is_dropped(tones: Samples, level: float) -> None:
    centres_s, bpm = 4 + 2.0 * np.arange(4), np.full(4, 70, np.float32)
    signal = tones[:, :700].copy()
    signal[2, 650:] = level * np.array([1, -1] * 25)
    recording = Recording("r", "s", 50.0, CHANNELS, signal, centres_s, bpm)
    index, found, dropped = segment_recording(recording, SPEC)
    assert index["window"].tolist() == [0, 1, 2]
    assert dropped["missing"] == 1
    assert np.isfinite(found).all()


@pytest.mark.parametrize("n_samples", [0, 1, 399])
def test_a_recording_shorter_than_a_window_has_none(n_samples: int) -> None:
    centres_s, bpm = np.array([4.0, 6.0]), np.array([70.0, 71.0], np.float32)
    signal = np.ones((5, n_samples), np.float32)
    recording = Recording("r", "s", 50.0, CHANNELS, signal, centres_s, bpm)
    index, _, dropped = segment_recording(recording, SPEC)
    assert (len(index), dropped["too_short"]) == (0, 2)


# The card


@given(data=st.data())
def test_metadata_that_lack_something_name_it(
    card: Callable[..., ModelCard], data: st.DataObject
) -> None:
    metadata = card().metadata
    needed = set(metadata) - {f"ppgkd.{name}" for name in ADDED}
    key = data.draw(st.sampled_from(sorted(needed)))
    del metadata[key]
    with refused("here.onnx", key):
        read_model_card(metadata, "here.onnx")


NUMBERS = (
    "rate_hz",
    "window_s",
    "stride_s",
    "filter_sd_bpm",
    "filter_jump_probability",
    "filter_evidence",
    "filter_motion_discount",
    "max_sd_bpm",
)
NUMBERS += ("max_filtered_sd_bpm", "bpm_min", "bpm_max", "learned_min_bpm", "min_probability")


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("text", ["", "nan", "-1", "a number", "50 Hz", "1,5"])
def test_a_number_that_makes_no_sense_is_named(
    card: Callable[..., ModelCard], name: str, text: str
) -> None:
    with refused("here.onnx", f"ppgkd.{name}", f"'{text}'"):
        read_model_card({**card().metadata, f"ppgkd.{name}": text}, "here.onnx")


@settings(max_examples=200)
@given(data=st.data())
def test_any_metadata_are_a_card_that_serves_or_are_refused(
    card: Callable[..., ModelCard], data: st.DataObject
) -> None:
    metadata = card().metadata
    key = data.draw(st.sampled_from(sorted(metadata)))
    metadata[key] = data.draw(
        st.text(max_size=8) | st.floats().map(str) | st.integers().map(str) | st.just("ppg_1")
    )
    with perhaps_refused(key):
        found = read_model_card(metadata, "here.onnx")
        assert found.n_samples >= 0
        assert found.transition.kernel.shape == (180, 180)


# Another rate


@given(rate_hz=st.floats() | st.integers(10, 1000).map(lambda eighths: eighths / 8))
@settings(max_examples=15)
def test_a_file_for_any_rate_has_windows_of_that_rate_or_is_refused(
    student_file: Path, rate_hz: float
) -> None:
    with perhaps_refused(f"{rate_hz:g} Hz"):
        changed = change_rate(read_student(student_file), rate_hz)
        shape = changed.graph.input[0].type.tensor_type.shape
        assert shape.dim[2].dim_value == round(8 * rate_hz)


def test_another_rate_of_what_is_no_student_is_refused(card: Callable[..., ModelCard]) -> None:
    model = onnx.ModelProto()
    with refused("not a student"):
        change_rate(model, 64.0)
    onnx.helper.set_model_props(model, card().metadata)
    with refused("subgraphs"):
        change_rate(model, 64.0)


# Tables


@given(content=st.binary(max_size=100), ending=st.sampled_from([".csv", ".parquet"]))
@settings(max_examples=100)
def test_a_file_of_any_bytes_is_refused(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, ending: str
) -> None:
    path = tmp_path_factory.getbasetemp() / f"garbage{ending}"
    path.write_bytes(content)
    with refused(str(path)):
        read_recording_table(path, CHANNELS, 50.0)


CELLS = ["1", "-2.5", "3e4", "0", "nan", "", "inf", "1e400", "1e39", "x", "1;2", '"', " 7 ", "true"]


@given(
    header=st.permutations(["ppg_1", "acc_x", "time_s"]),
    rows=st.lists(st.lists(st.sampled_from(CELLS), min_size=3, max_size=3), max_size=6),
)
@settings(max_examples=100)
def test_a_table_of_any_cells_is_a_recording_or_is_refused(
    tmp_path_factory: pytest.TempPathFactory, header: list[str], rows: list[list[str]]
) -> None:
    path = tmp_path_factory.getbasetemp() / "cells.csv"
    path.write_text("\n".join(",".join(row) for row in [header, *rows]) + "\n")
    with perhaps_refused(str(path)):
        found = read_recording_table(path, ("ppg_1", "acc_x"), 50.0)
        assert found.signal.shape[0] == 2
        assert found.signal.shape[1] >= len(rows)
        assert np.isfinite(found.first_s)


@given(
    values=st.lists(st.floats() | st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=5),
    kind=st.sampled_from(["float16", "float32", "float64", "int8", "uint64", "object"]),
)
def test_a_column_of_any_numbers_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, values: list[float], kind: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "numbers.parquet"
    with np.errstate(all="ignore"):
        column = np.array(values, np.float64).astype(kind)
    pd.DataFrame({"ppg_1": column}).to_parquet(path, index=False)
    found = read_recording_table(path, ("ppg_1",), 50.0)
    with np.errstate(over="ignore"):
        np.testing.assert_array_equal(found.signal[0], column.astype(np.float32))


@given(
    time_s=st.lists(st.floats(), min_size=1, max_size=8).map(np.array)
    | st.lists(st.floats(0, 100), min_size=1, max_size=8).map(lambda times: np.array(sorted(times)))
    | st.lists(st.integers(1, 400), min_size=1, max_size=30).map(lambda n: np.cumsum(n) / 50)
)
@settings(max_examples=300)
def test_any_time_stamps_are_a_clock_that_runs_forward_or_are_refused(
    time_s: NDArray[np.float64],
) -> None:
    with perhaps_refused("time stamp"):
        clock = read_clock(time_s, 50.0, 1)
        assert clock.sample_index[0] == 0
        assert (np.diff(clock.sample_index) >= 1).all()
        assert clock.rate_hz == pytest.approx(50, rel=0.0051)
