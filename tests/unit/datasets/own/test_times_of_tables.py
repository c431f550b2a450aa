"""Columns of time: their names, units and zones, and what is refused rather than guessed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from ppgkd.datasets.own.dataset import own_dataset
from ppgkd.datasets.own.read import OwnRecording, read_with_notes
from ppgkd.datasets.own.recording_table import read_recording_table
from ppgkd.errors import PpgkdError

RATE_HZ = 32
SECOND = np.arange(60 * RATE_HZ) / RATE_HZ
STARTED = pd.Timestamp("2026-05-04T08:00:00Z")

Write = Callable[..., Path]


def samples(**columns: Any) -> pd.DataFrame:
    return pd.DataFrame({"green": 1_000 + 10 * np.sin(7.5 * SECOND), **columns})


def iso(second: Any, form: str, zone: str | None = None) -> pd.Series:
    stamps = pd.Series(STARTED + pd.to_timedelta(second, unit="s"))
    return (stamps.dt.tz_convert(zone) if zone else stamps).dt.strftime(form)


WITH_OFFSET, WITHOUT = "%Y-%m-%dT%H:%M:%S.%fZ", "%Y-%m-%dT%H:%M:%S.%f"
BPM_AT_S = np.arange(4.0, 56, 2)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a table, its reference and their YAML file; give its path."""

    def written(table: pd.DataFrame, reference: pd.DataFrame | None = None, **keys: Any) -> Path:
        table.to_csv(tmp_path / "ada.csv", index=False)
        about: dict[str, Any] = {"title": "A", "terms": "B", "files": "ada.csv", **keys}
        about["channels"] = {"ppg": ["green"]}
        about["reference"] = {"column": "hr"}
        if reference is not None:
            (tmp_path / "hr").mkdir(exist_ok=True)
            reference.to_csv(tmp_path / "hr/ada.csv", index=False)
            about["reference"] = {"files": "hr/{table}.csv"}
        path = tmp_path / "mine.yaml"
        path.write_text(yaml.safe_dump(about))
        return path

    return written


def read(definition: Path) -> OwnRecording:
    (found,) = read_with_notes(own_dataset("mine", definition).recordings)
    return found


def refusal(definition: Path) -> str:
    with pytest.raises(PpgkdError) as caught:
        read(definition)
    return str(caught.value)


# Units


@pytest.mark.parametrize("start_s", [0.0, 12.5, 1_777_881_600.25])
@pytest.mark.parametrize(("unit", "per_second"), [("s", 1), ("ms", 1e3), ("us", 1e6), ("ns", 1e9)])
def test_numbers_of_any_unit_and_start_are_times(
    write: Write, start_s: float, unit: str, per_second: float
) -> None:
    lost = [*range(320, 352)]
    table = samples(hr=60 + SECOND, t=np.round((start_s + SECOND) * per_second)).drop(index=lost)
    if unit == "s":
        table["t"] = start_s + np.delete(SECOND, lost)
    found = read(write(table, time={"column": "t", "unit": unit}))
    assert found.recording.rate_hz == RATE_HZ
    assert np.flatnonzero(np.isnan(found.recording.signal[0])).tolist() == lost


def test_times_since_1970_meet_date_times_with_an_offset(write: Write) -> None:
    table = samples(t_ms=(STARTED.timestamp() + SECOND) * 1e3)
    reference = pd.DataFrame({"timestamp": iso(BPM_AT_S, WITH_OFFSET), "bpm": 70})
    found = read(write(table, reference, time={"column": "t_ms", "unit": "ms"}))
    np.testing.assert_allclose(found.recording.reference_time_s, BPM_AT_S, atol=1e-3)


def test_date_times_may_have_another_name(write: Write) -> None:
    table = samples(hr=60 + SECOND, when=iso(SECOND, WITH_OFFSET))
    found = read(write(table, time={"column": "when", "unit": "iso"}))
    assert (found.recording.rate_hz, found.notes) == (RATE_HZ, ())


def test_a_declared_column_that_is_not_there_is_refused(write: Write) -> None:
    table = samples(hr=60 + SECOND)
    message = refusal(write(table, time={"column": "t", "unit": "ms"}, rate_hz=RATE_HZ))
    assert "lacks the column t, which 'time' names" in message


