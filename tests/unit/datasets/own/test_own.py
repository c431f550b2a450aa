"""Own recordings: what the YAML file says is what is read, and what is refused.

The tables are simulated: pure tones and straight lines, whose values are known.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from ppgkd.datasets.own.dataset import own_dataset
from ppgkd.datasets.own.read import OwnRecording, read_with_notes
from ppgkd.errors import PpgkdError
from ppgkd.windows.preprocessing import WindowSpec
from ppgkd.windows.segmentation import segment_recording

SPEC = WindowSpec(length_s=8.0, stride_s=2.0, rate_hz=25.0, low_hz=0.4, high_hz=8.0)

RATE_HZ = 32
MINUTE = 60 * RATE_HZ

ABOUT: dict[str, Any] = {
    "title": "Simulated walks",
    "terms": "Made by a test.",
    "files": "*.csv",
    "rate_hz": RATE_HZ,
    "channels": {
        "ppg": ["green", "red"],
        "acceleration": ["x", "y", "z"],
        "acceleration_unit": "g",
    },
    "reference": {"column": "hr"},
}
Write = Callable[..., Path]


def samples(n_samples: int = MINUTE, **columns: Any) -> pd.DataFrame:
    """A minute of samples with a reference that rises by 1 BPM each second, from 60."""
    second = np.arange(n_samples) / RATE_HZ
    return pd.DataFrame(
        {
            "green": 1_000 + 10 * np.sin(2 * np.pi * 1.2 * second),
            "red": 500 - 5 * second,
            "x": 0.25,
            "y": -0.5,
            "z": 1.0,
            "hr": 60 + second,
            **columns,
        }
    )


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write tables and the YAML file that describes them; give its path."""

    def written(tables: dict[str, pd.DataFrame], **changes: Any) -> Path:
        for name, table in tables.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.suffix == ".csv":
                table.to_csv(path, index=False)
            else:
                table.to_parquet(path, index=False)
        about = {**ABOUT, **changes}
        definition = tmp_path / "mine.yaml"
        definition.write_text(yaml.safe_dump({k: v for k, v in about.items() if v is not None}))
        return definition

    return written


def read(definition: Path) -> list[OwnRecording]:
    dataset = own_dataset("mine", definition)
    return list(read_with_notes(dataset.recordings))


def read_one(definition: Path) -> OwnRecording:
    (found,) = read(definition)
    return found


def refusal(definition: Path) -> str:
    with pytest.raises(PpgkdError) as caught:
        read(definition)
    return str(caught.value)


# Who and what


def test_a_table_is_a_recording_and_its_name_is_the_subject(write: Write) -> None:
    dataset = own_dataset("mine", write({"ada.csv": samples(), "bo.csv": samples()}))
    assert [(entry.name, entry.subject) for entry in dataset.recordings] == [
        ("ada", "ada"),
        ("bo", "bo"),
    ]
    assert (dataset.title, dataset.terms) == ("Simulated walks", "Made by a test.")
    assert (dataset.ppg_channels, dataset.acc_channels, dataset.rate_hz) == (2, 3, RATE_HZ)


def test_a_pattern_finds_the_subject_in_the_name_of_the_table(write: Write) -> None:
    definition = write(
        {"day1/P07_walk.csv": samples(), "day2/P07_run.csv": samples()},
        files="day*/*.csv",
        subject={"pattern": "^P([0-9]+)_", "prefix": "clinic-"},
    )
    dataset = own_dataset("mine", definition)
    assert [(entry.name, entry.subject) for entry in dataset.recordings] == [
        ("P07_walk", "clinic-07"),
        ("P07_run", "clinic-07"),
    ]


