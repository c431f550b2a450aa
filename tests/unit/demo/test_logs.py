"""Logs are read as `ppgkd predict` reads them, or refused by name."""

from pathlib import Path

import numpy as np
import pytest
from tests.unit.demo.logs import CHANNELS, Log, make_log
from tests.unit.demo.node import Outcome, call, values

from ppgkd.datasets.own.recording_table import RecordingTable, read_recording_table
from ppgkd.errors import PpgkdError

N_LOGS = 120
ONLY_PREDICT = "ppgkd predict may read it"
TIME_S = np.array([0, 8, 10.5])


def read(log: Log, path: Path) -> RecordingTable | str:
    """What Python reads of a log, or its message without the name of the file."""
    path.write_text(log.text, encoding="utf-8", newline="")
    try:
        return read_recording_table(path, CHANNELS, log.rate_hz, log.to_hz)
    except PpgkdError as error:
        return str(error).removeprefix(f"{path}: ")


def difference(log: Log, found: Outcome, expected: RecordingTable | str) -> str:
    """What the page does that Python does not; empty if nothing."""
    if found.error and not found.is_owners:
        return f"a defect: {found.error}"
    if ONLY_PREDICT in found.error:
        return ""
    if isinstance(expected, str):
        return "" if found.error == expected else f"{found.error or 'reads it'}, not: {expected}"
    if found.error:
        return f"refuses what predict reads: {found.error}"
    page = found.value
    signal = np.array(page["signal"], np.float32)
    if signal.shape != expected.signal.shape:
        return f"shape {signal.shape}, not {expected.signal.shape}"
    if not np.array_equal(np.isnan(signal), np.isnan(expected.signal)):
        return "other samples are missing"
    finite = np.isfinite(expected.signal)
    largest = np.where(finite, np.abs(expected.signal), 1).max(axis=1, keepdims=True)
    with np.errstate(invalid="ignore"):
        off = np.where(finite, np.abs(signal - expected.signal) / largest, 0).max()
    if off > 1e-6:
        return f"samples are off by {off:g} of the largest"
    clock = expected.first_s, log.to_hz / expected.rate_hz
    if (page["firstS"], page["stretch"]) != pytest.approx(clock, abs=1e-6):
        return f"clock {page['firstS']}, {page['stretch']}, not {clock}"
    if page["notes"] != notes_beside_reference(expected.notes):
        return f"notes {page['notes']}, not {expected.notes}"
    written = expected.times.written(expected.first_s + TIME_S)
    if page["written"] != (None if written is None else list(written)):
        return f"times {page['written']}, not {written}"
    return ""


def notes_beside_reference(notes: tuple[str, ...]) -> list[str]:
    """The notes of predict, without the column that only the page uses."""
    unused = "columns not used: "
    names = notes[0].removeprefix(unused).split(", ") if notes else []
    if "reference_bpm" not in names:
        return [*notes]
    others = [name for name in names if name != "reference_bpm"]
    return [*([unused + ", ".join(others)] if others else []), *notes[1:]]


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")  # infinite samples, in Python
def test_logs_with_faults_of_all_kinds_are_read_alike_or_refused(tmp_path: Path) -> None:
    logs = [make_log(seed) for seed in range(N_LOGS)]
    found = call("readTable", [(log.text, CHANNELS, log.rate_hz, log.to_hz) for log in logs])
    expected = [read(log, tmp_path / "log.csv") for log in logs]
    wrong = [
        f"log {seed}: {what}"
        for seed, row in enumerate(zip(logs, found, expected, strict=True))
        if (what := difference(*row))
    ]
    assert not wrong, "\n".join(wrong)
    n_read = sum(not one.error for one in found)
    n_only = sum(ONLY_PREDICT in one.error for one in found)
    assert n_read > N_LOGS / 3
    assert n_only < N_LOGS / 4


def read_by_page(text: str, rate_hz: float = 50.0) -> Outcome:
    (found,) = call("readTable", [(text, CHANNELS, rate_hz, 50.0)])
    return found


def table(n_rows: int = 500, **columns: object) -> str:
    rng = np.random.default_rng(0)
    signal = rng.normal([20_000, 20_000, 0.6, 0.6, 0.6], [300, 300, 0.1, 0.1, 0.1], (n_rows, 5))
    header = ",".join([*CHANNELS, *columns])
    extra = [np.broadcast_to(np.asarray(one), n_rows) for one in columns.values()]
    rows = (
        ",".join([*(f"{value:.4f}" for value in row), *(str(one[n]) for one in extra)])
        for n, row in enumerate(signal)
    )
    return "\n".join([header, *rows]) + "\n"


