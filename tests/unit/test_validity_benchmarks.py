"""The benchmarks of validity count what they say, and a score is fitted to sets, not to sizes."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from tests.benchmark_module import benchmark_module
from tests.unit.export.conftest import Exported, raw_tones

from ppgkd.evaluation.fit_validity import MIN_NOT_DOUBLE, MIN_NOT_HALF, SCORE
from ppgkd.inference.validity import Evidence

validity = benchmark_module("validity")
weights = benchmark_module("validity_weights")
lost_samples = benchmark_module("lost_samples")


def estimates(
    error_bpm: list[float], valid: list[bool], narrow: list[bool] | None = None
) -> pd.DataFrame:
    """Estimates of 80 BPM and more by two subjects in turn."""
    return pd.DataFrame(
        {
            "subject": [("ada", "bo")[row % 2] for row in range(len(error_bpm))],
            "hr_bpm": 80.0,
            "bpm": 80.0 + np.array(error_bpm),
            "narrow": valid if narrow is None else narrow,
            "valid": valid,
        }
    )


def test_each_rule_is_judged_by_the_estimates_that_it_keeps() -> None:
    found = validity.judge(
        estimates(
            [1, 3, 20, -30], valid=[True, True, False, False], narrow=[True, True, True, False]
        )
    )
    assert (found["n_subjects"], found["n_estimates"], found["wrong"]) == (2, 4, 0.5)
    spread, rule = found["spread"], found["rule"]
    assert [spread[name][0] for name in ("valid", "mae_bpm", "wrong")] == [3 / 4, 8, 1 / 3]
    assert [rule[name][0] for name in ("valid", "mae_bpm", "wrong")] == [1 / 2, 2, 0]


@given(error_bpm=st.lists(st.floats(-100, 100), min_size=2, max_size=20), seed=st.integers(0, 99))
@settings(max_examples=15)
def test_a_window_without_a_reference_counts_as_kept_and_not_as_an_error(
    error_bpm: list[float], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    table = estimates(error_bpm, valid=list(rng.random(len(error_bpm)) < 0.5))
    unknown = estimates([0.0, 0.0], valid=[True, True]).assign(hr_bpm=np.nan)
    before, after = validity.judge(table), validity.judge(pd.concat([table, unknown]))
    assert after["wrong"] == before["wrong"]
    assert after["rule"]["mae_bpm"][0] == pytest.approx(before["rule"]["mae_bpm"][0])
    assert after["rule"]["valid"][0] * len(table) >= before["rule"]["valid"][0] * len(table) - 1e-9


def test_a_set_without_a_valid_estimate_has_no_error() -> None:
    found = validity.judge(estimates([1, 50], valid=[False, False]))
    assert found["rule"]["valid"] == [0, 0, 0]
    assert found["rule"]["mae_bpm"] == found["rule"]["wrong"] == [None, None, None]
    assert "-" in validity._shown({"student": "s", "set": "walks", **found})


def predictions(
    right: NDArray[np.bool_], seed: int, dataset: str = "walks", **columns: Any
) -> pd.DataFrame:
    """Filtered estimates whose evidence is higher and spread narrower where they are right."""
    rng = np.random.default_rng(seed)
    better = np.where(right, 0.3, 0.0)
    evidence = {
        f"filtered_{name}": rng.uniform(0, 0.7, len(right)) + better for name in Evidence._fields
    }
    sd_bpm = np.exp(rng.normal(np.where(right, 0.5, 1.5), 0.5))
    error_bpm = np.where(right, 1.0, 30.0)
    found = {"dataset": dataset, "hr_bpm": 80.0, "filtered_bpm": 80 + error_bpm}
    return pd.DataFrame({**found, "filtered_sd_bpm": sd_bpm, **evidence, **columns})


RIGHT = np.arange(400) % 2 == 0


def test_evidence_speaks_for_an_estimate_and_spread_against_it() -> None:
    score = weights.fit_score(predictions(RIGHT, 0), ["walks"])
    assert min(score.pulse, score.rate, score.agreement) > 0 > score.log_sd


@pytest.mark.parametrize("times", [2, 5])
def test_a_larger_dataset_counts_no_more(times: int) -> None:
    small, large = predictions(RIGHT, 0, "small"), predictions(RIGHT, 1, "large")
    once = weights.fit_score(pd.concat([small, large]), ["small", "large"])
    often = weights.fit_score(pd.concat([small, *[large] * times]), ["small", "large"])
    assert often == pytest.approx(once, abs=1e-3)


def test_what_is_left_out_does_not_change_the_score() -> None:
    fitted, left_out = predictions(RIGHT, 0, "in"), predictions(~RIGHT, 1, "out")
    alone = weights.fit_score(fitted, ["in"])
    assert weights.fit_score(pd.concat([fitted, left_out]), ["in"]) == pytest.approx(alone)


@pytest.mark.parametrize(
    "bound",
    [
        {"filtered_not_double": MIN_NOT_DOUBLE - 0.01},
        {"filtered_not_half": MIN_NOT_HALF - 0.01},
    ],
)
def test_no_score_makes_a_doubled_or_halved_rate_valid(bound: dict[str, float]) -> None:
    sure = {f"filtered_{name}": 1.0 for name in Evidence._fields} | {"filtered_sd_bpm": 0.5}
    wrong = ~np.ones(10, np.bool_)
    assert weights.LeftOut(predictions(wrong, 0, **sure), SCORE).wrong_pass(0.5) == 1
    assert weights.LeftOut(predictions(wrong, 0, **(sure | bound)), SCORE).wrong_pass(0.5) == 0


def test_the_least_probability_lets_one_wrong_estimate_in_twenty_pass_in_the_mean() -> None:
    def left_out(highest: float) -> Any:
        one = weights.LeftOut(predictions(np.zeros(10, np.bool_), 0), SCORE)
        one.probability = np.array([0.1] * 9 + [highest])
        return one

    assert weights._least_probability([left_out(0.72), left_out(0.1)]) == 0.5
    assert weights._least_probability([left_out(0.72), left_out(0.72)]) == 0.75
    with pytest.raises(SystemExit, match="more evidence"):
        weights._least_probability([left_out(1.0)])


@given(count=st.integers(1, 8), length=st.integers(1, 50))
@settings(max_examples=20)
def test_a_window_loses_runs_of_the_asked_length(count: int, length: int) -> None:
    lost = lost_samples._gaps((7, 400), count, length)
    assert lost.shape == (7, 400)
    n_lost = lost.sum(axis=1)
    assert (n_lost >= length).all()
    assert (n_lost <= count * length).all()
    edges = np.diff(np.pad(lost, [(0, 0), (1, 1)]).astype(int), axis=1)
    for row in edges:  # gaps may touch or overlap, and none is shorter
        assert (np.flatnonzero(row < 0) - np.flatnonzero(row > 0) >= length).all()


def test_errors_grow_with_what_is_lost_and_are_given_for_fast_rates_too(
    peak_student: Exported,
) -> None:
    hr_bpm = np.array([60.0, 90.0, 150.0, 180.0])
    session = onnxruntime.InferenceSession(peak_student.path, providers=["CPUExecutionProvider"])
    data = [(raw_tones(hr_bpm, 50.0), hr_bpm, session)]
    whole = lost_samples._errors(data, None)
    assert whole["share"] == 0
    assert whole["mae_bpm"] < 2
    half = lost_samples._errors(
        data, lambda shape: np.arange(shape[1]) % 25 >= np.full((shape[0], 1), 5)
    )
    assert half["share"] == pytest.approx(0.8)
    assert half["fast_mae_bpm"] > whole["fast_mae_bpm"]


def test_a_folder_without_students_is_named(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["lost_samples.py", str(tmp_path)])
    with pytest.raises(SystemExit, match="no exported students") as refused:
        lost_samples.main()
    assert str(tmp_path) in str(refused.value)