@pytest.mark.parametrize("name", ["all.csv", "all.parquet"])
def test_one_table_may_hold_many_recordings_of_many_subjects(write: Write, name: str) -> None:
    parts = [
        samples(who=7, session="a"),
        samples(who=7, session="b", green=3.0 + np.arange(MINUTE) % 2),
        samples(2 * MINUTE, who=12, session="c"),
    ]
    definition = write(
        {name: pd.concat(parts)}, files=[name], recording="session", subject={"column": "who"}
    )
    found = [one.recording for one in read(definition)]
    assert [(one.name, one.subject) for one in found] == [("a", "7"), ("b", "7"), ("c", "12")]
    assert [one.signal.shape for one in found] == [(5, MINUTE), (5, MINUTE), (5, 2 * MINUTE)]
    assert np.unique(found[1].signal[0]).tolist() == [3, 4]


def test_without_a_recording_column_each_subject_of_a_table_is_a_recording(write: Write) -> None:
    table = pd.concat([samples(who="ada"), samples(who="bo")])
    dataset = own_dataset("mine", write({"night.csv": table}, subject={"column": "who"}))
    assert [entry.name for entry in dataset.recordings] == ["night-ada", "night-bo"]


# Channels and units


@pytest.mark.parametrize(
    ("unit", "factor", "zero"),
    [
        ({"acceleration_unit": "g"}, 1, 0),
        ({"acceleration_unit": "mg"}, 1_000, 0),
        ({"acceleration_unit": "m/s2"}, 9.80665, 0),
        ({"acceleration_unit": "counts", "counts_per_g": 64}, 64, 0),
        ({"acceleration_unit": "counts", "counts_per_g": 64, "zero": 2_048}, 64, 2_048),
    ],
)
def test_acceleration_is_in_g_whatever_its_unit(
    write: Write, unit: dict[str, Any], factor: float, zero: float
) -> None:
    table = samples()
    table[["x", "y", "z"]] = factor * table[["x", "y", "z"]] + zero
    found = read_one(write({"ada.csv": table}, channels={**ABOUT["channels"], **unit}))
    np.testing.assert_allclose(found.recording.signal[2:, 0], [0.25, -0.5, 1.0], rtol=1e-6)
    assert found.notes == ()


def test_a_unit_that_looks_wrong_is_told(write: Write) -> None:
    table = samples(x=0.0, y=0.0, z=9.81)
    (note,) = read_one(write({"ada.csv": table})).notes
    assert "this looks like m/s²" in note


@pytest.mark.parametrize(("systole", "sign"), [("rises", 1), ("falls", -1)])
def test_a_systole_rises_in_what_is_read(write: Write, systole: str, sign: int) -> None:
    table = samples()
    definition = write({"ada.csv": table}, channels={**ABOUT["channels"], "systole": systole})
    recording = read_one(definition).recording
    assert recording.channels[:2] == ("ppg_1", "ppg_2")
    np.testing.assert_allclose(recording.signal[:2], sign * table[["green", "red"]].to_numpy().T)


def test_there_may_be_no_accelerometer(write: Write) -> None:
    definition = write({"ada.csv": samples()}, channels={"ppg": ["red"]})
    assert own_dataset("mine", definition).acc_channels == 0
    assert read_one(definition).recording.channels == ("ppg_1",)


# Time


def test_gaps_in_the_time_stamps_become_missing_samples(write: Write) -> None:
    table = samples(time_s=100 + np.arange(MINUTE) / RATE_HZ).drop(index=range(320, 352))
    found = read_one(write({"ada.csv": table}))
    assert np.flatnonzero(np.isnan(found.recording.signal[0])).tolist() == [*range(320, 352)]
    assert "samples missing: 32, gaps: 1" in found.notes[0]
    at_20_s = np.interp(20, found.recording.reference_time_s, found.recording.reference_bpm)
    assert at_20_s == pytest.approx(80)


@pytest.mark.parametrize(("true_hz", "expected_hz"), [(32.04, 32.0), (33.333, 33.33)])
def test_without_a_declared_rate_the_time_stamps_say_it(
    write: Write, true_hz: float, expected_hz: float
) -> None:
    table = samples(time_s=np.arange(MINUTE) / true_hz)
    assert own_dataset("mine", write({"ada.csv": table}, rate_hz=None)).rate_hz == expected_hz


