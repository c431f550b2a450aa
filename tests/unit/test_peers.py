"""Peers are evaluated on the student's test windows; those without learning run anywhere."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy.io import savemat
from tests.benchmark_module import BENCHMARKS
from tests.benchmark_module import benchmark_module as module
from tests.unit.export.conftest import some_card

from ppgkd.datasets.bami import CHANNELS, RATE_HZ
from ppgkd.datasets.cohort import read_cohort, write_cohort
from ppgkd.datasets.devices import BAMI
from ppgkd.datasets.recording import Recording
from ppgkd.errors import PpgkdError
from ppgkd.export.verify import export_student
from ppgkd.inference.model_card import units_of
from ppgkd.models.build import build_model
from ppgkd.models.capacity import InputShape, nearest_shape
from ppgkd.runtime.artifacts import read_json, write_parquet
from ppgkd.simulation.subject import Cohort
from ppgkd.windows.spectral_peak import spectral_peak_bpm

CHECKOUT = Path(__file__).parents[2]
DURATION_S, N_WINDOWS = 60, 27
PULSE_BPM, STEPS_BPM = 100.0, 150.0


def sine(bpm: float, rate_hz: int = RATE_HZ) -> NDArray[np.float64]:
    return np.sin(2 * np.pi * bpm / 60 * np.arange(DURATION_S * rate_hz) / rate_hz)


def walker(pulse_bpm: float, loudness: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """PPG (3, n_samples) of a pulse and of steps, and acceleration in g of the steps."""
    ppg = sine(pulse_bpm) + loudness * sine(STEPS_BPM)
    acc = np.outer([0.3, 0.1, 0.0], sine(STEPS_BPM)) + np.array([[0.0], [0.0], [1.0]])
    return np.tile(ppg, (3, 1)), acc


def run(*options: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(BENCHMARKS / "peers.py"), *map(str, options)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def predictions_of(n_windows: int = N_WINDOWS) -> pd.DataFrame:
    """Two subjects, two seeds: single windows are off by 1 and 3 BPM, filtered ones by 1."""
    rows = [
        {
            "dataset": "bami1",
            "subject": f"bami1-0{number}",
            "recording": f"BAMI1_{number}",
            "window": window,
            "start_s": 2.0 * window,
            "hr_bpm": hr_bpm,
            "seed": seed,
            "pred_bpm": hr_bpm + error_bpm,
            "filtered_bpm": hr_bpm - 1,
        }
        for seed, error_bpm in ((0, 1.0), (1, -3.0))
        for number, hr_bpm in ((1, PULSE_BPM), (2, 90.0))
        for window in range(n_windows)
    ]
    return pd.DataFrame(rows)


def estimates_of(bpm: NDArray[np.float64], signal_s: float = 8.0) -> Any:
    about = module("peers.peer").Description("somebody", "none", signal_s, model_bytes=0)
    return module("peers.process").PeerEstimates(about, bpm, latency_ms=np.arange(1.0, 100.0))


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished study of two subjects; of the second one the reference is 10 BPM too high."""
    folder = tmp_path_factory.mktemp("study")
    raw = folder / "raw" / "bami" / "BAMI-1"
    raw.mkdir(parents=True)
    for number, pulse_bpm, loudness, hr_bpm in ((1, PULSE_BPM, 2.0, PULSE_BPM), (2, 80, 0.0, 90)):
        ppg, acc = walker(pulse_bpm, loudness)
        content = {
            "rawPPG": np.round(30_000 + 1_000 * ppg).astype(np.uint16),
            "rawAcc": np.round(BAMI.zero_counts + BAMI.counts_per_g * acc).astype(np.uint16),
            "bpm_ecg": np.full((N_WINDOWS, 1), float(hr_bpm)),
        }
        savemat(raw / f"BAMI1_{number}.mat", content)
    predictions = predictions_of()
    dropped = (predictions["subject"] == "bami1-01") & (predictions["window"] == 5)
    write_parquet(folder / "recommended" / "predictions.parquet", predictions[~dropped])
    inputs = InputShape(ppg_channels=3, acc_channels=3, n_samples=200, rate_hz=25.0)
    export_student(
        build_model(nearest_shape("spectral_resnet", 350, inputs), inputs, seed=0).eval(),
        inputs,
        some_card(channels=CHANNELS, units=units_of(CHANNELS)),
        np.random.default_rng(0).normal(1_000, 100, (2, 6, 400)).astype(np.float32),
        folder / "recommended" / "student.onnx",
        tolerance_bpm=1,
    )
    return folder


