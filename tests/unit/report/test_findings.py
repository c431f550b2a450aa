"""What figures show, in words."""

import pandas as pd
import pytest
from tests.unit.report.hand_made import quality_of_predictions

from ppgkd.evaluation.recommendation import Gates
from ppgkd.report.findings import findings

GATES = Gates(min_reduction=0.8, max_latency_ms=15, max_mae_bpm=2.5)
NO_LAW = {"laws": [{"reason": "too few sizes"}]}


def student(params: int, mae_bpm: float, strategy: str = "scratch", **changes: object) -> dict:
    row = {
        "student": f"spectral_resnet-{params}",
        "strategy": strategy,
        "teacher": "none" if strategy == "scratch" else "big-60000",
        "family": "spectral_resnet",
        "params": params,
        "macs": 1_000 * params,
        "cost": 1_000 * params,
        "latency_p99_ms": params / 1_000,
        "mae_bpm": mae_bpm,
        "gain_bpm": float("nan"),
        "gain_lower_bpm": float("nan"),
        "gain_upper_bpm": float("nan"),
        "on_front": True,
    }
    return row | changes


def found(*rows: dict, people: dict | None = None) -> dict[str, str]:
    table = pd.DataFrame(rows)
    return findings(table, rows[0], GATES, quality_of_predictions(), NO_LAW, {}, people or {})


def test_the_error_falls_with_size_stays_or_rises() -> None:
    says = found(student(302, 3.1), student(15_000, 2.2), student(15_000, 2.6, "soft"))
    assert says["error_vs_size"] == (
        "Test MAE against parameters. spectral_resnet: the lowest MAE falls from 3.10 to 2.20 BPM "
        "from 302 to 15,000 parameters."
    )
    assert "stays at 3.10 BPM" in found(student(302, 3.1), student(900, 3.101))["error_vs_size"]
    assert "rises from 3.10 to 3.20" in found(student(302, 3.1), student(900, 3.2))["error_vs_size"]
    assert "3.10 BPM at 302 parameters, one size" in found(student(302, 3.1))["error_vs_size"]


def test_the_front_has_its_ends_and_the_recommended_student() -> None:
    says = found(student(302, 3.1), student(15_000, 2.2))["pareto"]
    assert "The Pareto front has 2 students, from 3.10 BPM with 302,000" in says
    assert "to 2.20 BPM with 15,000,000" in says
    assert "The recommended spectral_resnet-302, from scratch errs by 3.10 BPM" in says


def test_gains_are_counted_by_what_their_intervals_show() -> None:
    gains = [(0.5, 0.1, 0.9), (-0.5, -0.9, -0.1), (0.1, -0.2, 0.4)]
    rows = [
        student(302 + n, 2.0, "soft", gain_bpm=g, gain_lower_bpm=low, gain_upper_bpm=high)
        for n, (g, low, high) in enumerate(gains)
    ]
    says = found(student(302, 2.0), *rows)["gain_over_scratch"]
    assert "of 3 distilled students: by their intervals 1 err less than from scratch, 1 err" in says
    assert "1 cannot be told apart. Mean gain in BPM: soft targets +0.03." in says


def test_errors_fall_with_people() -> None:
    trained = {"student": "small-350", "strategy": "soft", "teacher": "big-60000"}
    curves = [{**trained, "people": n, "mae_bpm": e} for n, e in ((16.0, 2.3), (4.0, 2.9))]
    assert found(student(302, 2.0), people={"curves": curves})["people"] == (
        "small-350, soft targets from big-60000: MAE falls from 2.90 to 2.30 BPM from 4 to 16 "
        "people"
    )


@pytest.mark.parametrize("name", ["bland_altman", "reliability", "risk_coverage"])
def test_the_quality_of_the_student_is_told_in_numbers(name: str) -> None:
    quality = quality_of_predictions()["filtered"]
    numbers = {
        "bland_altman": f"{quality['bland_altman']['upper_bpm']:+.1f} BPM",
        "reliability": f"the 50 % intervals hold {quality['overall']['coverage_50']:.0%}",
        "risk_coverage": f"{quality['risk_coverage']['curve'][-1]['mae_bpm']:.2f} BPM if all",
    }
    says = found(student(302, 2.0))[name].replace("\u00a0", " ")
    assert numbers[name].replace("%", " %").replace("  ", " ") in says