def joined(rate_hz: float = 16, late_s: float = 0.01) -> pd.DataFrame:
    """A minute with the acceleration at a rate of its own, in rows of its own."""
    table = samples(time_s=np.arange(MINUTE) / RATE_HZ)
    acc = pd.DataFrame({"time_s": np.arange(late_s, 60, 1 / rate_hz), "x": 0.25, "y": -0.5, "z": 1})
    return pd.concat([table.drop(columns=["x", "y", "z"]), acc]).sort_values("time_s")


def test_sensors_in_rows_of_their_own_are_read_at_their_own_rates(write: Write) -> None:
    definition = write({"ada.csv": joined()}, rate_hz=None)
    assert own_dataset("mine", definition).rate_hz == RATE_HZ
    found = read_one(definition)
    np.testing.assert_allclose(found.recording.signal[:2], [samples()["green"], samples()["red"]])
    for axis, value_g in zip(found.recording.signal[2:, 1:-2], (0.25, -0.5, 1), strict=True):
        np.testing.assert_allclose(axis, value_g, rtol=1e-6)
    assert any("acceleration: its cells are empty" in note for note in found.notes)


def test_reference_and_activity_of_a_joined_table_keep_their_times(write: Write) -> None:
    table = joined()
    table["what"] = np.where(table["time_s"] < 30, "sit", "walk")
    table.loc[table["x"].isna(), "what"] = np.nan  # in the rows of the acceleration alone
    rule = {"column": "what", "words": {"sit": "rest", "walk": "walk"}}
    for hr_in in (table["green"].notna(), table["x"].notna()):
        hr = (60 + table["time_s"]).where(hr_in)
        definition = write({"ada.csv": table.assign(hr=hr)}, rate_hz=None, activity=rule)
        recording = read_one(definition).recording
        np.testing.assert_allclose(
            recording.reference_bpm, 60 + recording.reference_time_s, atol=0.05
        )
        assert recording.activity is not None
        centre_s = recording.reference_time_s
        assert set(recording.activity[(centre_s > 5) & (centre_s < 29)]) == {"rest"}
        assert set(recording.activity[(centre_s > 31) & (centre_s < 55)]) == {"walk"}


def test_an_ecg_in_rows_of_its_own_is_read_at_its_own_rate(write: Write) -> None:
    beats_s = np.cumsum(np.full(80, 0.75))
    ecg = pd.DataFrame({"time_s": np.arange(0.002, 60, 1 / 130), "ecg": 0.0})
    ecg["ecg"] = sum(np.exp(-np.square((ecg["time_s"] - beat) / 0.02)) for beat in beats_s)
    table = pd.concat([samples(time_s=np.arange(MINUTE) / RATE_HZ), ecg]).sort_values("time_s")
    definition = write({"ada.csv": table}, rate_hz=None, reference={"ecg": {"column": "ecg"}})
    recording = read_one(definition).recording
    assert recording.rate_hz == RATE_HZ
    np.testing.assert_allclose(recording.reference_bpm[3:-3], 80, atol=0.5)


def test_a_slower_accelerometer_in_rows_of_the_ppg_is_read(write: Write) -> None:
    table = samples(time_s=np.arange(MINUTE) / RATE_HZ)
    table.loc[1::2, ["x", "y", "z"]] = np.nan
    recording = read_one(write({"ada.csv": table})).recording
    _, _, rejected = segment_recording(recording, SPEC)
    assert rejected["missing"] == 0


# Reference


def reference_table(time_s: Any, bpm: Any) -> pd.DataFrame:
    return pd.DataFrame({"time_s": time_s, "bpm": bpm})


