"""Raw windows: exactly the samples that the windows file was made from."""

from collections.abc import Callable
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
from ppgkd.windows.preprocessing import WindowSpec, preprocess, resampling_matrix
from ppgkd.windows.raw import RawWindows, read_raw_windows, take_raw_windows, write_raw_windows
from ppgkd.windows.read import Windows, read_windows
from ppgkd.windows.write import write_windows

SPEC = WindowSpec(length_s=8.0, stride_s=2.0, rate_hz=25.0, low_hz=0.4, high_hz=8.0)
CHANNELS = ("ppg_1", "ppg_2", "acc_x", "acc_y", "acc_z")


def recording(
    name: str, n_windows: int, rate_hz: float, *, first_start_s: float = 0.0
) -> Recording:
    """Noise whose first window begins at ``first_start_s``; the third window has a lost sample."""
    rng = np.random.default_rng(len(name) + n_windows)
    n_samples = round((first_start_s + 8 + 2 * (n_windows - 1)) * rate_hz)
    signal = rng.normal(1000, 100, (len(CHANNELS), n_samples)).astype(np.float32)
    signal[0, round((first_start_s + 4.02) * rate_hz)] = np.nan
    return Recording(
        name=name,
        subject=f"subject of {name}",
        rate_hz=rate_hz,
        channels=CHANNELS,
        signal=signal,
        reference_time_s=first_start_s + 4 + 2 * np.arange(n_windows, dtype=np.float64),
        reference_bpm=np.full(n_windows, 80, np.float32),
    )


@pytest.fixture(params=[50.0, 125.0])
def recordings(request: pytest.FixtureRequest) -> list[Recording]:
    """A long one, one that begins between two samples, and one in which no window is usable."""
    rate_hz = request.param
    short = recording("short", 3, rate_hz)
    return [
        recording("long", 60, rate_hz),
        recording("shifted", 30, rate_hz, first_start_s=1.013),
        replace(short, signal=np.full_like(short.signal, np.nan)),
    ]


@pytest.fixture
def windows(recordings: list[Recording], tmp_path: Path) -> Windows:
    """What the windows file holds of them."""
    write_windows(recordings, "noise", SPEC, tmp_path / "windows.parquet")
    return read_windows(tmp_path / "windows.parquet")


@pytest.fixture
def taken(recordings: list[Recording], windows: Windows) -> RawWindows:
    return take_raw_windows(recordings, windows.index, SPEC.length_s)


def assert_the_same(
    found: NDArray[np.float32], expected: NDArray[np.float32], raw: NDArray[np.float32]
) -> None:
    """PPG to the last bits, acceleration to a millionth of what was measured."""
    n_ppg = sum(name.startswith("ppg") for name in CHANNELS)
    np.testing.assert_allclose(found[:, :n_ppg], expected[:, :n_ppg], atol=1e-6)
    np.testing.assert_allclose(found, expected, atol=1e-6 * np.abs(raw).max())


def test_preprocessed_they_are_the_signal_of_the_windows_file(
    taken: RawWindows, windows: Windows
) -> None:
    matrix = resampling_matrix(SPEC, taken.rate_hz)
    here = windows.index.merge(taken.index, on=["recording", "window"], how="left", indicator=True)
    rows = np.flatnonzero(here["_merge"] == "both")
    found = preprocess(taken.raw, matrix, taken.channels)
    assert len(found) == len(rows) == 32
    assert_the_same(windows.signal[rows], found, taken.raw)


def test_all_of_them_can_be_had(recordings: list[Recording], windows: Windows) -> None:
    found = take_raw_windows(recordings, windows.index, SPEC.length_s, per_recording=1000)
    matrix = resampling_matrix(SPEC, found.rate_hz)
    expected = preprocess(found.raw, matrix, found.channels)
    assert_the_same(windows.signal, expected, found.raw)


def test_each_is_named_as_in_the_windows_file(taken: RawWindows, windows: Windows) -> None:
    assert list(taken.index) == ["recording", "subject", "window", "start_s"]
    merged = taken.index.merge(windows.index, on=list(taken.index))
    assert len(merged) == len(taken.index)


def test_sixteen_are_spread_evenly_from_the_first_to_the_last_that_was_kept(
    taken: RawWindows, windows: Windows
) -> None:
    for name in ("long", "shifted"):
        kept = windows.index.loc[windows.index["recording"] == name, "window"].to_numpy()
        found = taken.index.loc[taken.index["recording"] == name, "window"].to_numpy()
        places = np.searchsorted(kept, found)
        assert len(found) == 16
        assert (places[0], places[-1]) == (0, len(kept) - 1)
        assert np.ptp(np.diff(places)) <= 1


def test_of_fewer_all_are_taken_and_where_there_are_none_none_is(
    recordings: list[Recording], windows: Windows
) -> None:
    few = windows.index[(windows.index["recording"] != "long") | (windows.index["window"] < 9)]
    found = take_raw_windows(recordings, few, SPEC.length_s).index["recording"].value_counts()
    assert found.to_dict() == {"shifted": 16, "long": (few["recording"] == "long").sum()}


def test_they_do_not_hold_on_to_the_recordings(
    recordings: list[Recording], windows: Windows
) -> None:
    found = take_raw_windows(recordings, windows.index, SPEC.length_s)
    assert not any(np.shares_memory(found.raw, one.signal) for one in recordings)


def test_channels_are_picked_by_name_in_the_order_asked_for(taken: RawWindows) -> None:
    found = taken.select_channels(("acc_z", "ppg_2"))
    np.testing.assert_array_equal(found, taken.raw[:, [4, 1]])


def test_without_an_accelerometer_the_raw_acceleration_is_zeros(taken: RawWindows) -> None:
    alone = replace(taken, raw=taken.raw[:, :2], channels=("ppg_1", "ppg_2"))
    found = alone.select_channels(("ppg_2", "acc_x", "acc_y", "acc_z"))
    np.testing.assert_array_equal(found[:, 0], taken.raw[:, 1])
    assert not found[:, 1:].any()


def test_what_is_written_is_read_again(taken: RawWindows, tmp_path: Path) -> None:
    write_raw_windows(taken, tmp_path / "folder" / "raw.parquet")
    found = read_raw_windows(tmp_path / "folder" / "raw.parquet")
    assert (found.channels, found.rate_hz) == (taken.channels, taken.rate_hz)
    assert found.raw.dtype == np.float32
    np.testing.assert_array_equal(found.raw, taken.raw)
    pd.testing.assert_frame_equal(found.index, taken.index)


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def another_table(path: Path) -> None:
    pq.write_table(pa.table({"raw": [1.0]}), path)


def flipped(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("damage", [truncated, another_table, flipped, Path.unlink])
def test_an_incomplete_or_altered_file_is_refused_by_name(
    taken: RawWindows, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    path = tmp_path / "raw.parquet"
    write_raw_windows(taken, path)
    damage(path)
    with pytest.raises(PpgkdError, match="cannot be read") as caught:
        read_raw_windows(path)
    assert str(path) in str(caught.value)
    assert "Delete it and run the workflow again." in str(caught.value)
