"""Error figures, by hand."""

import numpy as np
import pandas as pd
import pytest

from ppgkd.metrics import error_metrics, subject_interval

HR_BPM = np.array([50.0, 100.0, 80.0, 200.0])
PRED_BPM = np.array([52.0, 95.0, 80.0, 190.0])


def predictions(errors_bpm: dict[str, list[float]]) -> pd.DataFrame:
    rows = [(who, 100.0, 100.0 + error) for who, all_of in errors_bpm.items() for error in all_of]
    return pd.DataFrame(rows, columns=["subject", "hr_bpm", "pred_bpm"])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mae_bpm", (2 + 5 + 0 + 10) / 4),
        ("median_ae_bpm", 3.5),
        ("rmse_bpm", np.sqrt((4 + 25 + 0 + 100) / 4)),
        ("mape", 100 * (2 / 50 + 5 / 100 + 0 + 10 / 200) / 4),
        ("bias_bpm", (2 - 5 + 0 - 10) / 4),
        ("within_5bpm", 3 / 4),
    ],
)
def test_each_figure_is_what_its_name_says(name: str, expected: float) -> None:
    assert error_metrics(PRED_BPM, HR_BPM)[name] == pytest.approx(expected)


def test_an_error_of_exactly_5_bpm_is_within_5_bpm() -> None:
    reference = np.full(4, 100.0)
    estimate = reference + np.array([5.0, -5.0, 5.001, -30.0])
    assert error_metrics(estimate, reference)["within_5bpm"] == 0.5


@pytest.mark.parametrize(("pred", "hr"), [((0,), (0,)), ((3,), (4,)), ((3, 1), (3, 1))])
def test_vectors_that_do_not_match_or_are_empty_are_refused(
    pred: tuple[int, ...], hr: tuple[int, ...]
) -> None:
    with pytest.raises(ValueError, match="two equally long, non-empty vectors"):
        error_metrics(np.ones(pred), np.ones(hr))


def test_subjects_with_the_same_errors_leave_no_doubt() -> None:
    table = predictions({"ada": [1, -3], "bo": [3, 1], "cy": [-1, 3]})
    assert subject_interval(table) == (2.0, 2.0)


def test_the_interval_is_of_the_mean_over_windows_when_subjects_are_drawn_anew() -> None:
    """Of two subjects the draws are: only one (1/4), both (1/2), only the other (1/4)."""
    table = predictions({"ada": [1.0] * 30, "bo": [4.0] * 10})
    assert subject_interval(table, level=0.95) == (1.0, 4.0)
    assert subject_interval(table, level=0.3) == pytest.approx((1.75, 1.75))


def test_the_interval_covers_a_populations_error_about_as_often_as_it_says() -> None:
    """The percentile bootstrap of 15 subjects is known to fall a little short of its level."""
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(200):
        of_subject = rng.gamma(4, 0.5, size=15)  # a population mean of 2
        table = predictions({str(who): [mae] * 5 for who, mae in enumerate(of_subject)})
        lower, upper = subject_interval(table, level=0.9, draws=300)
        covered += lower <= 2 <= upper
    assert 0.78 <= covered / 200 <= 0.94


def test_a_seed_gives_the_same_interval() -> None:
    table = predictions({str(who): [float(who), 1.0] for who in range(8)})
    assert subject_interval(table, seed=1) == subject_interval(table, seed=1)