@pytest.mark.parametrize(("time_is", "moved_s"), [("start", 4), ("centre", 0), ("end", -4)])
def test_a_reference_beside_the_table_belongs_to_the_centre_of_its_window(
    write: Write, time_is: str, moved_s: float
) -> None:
    every_2_s = np.arange(0.0, 60, 2)
    tables = {
        "data/ada.csv": samples(time_s=500 + np.arange(MINUTE) / RATE_HZ).drop(columns="hr"),
        "hr/ada_hr.csv": reference_table(500 + every_2_s, 60 + every_2_s),
    }
    reference = {"files": "hr/{table}_hr.csv", "time_is": time_is}
    recording = read_one(write(tables, files="data/*.csv", reference=reference)).recording
    np.testing.assert_allclose(recording.reference_time_s, every_2_s + moved_s, atol=1e-9)
    np.testing.assert_allclose(recording.reference_bpm, 60 + every_2_s)


def test_a_reference_with_date_times_meets_samples_with_date_times(write: Write) -> None:
    began = pd.Timestamp("2026-05-04T10:15:30")
    stamps = began + pd.to_timedelta(np.arange(MINUTE) / RATE_HZ, unit="s")
    late = began + pd.to_timedelta([10, 12, 14], unit="s")
    tables = {
        "ada.parquet": samples(timestamp=stamps).drop(columns="hr"),
        "hr/ada.parquet": pd.DataFrame({"timestamp": late, "bpm": [70, 71, 72]}),
    }
    definition = write(tables, files="*.parquet", reference={"files": "hr/{recording}.parquet"})
    np.testing.assert_allclose(read_one(definition).recording.reference_time_s, [10, 12, 14])


def test_a_column_need_not_be_filled_in_every_row(write: Write) -> None:
    sparse = samples()
    sparse.loc[np.arange(MINUTE) % MINUTE % (2 * RATE_HZ) != 0, "hr"] = np.nan
    recording = read_one(write({"ada.csv": sparse})).recording
    np.testing.assert_allclose(recording.reference_time_s, np.arange(0, 60, 2))
    np.testing.assert_allclose(recording.reference_bpm, 60 + np.arange(0, 60, 2))


def test_nothing_is_interpolated_across_a_long_gap(write: Write) -> None:
    table = samples()
    table.loc[20 * RATE_HZ : 40 * RATE_HZ, "hr"] = np.nan
    recording = read_one(write({"ada.csv": table})).recording
    at = np.interp([10, 30, 50], recording.reference_time_s, recording.reference_bpm)
    np.testing.assert_allclose(at, [70, np.nan, 110])


