"""Files of teacher estimates: what is read from them, and what is refused by name."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from ppgkd.distill.teacher_estimates import (
    EstimatesAbout,
    TeacherEstimates,
    read_estimates,
    write_estimates,
)
from ppgkd.errors import PpgkdError

GRID_BPM = np.arange(30, 210)
ABOUT = {"format": 1, "made_by": "mine", "version": "2", "licence": "MIT", "citation": "me 2026"}
NORMAL = {
    "recording": ["walk", "walk", "run"],
    "time_s": [4.0, 6.0, 4.0],
    "hr_bpm": [71.5, 72.0, 150.25],
    "sd_bpm": [1.5, 8.0, 3.0],
}


def written(path: Path, columns: dict[str, Any], about: Any = None) -> Path:
    """Write what a user's program might write."""
    metadata = {"ppgkd": json.dumps(ABOUT if about is None else about)}
    pq.write_table(pa.table(columns).replace_schema_metadata(metadata), path)
    return path


def with_probabilities(rows: Any) -> dict[str, Any]:
    columns = {name: NORMAL[name] for name in ("recording", "time_s")}
    return columns | {"probabilities": [list(map(float, row)) for row in rows]}


def uniform(n: int = 3) -> np.ndarray:
    return np.full((n, 180), 1 / 180)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    about = EstimatesAbout(
        **ABOUT, trained_on=["bami1"], params=7, recordings={"walk": "ab", "run": "cd"}
    )
    made = TeacherEstimates(
        np.array(["walk", "run"], object), np.array([4.0, 5.5]), uniform(2).astype("f4"), about
    )
    write_estimates(tmp_path / "made.parquet", made)
    found = read_estimates(tmp_path / "made.parquet")
    assert found.about == about
    assert found.recording.tolist() == ["walk", "run"]
    np.testing.assert_array_equal(found.time_s, made.time_s)
    np.testing.assert_array_equal(found.probabilities, made.probabilities)


def test_estimate_and_spread_are_a_normal_distribution(tmp_path: Path) -> None:
    found = read_estimates(written(tmp_path / "normal.parquet", NORMAL))
    for row, bpm, sd in zip(found.probabilities, NORMAL["hr_bpm"], NORMAL["sd_bpm"], strict=True):
        density = norm.pdf(GRID_BPM, bpm, sd)
        np.testing.assert_allclose(row, density / density.sum(), atol=1e-6)


def test_a_spread_below_half_a_class_counts_as_half_a_class(tmp_path: Path) -> None:
    sure = {**NORMAL, "sd_bpm": [1e-6, 0.4, 0.5]}
    found = read_estimates(written(tmp_path / "sure.parquet", sure))
    for row, bpm in zip(found.probabilities, NORMAL["hr_bpm"], strict=True):
        density = norm.pdf(GRID_BPM, bpm, 0.5)
        np.testing.assert_allclose(row, density / density.sum(), atol=1e-6)


def test_lists_of_double_precision_are_read_too(tmp_path: Path) -> None:
    found = read_estimates(written(tmp_path / "lists.parquet", with_probabilities(uniform())))
    assert found.probabilities.dtype == np.float32
    np.testing.assert_allclose(found.probabilities, uniform(), rtol=1e-6)


@given(row=st.integers(0, 2), entry=st.integers(0, 179), wrong=st.sampled_from([-0.1, np.nan, 0.5]))
def test_the_first_row_that_is_no_distribution_is_named(
    tmp_path_factory: pytest.TempPathFactory, row: int, entry: int, wrong: float
) -> None:
    rows = uniform()
    rows[row, entry] = wrong
    path = written(tmp_path_factory.mktemp("bad") / "bad.parquet", with_probabilities(rows))
    recording, time_s = NORMAL["recording"][row], NORMAL["time_s"][row]
    at = rf"recording '{recording}' at {time_s:g} s \(row {row}\), probabilities from .* 1 of 3"
    with pytest.raises(PpgkdError, match=at):
        read_estimates(path)


Change = Callable[[dict[str, Any]], dict[str, Any]]
BAD_COLUMNS: dict[str, tuple[dict[str, Any], str]] = {
    "no spread": (
        {k: v for k, v in NORMAL.items() if k != "sd_bpm"},
        r"lack \['sd_bpm'\]; expected recording, time_s, and either",
    ),
    "no recording": (
        {k: v for k, v in NORMAL.items() if k != "recording"},
        r"lack \['recording'\]",
    ),
    "both forms": (NORMAL | with_probabilities(uniform()), "may contradict each other"),
    "too few classes": (with_probabilities(np.full((3, 64), 1 / 64)), "expected fixed_size_list"),
    "a rate of zero": ({**NORMAL, "hr_bpm": [70, 0, 70]}, "at 6 s .* hr_bpm 0 and"),
    "a rate that is NaN": ({**NORMAL, "hr_bpm": [70, 70, np.nan]}, "'run' .* hr_bpm nan"),
    "a spread of zero": ({**NORMAL, "sd_bpm": [1, 0, 1]}, "sd_bpm 0; expected .* above 0"),
    "a spread that is infinite": ({**NORMAL, "sd_bpm": [np.inf, 1, 1]}, "sd_bpm inf"),
    "an empty value": ({**NORMAL, "hr_bpm": [70, None, 70]}, "has 1 empty values"),
    "a time that is NaN": ({**NORMAL, "time_s": [4.0, np.nan, 4.0]}, "time_s that is no number"),
    "a time twice": ({**NORMAL, "time_s": [4.0, 4.0, 4.0]}, "a second estimate for the same time"),
    "text as times": ({**NORMAL, "time_s": ["4 s", "6 s", "4 s"]}, "'time_s' .* is of type string"),
}


@pytest.mark.parametrize(("columns", "message"), BAD_COLUMNS.values(), ids=BAD_COLUMNS)
def test_a_file_that_says_no_distribution_is_refused_by_name(
    columns: dict[str, Any], message: str, tmp_path: Path
) -> None:
    path = written(tmp_path / "mine.parquet", columns)
    with pytest.raises(PpgkdError, match=message) as refused:
        read_estimates(path)
    assert str(path) in str(refused.value)


BAD_ABOUT: dict[str, tuple[Any, str]] = {
    "another format": ({**ABOUT, "format": 2}, "'format' must be 1, found 2"),
    "who made it": ({k: v for k, v in ABOUT.items() if k != "made_by"}, r"lacks \['made_by'\]"),
    "an unknown key": ({**ABOUT, "license": "MIT"}, "did you mean 'licence'"),
    "a list": ([1], r"is \[1\]; expected keys with values"),
}


@pytest.mark.parametrize(("about", "message"), BAD_ABOUT.values(), ids=BAD_ABOUT)
def test_a_file_that_does_not_say_what_made_it_is_refused(
    about: Any, message: str, tmp_path: Path
) -> None:
    with pytest.raises(PpgkdError, match=message):
        read_estimates(written(tmp_path / "mine.parquet", NORMAL, about))


def test_a_file_without_metadata_is_refused(tmp_path: Path) -> None:
    pq.write_table(pa.table(NORMAL), tmp_path / "mine.parquet")
    with pytest.raises(PpgkdError, match=r"'ppgkd' in the metadata .* is missing"):
        read_estimates(tmp_path / "mine.parquet")


def test_a_file_that_is_not_parquet_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.parquet").write_text("recording,time_s\n")
    with pytest.raises(PpgkdError, match="cannot be read as Parquet"):
        read_estimates(tmp_path / "mine.parquet")
