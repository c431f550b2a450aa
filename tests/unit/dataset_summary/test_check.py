"""What is said of own recordings: simulated tones, whose windows can be counted by hand."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from matplotlib import image

from ppgkd.cli import main
from ppgkd.dataset_summary.check import check_dataset
from ppgkd.dataset_summary.check_text import format_check

RATE_HZ = 32
DEFINITION: dict[str, Any] = {
    "title": "Tones",
    "terms": "Made by a test.",
    "files": "*.csv",
    "rate_hz": RATE_HZ,
    "channels": {
        "ppg": ["green"],
        "acceleration": ["x", "y", "z"],
        "acceleration_unit": "g",
    },
    "reference": {"column": "hr"},
}


def tone(duration_s: int = 120, late_s: float = 0, *, swing_bpm: float = 0) -> pd.DataFrame:
    """A pulse of 72 BPM that swings within 100 s, its reference at the centre of every window."""
    time_s = np.arange(duration_s * RATE_HZ) / RATE_HZ
    turns = 2 * np.pi / 100
    phase = 1.2 * time_s - swing_bpm / 60 / turns * np.cos(turns * time_s)
    bpm = 72 + swing_bpm * np.sin(turns * (time_s - late_s))
    every_2_s = np.arange(len(time_s)) % (2 * RATE_HZ) == 0
    inside = (time_s >= 4) & (time_s <= duration_s - 4)
    return pd.DataFrame(
        {
            "time_s": time_s,
            "green": 1_000 + np.sin(2 * np.pi * phase),
            "x": 1e-3 * np.sin(9 * time_s),
            "y": 0.6 + 1e-3 * np.sin(8 * time_s),
            "z": 0.8 + 1e-3 * np.sin(7 * time_s),
            "hr": np.where(every_2_s & inside, bpm, np.nan),
        }
    )


def write(folder: Path, tables: dict[str, pd.DataFrame], **changes: Any) -> Path:
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False)
    path = folder / "tones.yaml"
    path.write_text(yaml.safe_dump({**DEFINITION, **changes}))
    return path


def test_windows_are_counted_by_why_they_are_dropped(tmp_path: Path) -> None:
    # 120 s have 57 windows of 8 s every 2 s; a second without samples, from 60 s on, takes the
    # four that begin at 54 to 60 s
    lossy = tone().drop(index=range(60 * RATE_HZ, 61 * RATE_HZ))
    check = check_dataset(write(tmp_path, {"ada": tone(), "bo": lossy}))
    table = check.recordings.set_index("recording")
    assert table.loc["ada", ["kept", "missing", "no_reference"]].tolist() == [57, 0, 0]
    assert table.loc["bo", ["kept", "missing", "no_reference"]].tolist() == [53, 4, 0]
    assert "8 s every 2 s: 110 of 114 usable (96.5%)" in format_check(check)
    assert "missing                       4 (3.5%): samples are missing" in format_check(check)
    assert "2 of 2 subjects, 0.07 h" in format_check(check)
    assert "note: bo: samples missing: 32, gaps: 1" in format_check(check)


def test_the_units_the_reference_and_the_difficulty_are_reported(tmp_path: Path) -> None:
    strange = tone()
    strange.loc[4 * RATE_HZ, "hr"] = 0
    check = check_dataset(write(tmp_path, {"ada": strange}))
    assert check.recordings["median_acc_g"].tolist() == pytest.approx([1.0], abs=1e-3)
    assert check.recordings["spectral_peak_mae_bpm"].tolist() == pytest.approx([0], abs=0.5)
    assert "median magnitude 1.00 g" in format_check(check)
    assert "72 to 72 BPM in usable windows" in format_check(check)
    assert "1 of 57 values outside 25 to 240 BPM, which count as missing" in format_check(check)


def test_a_wrong_unit_is_reported(tmp_path: Path) -> None:
    wrong = tone()
    wrong[["x", "y", "z"]] *= 9.80665
    text = format_check(check_dataset(write(tmp_path, {"ada": wrong})))
    assert "note: ada: the acceleration must be in g" in text
    assert "this looks like m/s²" in text


def test_a_reference_that_is_late_stands_out(tmp_path: Path) -> None:
    tables = {f"s{number}": tone(240, swing_bpm=20) for number in range(5)}
    tables["late"] = tone(240, late_s=6, swing_bpm=20)
    check = check_dataset(write(tmp_path, tables))
    assert "shifted: late 6 s late" in format_check(check)


def test_without_an_accelerometer_it_names_the_studies_that_can_use_it(tmp_path: Path) -> None:
    definition = write(tmp_path, {"ada": tone()}, channels={"ppg": ["green"]})
    check = check_dataset(definition)
    assert "a study can use these data with 'inputs: {accelerometer: false}'" in format_check(check)
    assert all(example.channels == ("ppg_1",) for example in check.examples)


def test_the_command_prints_and_draws_ten_windows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    definition = write(tmp_path, {"ada": tone(), "bo": tone(), "cy": tone()})
    picture = tmp_path / "ten.png"
    assert main(["check-dataset", str(definition), "--plot", str(picture)]) == 0
    captured = capsys.readouterr()
    assert captured.out == format_check(check_dataset(definition)) + "\n"
    drawn = image.imread(picture)
    assert drawn.shape[0] > 1_000
    assert drawn.min() < 0.5
    check = check_dataset(definition)
    assert len(check.examples) == 10
    assert {example.recording for example in check.examples} == {"ada", "bo", "cy"}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"rate_hz": "fast"}, "'rate_hz' must be a number from 10 to 1000 or null, found 'fast'"),
        ({"channels": {"ppg": ["red"]}}, "lacks the columns red"),
    ],
)
def test_bad_input_ends_with_a_message_and_a_failure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], changes: dict[str, Any], said: str
) -> None:
    definition = write(tmp_path, {"ada": tone()}, **changes)
    assert main(["check-dataset", str(definition)]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert said in captured.err
    assert "Traceback" not in captured.err


def test_recordings_of_which_nothing_can_be_used_are_described_and_a_failure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    definition = write(tmp_path, {"ada": tone().assign(green=7.0)})
    assert main(["check-dataset", str(definition), "--plot", str(tmp_path / "ten.png")]) == 1
    captured = capsys.readouterr()
    assert "flat                         57 (100.0%): every PPG channel is constant" in captured.out
    assert "no window is usable" in captured.err
    assert not (tmp_path / "ten.png").exists()


def test_recordings_without_a_reference_are_checked_and_get_the_role_that_fits(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tables = {name: tone().drop(columns="hr") for name in ("ada", "bo", "cy")}
    definition = write(tmp_path, tables, reference="none")
    main(["check-dataset", str(definition), "--plot", str(tmp_path / "ten.png")])
    text = capsys.readouterr().out
    assert "reference      none: a study takes these recordings as unlabelled" in text
    assert "171 of 171 usable" in text  # (120 - 8) / 2 + 1 = 57 of each
    assert "VERDICT: usable" in text
    assert "contact, rates and lag are not judged" in text
    assert f"{{own: {{file: {definition}, unlabelled: 1}}}}" in text
    assert "nan" not in text.lower().replace(str(tmp_path).lower(), "")
