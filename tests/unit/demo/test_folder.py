"""The folder of a demonstration: what is in it, and which recording is shown."""

import json
import urllib.request
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ppgkd.cli import main
from ppgkd.datasets.recording import Recording
from ppgkd.datasets.registry import get_dataset
from ppgkd.demo import web_files
from ppgkd.demo.example import choose_recording, cut_stretch, reference_of_windows
from ppgkd.demo.serve import demo_folder, demo_server
from ppgkd.demo.write import Example, write_demo
from ppgkd.errors import PpgkdError
from ppgkd.inference.model_card import ModelCard
from ppgkd.inference.predict import predict_recording

PeakFile = Callable[[float], tuple[Path, ModelCard]]


def recording(n_s: int = 400, rate_hz: float = 50.0) -> Recording:
    """A recording whose wrist moves from second 50 to second 250."""
    rng = np.random.default_rng(0)
    time_s = np.arange(round(n_s * rate_hz)) / rate_hz
    moves = (time_s >= 50) & (time_s < 250)
    ppg = 20_000 + 300 * np.sin(2 * np.pi * 1.5 * time_s) + rng.normal(0, 20, (2, len(time_s)))
    acc = 0.6 + np.where(moves, 0.3, 0.01) * rng.standard_normal((3, len(time_s)))
    return Recording(
        "sim-01",
        "sim-01",
        rate_hz,
        ("ppg_1", "ppg_2", "acc_x", "acc_y", "acc_z"),
        np.concatenate([ppg, acc]).astype(np.float32),
        np.arange(4.0, n_s - 4, 2),
        np.linspace(60, 160, len(np.arange(4.0, n_s - 4, 2))).astype(np.float32),
    )


def predictions(errors_bpm: dict[str, float], fold: object = None) -> pd.DataFrame:
    rows = [
        {"dataset": "bami1", "recording": name, "hr_bpm": 70.0, "filtered_bpm": 70.0 + error}
        for name, error in errors_bpm.items()
    ]
    return pd.DataFrame(rows).assign(seed=0, fold=pd.array([fold] * len(rows), "Int64"))


def test_the_recording_shown_is_that_of_the_median_error() -> None:
    table = predictions({"best": 0.1, "worst": 9.0, "middle": 1.0, "bad": 4.0, "good": 0.5}, 2)
    choice = choose_recording(table, "bami1", 0)
    assert choice is not None
    assert (choice.recording, choice.fold, choice.n_recordings) == ("middle", 2, 5)


def test_a_further_channel_of_a_recording_is_not_chosen() -> None:
    choice = choose_recording(predictions({"one": 1.0, "one@ppg_2": 0.5}), "bami1", 0)
    assert choice is not None
    assert (choice.recording, choice.fold, choice.n_recordings) == ("one", None, 1)


def test_a_dataset_that_no_exported_student_is_tested_on_has_no_recording() -> None:
    assert choose_recording(predictions({"one": 1.0}), "bami2", 0) is None


def test_the_stretch_has_the_motion_and_its_own_times() -> None:
    whole = recording()
    stretch, start_s = cut_stretch(whole, longest_s=200)
    assert start_s == pytest.approx(50, abs=1)
    first = round(start_s * 50)
    np.testing.assert_array_equal(stretch.signal, whole.signal[:, first : first + 200 * 50])
    assert stretch.reference_time_s[0] == 4.0 - start_s


def test_a_short_recording_is_shown_whole() -> None:
    whole = recording(60)
    assert cut_stretch(whole) == (whole, 0.0)


def test_the_reference_of_a_window_is_that_at_its_centre(peak_file: PeakFile) -> None:
    _, card = peak_file(50.0)
    found = reference_of_windows(recording(60), card, lag_s=0.0)
    assert len(found) == 27
    np.testing.assert_allclose(found[:26], recording(60).reference_bpm, rtol=1e-6)
    assert np.isnan(found[26])


def test_a_late_reference_is_moved_earlier(peak_file: PeakFile) -> None:
    _, card = peak_file(50.0)
    found = reference_of_windows(recording(60), card, lag_s=2.0)
    np.testing.assert_allclose(found[:25], recording(60).reference_bpm[1:], rtol=1e-6)


