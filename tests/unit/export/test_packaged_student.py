"""The student that comes with the package: what it learned from, and any sensor's rate."""

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ppgkd.cli import main
from ppgkd.datasets.registry import get_dataset
from ppgkd.export.packaged_student import PACKAGED_STUDENT, packaged_student
from ppgkd.export.student import model_card_of, read_student
from ppgkd.inference.stream import estimate_recording

FREE = ("Made by this program", "MIT", "CC0")
CARD = model_card_of(read_student(PACKAGED_STUDENT), PACKAGED_STUDENT)


def pulse(bpm: float, rate_hz: float, seconds: int = 60) -> pd.DataFrame:
    """A wrist at rest: a pulse with three harmonics, in noise; gravity, in noise."""
    rng = np.random.default_rng(0)
    time_s = np.arange(round(seconds * rate_hz)) / rate_hz
    phase = 2 * np.pi * bpm / 60 * time_s
    ppg = 1_000 + 30 * np.cos(phase) + 12 * np.cos(2 * phase) + 5 * np.cos(3 * phase)
    acc = np.array([[0.0], [0.0], [1.0]]) + rng.normal(0, 0.003, (3, len(time_s)))
    channels = np.vstack([ppg + rng.normal(0, 2, len(time_s)), acc])
    return pd.DataFrame(channels.T, columns=["ppg_1", "acc_x", "acc_y", "acc_z"])


def test_it_is_smaller_than_30_kb() -> None:
    assert PACKAGED_STUDENT.stat().st_size < 30_000


def test_it_has_learned_only_from_what_anybody_may_use() -> None:
    assert CARD.trained_on
    assert all(get_dataset(name).terms.startswith(FREE) for name in CARD.trained_on)


@pytest.mark.parametrize("rate_hz", [25.0, 32.0, 50.0, 64.0, 100.0, 256.0])
@pytest.mark.parametrize("bpm", [55.0, 80.0, 130.0])
def test_it_reads_a_clear_pulse_at_any_rate(tmp_path: Path, bpm: float, rate_hz: float) -> None:
    samples = pulse(bpm, rate_hz).to_numpy(np.float32).T
    found = estimate_recording(packaged_student(tmp_path, rate_hz), samples)
    assert np.median([abs(one.bpm - bpm) for one in found]) < 2
    assert found[-1].valid


def test_predict_uses_it_if_no_model_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pulse(72, 64).to_csv(tmp_path / "walk.csv", index=False)
    assert main(["predict", str(tmp_path / "walk.csv"), "--rate", "64"]) == 0
    captured = capsys.readouterr()
    assert "comes with ppgkd" in captured.err
    assert f"it has learned from {', '.join(CARD.trained_on)}" in captured.err
    last = captured.out.splitlines()[-1].split(",")
    assert abs(float(last[2]) - 72) < 2


def test_each_recording_of_a_dataset_gets_it_at_its_own_rate(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, rate_hz in (("a", 25), ("b", 100)):
        table = pulse(90, rate_hz)
        table.insert(0, "time_s", np.arange(len(table)) / rate_hz)
        table["hr"] = 90 + np.arange(len(table)) % 2
        table.to_csv(tmp_path / f"{name}.csv", index=False)
    (tmp_path / "data.yaml").write_text(
        "title: Two watches\nterms: Made by a test.\nfiles: '*.csv'\n"
        "channels: {ppg: [ppg_1], acceleration: [acc_x, acc_y, acc_z], acceleration_unit: g}\n"
        "reference: {column: hr}\n"
    )
    assert main(["predict", "--dataset", str(tmp_path / "data.yaml")]) == 0
    rows = pd.read_csv(io.StringIO(capsys.readouterr().out))
    assert set(rows["recording"]) == {"a", "b"}
    assert rows.groupby("recording")["bpm"].median().sub(90).abs().max() < 2
