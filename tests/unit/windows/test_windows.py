"""Windows: where they start, what reference they get, why they are dropped, how they are kept."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray

from ppgkd.datasets.recording import Recording
from ppgkd.errors import PpgkdError
from ppgkd.windows.preprocessing import (
    PREPROCESSING_VERSION,
    WindowSpec,
    preprocess,
    resampling_matrix,
)
from ppgkd.windows.read import Windows, concatenate_windows, read_windows, select_windows
from ppgkd.windows.segmentation import REJECTION_REASONS, segment_recording
from ppgkd.windows.signal_facts import FACTS
from ppgkd.windows.write import write_windows as write

RATE_HZ = 50
PULSE_BPM = 75.0
CHANNELS = ("ppg_1", "ppg_2", "acc_x")
REFERENCE_BPM = np.array([70, 73, 71, 78, 80, 76, 74, 79, 83, 90], np.float32)
"""Ten references of 8 s every 2 s, so a recording of 26 s."""


def spec(length_s: float = 8, stride_s: float = 2) -> WindowSpec:
    return WindowSpec(length_s, stride_s, rate_hz=25, low_hz=0.4, high_hz=8)


def pulse(n_samples: int) -> NDArray[np.float64]:
    return np.sin(2 * np.pi * PULSE_BPM / 60 * (np.arange(n_samples) + 0.25) / RATE_HZ)


def recording(
    name: str = "walk",
    *,
    reference_bpm: NDArray[np.float32] = REFERENCE_BPM,
    first_start_s: float = 0.0,
    channels: tuple[str, ...] = CHANNELS,
    **rows: NDArray[np.float64],
) -> Recording:
    """Make a recording that ends with its last window; ``rows`` replaces channels."""
    n_references = len(reference_bpm)
    n_samples = round((first_start_s + 8 + 2 * (n_references - 1)) * RATE_HZ)
    noise = np.random.default_rng(n_samples).normal(0, 0.02, (len(channels), n_samples))
    signal = noise + [pulse(n_samples) if c.startswith("ppg") else 0 * noise[0] for c in channels]
    for channel, values in rows.items():
        signal[channels.index(channel)] = values
    return Recording(
        name=name,
        subject=f"subject of {name}",
        rate_hz=float(RATE_HZ),
        channels=channels,
        signal=signal.astype(np.float32),
        reference_time_s=first_start_s + 4 + 2 * np.arange(n_references, dtype=np.float64),
        reference_bpm=reference_bpm,
    )


def with_reference(changes: dict[int, float]) -> Recording:
    reference_bpm = REFERENCE_BPM.copy()
    reference_bpm[list(changes)] = list(changes.values())
    return recording(reference_bpm=reference_bpm)


def only(**dropped: int) -> dict[str, int]:
    return dict.fromkeys(REJECTION_REASONS, 0) | dropped


# Where windows start and what reference they get


@pytest.mark.parametrize("first_start_s", [0.0, 0.02, 1.98])
def test_windows_as_published_have_exactly_the_published_references(first_start_s: float) -> None:
    index, signal, dropped = segment_recording(recording(first_start_s=first_start_s), spec())
    np.testing.assert_allclose(index["start_s"], first_start_s + 2 * np.arange(10), atol=1e-9)
    np.testing.assert_array_equal(index["hr_bpm"], REFERENCE_BPM)
    np.testing.assert_array_equal(index["window"], np.arange(10))
    assert set(index["recording"]) == {"walk"}
    assert set(index["subject"]) == {"subject of walk"}
    assert signal.shape == (10, 3, 200)
    assert dropped == only()


@pytest.mark.parametrize("first_start_s", [0.0, 0.02, 1.98])
def test_the_signal_of_a_window_starts_when_the_window_does(first_start_s: float) -> None:
    walk = recording(first_start_s=first_start_s)
    _, signal, _ = segment_recording(walk, spec())
    first = [round(first_start_s * RATE_HZ) + 100 * window for window in range(10)]
    raw = np.stack([walk.signal[:, start : start + 400] for start in first])
    expected = preprocess(raw, resampling_matrix(spec(), RATE_HZ), CHANNELS)
    np.testing.assert_allclose(signal, expected, atol=1e-6)


@pytest.mark.parametrize(
    ("length_s", "stride_s", "first_centre_s"),
    [
        (8, 4, 4),  # every second published window
        (8, 1, 4),  # one between two published
        (4, 2, 4),  # shorter: first centre and last stay
        (6, 3, 4),
        (10, 2, 5),  # longer: it cannot start before the recording
        (10, 2.5, 5),
        (16, 5, 8),
    ],
)
def test_other_windows_get_the_reference_interpolated_at_their_centre(
    length_s: float, stride_s: float, first_centre_s: float
) -> None:
    # the signal goes on after the last reference, so that no window is too short
    short = recording()
    signal = np.concatenate([short.signal, short.signal], axis=1)
    walk = Recording(**{**vars(short), "signal": signal})
    index, _, dropped = segment_recording(walk, spec(length_s, stride_s))
    centre_s = np.arange(first_centre_s, 22 + 1e-9, stride_s)
    before = np.minimum((centre_s - 4) // 2, 8).astype(int)
    share = (centre_s - 4) / 2 - before
    expected_bpm = (1 - share) * REFERENCE_BPM[before] + share * REFERENCE_BPM[before + 1]
    np.testing.assert_allclose(index["start_s"], centre_s - length_s / 2)
    np.testing.assert_allclose(index["hr_bpm"], expected_bpm, rtol=1e-6)
    assert dropped == only()


def test_a_recording_shorter_than_a_window_gives_none() -> None:
    eight_seconds = recording(reference_bpm=REFERENCE_BPM[:1])
    index, signal, _ = segment_recording(eight_seconds, spec(length_s=10))
    assert len(index) == 0
    assert signal.shape == (0, 3, 250)


def test_a_recording_without_references_gives_no_windows() -> None:
    walk = recording()
    empty = np.zeros(0)
    silent = Recording(
        **{
            **vars(walk),
            "reference_time_s": empty,
            "reference_bpm": empty.astype(np.float32),
        }
    )
    index, signal, _ = segment_recording(silent, spec())
    assert len(index) == 0
    assert signal.shape == (0, 3, 200)


# Why windows are dropped


def test_a_window_without_a_reference_is_dropped_and_counted() -> None:
    index, signal, dropped = segment_recording(with_reference({0: np.nan, 4: np.nan}), spec())
    assert list(index["window"]) == [1, 2, 3, 5, 6, 7, 8, 9]
    np.testing.assert_array_equal(index["hr_bpm"], np.delete(REFERENCE_BPM, [0, 4]))
    np.testing.assert_allclose(index["start_s"], 2 * index["window"])
    assert len(signal) == 8
    assert dropped == only(no_reference=2)


def test_a_missing_reference_costs_its_own_window_only_wherever_the_first_starts() -> None:
    reference_bpm = np.tile(REFERENCE_BPM, 20)
    reference_bpm[::7] = np.nan
    expected = np.flatnonzero(~np.isnan(reference_bpm))
    cost = {}
    for offset in range(100):
        walk = recording(reference_bpm=reference_bpm, first_start_s=offset / RATE_HZ)
        index, _, _ = segment_recording(walk, spec())
        np.testing.assert_array_equal(np.setdiff1d(index["window"], expected), [])
        if len(index) != len(expected):
            cost[offset / RATE_HZ] = len(expected) - len(index)
    assert cost == {}


def test_a_window_between_a_reference_and_none_has_none() -> None:
    index, _, dropped = segment_recording(with_reference({4: np.nan}), spec(stride_s=1))
    # the 4th reference is window 8 of 19; windows 7 and 9 lie half-way to its neighbours
    assert list(index["window"]) == [*range(7), *range(10, 19)]
    assert dropped == only(no_reference=3)


def test_a_reference_that_no_class_stands_for_is_dropped_and_counted() -> None:
    changes = {0: 29.9, 1: 30.0, 2: 209.4, 3: 209.5, 4: 0.0, 5: 400.0}
    index, _, dropped = segment_recording(with_reference(changes), spec())
    assert list(index["window"]) == [1, 2, 6, 7, 8, 9]
    assert dropped == only(reference_out_of_range=4)


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_windows_over_missing_samples_are_dropped_and_counted(channel: str, value: float) -> None:
    signal = recording().signal[CHANNELS.index(channel)].copy()
    signal[round(11.5 * RATE_HZ) : round(11.9 * RATE_HZ)] = value
    index, kept, dropped = segment_recording(recording(**{channel: signal}), spec())
    # 11.5 s is in the windows that start at 4, 6, 8 and 10 s
    assert list(index["start_s"]) == [0, 2, 12, 14, 16, 18]
    assert dropped == only(missing=4)
    assert np.isfinite(kept).all()


def test_windows_beyond_the_end_of_the_signal_are_dropped_and_counted() -> None:
    walk = recording()
    stopped = Recording(**{**vars(walk), "signal": walk.signal[:, : 21 * RATE_HZ]})
    index, _, dropped = segment_recording(stopped, spec())
    assert list(index["start_s"]) == [0, 2, 4, 6, 8, 10, 12]
    assert dropped == only(too_short=3)


def test_windows_without_a_pulse_in_any_channel_are_dropped_and_counted_as_flat() -> None:
    lost = pulse(26 * RATE_HZ)
    lost[10 * RATE_HZ :] = 3.0
    index, _, dropped = segment_recording(recording(ppg_1=lost, ppg_2=lost), spec())
    assert list(index["start_s"])[:2] == [0, 2]
    assert dropped["flat"] == 5  # those that start at 10, 12, 14, 16 and 18 s
    # and those that start at 6 or 8 s sit for more than a quarter at their constant's level
    assert len(index) + sum(dropped.values()) == 10


@pytest.mark.parametrize(
    ("level", "kept"),
    [
        (0.8, 10),  # arccos(0.8) / pi = 20 % of a sine lie above
        (0.6, 0),  # 30 %
    ],
)
@pytest.mark.parametrize("side", [1, -1])
def test_windows_that_sit_at_the_sensors_end_for_a_quarter_of_the_time_are_clipped(
    level: float, kept: int, side: int
) -> None:
    clipped = side * np.minimum(pulse(26 * RATE_HZ), level)
    index, _, dropped = segment_recording(recording(ppg_1=clipped, ppg_2=clipped), spec())
    assert len(index) == kept
    assert dropped == only(clipped=10 - kept)


@pytest.mark.parametrize("level", [-2.0, 0.0])
def test_one_dead_or_clipped_ppg_channel_is_not_enough_to_drop_a_window(level: float) -> None:
    bad = np.minimum(pulse(26 * RATE_HZ), level)
    index, _, dropped = segment_recording(recording(ppg_1=bad), spec())
    assert len(index) == 10
    assert dropped == only()


def test_a_dead_channel_beside_a_clipped_one_is_clipped() -> None:
    clipped = np.minimum(pulse(26 * RATE_HZ), 0.0)
    _, _, dropped = segment_recording(recording(ppg_1=0 * clipped, ppg_2=clipped), spec())
    assert dropped == only(clipped=10)


def test_a_still_accelerometer_is_no_fault() -> None:
    index, _, dropped = segment_recording(recording(acc_x=np.ones(26 * RATE_HZ)), spec())
    assert len(index) == 10
    assert dropped == only()


def test_of_several_faults_the_first_is_counted() -> None:
    ppg = pulse(26 * RATE_HZ)
    ppg[:] = np.nan
    nothing_right = recording(ppg_1=ppg, reference_bpm=np.full(10, np.nan, np.float32))
    index, _, dropped = segment_recording(nothing_right, spec())
    assert len(index) == 0
    assert dropped == only(missing=10)


# The file


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "windows" / "walks.parquet"


@pytest.fixture
def written(path: Path) -> Path:
    """Two recordings, of 10 and 9 windows."""
    write([recording("first"), with_reference({2: np.nan})], "walks", spec(), path)
    return path


def left_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()] if folder.exists() else []


def test_the_windows_that_are_read_are_those_of_the_segmentation(written: Path) -> None:
    windows = read_windows(written)
    parts = [
        segment_recording(r, spec()) for r in (recording("first"), with_reference({2: np.nan}))
    ]
    np.testing.assert_array_equal(windows.signal, np.concatenate([part[1] for part in parts]))
    assert windows.signal.dtype == np.float32
    assert (windows.channels, windows.rate_hz, len(windows)) == (CHANNELS, 25, 19)
    assert set(windows.index["dataset"]) == {"walks"}
    pd.testing.assert_frame_equal(
        windows.index.drop(columns="dataset"),
        pd.concat([part[0] for part in parts], ignore_index=True),
        check_dtype=False,
    )


def test_the_columns_are_those_of_the_contract(written: Path) -> None:
    fields = {field.name: field.type for field in pq.read_schema(written)}
    assert fields == {
        "recording": pa.string(),
        "subject": pa.string(),
        "window": pa.int32(),
        "start_s": pa.float64(),
        "hr_bpm": pa.float32(),
        "activity": pa.string(),
        "signal": pa.list_(pa.float32(), 3 * 200),
    }


def test_a_recording_is_a_row_group(written: Path) -> None:
    file = pq.ParquetFile(written)
    groups = [file.read_row_group(k, ["recording"]) for k in range(file.num_row_groups)]
    assert [set(group["recording"].to_pylist()) for group in groups] == [{"first"}, {"walk"}]
    assert [len(group) for group in groups] == [10, 9]


def test_a_signal_is_its_channels_one_after_the_other(written: Path) -> None:
    row = pq.read_table(written).slice(3, 1).to_pylist()[0]
    raw = recording("first").signal[None, :, 300:700]
    expected = preprocess(raw, resampling_matrix(spec(), RATE_HZ), CHANNELS)[0]
    assert row["start_s"] == 6.0
    for number in range(3):
        found = row["signal"][200 * number : 200 * (number + 1)]
        np.testing.assert_allclose(found, expected[number], atol=1e-6)


def test_the_metadata_say_how_the_windows_were_made(written: Path) -> None:
    assert json.loads(pq.read_schema(written).metadata[b"ppgkd"]) == {
        "dataset": "walks",
        "channels": list(CHANNELS),
        "n_samples": 200,
        "preprocessing_version": PREPROCESSING_VERSION,
        "length_s": 8,
        "stride_s": 2,
        "rate_hz": 25,
        "low_hz": 0.4,
        "high_hz": 8,
    }


def test_the_counts_say_what_was_kept_and_dropped_and_how_hard_it_is(path: Path) -> None:
    reference_bpm = np.full(10, PULSE_BPM + 6, np.float32)
    reference_bpm[:3] = [np.nan, 300, PULSE_BPM]
    counts = write([recording(), recording("run", reference_bpm=reference_bpm)], "d", spec(), path)
    second = counts.iloc[1].to_dict()
    assert list(counts["recording"]) == ["walk", "run"]
    assert second.pop("spectral_peak_mae_bpm") == pytest.approx(7 * 6 / 8)
    assert {name: second.pop(name) for name in FACTS}["lost_share"] == 0
    assert second == only(no_reference=1, reference_out_of_range=1) | {
        "dataset": "d",
        "subject": "subject of run",
        "recording": "run",
        "hours": 26 / 3600,
        "kept": 8,
    }


def test_a_recording_without_a_usable_window_is_counted_and_the_others_are_kept(
    path: Path,
) -> None:
    dead = np.zeros(26 * RATE_HZ)
    counts = write(
        [recording("first"), recording("dead", ppg_1=dead, ppg_2=dead), recording("last")],
        "walks",
        spec(),
        path,
    )
    assert list(counts["kept"]) == [10, 0, 10]
    assert list(counts["flat"]) == [0, 10, 0]
    assert np.isnan(counts["spectral_peak_mae_bpm"][1])
    assert list(read_windows(path).index["recording"].unique()) == ["first", "last"]


def test_a_dataset_without_a_usable_window_is_a_file_without_rows(path: Path) -> None:
    dead = np.zeros(26 * RATE_HZ)
    write([recording("dead", ppg_1=dead, ppg_2=dead)], "walks", spec(), path)
    windows = read_windows(path)
    assert windows.signal.shape == (0, 3, 200)
    assert len(windows) == 0


def test_recordings_are_taken_one_by_one(path: Path) -> None:
    given: list[str] = []
    partial_bytes: list[int] = []

    def one_by_one() -> Iterator[Recording]:
        for name in ("a", "b", "c", "d"):
            partial_bytes.extend(p.stat().st_size for p in path.parent.iterdir())
            given.append(name)
            yield recording(name)

    write(one_by_one(), "walks", spec(), path)
    assert given == ["a", "b", "c", "d"]
    assert len(partial_bytes) == 3, "the first is being written before the second is asked for"
    assert partial_bytes == sorted(set(partial_bytes)), "and so on: the file grows in between"


MEASURE = """
import tracemalloc
import numpy as np
import pyarrow
from ppgkd.datasets.recording import Recording
from ppgkd.windows.preprocessing import WindowSpec
from ppgkd.windows.read import read_windows
from ppgkd.windows.write import write_windows

