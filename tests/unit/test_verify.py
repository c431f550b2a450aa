"""What `make verify` takes for the same, and what for a difference."""

import json
from pathlib import Path

import pandas as pd
import pytest
from tests.e2e.verify import differences


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    for name in ("first", "second"):
        folder = tmp_path / name
        (folder / "logs").mkdir(parents=True)
        (folder / "logs/a.log").write_text(name)
        (folder / "a.npy").write_bytes(b"12345")
        (folder / "metrics.json").write_text(json.dumps({"train_s": len(name), "mae_bpm": 2.0}))
        table = pd.DataFrame({"mae_bpm": [1.0, float("nan")], "train_s": [float(len(name))] * 2})
        table.to_parquet(folder / "cells.parquet")
        (folder / "report.html").write_text(f"{len(name)} s")
    return tmp_path / "first", tmp_path / "second"


def test_timings_and_what_shows_them_may_differ_and_logs_are_no_artifacts(
    folders: tuple[Path, Path],
) -> None:
    assert [*differences(*folders)] == []


def test_a_report_that_is_made_again_may_not_differ_at_all(folders: tuple[Path, Path]) -> None:
    found = [line.split(":")[0] for line in differences(*folders, measured=False)]
    assert found == ["cells.parquet", "metrics.json", "report.html"]


def test_a_byte_is_found(folders: tuple[Path, Path]) -> None:
    (folders[1] / "a.npy").write_bytes(b"12346")
    assert [*differences(*folders)] == ["a.npy: differs from byte 4 on"]


def test_a_shorter_file_differs_where_it_ends(folders: tuple[Path, Path]) -> None:
    (folders[1] / "a.npy").write_bytes(b"123")
    assert [*differences(*folders)] == ["a.npy: differs from byte 3 on"]


def test_a_missing_file_is_named(folders: tuple[Path, Path]) -> None:
    (folders[1] / "a.npy").unlink()
    assert [*differences(*folders)] == ["a.npy: only in first"]


def test_a_value_beside_a_timing_is_named_with_its_key(folders: tuple[Path, Path]) -> None:
    changed = {"train_s": 1, "mae_bpm": 2.0000001}
    (folders[1] / "metrics.json").write_text(json.dumps(changed))
    assert [*differences(*folders)] == ["metrics.json: $.mae_bpm is 2.0 and 2.0000001"]


def test_a_column_beside_a_timing_is_named(folders: tuple[Path, Path]) -> None:
    changed = pd.DataFrame({"mae_bpm": [1.0, 1.0], "train_s": [0.0, 0.0]})
    changed.to_parquet(folders[1] / "cells.parquet")
    assert [*differences(*folders)] == ["cells.parquet: columns ['mae_bpm'] differ"]
