"""The verdict on own recordings: simulated people, whose tables are described wrongly."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from numpy.typing import NDArray

from ppgkd.cli import main
from ppgkd.dataset_summary.check import DatasetCheck, check_dataset
from ppgkd.dataset_summary.verdict import assess_subjects
from ppgkd.simulation.subject import simulate_subject
from ppgkd.windows.gravity import still_magnitude, unit_correction

PPG, ACC = ["ppg_1", "ppg_2", "ppg_3"], ["acc_x", "acc_y", "acc_z"]
RATE_HZ = 50.0
PEOPLE = {number: simulate_subject(number, 240, seed=77) for number in (1, 3, 5)}


def tables() -> dict[str, pd.DataFrame]:
    made = {}
    for number, person in PEOPLE.items():
        table = pd.DataFrame(person.signal.T, columns=PPG + ACC)
        table["hr"] = np.nan
        centre = ((4 + 2 * np.arange(len(person.reference_bpm))) * RATE_HZ).astype(int)
        table.loc[centre, "hr"] = person.reference_bpm
        made[f"P{number}"] = table
    return made


def write(
    folder: Path, changed: dict[str, pd.DataFrame], channels: dict[str, Any], **keys: Any
) -> Path:
    for name, table in changed.items():
        table.round(4).to_csv(folder / f"{name}.csv", index=False)
    path = folder / "people.yaml"
    description = {
        "title": "People",
        "terms": "Made by a test.",
        "files": "*.csv",
        "rate_hz": 50,
        "channels": {"ppg": PPG, "acceleration": ACC, "acceleration_unit": "g", **channels},
        "reference": {"column": "hr"},
        **keys,
    }
    path.write_text(yaml.safe_dump(description))
    return path


def corrected(path: Path, check: DatasetCheck) -> DatasetCheck:
    """Check again, after the correction was pasted into the file."""
    keys = yaml.safe_load(path.read_text()) | yaml.safe_load(check.verdict.correction_yaml)
    path.write_text(yaml.safe_dump(keys))
    return check_dataset(path)


def wrong(check: DatasetCheck) -> list[str]:
    return [finding.text.split(":")[0] for finding in check.verdict.wrong]


def test_right_recordings_are_usable(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, tables(), {})
    assert main(["check-dataset", str(path)]) == 0
    text = capsys.readouterr().out
    assert "VERDICT: usable\n" in text
    assert "folds: 3" in text
    assert "an interval over 3 people says little about others" in text


@pytest.mark.parametrize("late_s", [-6, 4])
def test_a_shared_lag_is_wrong_until_it_is_corrected(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], late_s: int
) -> None:
    shifted = {
        name: table.assign(hr=table["hr"].shift(int(late_s * RATE_HZ)))
        for name, table in tables().items()
    }
    path = write(tmp_path, shifted, {})
    assert main(["check-dataset", str(path)]) == 1
    captured = capsys.readouterr()
    assert "VERDICT: usable with corrections" in captured.out
    assert "a study would learn from wrong data" in captured.err
    check = check_dataset(path)
    assert wrong(check) == ["reference lag"]
    assert check.verdict.correction["reference_lag_s"] == pytest.approx(late_s, abs=0.5)
    again = corrected(path, check)
    assert not again.verdict.wrong
    assert abs(again.shared_lag.lag_s) <= 0.5
    assert again.shared_lag.mae_bpm < check.shared_lag.mae_bpm


@pytest.mark.parametrize(
    ("factor", "channels", "correction"),
    [
        (9.80665, {}, {"acceleration_unit": "m/s2"}),
        (1000.0, {}, {"acceleration_unit": "mg"}),
        (4096.0, {}, {"acceleration_unit": "counts", "counts_per_g": 4096}),
        (
            4096.0,
            {"acceleration_unit": "counts", "counts_per_g": 16384},
            {"acceleration_unit": "counts", "counts_per_g": 4096},
        ),
        (1.0, {"acceleration_unit": "m/s2"}, {"acceleration_unit": "g"}),
    ],
)
def test_a_wrong_unit_is_wrong_until_it_is_corrected(
    tmp_path: Path, factor: float, channels: dict[str, Any], correction: dict[str, Any]
) -> None:
    changed = tables()
    for table in changed.values():
        table[ACC] *= factor
    path = write(tmp_path, changed, channels)
    check = check_dataset(path)
    assert wrong(check) == ["acceleration"]
    found = check.verdict.correction["channels"]
    assert {key: found[key] for key in correction} == correction
    assert not corrected(path, check).verdict.wrong


@pytest.mark.parametrize("axis", [0, 2])
def test_an_axis_and_a_ppg_channel_in_place_of_each_other_are_found(
    tmp_path: Path, axis: int
) -> None:
    ppg, acc = [PPG[0], ACC[axis], PPG[2]], [*ACC]
    acc[axis] = PPG[1]
    path = write(tmp_path, tables(), {"ppg": ppg, "acceleration": acc})
    check = check_dataset(path)
    assert "columns" in wrong(check)
    assert check.verdict.correction["channels"]["ppg"] == PPG
    assert check.verdict.correction["channels"]["acceleration"] == ACC
    assert not corrected(path, check).verdict.wrong


def test_ppg_and_acceleration_in_place_of_each_other_are_found(tmp_path: Path) -> None:
    path = write(tmp_path, tables(), {"ppg": ACC, "acceleration": PPG})
    check = check_dataset(path)
    assert "columns" in wrong(check)
    assert check.verdict.correction["channels"]["ppg"] == PPG
    assert not corrected(path, check).verdict.wrong


def test_a_dead_column_is_wrong_until_it_is_left_out(tmp_path: Path) -> None:
    dead = {name: table.assign(ppg_2=512.0) for name, table in tables().items()}
    path = write(tmp_path, dead, {})
    check = check_dataset(path)
    assert not check.n_usable
    assert wrong(check) == ["columns"]
    assert check.verdict.title == "usable with corrections"
    again = corrected(path, check)
    assert again.n_usable
    assert not again.verdict.wrong


def test_a_still_wrist_without_the_references_pulse_is_no_contact(tmp_path: Path) -> None:
    changed = tables()
    rng = np.random.default_rng(0)
    changed["P1"][PPG] = 20_000 + np.cumsum(rng.normal(size=(len(changed["P1"]), 3)), axis=0)
    check = check_dataset(write(tmp_path, changed, {}))
    assert wrong(check) == ["contact"]
    assert check.verdict.title == "usable with corrections", "without P1"
    assert "P1" in check.verdict.wrong[0].text


def test_recordings_that_all_lack_the_pulse_are_not_usable(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    noise = {
        name: table.assign(**{ppg: 20_000 + rng.normal(0, 40, len(table)) for ppg in PPG})
        for name, table in tables().items()
        if name == "P1"
    }
    check = check_dataset(write(tmp_path, noise, {}))
    assert wrong(check) == ["contact"]
    assert check.verdict.title == "not usable"


@pytest.mark.parametrize("error", [0.94, 1.06])
def test_a_wrong_rate_is_wrong(tmp_path: Path, error: float) -> None:
    # the reference stays at its rows, so only the pulse's rate shows that the clock is wrong
    check = check_dataset(write(tmp_path, tables(), {}, rate_hz=50 * error))
    assert "rates" in wrong(check)


def test_gravity_of_any_unit_is_the_magnitude_at_rest() -> None:
    rng = np.random.default_rng(0)
    acc = np.array([[0.6], [0.0], [0.8]]) + rng.normal(0, 0.01, (3, 3000))
    acc[:, 1000:2500] += rng.normal(0, 0.8, (3, 1500))
    assert still_magnitude(acc, 50) == pytest.approx(1, abs=0.01)
    assert still_magnitude(acc * 4096, 50) == pytest.approx(4096, rel=0.01)
    without_gravity: NDArray[np.float64] = rng.normal(0, 0.01, (3, 3000))
    assert np.isnan(still_magnitude(without_gravity, 50))


@pytest.mark.parametrize(
    ("raw", "keys"),
    [
        (16_700, {"acceleration_unit": "counts", "counts_per_g": 16_384}),
        (256, {"acceleration_unit": "counts", "counts_per_g": 256}),
        (9.6, {"acceleration_unit": "m/s2"}),
        (3_277, {"acceleration_unit": "counts", "counts_per_g": 3_280}),
    ],
)
def test_the_unit_follows_from_the_magnitude(raw: float, keys: dict[str, Any]) -> None:
    assert unit_correction(raw, 1.0) == keys


@pytest.mark.parametrize(
    ("n_subjects", "folds"), [(1, None), (2, None), (3, 3), (9, 9), (10, 5), (24, 5), (25, None)]
)
def test_few_subjects_are_tested_in_folds(n_subjects: int, folds: int | None) -> None:
    finding, split = assess_subjects(n_subjects)
    assert split.get("folds") == folds
    if n_subjects < 3:
        assert not split
        assert finding.level == "note"
    else:
        assert split["train"] + split["val"] + split["test"] == pytest.approx(1, abs=1e-9)
    if folds:
        assert split["test"] == pytest.approx(1 / folds, abs=1e-3)


def test_a_reference_of_one_value_is_none(tmp_path: Path) -> None:
    """The strap has lost contact, or the column is an age or a target."""
    changed = tables()
    known = changed["P3"]["hr"].notna()
    changed["P3"].loc[known, "hr"] = 80.0
    check = check_dataset(write(tmp_path, changed, {}))
    assert wrong(check) == ["reference"]
    assert "one value throughout in P3," in check.verdict.wrong[0].text
