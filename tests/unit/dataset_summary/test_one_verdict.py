"""One verdict: that of ``check-dataset`` is that of the data report."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.unit.dataset_summary.test_verdict import ACC, PPG, tables, write

from ppgkd.dataset_summary.check import SPEC, check_dataset
from ppgkd.dataset_summary.pulse import count_pulse_windows
from ppgkd.dataset_summary.summary import summarise_dataset
from ppgkd.dataset_summary.verdict import Verdict
from ppgkd.datasets.own.dataset import own_dataset
from ppgkd.datasets.own.read import read_many
from ppgkd.report.data_page import assess_summary
from ppgkd.windows.write import write_windows

CASES = ["right", "late", "mg", "exchanged", "dead", "no contact", "lost"]


def reported(path: Path, folder: Path) -> Verdict:
    """As the stages of a study do it: windows and counts, their summary, the report."""
    dataset = own_dataset("own", path)
    recordings = read_many(dataset.recordings, folder)
    counts = write_windows(recordings, "own", SPEC, folder / "windows.parquet")
    counts.to_csv(folder / "counts.csv", index=False)
    read = pd.read_csv(folder / "counts.csv", dtype={"recording": str, "subject": str})
    return assess_summary(summarise_dataset(folder / "windows.parquet", read), dataset)


@pytest.mark.parametrize("case", CASES)
def test_check_and_report_give_the_same_verdict(tmp_path: Path, case: str) -> None:
    made, channels, keys = tables(), {}, {}
    rng = np.random.default_rng(0)
    for name, table in made.items():
        if case == "late":
            keys = {"reference": {"column": "hr", "time_is": "start"}, "reference_lag_s": 1.0}
        elif case == "mg":
            table[ACC] *= 1_000
        elif case == "exchanged":
            channels = {"ppg": [ACC[0], *PPG[1:]], "acceleration": [PPG[0], *ACC[1:]]}
        elif case == "dead":
            table[ACC] = 0.0
        elif case == "no contact" and name == "P1":
            table[PPG] = 20_000 + rng.normal(0, 40, (len(table), 3))
        elif case == "lost":
            table.loc[rng.random(len(table)) < 0.01, PPG] = 0
    path = write(tmp_path, made, channels, **keys)
    check = check_dataset(path).verdict
    report = reported(path, tmp_path)
    assert [finding.text for finding in report.findings] == [
        finding.text for finding in check.findings
    ]
    assert (report.title, report.correction, report.split) == (
        check.title,
        check.correction,
        check.split,
    )
    assert (check.title == "usable") == (case in ("right", "lost"))


def test_dead_axes_are_left_out(tmp_path: Path) -> None:
    made = {name: table.assign(**dict.fromkeys(ACC, 0.0)) for name, table in tables().items()}
    check = check_dataset(write(tmp_path, made, {})).verdict
    assert check.title == "usable with corrections"
    assert check.correction == {"channels": {"ppg": PPG}}
    made = {name: table.assign(acc_z=0.0) for name, table in tables().items()}
    check = check_dataset(write(tmp_path, made, {})).verdict
    assert "dead, without any change: acc_z in P1, P3, P5" in check.wrong[0].text


@pytest.mark.parametrize("late_s", [-12.0, 12.0])
def test_a_lag_of_a_rising_heart_rate_is_no_wrong_rate(late_s: float) -> None:
    start_s = np.arange(0, 300, 2.0)
    pulse_bpm = 70 + 0.2 * start_s
    windows = pd.DataFrame(
        {
            "recording": "a",
            "start_s": start_s,
            "pred_bpm": pulse_bpm,
            "hr_bpm": pulse_bpm - 0.2 * late_s,
            "is_still": True,
        }
    )
    assert abs(count_pulse_windows(windows)[1] - 1) > 0.02
    assert count_pulse_windows(windows, late_s)[1] == pytest.approx(1)
    assert count_pulse_windows(windows, {"a": late_s})[1] == pytest.approx(1)
