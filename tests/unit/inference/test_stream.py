"""A student on a stream: the same estimates for any chunks, and NaN without a signal."""

import gc
import json
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import numpy as np
import onnxruntime
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import ArrayLike, NDArray

from ppgkd.export.student import change_rate, read_student, write_student
from ppgkd.inference.model_card import ModelCard
from ppgkd.inference.motion_frequencies import classes_on_motion
from ppgkd.inference.online_filter import decode_bpm, filter_windows
from ppgkd.inference.stream import Estimate, HeartRateStream, estimate_recording
from ppgkd.windows.preprocessing import preprocess, resampling_matrix

Samples = NDArray[np.float32]

HR_BPM = (60.0, 61.0, 75.0, 90.0, 92.0, 150.0)
"""Heart rate in each of the 8 s that the recording is made of."""


@pytest.fixture(scope="module")
def recording(raw: Callable[..., Samples]) -> Samples:
    """48 s at 50 Hz."""
    return np.concatenate(list(raw(np.array(HR_BPM), 50.0)), axis=1)


@pytest.fixture(scope="module")
def whole(student_file: Path, recording: Samples) -> list[Estimate]:
    """What the stream says when it gets all samples at once."""
    return estimate_recording(student_file, recording)


def run_file(path: Path, windows: Samples) -> list[NDArray[np.float32]]:
    """What the file says of each window: BPM, spread and probabilities."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # more add up in another order
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    # a copy lies in memory as every array does; a part of one does not, and adds up otherwise
    answers = [session.run(None, {"raw": window[None].copy()}) for window in windows]
    return [np.concatenate(parts) for parts in zip(*answers, strict=True)]


def cut(recording: Samples, starts: NDArray[np.integer], n_samples: int) -> Samples:
    return np.stack([recording[:, start : start + n_samples] for start in starts])


def push_in_chunks(stream: HeartRateStream, recording: Samples, sizes: list[int]) -> list[Estimate]:
    """Push chunks of these sizes, in turn, until the recording is over."""
    found, start, turn = [], 0, 0
    while start < recording.shape[1]:
        size = sizes[turn % len(sizes)]
        found += stream.push(recording[:, start : start + size])
        start, turn = start + size, turn + 1
    return found


# Batch and stream


@given(sizes=st.lists(st.integers(0, 700), min_size=1, max_size=8).filter(any))
def test_chunks_of_any_size_give_the_numbers_of_the_whole(
    student_file: Path, recording: Samples, whole: list[Estimate], sizes: list[int]
) -> None:
    assert push_in_chunks(HeartRateStream(student_file), recording, sizes) == whole


def test_chunks_of_one_sample_give_the_numbers_of_the_whole(
    student_file: Path, recording: Samples, whole: list[Estimate]
) -> None:
    assert push_in_chunks(HeartRateStream(student_file), recording, [1]) == whole


def test_a_buffer_may_be_used_again_for_the_next_chunk(
    student_file: Path, recording: Samples, whole: list[Estimate]
) -> None:
    stream, buffer, found = HeartRateStream(student_file), np.zeros((5, 50), np.float32), []
    for start in range(0, recording.shape[1], 50):
        buffer[:] = recording[:, start : start + 50]
        found += stream.push(buffer)
        buffer[:] = np.nan
    assert found == whole


def test_single_windows_have_the_files_estimates(
    student_file: Path, recording: Samples, whole: list[Estimate]
) -> None:
    windows = cut(recording, 100 * np.arange(21), 400)
    bpm, sd_bpm, _ = run_file(student_file, windows)
    assert [e.window_bpm for e in whole] == bpm.tolist()
    assert [e.window_sd_bpm for e in whole] == sd_bpm.tolist()


def test_estimates_are_the_filtered_windows(
    student_file: Path, card: Callable[..., ModelCard], recording: Samples, whole: list[Estimate]
) -> None:
    raw = cut(recording, 100 * np.arange(21), 400)
    _, _, probabilities = run_file(student_file, raw)
    own, channels = card(), card().channels
    window = preprocess(raw, resampling_matrix(own.window_spec, own.rate_hz), channels)
    on_motion = classes_on_motion(window, channels, own.model_rate_hz)
    assert own.transition.motion_discount > 0
    assert on_motion.any()
    beliefs = filter_windows(probabilities, np.arange(21), own.transition, on_motion)
    bpm, sd_bpm = decode_bpm(beliefs)
    np.testing.assert_allclose([e.bpm for e in whole], bpm, rtol=1e-12)
    np.testing.assert_allclose([e.sd_bpm for e in whole], sd_bpm, rtol=1e-12)


def test_without_the_filter_estimates_are_those_of_single_windows(
    student_file: Path, recording: Samples, whole: list[Estimate]
) -> None:
    found = estimate_recording(student_file, recording, online_filter=False)
    assert [(e.bpm, e.sd_bpm) for e in found] == [(e.window_bpm, e.window_sd_bpm) for e in whole]


@pytest.mark.parametrize("kind", [np.int16, np.uint16, np.int64, np.float64])
def test_samples_of_any_number_type_are_accepted(
    student_file: Path, recording: Samples, kind: type
) -> None:
    counts = np.round(recording[:, :600]).astype(kind)
    expected = estimate_recording(student_file, counts.astype(np.float32))
    assert estimate_recording(student_file, counts) == expected


def test_a_steady_pulse_is_found_and_trusted(student_file: Path, recording: Samples) -> None:
    steady = recording.copy()
    steady[:2] = 30_000 + 250 * np.sin(2 * np.pi * 92 / 60 * np.arange(recording.shape[1]) / 50)
    found = estimate_recording(student_file, steady)
    np.testing.assert_allclose([e.bpm for e in found], 92, atol=1)
    assert all(e.valid for e in found)


# Times


def test_a_window_of_eight_seconds_ends_every_two(whole: list[Estimate]) -> None:
    assert [e.start_s for e in whole] == [2.0 * k for k in range(21)]
    assert [e.end_s for e in whole] == [8.0 + 2.0 * k for k in range(21)]


def test_an_estimate_is_available_with_the_last_sample_of_its_window(
    student_file: Path, recording: Samples
) -> None:
    stream = HeartRateStream(student_file)
    assert stream.push(recording[:, :399]) == []
    assert len(stream.push(recording[:, 399:400])) == 1
    assert stream.push(recording[:, 400:499]) == []
    assert len(stream.push(recording[:, 499:500])) == 1


def test_strides_of_a_fraction_of_a_sample_do_not_drift(
    student_file: Path, recording: Samples, tmp_path: Path
) -> None:
    path, rate_hz = tmp_path / "other.onnx", 31.25  # a stride is 62.5 samples
    write_student(change_rate(read_student(student_file), rate_hz), path)
    samples = np.tile(recording, 3)
    found = estimate_recording(path, samples, online_filter=False)
    starts = np.round([e.start_s * rate_hz for e in found]).astype(int)
    np.testing.assert_allclose(starts, [e.start_s * rate_hz for e in found], atol=1e-9)
    assert len(found) == 1 + (samples.shape[1] - 250) // 62.5
    np.testing.assert_allclose(
        [e.start_s for e in found], 2.0 * np.arange(len(found)), atol=0.5 / rate_hz
    )
    assert [e.bpm for e in found] == run_file(path, cut(samples, starts, 250))[0].tolist()


# When to trust it


def test_an_estimate_is_valid_up_to_the_widest_spread(
    student_file: Path, recording: Samples, whole: list[Estimate]
) -> None:
    widest = sorted(e.sd_bpm for e in whole)[10]
    found = estimate_recording(student_file, recording, max_sd_bpm=widest)
    assert [e.valid for e in found] == [e.sd_bpm <= widest for e in whole]
    assert sum(e.valid for e in found) == 11


@pytest.mark.parametrize(("online_filter", "expected"), [(True, 6.0), (False, 10.0)])
def test_the_default_widest_spread_is_that_of_the_file(
    student_file: Path, online_filter: bool, expected: float
) -> None:
    assert HeartRateStream(student_file, online_filter=online_filter).max_sd_bpm == expected


def test_windows_that_touch_lost_samples_have_no_estimate_and_the_others_are_as_before(
    student_file: Path, recording: Samples, whole: list[Estimate]
) -> None:
    lossy = recording.copy()
    lossy[:, 1_030:1_045] = np.nan
    found = estimate_recording(student_file, lossy)
    touched = [100 * k <= 1_044 and 100 * k + 400 > 1_030 for k in range(21)]
    assert [not np.isfinite(e.bpm) for e in found] == touched
    assert [not np.isfinite(e.window_bpm) for e in found] == touched
    assert not any(e.valid for e, lost in zip(found, touched, strict=True) if lost)
    for here, before, lost in zip(found, whole, touched, strict=True):
        assert lost or here.window_bpm == before.window_bpm


@given(data=st.data())
@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_short_gaps_are_bridged_in_any_chunks(
    student_file: Path, recording: Samples, whole: list[Estimate], data: st.DataObject
) -> None:
    lossy = recording.copy()
    for start in data.draw(st.lists(st.integers(0, 2_390), min_size=1, max_size=4)):
        lossy[:, start : start + data.draw(st.integers(1, 2))] = np.nan
    found = estimate_recording(student_file, lossy)
    np.testing.assert_allclose([e.window_bpm for e in found], [e.window_bpm for e in whole], atol=2)
    size = data.draw(st.integers(1, 700))
    assert push_in_chunks(HeartRateStream(student_file), lossy, [size]) == found


def test_the_filter_counts_the_strides_of_a_gap(
    student_file: Path, card: Callable[..., ModelCard], recording: Samples
) -> None:
    lossy = recording.copy()
    lossy[:, 1_030:1_045] = np.nan
    found = estimate_recording(student_file, lossy)
    kept = np.flatnonzero([np.isfinite(e.bpm) for e in found])
    _, _, probabilities = run_file(student_file, cut(recording, 100 * kept, 400))
    expected, _ = decode_bpm(filter_windows(probabilities, kept, card().transition))
    np.testing.assert_allclose([found[k].bpm for k in kept], expected, rtol=1e-9)


# What it costs


def grows(stream: HeartRateStream, samples: Samples, size: int) -> bool:
    """Tell whether a stream keeps a tenth of what goes through it, in each of three passes.

    What Python and NumPy keep from a first use, and what other threads allocate, adds to one pass
    by chance; a stream that keeps what it is given, or what it finds, grows in all of them.
    """

    def grown_bytes() -> int:
        tracemalloc.start()
        try:
            for start in range(0, samples.shape[1], size):
                stream.push(samples[:, start : start + size])
            gc.collect()
            return tracemalloc.get_traced_memory()[0]
        finally:
            tracemalloc.stop()

    return all(grown_bytes() > samples.nbytes / 10 for _ in range(3))


@pytest.mark.parametrize("size", [60, 48_000])
def test_memory_does_not_grow_with_the_stream(
    student_file: Path, recording: Samples, size: int
) -> None:
    assert not grows(HeartRateStream(student_file), np.tile(recording, 20), size)


def test_a_stream_that_kept_its_estimates_would_be_seen_to_grow(
    student_file: Path, recording: Samples
) -> None:
    class Keeping(HeartRateStream):
        kept: ClassVar[list[Estimate]] = []  # a sixth of the bytes of the samples

        def push(self, samples: ArrayLike) -> list[Estimate]:
            found = super().push(samples)
            self.kept.extend(found)
            return found

    assert grows(Keeping(student_file), np.tile(recording, 20), 48_000)


def test_the_stream_needs_only_numpy_and_onnx_runtime(
    student_file: Path, recording: Samples, whole: list[Estimate], tmp_path: Path
) -> None:
    np.save(tmp_path / "recording.npy", recording)
    program = """
import json, sys
import numpy, onnxruntime
before = {name.split(".")[0] for name in sys.modules}
from ppgkd.inference.stream import estimate_recording
found = estimate_recording(sys.argv[1], numpy.load(sys.argv[2]))
loaded = {name.split(".")[0] for name in sys.modules}
more = loaded - before - sys.stdlib_module_names
heavy = loaded & {"torch", "onnx", "pandas", "scipy"}
json.dump([sorted(more), sorted(heavy), [e.bpm for e in found]], sys.stdout)
"""
    arguments = [str(student_file), str(tmp_path / "recording.npy")]
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True
    )
    loaded, heavy, bpm = json.loads(done.stdout)
    assert loaded == ["ppgkd"]
    assert heavy == []
    assert bpm == [e.bpm for e in whole]