def joined_table(moved: int = 0) -> str:
    """A PPG of 50 Hz and an acceleration in every other row; both may pause for so many rows."""
    place = np.arange(3000)
    text = table(3000, time_s=(place + moved * (place > 1500)) / 50)
    header, *rows = text.splitlines()
    cells = [row.split(",") for row in rows]
    halved = [[*row[:2], "", "", "", row[5]] if n % 2 else row for n, row in enumerate(cells)]
    return "\n".join([header, *(",".join(row) for row in halved)]) + "\n"


ROW = np.arange(3000)
RNG = np.random.default_rng(1)


@pytest.mark.parametrize(
    "text",
    [
        table(3000, time_s=(ROW // 10 + 1) / 5),
        table(3000, time_s=(ROW // 25 + RNG.uniform(0, 0.4, 120)[ROW // 25]) / 2),
        table(3000, time_s=np.delete((np.arange(3050) // 10 + 1) / 5, slice(1000, 1050))),
        table(3000, time_s=np.maximum.accumulate(ROW / 50 + RNG.exponential(0.03, 3000))),
        table(3000, time_s=np.floor(ROW / 50 / 0.033) * 0.033),
        table(3000, time_s=np.round(ROW / 50, 1)),
        table(3000, time_s=ROW / 50 + 0.1 * np.sin(ROW / 300)),
        joined_table(),
        joined_table(moved=8),
    ],
    ids=[
        "batch",
        "late batch",
        "lost batches",
        "late",
        "coarse",
        "tenths",
        "drift",
        "joined",
        "paused",
    ],
)
def test_stamps_that_are_not_the_times_of_sampling_are_read(text: str, tmp_path: Path) -> None:
    log = Log(text, 50.0, 50.0)
    found = read_by_page(text)
    assert not found.error
    assert difference(log, found, read(log, tmp_path / "log.csv")) == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\x89PNG\r\n\x1a\n\0\0", "it is not text in UTF-8"),
        ("", "it lacks the columns ppg_1, ppg_2, acc_x, acc_y, acc_z"),
        (table().replace("ppg_2", "green", 1), "it lacks the columns ppg_2; ppgkd needs ppg_1,"),
        (table().replace(",", ";"), "Separate the cells by commas."),
        (table().partition("\n")[2], "The first line must be a header"),
        (table(0), "it has no rows. Write one row per sample"),
        (table().replace("\n2", "\nx2", 1), "In column ppg_1: Row #2: CSV conversion error"),
        (table(time_s=np.arange(500) / 51), "the declared rate is 50 Hz, but the time stamps give"),
        (table(elapsed_ms=np.arange(500) * 25), "its column elapsed_ms looks like the time"),
    ],
)
def test_what_is_wrong_is_said_by_name(text: str, expected: str) -> None:
    found = read_by_page(text)
    assert found.is_owners
    assert expected in found.error


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (joined_table(moved=7), "has a rate of its own"),
        (table(when=[f"2026-05-04T10:15:{n // 50:02d}" for n in range(500)]), "date-times"),
    ],
)
def test_what_the_page_would_read_differently_is_refused(text: str, expected: str) -> None:
    found = read_by_page(text)
    assert found.is_owners
    assert expected in found.error
    assert ONLY_PREDICT in found.error


@pytest.mark.parametrize(
    ("text", "second"),
    [
        ("2026-05-04T10:15:30.020", 1777889730.02),
        ("2026-05-04 10:15:30", 1777889730.0),
        ("2026-05-04T10:15:30.5+02:00", 1777882530.5),
        ("2026-05-04T10:15-0330", 1777902300.0),
    ],
)
def test_date_times_are_read_and_written_in_the_same_way(text: str, second: float) -> None:
    (found,) = values("times", [([text] * 3, [0.25])])
    assert found["timeS"] == pytest.approx([second] * 3, abs=1e-6)
    assert found["written"][0][:11] == text[:11]
    assert found["written"][0].endswith(found["offsets"][0])


@pytest.mark.parametrize(
    ("python", "function", "digits"),
    [("{:.4g}", "significant", 4), ("{:.3g}", "significant", 3), ("{:.6f}", "decimals", 6)],
)
def test_numbers_are_written_as_python_writes_them(python: str, function: str, digits: int) -> None:
    numbers = [0.0, 1.0, 50.0, 49.996, 0.00012345, 1e-5, 123456.0, 1.5e9, -3.25, 99999.6, 1200.0]
    found = values("text", [(function, number, digits) for number in numbers])
    assert found == [python.format(number) for number in numbers]