@pytest.fixture(scope="module")
def compared(study: Path) -> tuple[dict[str, Any], str]:
    """The JSON of a comparison at half the sensor's rate, and what it printed."""
    output = study / "peers.json"
    options = ["--raw", study / "raw", "--peers", "spectral", "--datasets", "bami1"]
    done = run(study, *options, "--rate-hz", 25, "--output", output)
    assert done.returncode == 0, done.stderr
    return read_json(output)["estimators"], done.stdout


def test_a_peer_is_compared_with_the_student_on_the_students_windows(
    compared: tuple[dict[str, Any], str],
) -> None:
    found = compared[0]["spectral"]
    assert (found["windows"], found["subjects"], found["share"]) == (2 * N_WINDOWS - 1, 2, 1)
    mae_bpm = 10 * N_WINDOWS / (2 * N_WINDOWS - 1)
    assert found["mae_bpm"] == pytest.approx([mae_bpm, 0, 10])
    assert found["difference_bpm"] == pytest.approx([mae_bpm - 1, -1, 9])
    assert found["latency_p99_ms"] >= found["latency_p50_ms"] > 0


def test_the_students_error_is_that_of_the_study_and_its_latency_that_of_its_file(
    compared: tuple[dict[str, Any], str], study: Path
) -> None:
    single, filtered = compared[0]["student"], compared[0]["student-filtered"]
    assert single["mae_bpm"][0] == pytest.approx(2)
    assert filtered["mae_bpm"][0] == pytest.approx(1)
    assert filtered["difference_bpm"] == [0, 0, 0]
    n_bytes = (study / "recommended" / "student.onnx").stat().st_size
    for found in (single, filtered):
        assert found["description"]["model_bytes"] == n_bytes
        assert found["latency_p50_ms"] > 0


def test_every_protocol_stands_below_the_table(compared: tuple[dict[str, Any], str]) -> None:
    setting, table, protocols = compared[1].split("\n\n")[:3]
    assert "2 subjects of bami1, resampled to 25 Hz except for the student's estimates" in setting
    for found in compared[0].values():
        assert f"| {found['description']['title']} | {found['mae_bpm'][0]:.2f} |" in table
        assert f"- {found['description']['title']}: {found['description']['protocol']}" in protocols


def test_all_are_evaluated_from_the_first_window_that_all_can_estimate() -> None:
    evaluate = module("peers.evaluation").evaluate
    hr_bpm = np.repeat([PULSE_BPM, 90.0], N_WINDOWS)
    early = np.tile(np.arange(N_WINDOWS) < 6, 2)
    results = evaluate(
        predictions_of(),
        {
            "of 8 s": estimates_of(np.where(early, hr_bpm + 50, hr_bpm + 4)),
            "of 20 s": estimates_of(np.where(early, np.nan, hr_bpm - 5), signal_s=20.0),
        },
    )
    assert results["of 8 s"].mae_bpm == pytest.approx((4, 4, 4))
    assert results["of 20 s"].mae_bpm == pytest.approx((5, 5, 5))
    assert {row.windows for row in results.values()} == {2 * (N_WINDOWS - 6)}


