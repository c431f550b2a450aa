"""The reader of the phone cameras' oximetry, on files in the published form and on real ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ppgkd.datasets.oximetry_camera import LAG_S
from ppgkd.datasets.recording import Recording
from ppgkd.datasets.registry import get_dataset
from ppgkd.errors import PpgkdError
from ppgkd.windows.preprocessing import WindowSpec
from ppgkd.windows.segmentation import segment_recording
from ppgkd.windows.spectral_peak import spectral_peak_bpm

DATASET = get_dataset("oximetry_camera")
ENTRY = DATASET.recordings[0]
DURATION_S = 60
RATE_HZ = 30
COLUMN = 41
"""Of the heart rate, which the header calls RR ECG 3."""


def heart_rates() -> list[str]:
    """One a second, 60 BPM and then 80; those of a monitor are whole numbers."""
    return ["60"] * 30 + ["80"] * 30


def write(
    folder: Path,
    rates: list[str] | None = None,
    header: str = "RR ECG 3",
    step_s: int = 1,
    colours: str = "RGB",
) -> tuple[Path, Path]:
    signal, reference = (folder / file.local for file in ENTRY.files)
    for path in (signal, reference):
        path.parent.mkdir(parents=True, exist_ok=True)
    light = 50 - np.sin(2 * np.pi * np.arange(DURATION_S * RATE_HZ) / RATE_HZ)
    levels = {colour: light + level for level, colour in enumerate(colours)}
    pd.DataFrame(levels).to_csv(signal, index=False)
    names = [f"column {index}" for index in range(50)]
    names[0], names[COLUMN] = "Time", header
    rows = [",".join(names)]
    for second, bpm in enumerate(heart_rates() if rates is None else rates):
        cells = ["0"] * 50
        at = 9 * 3600 + step_s * second
        cells[0], cells[36] = f" {at // 3600:02d}:{at // 60 % 60:02d}:{at % 60:02d}", " AS AO"
        cells[COLUMN] = bpm
        rows.append(",".join(cells))
    rows.append("Collection Halted" + "," * 49)
    reference.write_text("\ufeff" + "\n".join(rows), encoding="utf-8")
    return signal, reference


def message_of(folder: Path) -> str:
    with pytest.raises(PpgkdError) as caught:
        DATASET.read(ENTRY, folder)
    return str(caught.value)


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    write(tmp_path)
    return DATASET.read(ENTRY, tmp_path)


def test_the_light_is_inverted_for_it_falls_at_a_systole(recording: Recording) -> None:
    assert DATASET.ppg_polarity == -1
    assert (recording.channels, recording.rate_hz) == (("ppg_1", "ppg_2", "ppg_3"), 30)
    np.testing.assert_allclose(recording.signal.mean(axis=1), [-50, -51, -52], atol=0.01)
    assert recording.signal[0, 7] == pytest.approx(-50 + np.sin(2 * np.pi * 7 / 30), abs=1e-5)


def test_the_reference_is_moved_earlier_by_its_lag(recording: Recording) -> None:
    before, after = recording.reference_bpm == 60, recording.reference_bpm == 80
    assert (before.sum(), after.sum()) == (30, 30)
    assert recording.reference_time_s[after][0] == 30 - LAG_S


def test_seconds_without_a_heart_rate_have_no_reference(tmp_path: Path) -> None:
    write(tmp_path, ["60"] * 20 + ["0"] * 3 + [""] * 2 + ["60"] * 35)
    missing = np.isnan(DATASET.read(ENTRY, tmp_path).reference_bpm)
    np.testing.assert_array_equal(np.flatnonzero(missing), [20, 21, 22, 23, 24])


def test_both_hands_of_six_people_are_listed() -> None:
    assert len(DATASET.recordings) == 12
    assert len(DATASET.subjects) == 6
    assert ENTRY.name == "oximetry-1-left"
    assert ENTRY.subject == DATASET.recordings[1].subject


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"header": "HR ECG 3"}, "column 42 of 50 is not 'RR ECG 3'"),
        ({"step_s": 2}, "the times of its rows are not successive seconds"),
        ({"rates": ["60"] * 45}, "lasts 60.0 s, and"),
        ({"colours": "RG"}, "the columns B are missing; found R, G"),
    ],
)
def test_files_of_another_form_are_refused(
    tmp_path: Path, changes: dict[str, object], expected: str
) -> None:
    write(tmp_path, **changes)  # type: ignore[arg-type]
    assert expected in message_of(tmp_path)


@pytest.mark.parametrize("part", [0, 1])
def test_a_missing_file_is_named(tmp_path: Path, part: int) -> None:
    path = write(tmp_path)[part]
    path.unlink()
    assert f"{path}: the file cannot be opened" in message_of(tmp_path)


def test_the_real_files_are_read(real_data: Path) -> None:
    """At rest the spectral peak is right, so it tells whether column, lag and rate are."""
    here = [e for e in DATASET.recordings if all((real_data / f.local).exists() for f in e.files)]
    if not here:
        pytest.skip(f"no files of oximetry_camera in {real_data}")
    spec = WindowSpec(length_s=8, stride_s=2, rate_hz=25, low_hz=0.4, high_hz=8)
    errors = []
    for entry in here[:4]:
        recording = DATASET.read(entry, real_data)
        index, signal, rejected = segment_recording(recording, spec)
        assert sum(rejected.values()) < 3
        errors.append(np.abs(spectral_peak_bpm(signal, 25) - index["hr_bpm"].to_numpy()))
    assert np.concatenate(errors).mean() < 1.5