def recording(hours):
    n_samples, names = round(hours * 3600 * 64), ("ppg_1", "acc_x", "acc_y", "acc_z")
    signal = np.random.default_rng(0).standard_normal((4, n_samples), np.float32)
    centre_s = np.arange(4, n_samples / 64 - 4, 2.0)
    return Recording("r", "s", 64.0, names, signal, centre_s, np.full(len(centre_s), 70, "f4"))

def numpy_peak_bytes(work):
    tracemalloc.reset_peak()
    before = tracemalloc.get_traced_memory()[0]
    work()
    return tracemalloc.get_traced_memory()[1] - before

spec = WindowSpec(8, 2, 25, 0.4, 8)
write_windows([recording(0.2)], "d", spec, "short.parquet")
read_windows("short.parquet")
long = recording(6)
tracemalloc.start()
print(numpy_peak_bytes(lambda: write_windows([long], "d", spec, "long.parquet")))
print(numpy_peak_bytes(lambda: read_windows("long.parquet")))
print(pyarrow.default_memory_pool().max_memory())
"""


def test_the_raw_windows_of_a_long_recording_are_never_in_memory_at_once(
    tmp_path: Path,
) -> None:
    # counted where it is allocated: what the process holds depends on the allocators
    command = [sys.executable, "-c", MEASURE]
    done = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True)
    writing, reading, arrow = map(int, done.stdout.split())
    preprocessed = 10_796 * 4 * 200 * 4  # bytes of 6 h, 35 MB; the raw windows would be 88 MB
    assert writing < 2.5 * preprocessed, "the windows, and a copy of them for Arrow"
    assert reading < 1.2 * preprocessed
    assert arrow < 2.2 * preprocessed, "the table, and its column of values grown by copying"
    assert len(read_windows(tmp_path / "long.parquet")) == 10_796


# A file that cannot be used


def message_of(path: Path) -> str:
    with pytest.raises(PpgkdError) as caught:
        read_windows(path)
    message = str(caught.value)
    assert str(path) in message
    assert "Delete it and run the workflow again" in message
    return message


@pytest.mark.parametrize("kept", [0.0, 0.001, 0.3, 0.9, 0.9999])
def test_a_truncated_file_is_refused(written: Path, kept: float) -> None:
    whole = written.read_bytes()
    written.write_bytes(whole[: int(kept * len(whole))])
    assert "cannot be read" in message_of(written)


def test_a_file_with_a_damaged_footer_is_refused(written: Path) -> None:
    content = bytearray(written.read_bytes())
    footer = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    content[footer : footer + 40] = bytes(40)
    written.write_bytes(content)
    assert "cannot be read" in message_of(written)


def test_what_is_no_parquet_file_is_refused(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("<!DOCTYPE html><title>Sign in</title>" * 20)
    assert "cannot be read" in message_of(path)


def test_an_absent_file_is_refused(path: Path) -> None:
    assert "cannot be read" in message_of(path)


def test_a_parquet_file_of_something_else_is_refused(path: Path) -> None:
    path.parent.mkdir()
    pd.DataFrame({"subject": ["a"], "signal": [[1.0]]}).to_parquet(path)
    assert "not a windows file of ppgkd" in message_of(path)


@pytest.mark.parametrize("version", [PREPROCESSING_VERSION - 1, PREPROCESSING_VERSION + 1])
def test_windows_of_another_preprocessing_are_refused(written: Path, version: int) -> None:
    table = pq.read_table(written)
    about = json.loads(table.schema.metadata[b"ppgkd"]) | {"preprocessing_version": version}
    pq.write_table(table.replace_schema_metadata({"ppgkd": json.dumps(about)}), written)
    message = message_of(written)
    assert f"preprocessing version {version}" in message
    assert f"this is version {PREPROCESSING_VERSION}" in message


def test_a_table_that_lacks_a_column_is_refused_by_its_name(written: Path) -> None:
    pq.write_table(pq.read_table(written).drop_columns(["activity"]), written)
    message = message_of(written)
    assert "lacks the columns ['activity']" in message
    assert "run the workflow again" in message


# Failures while writing


def test_recordings_with_different_channels_are_refused(path: Path) -> None:
    other = recording("jump", channels=("ppg_1", "acc_x"))
    with pytest.raises(PpgkdError, match="'jump' of dataset 'walks'") as caught:
        write([recording("first"), other], "walks", spec(), path)
    assert "('ppg_1', 'acc_x')" in str(caught.value)
    assert str(CHANNELS) in str(caught.value)
    assert left_in(path.parent) == []


def test_a_dataset_without_recordings_is_refused(path: Path) -> None:
    with pytest.raises(PpgkdError, match="'walks' has no recordings"):
        write([], "walks", spec(), path)
    assert left_in(path.parent) == []


@pytest.mark.parametrize("problem", [PpgkdError("b.mat is damaged"), KeyboardInterrupt()])
def test_a_recording_that_cannot_be_read_leaves_nothing(path: Path, problem: BaseException) -> None:
    def one_good() -> Iterator[Recording]:
        yield recording("first")
        raise problem

    with pytest.raises(type(problem)):
        write(one_good(), "walks", spec(), path)
    assert left_in(path.parent) == []


# Selecting and joining


@pytest.fixture
def windows(written: Path) -> Windows:
    return read_windows(written)


def test_some_windows_and_channels_are_selected_in_the_order_asked_for(windows: Windows) -> None:
    rows = np.zeros(19, bool)
    rows[[3, 12]] = True
    part = select_windows(windows, rows, ("acc_x", "ppg_1"))
    assert part.channels == ("acc_x", "ppg_1")
    assert part.rate_hz == windows.rate_hz
    np.testing.assert_array_equal(part.signal, windows.signal[[3, 12]][:, [2, 0]])
    assert list(part.index.index) == [0, 1]
    assert list(part.index["recording"]) == ["first", "walk"]
    assert list(part.index["start_s"]) == [6.0, 6.0]


def test_no_windows_can_be_selected(windows: Windows) -> None:
    part = select_windows(windows, np.zeros(19, bool), CHANNELS)
    assert len(part) == 0
    assert part.signal.shape == (0, 3, 200)


def test_a_channel_that_is_not_there_cannot_be_selected(windows: Windows) -> None:
    with pytest.raises(PpgkdError, match=r"\['ppg_3'\] are not among .*'ppg_1', 'ppg_2', 'acc_x'"):
        select_windows(windows, np.ones(19, bool), ("ppg_1", "ppg_3"))


@pytest.mark.parametrize(
    ("wanted", "taken"),
    [
        (("ppg_1", "ppg_2"), [0, 1]),
        (("ppg_1", "ppg_2", "ppg_3"), [0, 1, 0]),
        (("ppg_1", "ppg_2", "ppg_3", "ppg_4", "acc_x"), [0, 1, 0, 1, 2]),
    ],
)
def test_ppg_channels_that_are_not_there_can_be_filled_by_repeating_the_others(
    windows: Windows, wanted: tuple[str, ...], taken: list[int]
) -> None:
    part = select_windows(windows, np.ones(19, bool), wanted, fill=True)
    assert part.channels == wanted
    np.testing.assert_array_equal(part.signal, windows.signal[:, taken])


def test_without_an_accelerometer_the_acceleration_is_zeros(windows: Windows) -> None:
    ppg_only = select_windows(windows, np.ones(19, bool), ("ppg_1", "ppg_2"))
    part = select_windows(ppg_only, np.ones(19, bool), ("ppg_2", "acc_x", "acc_y", "acc_z"))
    assert part.channels == ("ppg_2", "acc_x", "acc_y", "acc_z")
    np.testing.assert_array_equal(part.signal[:, 0], windows.signal[:, 1])
    assert not part.signal[:, 1:].any()


def test_an_axis_that_is_not_there_is_not_filled(windows: Windows) -> None:
    with pytest.raises(PpgkdError, match=r"\['acc_z'\] are not among"):
        select_windows(windows, np.ones(19, bool), ("ppg_1", "acc_z"), fill=True)


def test_parts_are_joined_one_after_the_other(windows: Windows) -> None:
    even = np.arange(19) % 2 == 0
    joined = concatenate_windows(
        [select_windows(windows, even, CHANNELS), select_windows(windows, ~even, CHANNELS)]
    )
    order = np.r_[0:19:2, 1:19:2]
    np.testing.assert_array_equal(joined.signal, windows.signal[order])
    pd.testing.assert_frame_equal(joined.index, windows.index.iloc[order].reset_index(drop=True))
    assert (joined.channels, joined.rate_hz) == (CHANNELS, 25)


@pytest.mark.parametrize(("duration_s", "expected"), [(7.9, 0), (8, 1), (26, 10), (27.9, 10)])
def test_a_recording_that_never_had_a_reference_has_windows_over_its_whole_length(
    duration_s: float, expected: int
) -> None:
    n_samples = round(duration_s * RATE_HZ)
    whole = recording(reference_bpm=np.full(11, 70, np.float32))
    unreferenced = replace(
        whole,
        signal=whole.signal[:, :n_samples],
        reference_time_s=np.zeros(0),
        reference_bpm=np.zeros(0, np.float32),
        has_reference=False,
    )
    index, signal, n_rejected = segment_recording(unreferenced, spec())
    assert index["start_s"].tolist() == [2.0 * number for number in range(expected)]
    assert index["hr_bpm"].isna().all()
    assert sum(n_rejected.values()) == 0
    _, as_labelled, _ = segment_recording(whole, spec())
    np.testing.assert_allclose(signal, as_labelled[:expected], atol=1e-6)


def test_a_recording_whose_reference_is_lost_has_no_windows() -> None:
    lost = replace(recording(), reference_time_s=np.zeros(0), reference_bpm=np.zeros(0, np.float32))
    assert len(segment_recording(lost, spec())[0]) == 0