def test_a_window_without_an_estimate_lowers_the_share_and_not_the_error() -> None:
    evaluate = module("peers.evaluation").evaluate
    hr_bpm = np.repeat([PULSE_BPM, 90.0], 10)
    predictions = predictions_of(10)
    hard = predictions["window"] >= 5
    predictions.loc[hard, "filtered_bpm"] = predictions["hr_bpm"] + 11
    bpm = np.where(np.tile(np.arange(10) >= 5, 2), np.nan, hr_bpm + 3)
    results = evaluate(predictions, {"choosy": estimates_of(bpm)})["choosy"]
    assert (results.share, results.windows) == (0.5, 10)
    assert results.mae_bpm == pytest.approx((3, 3, 3))
    assert results.difference_bpm == pytest.approx((2, 2, 2))  # than the student on the easy half


def test_the_tracker_finds_the_pulse_below_louder_steps() -> None:
    ppg, acc = walker(PULSE_BPM, loudness=2)
    segment = module("peers.peer").Segment(ppg, acc, RATE_HZ, start_s=0)
    found = np.array(list(module("peers.spectral_peer").track(segment)))
    windows = np.stack([window for window, _ in segment.windows()])
    np.testing.assert_allclose(spectral_peak_bpm(windows, RATE_HZ), STEPS_BPM, atol=1)
    np.testing.assert_allclose(found, PULSE_BPM, atol=1)
    assert len(found) == N_WINDOWS


def test_the_tracker_does_not_leave_its_path_for_a_louder_peak() -> None:
    peer, tracker = module("peers.peer"), module("peers.spectral_peer")
    quiet, loud = sine(PULSE_BPM), sine(PULSE_BPM) + 1.2 * sine(STEPS_BPM)
    late = np.arange(DURATION_S * RATE_HZ) >= (DURATION_S - 10) * RATE_HZ
    ppg = np.tile(np.where(late, loud, quiet), (2, 1))
    segment = peer.Segment(ppg, np.zeros((3, ppg.shape[1])), RATE_HZ, start_s=0)
    last, _ = segment.until(N_WINDOWS - 1, 8)
    assert spectral_peak_bpm(last[None], RATE_HZ) == pytest.approx(STEPS_BPM, abs=1)
    np.testing.assert_allclose(list(tracker.track(segment)), PULSE_BPM, atol=1)


