"""Limits of agreement of repeated measures, held against the paper, theory and a mixed model."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

from ppgkd.evaluation.agreement import limits_of_agreement
from ppgkd.evaluation.metrics import error_metrics, subject_intervals

# Bland and Altman, Stat Methods Med Res 8 (1999) 135, table 4: cardiac output by radionuclide
# ventriculography and by impedance cardiography, in pairs; one line a subject
PAIRS = """
7.83 6.57 7.42 5.62 7.89 6.90 7.12 6.57 7.88 6.35
6.16 4.06 7.26 4.29 6.71 4.26 6.54 4.09
4.75 4.71 5.24 5.50 4.86 5.08 4.78 5.02 6.05 6.01 5.42 5.67
4.21 4.14 3.61 4.20 3.72 4.61 3.87 4.68 3.92 5.04
3.13 3.03 2.98 2.86 2.85 2.77 3.17 2.46 3.09 2.32 3.12 2.43
5.92 5.90 6.42 5.81 5.92 5.70 6.27 5.76
7.13 5.09 6.62 4.63 6.58 4.61 6.93 5.09
4.54 4.72 4.81 4.61 5.11 4.36 5.29 4.20 5.39 4.36 5.57 4.20
4.48 3.17 4.92 3.12 3.97 2.96
4.22 4.35 4.65 4.62 4.74 3.16 4.44 3.53 4.50 3.53
6.78 7.20 6.07 6.09 6.52 7.00 6.42 7.10 6.41 7.40 5.76 6.80
5.06 4.50 4.72 4.20 4.90 3.80 4.80 3.80 4.90 4.20 5.10 4.50
"""


def errors(of_subjects: dict[str, list[float]]) -> pd.DataFrame:
    rows = [(who, 100.0, 100 + error) for who, all_of in of_subjects.items() for error in all_of]
    return pd.DataFrame(rows, columns=["subject", "hr_bpm", "pred_bpm"])


def drawn(n_subjects: int, n_windows: int, between: float, within: float) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    level = rng.normal(0, between, (n_subjects, 1))
    table = level + rng.normal(0, within, (n_subjects, n_windows))
    return errors({f"s{who}": list(of) for who, of in enumerate(table)})


def test_the_published_example_comes_out_to_all_its_digits() -> None:
    """Bland and Altman, J Biopharm Stat 17 (2007) 571, section 3."""
    rows = []
    for subject, line in enumerate(PAIRS.strip().splitlines()):
        for rv, ic in np.array(line.split(), dtype=float).reshape(-1, 2):
            rows.append((f"s{subject}", ic, rv))
    found = limits_of_agreement(pd.DataFrame(rows, columns=["subject", "hr_bpm", "pred_bpm"]))
    assert found["bias_bpm"] == pytest.approx(0.6021667, abs=5e-8)
    assert found["sd_bpm"] == pytest.approx(0.99062408, abs=5e-8)
    assert found["lower_bpm"] == pytest.approx(-1.3394565, abs=2e-7)
    assert found["upper_bpm"] == pytest.approx(2.5437899, abs=2e-7)


def test_two_subjects_by_hand() -> None:
    """Means 1 and 5, each from two windows 1 to either side.

    Within: (1 + 1 + 1 + 1) / 2 = 2. Between: the means' mean square is 2 x (4 + 4) = 16, and a
    subject has 2 windows, so (16 - 2) / 2 = 7.
    """
    found = limits_of_agreement(errors({"ada": [0, 2], "bo": [4, 6]}))
    assert found["bias_bpm"] == pytest.approx(3)
    assert found["within_sd_bpm"] == pytest.approx(np.sqrt(2))
    assert found["between_sd_bpm"] == pytest.approx(np.sqrt(7))
    assert found["upper_bpm"] == pytest.approx(3 + 1.96 * 3)
    assert found["lower_bpm"] == pytest.approx(3 - 1.96 * 3)


def test_with_equally_many_windows_the_parts_are_those_of_a_mixed_model() -> None:
    table = drawn(20, 12, between=2, within=3)
    table["error_bpm"] = table["pred_bpm"] - table["hr_bpm"]
    fit = smf.mixedlm("error_bpm ~ 1", table, groups="subject").fit(reml=True)
    found = limits_of_agreement(table)
    assert found["within_sd_bpm"] == pytest.approx(np.sqrt(fit.scale), rel=1e-3)
    assert found["between_sd_bpm"] == pytest.approx(np.sqrt(fit.cov_re.iloc[0, 0]), rel=1e-3)


def test_many_subjects_give_back_what_they_were_drawn_from() -> None:
    found = limits_of_agreement(drawn(2000, 5, between=2, within=3))
    assert found["between_sd_bpm"] == pytest.approx(2, rel=0.05)
    assert found["within_sd_bpm"] == pytest.approx(3, rel=0.03)
    assert found["upper_bpm"] == pytest.approx(1.96 * np.sqrt(13), rel=0.03)


def test_one_subject_with_many_windows_does_not_narrow_them() -> None:
    table = errors({"ada": [0.0, 0.5] * 5000, "bo": [10.0] * 3, "cy": [-10.0] * 3})
    plain = error_metrics(table["pred_bpm"].to_numpy(), table["hr_bpm"].to_numpy())
    found = limits_of_agreement(table)
    assert plain["loa_upper_bpm"] < 2
    assert found["upper_bpm"] > 10


def test_subjects_that_do_not_differ_leave_the_plain_limits() -> None:
    table = errors({who: [-3.0, 1.0, 2.0] for who in ("ada", "bo", "cy")})
    found = limits_of_agreement(table)
    assert found["between_sd_bpm"] == 0
    assert found["sd_bpm"] == pytest.approx(np.sqrt((9 + 1 + 4) / 2))


def test_one_window_a_subject_is_the_plain_case() -> None:
    table = errors({"ada": [2.0], "bo": [-5.0], "cy": [0.0], "di": [-10.0]})
    plain = error_metrics(table["pred_bpm"].to_numpy(), table["hr_bpm"].to_numpy())
    found = limits_of_agreement(table)
    assert found["lower_bpm"] == pytest.approx(plain["loa_lower_bpm"])
    assert found["upper_bpm"] == pytest.approx(plain["loa_upper_bpm"])


def test_one_subject_has_limits_and_tells_nothing_about_others() -> None:
    found = limits_of_agreement(errors({"ada": [-1.0, 1.0, 3.0]}))
    assert found["sd_bpm"] == found["within_sd_bpm"] == pytest.approx(2)
    assert found["between_sd_bpm"] is None
    assert found["intervals"]["upper_bpm"] == pytest.approx([found["upper_bpm"]] * 2)


def test_a_single_window_has_limits_that_are_numbers() -> None:
    found = limits_of_agreement(errors({"ada": [4.0]}))
    assert (found["lower_bpm"], found["bias_bpm"], found["upper_bpm"]) == (4, 4, 4)


def test_the_interval_of_the_bias_is_that_of_any_mean() -> None:
    table = drawn(12, 9, between=2, within=3)
    bias = pd.DataFrame({"bias_bpm": table["pred_bpm"] - table["hr_bpm"]})
    expected = subject_intervals(bias, table["subject"])["bias_bpm"]
    assert limits_of_agreement(table)["intervals"]["bias_bpm"] == pytest.approx(expected)


def test_the_interval_of_a_limit_is_about_as_wide_as_in_the_paper() -> None:
    """One window a subject: the limit's standard error is sqrt(3 / n) SD (1986, about)."""
    lower, upper = limits_of_agreement(drawn(400, 1, between=0, within=3))["intervals"]["upper_bpm"]
    assert upper - lower == pytest.approx(2 * 1.96 * 3 * np.sqrt(3 / 400), rel=0.15)


def test_windows_without_an_estimate_are_left_out() -> None:
    table = errors({"ada": [0, 2], "bo": [4, 6]})
    silent = errors({"ada": [9.0], "cy": [9.0]}).assign(pred_bpm=np.nan)
    assert limits_of_agreement(pd.concat([table, silent])) == limits_of_agreement(table)
