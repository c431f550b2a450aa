"""Times are written as the log writes its own."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ppgkd.datasets.own.columns import read_columns
from ppgkd.datasets.own.log_times import log_times
from ppgkd.datasets.own.time_columns import TimeRule

MOMENT = pd.Timestamp("2026-05-04T08:00:00.25Z")
SECOND = np.arange(100) / 32
AT_S = np.array([0.0, 2.0, 8.125])
"""Times to write, in seconds from the first row."""


def written(
    folder: Path, name: str, values: Any, rule: TimeRule, second: Any = AT_S, end: str = "csv"
) -> pd.Series | None:
    table = pd.DataFrame({name: values, "ppg": np.arange(len(values))})
    path = folder / f"log.{end}"
    table.to_csv(path, index=False) if end == "csv" else table.to_parquet(path, index=False)
    rows, _ = read_columns(path, ("ppg",), (), rule)
    return log_times(rows).written(np.asarray(second))


def stamps(form: str, zone: str = "UTC", start: pd.Timestamp = MOMENT) -> pd.Series:
    moments = pd.Series(start + pd.to_timedelta(SECOND, unit="s"))
    return moments.dt.tz_convert(zone).dt.strftime(form)


ISO = "%Y-%m-%dT%H:%M:%S.%f"


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (stamps(f"{ISO}Z"), "2026-05-04T08:00:02.250Z"),
        (stamps(ISO), "2026-05-04T08:00:02.250"),
        (stamps("%Y-%m-%d %H:%M:%S.%f"), "2026-05-04 08:00:02.250"),
        (stamps(f"{ISO}+02:00", "Europe/Zurich"), "2026-05-04T10:00:02.250+02:00"),
        (stamps(f"{ISO}%z", "Asia/Kolkata"), "2026-05-04T13:30:02.250+0530"),
        (stamps(f"{ISO}-02:30", "America/St_Johns"), "2026-05-04T05:30:02.250-02:30"),
        (stamps(f"{ISO}+0545", "Asia/Kathmandu"), "2026-05-04T13:45:02.250+0545"),
    ],
)
def test_date_times_keep_their_form_and_offset(tmp_path: Path, values: Any, expected: str) -> None:
    found = written(tmp_path, "timestamp", values, TimeRule())
    assert found is not None
    assert found[1] == expected


@pytest.mark.parametrize(
    ("unit", "per_second"), [("s", 1), ("ms", 10**3), ("us", 10**6), ("ns", 10**9)]
)
def test_numbers_since_1970_keep_their_unit(tmp_path: Path, unit: str, per_second: int) -> None:
    values = (MOMENT.timestamp() + SECOND) * per_second
    found = written(tmp_path, "t", values, TimeRule("t", unit))
    assert found is not None
    expected = (MOMENT.timestamp() + AT_S) * per_second
    np.testing.assert_allclose(found, expected, atol=1e-3 * per_second, rtol=0)
    assert found.dtype == (np.float64 if unit == "s" else np.int64)


def test_numbers_of_another_start_keep_it(tmp_path: Path) -> None:
    found = written(tmp_path, "t_ms", 7_000 + 1e3 * SECOND, TimeRule("t_ms", "ms"), 7 + AT_S)
    assert found is not None
    assert found.tolist() == [7_000, 9_000, 15_125]


@pytest.mark.parametrize("name", ["time_s", "none"])
def test_seconds_are_written_already(tmp_path: Path, name: str) -> None:
    assert written(tmp_path, name, SECOND, TimeRule()) is None


def test_local_times_of_a_zone_stay_local_when_summer_time_ends(tmp_path: Path) -> None:
    start = pd.Timestamp("2026-10-25T00:59:58Z")
    rule = TimeRule(timezone="Europe/Zurich")
    found = written(tmp_path, "timestamp", stamps(ISO, "Europe/Zurich", start), rule)
    assert found is not None
    assert found.tolist() == [
        "2026-10-25T02:59:58.000",
        "2026-10-25T02:00:00.000",
        "2026-10-25T02:00:06.125",
    ]


def test_an_offset_that_changes_within_the_log_changes_in_what_is_written(tmp_path: Path) -> None:
    start = pd.Timestamp("2026-10-25T00:59:58Z")
    values = stamps(f"{ISO}%z", "Europe/Zurich", start)
    found = written(tmp_path, "timestamp", values, TimeRule())
    assert found is not None
    assert found.tolist() == [
        "2026-10-25T02:59:58.000+0200",
        "2026-10-25T02:00:00.000+0100",
        "2026-10-25T02:00:06.125+0100",
    ]


@pytest.mark.parametrize("zone", [None, "UTC", "Asia/Kolkata"])
def test_moments_of_a_parquet_file_stay_moments(tmp_path: Path, zone: str | None) -> None:
    moments = pd.Series(MOMENT + pd.to_timedelta(SECOND, unit="s"))
    values = moments.dt.tz_localize(None) if zone is None else moments.dt.tz_convert(zone)
    found = written(tmp_path, "timestamp", values, TimeRule(), end="parquet")
    assert found is not None
    assert found[1] == values[64]
    assert str(found.dt.tz) == str(zone)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    start=st.datetimes(pd.Timestamp("2001-01-01"), pd.Timestamp("2099-01-01")),
    zone=st.sampled_from(["UTC", "Asia/Kolkata", "Australia/Lord_Howe", "America/St_Johns"]),
    at_s=st.floats(0, 3),
)
def test_what_is_written_is_the_moment(
    tmp_path_factory: pytest.TempPathFactory, start: Any, zone: str, at_s: float
) -> None:
    begin = pd.Timestamp(start, tz="UTC")
    values = stamps(f"{ISO}%z", zone, begin)
    folder = tmp_path_factory.mktemp("log")
    found = written(folder, "timestamp", values, TimeRule(), [at_s])
    assert found is not None
    assert abs((pd.Timestamp(found[0]) - begin).total_seconds() - at_s) <= 0.0011
