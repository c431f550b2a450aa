"""WFDB records: each signal at its own rate, and the beats."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.datasets.wfdb_files import write_beats, write_record

from ppgkd.datasets.wfdb_header import signal_files
from ppgkd.datasets.wfdb_record import read_wfdb_beats, read_wfdb_signals
from ppgkd.errors import PpgkdError


@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    frame_hz=st.sampled_from([1, 62.5, 125, 250]),
    per_frame=st.lists(st.integers(1, 8), min_size=1, max_size=4),
)
def test_every_signal_keeps_its_rate_and_its_samples(
    tmp_path: Path, frame_hz: float, per_frame: list[int]
) -> None:
    rng = np.random.default_rng(0)
    signals = [
        (f"signal {index}", frame_hz * n, rng.standard_normal(40 * n))
        for index, n in enumerate(per_frame)
    ]
    write_record(tmp_path, "ada", frame_hz, signals)
    found = read_wfdb_signals(tmp_path / "ada.hea")
    assert [(signal.label, signal.rate_hz) for signal in found] == [
        (label, rate_hz) for label, rate_hz, _ in signals
    ]
    for signal, (_, _, values) in zip(found, signals, strict=True):
        np.testing.assert_allclose(signal.values, values, atol=1e-6)


def test_a_missing_sample_is_missing_and_no_other(tmp_path: Path) -> None:
    ppg = np.sin(np.arange(400.0))
    ppg[[81, 200]] = np.nan
    write_record(tmp_path, "ada", 25, [("PLETH", 100, ppg), ("X", 25, np.ones(100))])
    found, _ = read_wfdb_signals(tmp_path / "ada.hea")
    np.testing.assert_allclose(found.values, ppg, atol=1e-6)


def test_the_times_of_beats_are_in_samples_of_their_own_rate(tmp_path: Path) -> None:
    write_record(tmp_path, "ada", 62.5, [("PLETH", 62.5, np.sin(np.arange(2_000)))])
    time_s = np.array([0.25, 1.5, 2.75, 4.125])
    write_beats(tmp_path, "ada", "atr", time_s, ["N", "~", "V", "+"], rate_hz=1_000)
    np.testing.assert_allclose(read_wfdb_beats(tmp_path / "ada.atr"), [0.25, 2.75])


def test_a_record_of_several_segments_is_refused(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_record(tmp_path, name, 10, [("PLETH", 10, np.sin(np.arange(100)))])
    (tmp_path / "both.hea").write_text("both/2 1 10 200\none 100\ntwo 100\n")
    with pytest.raises(PpgkdError, match=r"both\.hea: the record has several segments"):
        read_wfdb_signals(tmp_path / "both.hea")


@pytest.mark.parametrize("name", ["/etc/passwd", "../bo.dat", "C:\\bo.dat", ".."])
def test_a_header_names_only_files_beside_it(tmp_path: Path, name: str) -> None:
    (tmp_path / "ada.hea").write_text(f"ada 1 10 100\n{name} 16 1\n")
    with pytest.raises(PpgkdError, match=r"ada\.hea: the header names .*; its files must lie"):
        signal_files(tmp_path / "ada.hea")


@pytest.mark.parametrize("text", ["", "ada", "ada 1 x 10\nada.dat 16\n", "\x00\x01\x02"])
def test_a_header_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "ada.hea").write_text(text)
    with pytest.raises(PpgkdError, match=r"ada\.hea"):
        read_wfdb_signals(tmp_path / "ada.hea")
