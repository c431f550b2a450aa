"""A user's table: what is read of it, what is told, and what is refused."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ppgkd.datasets.own.recording_table import read_recording_table
from ppgkd.errors import PpgkdError

CHANNELS = ("ppg_1", "acc_x", "acc_y", "acc_z")
RATE_HZ = 50.0


@pytest.fixture
def table() -> pd.DataFrame:
    """10 s at rest: PPG in counts, acceleration in g."""
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "time_s": np.arange(500) / RATE_HZ,
            "ppg_1": rng.integers(29_000, 31_000, 500),
            "acc_x": rng.normal(0, 0.05, 500),
            "acc_y": rng.normal(0, 0.05, 500),
            "acc_z": rng.normal(1, 0.05, 500),
        }
    )


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Path]:
    """Write a table, or text, and give its path."""

    def write(content: pd.DataFrame | str | bytes, name: str = "recording.csv") -> Path:
        path = tmp_path / name
        if isinstance(content, str):
            content = content.encode()
        if isinstance(content, bytes):
            path.write_bytes(content)
        elif path.suffix == ".parquet":
            content.to_parquet(path, index=False)
        else:
            content.to_csv(path, index=False)
        return path

    return write


Written = Callable[..., Path]


def refusal(path: Path) -> str:
    with pytest.raises(PpgkdError) as caught:
        read_recording_table(path, CHANNELS, RATE_HZ)
    message = str(caught.value)
    assert str(path) in message
    return message


# What is read


@pytest.mark.parametrize("name", ["recording.csv", "recording.parquet", "UPPER.CSV"])
def test_the_signal_has_the_channels_of_the_model(
    table: pd.DataFrame, written: Written, name: str
) -> None:
    found = read_recording_table(written(table, name), CHANNELS, RATE_HZ)
    np.testing.assert_array_equal(found.signal, table[[*CHANNELS]].to_numpy(np.float32).T)
    assert found.signal.dtype == np.float32
    assert (found.first_s, found.notes) == (0.0, ())
    assert found.rate_hz == pytest.approx(50)


@pytest.mark.parametrize("name", ["recording.csv", "recording.parquet"])
def test_columns_may_be_in_any_order_and_others_are_left_aside_by_name(
    table: pd.DataFrame, written: Written, name: str
) -> None:
    mixed = table.assign(led="on", step=1)[["acc_z", "led", "ppg_1", "acc_y", "step", "acc_x"]]
    found = read_recording_table(written(mixed, name), CHANNELS, RATE_HZ)
    np.testing.assert_array_equal(found.signal, table[[*CHANNELS]].to_numpy(np.float32).T)
    assert found.notes == ("columns not used: led, step",)


@pytest.mark.parametrize("name", ["", "led", " led"])
def test_columns_left_aside_may_share_a_name(
    table: pd.DataFrame, written: Written, name: str
) -> None:
    text = table.drop(columns="time_s").assign(first=1, second="").to_csv(index=False)
    path = written(text.replace("first,second", f"{name.strip()},{name}"))
    found = read_recording_table(path, CHANNELS, RATE_HZ)
    np.testing.assert_array_equal(found.signal, table[[*CHANNELS]].to_numpy(np.float32).T)
    assert found.notes == (f"columns not used: {name.strip()}, {name.strip()}",)


def test_each_of_the_columns_that_share_a_name_is_looked_at(
    table: pd.DataFrame, written: Written
) -> None:
    slow = table.assign(first=1, second=np.arange(500) / 40)[["first", *CHANNELS, "second"]]
    text = slow.to_csv(index=False).replace("first", "t_s").replace("second", "t_s")
    assert "the rate is 40 Hz, not 50 Hz" in refusal(written(text))


def test_without_time_stamps_the_declared_rate_is_believed(
    table: pd.DataFrame, written: Written
) -> None:
    found = read_recording_table(written(table.drop(columns="time_s")), CHANNELS, 33.0)
    assert (found.first_s, found.rate_hz) == (0.0, 33.0)


def test_blanks_after_commas_a_mark_of_the_byte_order_and_crlf_do_not_matter(
    written: Written,
) -> None:
    text = "\ufeffppg_1, acc_x, acc_y, acc_z\r\n1, 2, 3, 0.5\r\n5, 6, 7, 8e-1\r\n"
    found = read_recording_table(written(text), CHANNELS, RATE_HZ)
    np.testing.assert_allclose(found.signal, [[1, 5], [2, 6], [3, 7], [0.5, 0.8]])


@pytest.mark.parametrize("name", ["recording.csv", "recording.parquet"])
def test_date_times_are_time_stamps(table: pd.DataFrame, written: Written, name: str) -> None:
    began = pd.Timestamp("2026-05-04T10:15:30")
    stamps = began + pd.to_timedelta(table["time_s"], unit="s")
    if name.endswith(".csv"):  # whole seconds are written without a fraction
        stamps = stamps.map(lambda stamp: stamp.isoformat())
    found = read_recording_table(
        written(table.drop(columns="time_s").assign(timestamp=stamps).drop(index=[7, 8]), name),
        CHANNELS,
        RATE_HZ,
    )
    assert found.first_s == 0
    assert found.rate_hz == pytest.approx(50)
    assert np.flatnonzero(np.isnan(found.signal[0])).tolist() == [7, 8]


# Gaps and lost cells


def test_missing_samples_are_filled_so_that_the_time_stays_right(
    table: pd.DataFrame, written: Written
) -> None:
    lossy = table.drop(index=[*range(100, 150), 300])
    found = read_recording_table(written(lossy), CHANNELS, RATE_HZ)
    expected = table[[*CHANNELS]].to_numpy(np.float32).T.copy()
    expected[:, [*range(100, 150), 300]] = np.nan
    np.testing.assert_array_equal(found.signal, expected)
    (note,) = found.notes
    assert "samples missing: 51, gaps: 2, longest gap: 1 s" in note


def test_the_first_time_stamp_is_kept(table: pd.DataFrame, written: Written) -> None:
    later = table.assign(time_s=table["time_s"] + 1_000)
    assert read_recording_table(written(later), CHANNELS, RATE_HZ).first_s == 1_000


@pytest.mark.parametrize("lost", ["", "nan", "NaN", "NA", "null"])
def test_cells_without_a_number_are_lost_samples(
    table: pd.DataFrame, written: Written, lost: str
) -> None:
    text = table.astype(object)
    text.loc[[3, 4], "ppg_1"] = lost
    found = read_recording_table(written(text), CHANNELS, RATE_HZ)
    assert np.argwhere(np.isnan(found.signal)).tolist() == [[0, 3], [0, 4]]
    assert found.notes == ("cells without a number, which count as missing samples: 2",)


# Units


@pytest.mark.parametrize(
    ("factor", "said"),
    [
        (9.80665, "9.8.*m/s².*9.80665"),
        (1_000, "mg.* 1000"),
        (16_384, "counts per g"),
        (0.02, "was gravity removed"),
    ],
)
def test_acceleration_that_cannot_be_in_g_is_told(
    table: pd.DataFrame, written: Written, factor: float, said: str
) -> None:
    other = table.assign(**{name: factor * table[name] for name in CHANNELS[1:]})
    (note,) = read_recording_table(written(other), CHANNELS, RATE_HZ).notes
    assert "the acceleration must be in g" in note
    assert pd.Series([note]).str.contains(said).all()


@pytest.mark.parametrize("factor", [0.3, 3.0])
def test_acceleration_of_strong_motion_or_a_coarse_scale_is_not(
    table: pd.DataFrame, written: Written, factor: float
) -> None:
    other = table.assign(**{name: factor * table[name] for name in CHANNELS[1:]})
    assert read_recording_table(written(other), CHANNELS, RATE_HZ).notes == ()


def test_a_model_without_acceleration_asks_for_none(table: pd.DataFrame, written: Written) -> None:
    found = read_recording_table(written(table[["ppg_1"]]), ("ppg_1",), RATE_HZ)
    assert (found.signal.shape, found.notes) == ((1, 500), ())


# What is refused


@pytest.mark.parametrize("name", ["recording.csv", "recording.parquet"])
def test_missing_channels_are_named_beside_what_is_there(
    table: pd.DataFrame, written: Written, name: str
) -> None:
    message = refusal(written(table.drop(columns=["acc_y", "acc_z"]), name))
    assert "lacks the columns acc_y, acc_z" in message
    assert "needs ppg_1, acc_x, acc_y, acc_z" in message
    assert "has time_s, ppg_1, acc_x" in message


def test_other_separators_and_a_missing_header_are_recognised(written: Written) -> None:
    assert "Separate the cells by commas" in refusal(written("ppg_1;acc_x;acc_y;acc_z\n1;2;3;4\n"))
    assert "must be a header" in refusal(written("1,2,3,4\n5,6,7,8\n"))


@pytest.mark.parametrize("cell", ["loose", "0.5.1", "1 2", "true", "0x1F", "2026-05-04"])
def test_a_cell_that_is_no_number_is_named_by_row_and_column(
    table: pd.DataFrame, written: Written, cell: str
) -> None:
    text = table.astype(object)
    text.loc[6, "acc_y"] = cell
    message = refusal(written(text))
    assert "In column acc_y: Row #8" in message  # the header is the first row
    assert f"'{cell}'" in message


def test_a_decimal_comma_is_no_number(written: Written) -> None:
    message = refusal(written('ppg_1,acc_x,acc_y,acc_z\n1,2,3,4\n1,"0,5",3,4\n'))
    assert "In column acc_x: Row #3" in message


@pytest.mark.parametrize("row", ["1,2,3", "1,2,3,4,5"])
def test_a_row_that_is_too_long_or_too_short_is_named(written: Written, row: str) -> None:
    message = refusal(written(f"ppg_1,acc_x,acc_y,acc_z\n1,2,3,4\n{row}\n1,2,3,4\n"))
    assert "Row #3: Expected 4 columns" in message


@pytest.mark.parametrize(
    ("column", "values"),
    [("ppg_1", ["a"] * 500), ("acc_x", [True] * 500), ("acc_z", [[1.0]] * 500)],
)
def test_a_column_of_parquet_that_holds_no_numbers_is_named(
    table: pd.DataFrame, written: Written, column: str, values: list[object]
) -> None:
    message = refusal(written(table.assign(**{column: values}), "recording.parquet"))
    assert f"column {column} has the type" in message


def test_a_column_that_is_there_twice_is_named(written: Written) -> None:
    message = refusal(written("ppg_1,acc_x,acc_y,acc_z,ppg_1\n1,2,3,4,5\n"))
    assert "column ppg_1 more than once" in message


def test_a_date_time_that_is_none_is_named_by_row(table: pd.DataFrame, written: Written) -> None:
    stamps = ["2026-05-04T10:15:30"] * 3 + ["yesterday"] + ["2026-05-04T10:15:31"] * 496
    message = refusal(written(table.drop(columns="time_s").assign(timestamp=stamps)))
    assert "timestamp of row 5 is 'yesterday'" in message


def test_time_stamps_that_step_back_are_refused_by_row(
    table: pd.DataFrame, written: Written
) -> None:
    rows = [*range(100), 99, *range(100, 500)]
    assert "row 102" in refusal(written(table.iloc[rows]))
    assert "row 101" in refusal(written(table.iloc[rows], "recording.parquet"))


def test_a_rate_that_the_time_stamps_contradict_is_refused(
    table: pd.DataFrame, written: Written
) -> None:
    message = refusal(written(table.assign(time_s=np.arange(500) / 48)))
    assert "declared rate is 50 Hz, but the time stamps give 48 Hz" in message


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "lacks the columns"),
        ("ppg_1,acc_x,acc_y,acc_z\n", "has no rows"),
        (b"\x00\xff\xfe\x00", "cannot be read"),
        ("ppg_1,acc_x,acc_y,acc_z\n1,2,3,4\n".encode("utf-16"), "cannot be read"),
    ],
)
def test_an_empty_or_garbled_file_is_refused(
    written: Written, content: str | bytes, said: str
) -> None:
    assert said in refusal(written(content))


def test_a_parquet_file_that_is_none_is_refused(table: pd.DataFrame, written: Written) -> None:
    assert "cannot be read" in refusal(written("ppg_1\n1\n", "recording.parquet"))
    whole = written(table, "whole.parquet").read_bytes()
    assert "cannot be read" in refusal(written(whole[:-50], "recording.parquet"))
    assert "has no rows" in refusal(written(table.iloc[:0], "recording.parquet"))


def test_a_file_that_is_not_there_or_of_an_unknown_kind_is_refused(tmp_path: Path) -> None:
    assert "is not a file" in refusal(tmp_path / "recording.csv")
    (tmp_path / "folder.parquet").mkdir()
    assert "is not a file" in refusal(tmp_path / "folder.parquet")
    assert "allowed are .csv, .parquet" in refusal(tmp_path / "recording.xlsx")
