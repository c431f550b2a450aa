"""Laws, plans and the mixed model in the scientist's part."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.unit.report.hand_made import (
    CONVERGED,
    EFFECTS,
    FITTED,
    LAWS,
    render,
    with_more_people,
)
from tests.unit.report.page_reader import Page

from ppgkd.report.page import Results
from ppgkd.study.study import Study

NONE = {"E": False, "A": False, "a": False}


@pytest.fixture
def page(study: Study, results: Results, tmp_path: Path) -> Page:
    """With people enough for intervals."""
    return render(study, with_more_people(results), tmp_path / "report" / "report.html")


def test_a_law_has_its_intervals_and_a_missing_law_its_reason(page: Page) -> None:
    assert "1.23 (1.01 to 1.45)" in page.text
    assert "0.67 (0.51 to 0.89)" in page.text
    assert "4.2 %" in page.text
    reason = "a law needs at least 4 sizes, found 1: 1,300"
    trained = "decoupled distillation from spectral_resnet-3000"
    assert f"No law for spectral_mlp ({trained}): {reason}." in page.text


def test_a_law_has_its_identified_parameters(page: Page) -> None:
    assert "E + A N^-a E 1.23 (1.01 to 1.45); A not identified; a 0.67 (0.51 to 0.89)" in page.text
    assert "spectral_resnet-700, seed 1: not finished" in page.text


def test_what_was_predicted_stands_beside_what_it_was(page: Page) -> None:
    row = "largest 4,000 power law floor 1.62 1.52 to 1.72 1.60 ✓ 1.71 1.59"
    assert row in page.text
    assert "+0.82 over the error of the nearest size, not defined over a line" in page.text


def test_a_law_is_also_told_in_other_costs(page: Page) -> None:
    assert "multiply-accumulates 905,000 1,020,000 E + A N^-a: E 1.11 (1 to 1.2)" in page.text


def test_laws_in_both_sizes_are_listed_or_the_reason_why_not(
    study: Study, results: Results, tmp_path: Path
) -> None:
    told = {"E": {"estimate": 2.0, "lower": 1.5, "upper": 2.5}}
    untold = {"b": {"estimate": 1.0, "lower": 0.1, "upper": 5.0}}
    additive = {
        "describe": "E + A S^-a",
        "formula": "E + A S^-a + B T^-b",
        "parameters": told | untold,
        "identified": {"E": True, "b": False},
        "residual_sd": 0.031,
        "status": CONVERGED,
    }
    joint = [
        {"strategy": "soft", "family": "spectral_resnet", "form": "additive", **additive},
        {
            "strategy": "soft",
            "family": "spectral_resnet",
            "form": "capacity_gap",
            "reason": "no gap",
        },
    ]
    laws = {**FITTED, "joint": joint}
    told_of = replace(with_more_people(results), laws=laws)
    page = render(study, told_of, tmp_path / "report.html")
    assert "spectral_resnet, soft targets E + A S^-a + B T^-b: E 2 (1.5 to 2.5)" in page.text
    assert "b not identified; residual SD 3.1 %" in page.text
    assert "capacity gap: no law for spectral_resnet with soft targets; no gap." in page.text


def test_a_fit_that_did_not_converge_is_reported_with_its_reason(
    study: Study, results: Results, tmp_path: Path
) -> None:
    reason = "the maximum number of evaluations was reached"
    failed = CONVERGED | {"converged": False, "reason": reason}
    form = LAWS[0]["forms"]["power_law_floor"] | {"status": failed}
    law = {key: value for key, value in LAWS[0].items() if key not in ("chosen", "held_out")}
    law |= {"forms": {"power_law_floor": form}, "reason": f"no fit converged ({reason})"}
    page = render(study, replace(results, laws={**FITTED, "laws": [law]}), tmp_path / "report.html")
    assert f"no fit converged ({reason})." in page.text
    assert f"✗ did not converge : {reason} (9 evaluations) 99.8 %" in page.text


def test_where_no_size_could_be_left_out_the_page_says_so(
    study: Study, results: Results, tmp_path: Path
) -> None:
    laws = {**results.laws, "skill": None}
    text = render(study, replace(results, laws=laws), tmp_path / "report.html").text
    assert "No size could be held out" in text


def test_a_planned_student_has_its_constraints_and_measured_results(
    study: Study, results: Results, tmp_path: Path
) -> None:
    planned = {
        "constraints": {"max_mae_bpm": 2.5, "max_latency_ms": None, "max_bytes": 64_000.0},
        "met": True,
        "strategy": "soft",
        "teacher": "spectral_resnet-3000",
        "student": "spectral_resnet-777",
        "params": 777,
        "mae_bpm": 2.41,
        "mae_lower_bpm": 2.31,
        "mae_upper_bpm": 2.51,
        "latency_p99_ms": 0.111,
        "onnx_bytes": 12_345.0,
        "flash_bytes": 20_100.0,
        "ram_bytes": 30_100.0,
        "instructions": 900_001.0,
        "in_sweep": False,
        "caveats": ["extrapolated"],
        "measured": {
            "mae_bpm": 2.61,
            "latency_p99_ms": 0.122,
            "latency_busy": True,
            "onnx_bytes": 12_346,
            "macs": 901_234,
            "flash_bytes": 20_200,
            "ram_bytes": 30_200,
            "instructions": 900_101,
            "covered": False,
        },
    }
    page = render(study, replace(results, plan=[planned]), tmp_path / "report.html")
    assert "MAE ≤ 2.5 BPM, ONNX file ≤ 64.0 kB" in page.text
    assert (
        "777 2.41 2.31 to 2.51 2.61 ✗ 0.11, 0.12 * 12.3, 12.3 901,234 20.1, 20.2 30.1, 30.2 "
        "900,000, 900,000" in page.text
    )
    assert "spectral_resnet-777, soft targets from spectral_resnet-3000: extrapolated." in page.text


def test_constraints_without_a_law_have_the_reason(
    study: Study, results: Results, tmp_path: Path
) -> None:
    constraints = {"max_mae_bpm": 2.0, "max_latency_ms": None, "max_bytes": None}
    unanswered = replace(
        results, plan=[{"constraints": constraints, "reason": "The study has no law."}]
    )
    text = render(study, unanswered, tmp_path / "report.html").text
    assert "No student is planned for MAE ≤ 2 BPM. The study has no law." in text


def test_a_missing_mixed_model_has_its_reason(page: Page) -> None:
    assert f"No mixed model: {EFFECTS['reason']}." in page.text


def test_effects_have_sign_interval_and_p(study: Study, results: Results, tmp_path: Path) -> None:
    effects = {
        "formula": "mae_bpm ~ C(strategy)",
        "n_rows": 30,
        "n_subjects": 5,
        "n_seeds": 2,
        "subject_sd_bpm": 1.11,
        "seed_sd_bpm": 0.22,
        "strategy_sd_bpm": 0.33,
        "residual_sd_bpm": 0.44,
        "baseline": "scratch",
        "contrasts": [
            {
                "strategy": "soft",
                "to": "scratch",
                "difference_bpm": -0.66,
                "lower_bpm": -1.16,
                "upper_bpm": -0.16,
                "p_value": 0.01,
                "p_holm": 0.02,
            }
        ],
        "at_capacity": [
            {
                "params": 1_000,
                "strategy": "soft",
                "to": "scratch",
                "difference_bpm": -0.77,
                "lower_bpm": -1.27,
                "upper_bpm": -0.27,
                "p_value": 0.01,
                "p_holm": 0.03,
            }
        ],
        "crossings": [
            {
                "strategy": "soft",
                "params": 2_345.6,
                "lower_params": 0.5,
                "upper_params": 8e9,
                "says": "better below it",
            }
        ],
        "checks": {
            "skewness": 0.31,
            "excess_kurtosis": -0.42,
            "spread_with_level": 0.53,
            "influence": [
                {
                    "strategy": "soft",
                    "difference_bpm": -0.6,
                    "lowest_bpm": -0.7,
                    "highest_bpm": -0.1,
                    "subject": "s4",
                    "without_bpm": -0.1,
                }
            ],
        },
        "warnings": ["The MLE may be on the boundary of the parameter space."],
        "terms": [
            {
                "name": "soft",
                "estimate_bpm": -0.75,
                "lower_bpm": -1.25,
                "upper_bpm": -0.25,
                "p_value": 0.0001,
            },
            {
                "name": "dkd",
                "estimate_bpm": 0.5,
                "lower_bpm": -0.5,
                "upper_bpm": 1.5,
                "p_value": 0.25,
            },
        ],
    }
    page = render(study, replace(results, effects=effects), tmp_path / "report.html")
    assert "soft targets −0.75 −1.25 to −0.25 < 0.001" in page.text
    assert "soft targets from scratch −0.66 −1.16 to −0.16 0.020" in page.text
    assert "soft targets 1,000 −0.77 −1.27 to −0.27 0.030" in page.text
    turn = "lower error below about 2,350 parameters and higher error above"
    where = "the 95 % interval is from under 1 to over 10⁹ parameters."
    assert (
        f"Soft targets against scratch: {turn}. Where it turns is uncertain: {where}" in page.text
    )
    assert "skewness +0.31, excess kurtosis −0.42" in page.text
    assert "soft targets −0.60 −0.70 to −0.10 s4: −0.10 without" in page.text
    assert "decoupled distillation +0.50 −0.50 to +1.50 0.250" in page.text
    assert "between subjects 1.11" in page.text
    assert "The MLE may be on the boundary" in page.text


def test_a_parameter_whose_bootstrap_interval_spans_a_decade_is_not_identified_anywhere(
    study: Study, results: Results, tmp_path: Path
) -> None:
    found = LAWS[0]["others"]["macs"] | {
        "parameters": {
            "E": {"estimate": 6.88, "lower": 0.00714, "upper": 11.4},
            "A": {"estimate": 1.06e12, "lower": 5_030.0, "upper": 1.78e23},
            "a": {"estimate": 0.5, "lower": 0.3, "upper": 0.7},
        },
        "identified": {"E": True, "A": True, "a": True},
    }
    flash = found | {"identified": NONE, "curve": {"flash_bytes": [20_000.0, 30_000.0]}}
    law = LAWS[0] | {"others": {"macs": found, "flash_bytes": flash}}
    laws = {**FITTED, "laws": [law]}
    wide = replace(with_more_people(results), laws=laws)
    text = render(study, wide, tmp_path / "report.html").text
    said = "E + A N^-a: E not identified; A not identified; a 0.5 (0.3 to 0.7)"
    assert text.count(said) == 2, "beside the main law and in the appendix"
    assert text.count("E + A N^-a: no parameter identified") == 2
    assert "×10" not in text
