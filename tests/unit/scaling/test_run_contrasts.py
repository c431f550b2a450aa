"""Contrasts over runs and subjects, against textbook formulas and simulated studies."""

import numpy as np
import pytest
from scipy import stats

from ppgkd.scaling.claims import HOLDS, verdict_of
from ppgkd.scaling.run_contrasts import estimate_contrast

SIMULATIONS = 500


def test_of_fixed_networks_the_interval_is_that_of_the_t_test() -> None:
    errors = np.random.default_rng(0).normal(2, 1, 9)
    found = estimate_contrast(errors[None], np.full(9, 50.0), draw_runs=False)
    assert found is not None
    expected = stats.ttest_1samp(errors, 0).confidence_interval(0.95)
    assert found.interval() == pytest.approx((expected.low, expected.high), abs=1e-5)
    assert found.p_value(2.5) == pytest.approx(stats.ttest_1samp(errors, 2.5).pvalue, rel=1e-4)


def test_a_difference_between_runs_alone_has_the_interval_of_the_runs() -> None:
    """Each network is as good for one subject as for the other: subjects are no replicates."""
    runs = np.random.default_rng(1).normal(0, 1, 5)
    found = estimate_contrast(np.tile(runs[:, None], 30), np.full(30, 50.0))
    assert found is not None
    expected = stats.ttest_1samp(runs, 0).confidence_interval(0.95)
    assert found.interval() == pytest.approx((expected.low, expected.high), abs=1e-5)


def test_a_fall_between_runs_alone_has_the_interval_of_the_regression() -> None:
    log_sizes = np.log(np.repeat([300.0, 1_000, 3_000, 9_000], 2))
    runs = 4 - 0.3 * log_sizes + np.random.default_rng(2).normal(0, 0.1, 8)
    found = estimate_contrast(np.tile(runs[:, None], 10), np.full(10, 50.0), log_sizes)
    line = stats.linregress(log_sizes, runs)
    assert found is not None
    assert found.value == pytest.approx(-line.slope * np.ptp(log_sizes), abs=1e-5)
    assert found.standard_error == pytest.approx(line.stderr * np.ptp(log_sizes), abs=1e-5)
    assert found.degrees_of_freedom == pytest.approx(6)


def test_networks_with_several_seeds_are_not_drawn_and_with_one_each_they_are() -> None:
    """Large differences between networks; of each, runs that differ little."""
    rng = np.random.default_rng(3)
    of_network, of_run = np.repeat([0.0, 1.0, 2.0], 3), rng.normal(0, 0.1, 9)
    errors = np.tile((of_network + of_run)[:, None], 8)
    found = estimate_contrast(errors, np.ones(8), groups=[*"aaabbbccc"])
    assert found is not None
    within = np.sqrt(np.mean([part.var(ddof=1) for part in of_run.reshape(3, 3)]))
    assert found.standard_error == pytest.approx(within / 3, rel=1e-4)
    assert found.degrees_of_freedom == pytest.approx(6)
    alone = estimate_contrast(errors[::3], np.ones(8), groups=["a", "b", "c"])
    assert alone == estimate_contrast(errors[::3], np.ones(8))


def test_subjects_count_by_their_windows() -> None:
    errors = np.array([[1.0, 4.0], [1.0, 4.0]])
    found = estimate_contrast(errors, np.array([30.0, 10.0]))
    assert found is not None
    assert found.value == pytest.approx((30 * 1 + 10 * 4) / 40)


@pytest.mark.parametrize("shape", [(1, 9), (3, 1), (0, 0)])
def test_one_run_or_one_subject_has_no_interval(shape: tuple[int, int]) -> None:
    assert estimate_contrast(np.ones(shape), np.ones(shape[1])) is None


def test_a_difference_without_spread_is_certain() -> None:
    found = estimate_contrast(np.full((2, 6), 0.3), np.ones(6))
    assert found is not None
    assert found.interval() == pytest.approx((0.3, 0.3))
    assert (found.p_value(0), found.p_value(found.value)) == pytest.approx((0, 1))


@pytest.mark.parametrize("tails", ["normal", "heavy"])
@pytest.mark.parametrize(("n_runs", "n_networks"), [(2, 1), (18, 1), (6, 2), (18, 6)])
@pytest.mark.parametrize("n_subjects", [6, 24])
@pytest.mark.parametrize(
    "sd_bpm",
    [(0.3, 0.0, 0.1), (0.0, 0.15, 0.1), (0.1, 0.15, 0.3)],
    ids=["subjects", "runs", "both"],
)
def test_without_a_true_difference_a_gain_seldom_holds(
    sd_bpm: tuple[float, float, float],
    n_subjects: int,
    n_runs: int,
    n_networks: int,
    tails: str,
) -> None:
    """A verdict needs a p-value of 5 % and a gain above zero: 2.5 % of the studies, if exact."""
    rng = np.random.default_rng(0)

    def drawn(*shape: int) -> np.ndarray:
        normal = tails == "normal"
        return rng.standard_normal(shape) if normal else rng.standard_t(3, shape) / np.sqrt(3)

    n_windows = rng.integers(100, 300, n_subjects).astype(float)
    networks = [str(run % n_networks) for run in range(n_runs)]
    held = 0
    for _ in range(SIMULATIONS):
        parts = drawn(1, n_subjects), drawn(n_runs, 1), drawn(n_runs, n_subjects)
        difference = sum(sd * part for sd, part in zip(sd_bpm, parts, strict=True))
        gain = estimate_contrast(np.asarray(difference), n_windows, groups=networks)
        assert gain is not None
        p_none, p_named = gain.p_value(0), gain.p_value(0.1)
        held += verdict_of(gain, n_subjects, p_none, p_named) == HOLDS
    assert held / SIMULATIONS <= 0.05