def test_values_of_short_windows_are_averaged_to_eight_seconds(write: Write) -> None:
    square = samples(hr=np.where(np.arange(MINUTE) < MINUTE // 2, 60.0, 100.0))
    definition = write({"ada.csv": square}, reference={"column": "hr", "window_s": 0})
    recording = read_one(definition).recording
    known = dict(zip(recording.reference_time_s.tolist(), recording.reference_bpm, strict=True))
    assert known[24.0] == 60
    assert known[36.0] == 100
    assert known[30.0] == pytest.approx(80, abs=0.2)
    assert known[28.0] == pytest.approx(70, abs=0.2)


def test_a_reference_that_no_heart_has_is_counted_and_counts_as_missing(write: Write) -> None:
    table = samples()
    table.loc[:99, "hr"] = 0
    table.loc[100:109, "hr"] = 241
    found = read_one(write({"ada.csv": table}))
    assert (found.reference.n_values, found.reference.n_implausible) == (MINUTE, 110)
    assert np.isnan(found.recording.reference_bpm[:110]).all()
    assert "outside 25 to 240 BPM" in found.reference.notes[0]


@pytest.mark.parametrize("beside", [False, True])
def test_a_reference_may_be_computed_from_an_ecg(write: Write, beside: bool) -> None:
    rate_hz = 128
    second = np.arange(90 * rate_hz) / rate_hz
    since_beat_s = (second + 0.4) % 0.8 - 0.4  # 75 BPM
    ecg = np.exp(-0.5 * (since_beat_s / 0.012) ** 2) - 0.2 * np.exp(
        -0.5 * ((since_beat_s - 0.25) / 0.05) ** 2
    )
    if beside:
        tables = {
            "ada.csv": samples(90 * RATE_HZ, time_s=7 + np.arange(90 * RATE_HZ) / RATE_HZ),
            "ecg/ada.csv": pd.DataFrame({"time_s": 9 + second, "mv": ecg}),
        }
        rule = {"column": "mv", "files": "ecg/{table}.csv", "rate_hz": rate_hz}
        definition = write(tables, reference={"ecg": rule})
    else:
        signal = samples(len(second), mv=ecg)
        definition = write(
            {"ada.csv": signal}, rate_hz=rate_hz, reference={"ecg": {"column": "mv"}}
        )
    recording = read_one(definition).recording
    known = recording.reference_bpm[np.isfinite(recording.reference_bpm)]
    assert len(known) > 30
    np.testing.assert_allclose(known, 75, atol=0.5)
    assert recording.reference_time_s[0] == pytest.approx(6 if beside else 4)


# Activity


def test_activities_get_words_of_the_vocabulary(write: Write) -> None:
    what = np.where(np.arange(MINUTE) < MINUTE // 2, 1.0, 2.0)
    table = samples(step=pd.Series(what).astype("Int64"))
    table.loc[50 * RATE_HZ :, "step"] = pd.NA
    rule = {"column": "step", "words": {1: "rest", 2: "run"}}
    recording = read_one(write({"ada.csv": table}, activity=rule)).recording
    assert recording.activity is not None
    known = dict(zip(recording.reference_time_s.tolist(), recording.activity, strict=True))
    assert [known[second] for second in (10.0, 25.0, 40.0, 56.0)] == [
        "rest",
        "rest",
        "run",
        "unknown",
    ]


# What is refused


@pytest.mark.parametrize("name", ["=1+1", "+a", "-a", "@a"])
def test_a_name_that_a_spreadsheet_would_run_is_refused(write: Write, name: str) -> None:
    message = refusal(write({f"{name}.csv": samples()}))
    assert name in message
    assert "start a formula in a spreadsheet" in message


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"rate": 32}, "unknown keys ['rate']"),
        ({"rate_hz": "32"}, "'rate_hz' must be a number from 10 to 1000 or null, found '32'"),
        ({"rate_hz": 3}, "'rate_hz' must be a number from 10 to 1000 or null, found 3"),
        ({"title": None}, "the top level lacks ['title']"),
        ({"channels": {"ppg": []}}, "'channels.ppg' must not be empty"),
        ({"channels": {"ppg": ["green", "green"]}}, "'channels.ppg'"),
        ({"channels": {"ppg": ["x"], "acceleration": ["x", "y", "z"]}}, "acceleration_unit"),
        ({"reference": {}}, "'reference' has none of column, files, ecg, beats"),
        ({"reference": {"column": "hr", "files": "a.csv"}}, "['column', 'files'] of column"),
        ({"reference": {"files": "{stem}.csv"}}, "allowed are {table} and {recording}"),
        ({"reference": {"files": "{table:>99999999999}"}}, "allowed are {table} and {recording}"),
        ({"reference": {"files": "hr/{table}.csv"}}, "needs"),
        ({"files": "*.parquet"}, "'files' has '*.parquet', which matches no file"),
        ({"files": ["bo.csv"]}, "'files' has 'bo.csv', which is not a file"),
        ({"subject": {"pattern": "^P"}}, "has no group; put brackets around"),
        ({"subject": {"pattern": "^(P)"}}, "catches nothing in 'ada'"),
        ({"subject": {"column": "a", "pattern": "(b)"}}, "both column and pattern"),
        ({"subject": {"column": "who"}}, "lacks the columns who"),
        ({"channels": {"ppg": ["infrared"]}}, "lacks the columns infrared"),
        ({"activity": {"column": "hr", "words": {"a": "sleep"}}}, "'unknown'], found 'sleep'"),
        (
            {"activity": {"column": "what", "words": {1: "rest"}}},
            "row 2 has 'sit' in its column what",
        ),
    ],
)
def test_a_definition_that_is_wrong_is_refused_by_name(
    write: Write, changes: dict[str, Any], said: str
) -> None:
    definition = write({"ada.csv": samples(what="sit")}, **changes)
    message = refusal(definition)
    assert said in message
    assert "mine.yaml" in message or "ada.csv" in message