@pytest.fixture(scope="module")
def folder(peak_file: PeakFile, tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not web_files.has_web_files():
        pytest.skip("python envs/install_web.py has not been run")
    folder = tmp_path_factory.mktemp("study") / "demo"
    models = [peak_file(rate_hz)[0] for rate_hz in (50.0, 25.0)]
    example = Example(get_dataset("bami1"), recording(100), 5, models[1], 0.0)
    write_demo(folder, "hand-made", [*models, models[0]], [example])
    return folder


def about(folder: Path) -> Any:
    return json.loads((folder / "about.json").read_text())


def test_there_is_one_student_for_each_rate(folder: Path) -> None:
    found = about(folder)["models"]
    assert [model["card"]["rate_hz"] for model in found] == [50.0, 25.0]
    assert all((folder / model["file"]).is_file() for model in found)


def test_a_recording_is_a_table_that_predict_reads_without_loss(folder: Path) -> None:
    (shown,) = about(folder)["recordings"]
    table = pd.read_csv(folder / shown["file"], dtype=np.float32)
    np.testing.assert_array_equal(table.to_numpy().T, recording(100).signal)
    found = predict_recording(folder / shown["file"], folder / shown["model"]["file"], 50.0)
    assert len(found.table) == len(shown["reference_bpm"])


def test_the_student_of_a_recording_is_made_for_its_rate(folder: Path) -> None:
    (shown,) = about(folder)["recordings"]
    assert shown["model"]["card"]["rate_hz"] == 50.0


def test_a_recording_has_its_datasets_terms_and_citation(folder: Path) -> None:
    (shown,) = about(folder)["recordings"]
    dataset = get_dataset("bami1")
    assert shown["dataset"]["terms"] == dataset.terms
    assert shown["dataset"]["citation"] == dataset.citation
    assert not shown["dataset"]["is_simulated"]


def test_a_demonstration_takes_the_place_of_an_earlier_one(
    peak_file: PeakFile, tmp_path: Path
) -> None:
    folder = tmp_path / "demo"
    folder.mkdir()
    (folder / "old.html").touch()
    write_demo(folder, "hand-made", [peak_file(50.0)[0]], [])
    assert not (folder / "old.html").exists()
    assert about(folder)["recordings"] == []
    assert [path.name for path in tmp_path.iterdir()] == ["demo"]


def test_a_recording_without_a_channel_of_the_student_is_named(
    peak_file: PeakFile, tmp_path: Path
) -> None:
    short = recording(60)
    without = replace(short, channels=("acc_x", "acc_y", "acc_z"), signal=short.signal[2:])
    example = Example(get_dataset("bami1"), without, 1, peak_file(50.0)[0], 0.0)
    with pytest.raises(PpgkdError, match="recording sim-01: Channels"):
        write_demo(tmp_path / "demo", "hand-made", [peak_file(50.0)[0]], [example])


def test_packages_that_are_not_installed_are_named_with_the_command(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(web_files, "PACKAGE", "ppgkd_web_of_another_environment")
    with pytest.raises(PpgkdError, match=r"not installed.*python envs/install_web\.py"):
        web_files.web_files()


def test_the_folder_is_served_with_the_types_that_browsers_ask_for(folder: Path) -> None:
    with demo_server(folder, 0) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        types = {}
        for file in ("main.js", "packages/ort.wasm.bundle.min.mjs", "page.css"):
            address = f"http://127.0.0.1:{server.server_port}/{file}"
            with urllib.request.urlopen(address) as response:
                types[file] = response.headers["Content-Type"]
        server.shutdown()
    assert types == {
        "main.js": "text/javascript",
        "packages/ort.wasm.bundle.min.mjs": "text/javascript",
        "page.css": "text/css",
    }


def test_the_folder_of_a_study_or_of_its_demonstration_is_found(folder: Path) -> None:
    assert demo_folder(folder.parent) == demo_folder(folder) == folder


def test_a_study_without_a_demonstration_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["demo", str(tmp_path)]) == 1
    assert f"{tmp_path} has no demonstration" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "is_said"),
    [(ConnectionResetError(), False), (BrokenPipeError(), False), (ValueError(), True)],
)
def test_a_browser_that_leaves_in_the_middle_of_a_file_is_no_news(
    folder: Path, capsys: pytest.CaptureFixture[str], error: Exception, is_said: bool
) -> None:
    with demo_server(folder, 0) as server:
        try:
            raise error
        except Exception:
            server.handle_error(b"", ("127.0.0.1", 1))
    assert ("Traceback" in capsys.readouterr().err) == is_said


def test_a_port_that_is_none_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", str(folder), "--no-browser", "--port", "99999"]) == 1
    assert "Port 99999 cannot be used: bind(): port must be 0-65535. " in capsys.readouterr().err


def test_a_port_that_is_in_use_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with demo_server(folder, 0) as server:
        port = server.server_port
        assert main(["demo", str(folder), "--no-browser", "--port", str(port)]) == 1
    assert f"Port {port} cannot be used" in capsys.readouterr().err