# Zones


@pytest.mark.parametrize(
    ("of_samples", "of_reference"), [(WITH_OFFSET, WITHOUT), (WITHOUT, WITH_OFFSET)]
)
@pytest.mark.parametrize("zone", ["Europe/Zurich", "America/New_York", "Asia/Kathmandu"])
def test_date_times_with_and_without_an_offset_are_not_compared_unless_the_zone_is_told(
    write: Write, of_samples: str, of_reference: str, zone: str
) -> None:
    table = samples(timestamp=iso(SECOND, of_samples, zone if of_samples == WITHOUT else None))
    stamps = iso(BPM_AT_S, of_reference, zone if of_reference == WITHOUT else None)
    reference = pd.DataFrame({"timestamp": stamps, "bpm": 70})
    message = refusal(write(table, reference))
    assert table["timestamp"][0] in message
    assert reference["timestamp"][0] in message
    assert "'timezone: Europe/Zurich' in the YAML file" in message
    found = read(write(table, reference, timezone=zone))
    np.testing.assert_allclose(found.recording.reference_time_s, BPM_AT_S, atol=1e-3)


def test_offsets_in_some_rows_only_are_refused_with_two_rows(write: Write) -> None:
    stamps = iso(SECOND, WITHOUT).str.cat(np.where(SECOND < 30, "Z", ""))
    message = refusal(write(samples(hr=70, timestamp=stamps)))
    assert "offset from UTC in row 2" in message
    assert "none in row 962" in message


def test_the_end_of_summer_time_is_no_step_back_where_the_zone_is_told(write: Write) -> None:
    moments = pd.Series(pd.Timestamp("2026-10-25T00:59:30Z") + pd.to_timedelta(SECOND, unit="s"))
    local = moments.dt.tz_convert("Europe/Zurich").dt.strftime(WITHOUT)
    table = samples(hr=60 + SECOND, timestamp=local)
    message = refusal(write(table, rate_hz=RATE_HZ))
    assert "set back by 1 h" in message
    assert "row 962" in message
    found = read(write(table, timezone="Europe/Zurich"))
    assert (found.recording.rate_hz, found.notes) == (RATE_HZ, ())


def test_a_name_that_is_no_zone_is_refused(write: Write) -> None:
    assert "'Mars' is no time zone" in refusal(write(samples(hr=70), timezone="Mars"))


# Times that are not read

N = len(SECOND)
FIVE_SECONDS = range(800, 960)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("t_ms", np.round(1e3 * SECOND)),
        ("Time", 1e3 * SECOND),
        ("elapsed", SECOND),
        ("seconds", np.floor(SECOND)),
        ("epoch_us", 1.77e15 + 1e6 * SECOND),
        ("unix", 1.77e9 + SECOND),
        ("date", iso(SECOND, WITH_OFFSET)),
        ("c3", 7 + 31.25 * np.arange(N)),
        ("frame", np.arange(N)),
        ("row", 1_000 + np.arange(N)),
    ],
)
def test_times_that_are_not_read_and_tell_of_lost_samples_are_refused(
    write: Write, tmp_path: Path, name: str, values: Any
) -> None:
    table = samples(hr=70, **{name: values})
    assert read(write(table, rate_hz=RATE_HZ)).notes == ()  # it says what the rate says
    lossy = table.drop(index=FIVE_SECONDS)
    message = refusal(write(lossy, rate_hz=RATE_HZ))
    assert f"its column {name} looks like the time" in message
    assert "160 samples are missing, 5 s" in message
    assert f"'time: {{column: {name}, unit: ...}}'" in message
    with pytest.raises(PpgkdError, match=f"column {name} looks like the time"):
        read_recording_table(tmp_path / "ada.csv", ("green",), RATE_HZ)


@pytest.mark.parametrize("true_hz", [16, 25, 30.5, 34, 64])
def test_times_that_are_not_read_and_contradict_the_rate_are_refused(
    write: Write, true_hz: float
) -> None:
    table = samples(hr=70, t_ms=np.round(1e3 * np.arange(N) / true_hz, 3))
    assert f"the rate is {true_hz} Hz, not 32 Hz" in refusal(write(table, rate_hz=RATE_HZ))