def test_a_simulated_recording_is_read_from_the_cohort_with_the_studys_references(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "simulated"
    folder.mkdir()
    for seed in (3, 4):
        write_cohort(Cohort(n_subjects=2, duration_s=60, seed=seed), folder / f"seed{seed}.npz")
    expected = list(read_cohort(folder / "seed4.npz"))[1]
    window = np.arange(3, N_WINDOWS)
    rows = pd.DataFrame({"window": window, "hr_bpm": expected.reference_bpm[window]})
    rows["start_s"] = 2.0 * window
    read_segment = module("peers.read").read_segment
    segment = read_segment("simulated", "sim-02", rows, tmp_path)
    np.testing.assert_array_equal(segment.ppg, expected.signal[:3])
    (folder / "seed4.npz").unlink()
    with pytest.raises(PpgkdError, match="references of the study's recording 'sim-02'"):
        read_segment("simulated", "sim-02", rows, tmp_path)


def test_a_recording_has_no_more_samples_than_its_sensor_took(study: Path) -> None:
    rows = predictions_of()[:N_WINDOWS]
    read = module("peers.read").read_segment
    slow = read("bami1", "BAMI1_1", rows, study / "raw", rate_hz=25)
    assert (slow.rate_hz, slow.ppg.shape) == (25, (3, 25 * DURATION_S))
    with pytest.raises(PpgkdError, match="--rate-hz is 100, but the recording 'BAMI1_1' was"):
        read("bami1", "BAMI1_1", rows, study / "raw", rate_hz=100)


def test_datasets_that_the_study_does_not_test_on_are_named() -> None:
    of_datasets = module("peers.evaluation").of_datasets
    predictions = pd.concat([predictions_of(), predictions_of().assign(dataset="wesad")])
    assert set(of_datasets(predictions, ["wesad"])["dataset"]) == {"wesad"}
    assert len(of_datasets(predictions, [])) == len(predictions)
    with pytest.raises(PpgkdError, match="does not test on bami2; it tests on bami1, wesad"):
        of_datasets(predictions, ["wesad", "bami2"])


@pytest.mark.parametrize(("from_hz", "least_hz"), [(25, 50), (30, 50), (36, 40), (50, 50)])
def test_an_estimator_that_needs_a_rate_gets_it(from_hz: int, least_hz: int) -> None:
    slow = np.tile(sine(PULSE_BPM, from_hz), (3, 1))
    peer = module("peers.peer")
    segment = peer.Segment(slow, slow, from_hz, start_s=4.0).at_least(least_hz)
    assert (segment.rate_hz, segment.start_s) == (least_hz, 4.0)
    inside = slice(2 * least_hz, -2 * least_hz)
    expected = sine(PULSE_BPM, least_hz)[inside]
    for signal in (segment.ppg, segment.acc):
        assert signal.shape == (3, DURATION_S * least_hz)
        np.testing.assert_allclose(signal[0][inside], expected, atol=0.01)


def test_an_estimator_that_needs_less_gets_the_signal_as_it_is() -> None:
    segment = module("peers.peer").Segment(np.ones((1, 999)), np.ones((3, 999)), 64, start_s=0)
    assert segment.at_least(50) is segment


def test_without_an_accelerometer_the_acceleration_is_zero() -> None:
    recording = Recording(
        **{"name": "still", "subject": "one", "rate_hz": 30.0, "channels": ("ppg_1",)},
        signal=np.ones((1, 600), np.float32),
        reference_time_s=np.array([6.0]),
        reference_bpm=np.array([60.0], np.float32),
    )
    segment = module("peers.peer").segment_of(recording)
    np.testing.assert_array_equal(segment.acc, np.zeros((3, 540)))
    assert segment.ppg.shape == (1, 540)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_pulse_wave_is_turned_so_that_it_rises_faster_than_it_falls(sign: int) -> None:
    beat = np.concatenate([np.linspace(0, 1, 5), np.linspace(1, 0, 25)])
    wave = np.tile(beat, 8)
    np.testing.assert_array_equal(module("peers.peer").upright(sign * wave), wave)


@pytest.mark.skipif(bool(importlib.util.find_spec("heartpy")), reason="HeartPy is installed here")
def test_a_peer_that_is_not_installed_is_named_with_the_remedy(study: Path) -> None:
    done = run(study, "--raw", study / "raw", "--peers", "heartpy")
    assert done.returncode == 1
    assert "needs heartpy, which is not installed" in done.stderr
    assert "make bench-peers" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_study_that_has_not_run_is_named_with_the_remedy(tmp_path: Path) -> None:
    done = run(tmp_path / "nowhere")
    assert done.returncode == 1
    assert str(tmp_path / "nowhere") in done.stderr
    assert "Run the study first" in done.stderr


def pins(file: str) -> dict[str, str]:
    text = (CHECKOUT / "envs" / file).read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    if file == "peers.txt":
        assert lines.pop(0) == "-r beliefppg.txt"
    found = [re.fullmatch(r"([\w.-]+)==([\w.]+)(; .+)?", line) for line in lines]
    assert all(found), f"{file} has a line that is no exact pin"
    return {match[1]: match[2] for match in found if match}


def test_the_student_has_the_same_versions_in_the_peers_environment() -> None:
    ours, peers = pins("requirements.txt"), pins("peers.txt") | pins("beliefppg.txt")
    assert not set(pins("peers.txt")) & set(pins("beliefppg.txt"))
    assert {"heartpy", "neurokit2", "beliefppg"} <= set(peers)
    for name in ("numpy", "scipy", "onnxruntime", "pyarrow", "edfio"):
        assert peers[name] == ours[name]