@pytest.mark.parametrize(
    ("channels", "said"),
    [
        ({"acceleration_unit": "counts"}, "give 'counts_per_g', too"),
        ({"counts_per_g": 64}, "set it to counts"),
        ({"acceleration": ["x", "y", "green"]}, "['green'] twice"),
    ],
)
def test_channels_that_contradict_each_other_are_refused(
    write: Write, channels: dict[str, Any], said: str
) -> None:
    definition = write({"ada.csv": samples()}, channels={**ABOUT["channels"], **channels})
    assert said in refusal(definition)


@pytest.mark.parametrize("text", ["[1, 2", "just text", "", "!!python/object/apply:os.getcwd []"])
def test_a_file_that_holds_no_keys_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    assert str(path) in refusal(path)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert "nowhere.yaml" in refusal(tmp_path / "nowhere.yaml")


@pytest.mark.parametrize(
    ("hr", "reference", "said"),
    [
        (np.nan, {"column": "hr"}, "its column hr has no value"),
        (72.0, {"column": "hr", "longest_gap_s": 0.01}, "Set it to a larger value"),
    ],
)
def test_a_reference_that_says_nothing_is_refused(
    write: Write, hr: float, reference: dict[str, Any], said: str
) -> None:
    assert said in refusal(write({"ada.csv": samples(hr=hr)}, reference=reference))


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (reference_table([0, 2, 1], 70), "the time of row 4 is not after"),
        (reference_table([0, 2, 4], "x"), "ada_hr.csv"),
        (pd.DataFrame({"bpm": [70, 71]}), "it has no times"),
        (pd.DataFrame({"timestamp": ["2026-05-04T10:00"], "bpm": [70]}), "use time_s for both"),
    ],
)
def test_a_reference_table_that_is_wrong_is_refused_by_name(
    write: Write, table: pd.DataFrame, said: str
) -> None:
    tables = {"data/ada.csv": samples(), "ada_hr.csv": table}
    message = refusal(write(tables, files="data/*", reference={"files": "{table}_hr.csv"}))
    assert said in message
    assert "ada_hr.csv" in message


def test_a_declared_rate_that_the_time_stamps_contradict_is_refused(write: Write) -> None:
    table = samples(time_s=np.arange(MINUTE) / 31)
    message = refusal(write({"ada.csv": table}))
    assert "ada.csv" in message
    assert "the declared rate is 32 Hz, but the time stamps give 31 Hz" in message


def test_a_recording_that_begins_again_is_refused_with_its_row(write: Write) -> None:
    table = pd.concat([samples(who="ada"), samples(who="bo"), samples(who="ada")])
    message = refusal(write({"all.csv": table}, subject={"column": "who"}))
    assert f"'all-ada' begins again in row {2 + 2 * MINUTE}" in message


def test_a_row_without_a_subject_is_refused_with_its_number(write: Write) -> None:
    table = samples(who="ada")
    table.loc[5, "who"] = None
    assert "row 7 has no who" in refusal(write({"all.csv": table}, subject={"column": "who"}))


def test_two_recordings_of_one_name_are_refused(write: Write) -> None:
    definition = write({"a/ada.csv": samples(), "b/ada.csv": samples()}, files="*/*.csv")
    assert "more than one recording with each of the names ['ada']" in refusal(definition)