def test_times_with_empty_cells_and_jitter_are_compared_too(write: Write) -> None:
    rng = np.random.default_rng(1)
    t_ms = np.round(1e3 * (SECOND + rng.exponential(0.005, N)))
    t_ms = pd.Series(np.maximum.accumulate(t_ms)).where(rng.random(N) > 0.02)
    table = samples(hr=70, t_ms=t_ms)
    assert read(write(table, rate_hz=RATE_HZ)).notes == ()
    assert "samples are missing" in refusal(write(table.drop(index=FIVE_SECONDS), rate_hz=RATE_HZ))


def test_columns_that_tell_no_times_are_left_aside(write: Write) -> None:
    rng = np.random.default_rng(0)
    table = samples(
        hr=70,
        row=np.arange(N),
        steps=np.cumsum(rng.random(N) < 0.05),
        distance_m=np.cumsum(rng.uniform(0, 2 / RATE_HZ, N)),
        temperature=rng.normal(33, 1, N),
        daytime="morning",
        date="2026-05-04",
        session_time=1.77e9,
        epoch=np.arange(N) // (30 * RATE_HZ),
        packet=np.arange(N) // 8,
        wrapping=np.arange(N) % 256,
        timer_us=5,
    ).drop(index=range(800, 801))
    assert read(write(table, rate_hz=RATE_HZ)).notes == ()


def test_recordings_of_one_table_are_compared_each_by_itself(write: Write) -> None:
    table = samples(hr=70, t_ms=1e3 * SECOND)
    whole = pd.concat([table.assign(who="ada"), table.assign(who="bo")])
    subject = {"column": "who"}
    dataset = own_dataset("mine", write(whole, rate_hz=RATE_HZ, subject=subject))
    assert [found.notes for found in read_with_notes(dataset.recordings)] == [(), ()]
    lossy = pd.concat([table.assign(who="ada"), table.drop(index=FIVE_SECONDS).assign(who="bo")])
    dataset = own_dataset("mine", write(lossy, rate_hz=RATE_HZ, subject=subject))
    with pytest.raises(PpgkdError, match="160 samples are missing"):
        list(read_with_notes(dataset.recordings))


# Two values of a reference at one time


@pytest.mark.parametrize(("second_bpm", "expected_bpm"), [(70, 70), (74, 72), (110, np.nan)])
def test_values_of_one_time_are_averaged_if_they_agree(
    write: Write, second_bpm: float, expected_bpm: float
) -> None:
    at_s = np.sort(np.append(BPM_AT_S, 20.0))
    bpm = np.full(len(at_s), 70.0)
    bpm[np.flatnonzero(at_s == 20)[1]] = second_bpm
    reference = pd.DataFrame({"time_s": at_s, "bpm": bpm})
    recording = read(write(samples(time_s=SECOND), reference)).recording
    np.testing.assert_allclose(recording.reference_time_s, BPM_AT_S, atol=1e-9)
    expected = np.where(BPM_AT_S == 20, expected_bpm, 70)
    np.testing.assert_allclose(recording.reference_bpm, expected)


def test_a_reference_that_stands_still_is_told(write: Write) -> None:
    at_s = np.arange(0.0, 100.0)
    bpm = 70 + at_s / 10
    table = samples(time_s=SECOND)
    assert read(write(table, pd.DataFrame({"time_s": at_s, "bpm": bpm}))).reference.notes == ()
    held = pd.DataFrame({"time_s": at_s, "bpm": np.where((at_s > 20) & (at_s < 90), 75, bpm)})
    (note,) = read(write(table, held)).reference.notes
    assert "75 BPM without a change for 68 s" in note


# Rows that were written twice


def test_rows_that_were_written_twice_are_refused_and_shared_stamps_are_not(write: Write) -> None:
    table = samples(hr=70.0, time_s=SECOND)
    twice = table.iloc[[*range(100), 99, *range(100, len(table))]]
    assert "row 102 repeats the row before it, time and values" in refusal(write(twice))
    batches = table.assign(time_s=np.repeat(SECOND[2::3], 3))
    found = read(write(batches))
    assert found.recording.rate_hz == RATE_HZ
    assert not np.isnan(found.recording.signal).any()
