"""The online filter: its transition, its belief, and the decoding without PyTorch."""

from dataclasses import replace
from functools import cache
from itertools import pairwise, product
from math import exp

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from ppgkd.errors import PpgkdError
from ppgkd.heart_rate import decode
from ppgkd.inference.online_filter import (
    BeliefFilter,
    Transition,
    decode_bpm,
    filter_windows,
    fit_transition,
)

GRID_BPM = range(30, 210)
TRANSITION = Transition(sd_bpm=3.0, jump_probability=0.01, stride_s=2.0)

Vector = NDArray[np.float64]


def distribution(**probabilities: float) -> Vector:
    """Probabilities of a window: those of some classes, named as bpm_<rate>."""
    row = np.zeros(180)
    for name, probability in probabilities.items():
        row[int(name.removeprefix("bpm_")) - 30] = probability
    return row


def random_rows(n: int, seed: int) -> Vector:
    logits = 4 * np.random.default_rng(seed).standard_normal((n, 180))
    rows = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(rows / rows.sum(axis=1, keepdims=True))


@cache
def step_probability(before: int, after: int, transition: Transition) -> float:
    """Probability of a rate after another, term by term from the definition."""

    def near(to: int) -> float:
        return exp(-((to - before) ** 2) / (2 * transition.sd_bpm**2))

    normal = near(after) / sum(near(to) for to in GRID_BPM)
    return (1 - transition.jump_probability) * normal + transition.jump_probability / 180


def believed(rows: list[Vector], transition: Transition) -> Vector:
    """Belief at the last window, as the sum over every path through what windows hold possible."""
    possible = [[bpm for bpm in GRID_BPM if row[bpm - 30] > 0] for row in rows]
    belief = np.zeros(180)
    for path in product(*possible):
        chance = sum(step_probability(start, path[0], transition) for start in GRID_BPM) / 180
        for before, after in pairwise(path):
            chance *= step_probability(before, after, transition)
        for row, bpm in zip(rows, path, strict=True):
            chance *= row[bpm - 30]
        belief[path[-1] - 30] += chance
    return belief / belief.sum()


# The transition


def test_the_kernel_is_the_definition() -> None:
    for before, after in [(30, 30), (30, 35), (100, 97), (100, 180), (209, 30)]:
        expected = step_probability(before, after, TRANSITION)
        assert TRANSITION.kernel[before - 30, after - 30] == pytest.approx(expected, rel=1e-12)


def test_the_rows_of_the_kernel_sum_to_one() -> None:
    np.testing.assert_allclose(TRANSITION.kernel.sum(axis=1), 1, rtol=1e-12)


@pytest.mark.parametrize(("sd_bpm", "jump_probability"), [(1.0, 0.005), (2.0, 0.02), (5.0, 0.1)])
def test_the_fit_recovers_the_parameters_of_drawn_steps(
    sd_bpm: float, jump_probability: float
) -> None:
    rng = np.random.default_rng(0)
    n_steps = 20_000
    jumps = rng.random(n_steps) < jump_probability
    steps = np.where(jumps, rng.uniform(-90, 90, n_steps), rng.normal(0, sd_bpm, n_steps))
    found = fit_transition([np.array([200.0, 200.0 + step]) for step in steps], 2.0)
    # four standard errors of a deviation and of a share, were it known which steps are jumps
    assert found.sd_bpm == pytest.approx(sd_bpm, rel=4 / np.sqrt(2 * n_steps))
    assert found.jump_probability == pytest.approx(
        jump_probability, abs=4 * np.sqrt(jump_probability / n_steps)
    )
    assert found.stride_s == 2.0


def test_a_change_across_a_missing_window_is_not_a_step() -> None:
    calm = np.tile([70.0, 72.0], 50)
    gappy = np.concatenate([calm, [np.nan], calm + 60, [np.nan], calm])
    assert fit_transition([gappy], 2.0) == fit_transition([calm, calm + 60, calm], 2.0)
    assert fit_transition([gappy], 2.0).sd_bpm == pytest.approx(2.0, rel=1e-3)


def test_a_reference_that_never_changes_does_not_freeze_the_filter() -> None:
    found = fit_transition([np.full(500, 70.0)], 2.0)
    assert (found.sd_bpm, found.jump_probability) == (0.5, 1e-5)


def test_without_two_successive_windows_nothing_is_fitted() -> None:
    with pytest.raises(PpgkdError, match="no two successive windows"):
        fit_transition([np.array([70.0, np.nan, 71.0]), np.array([80.0]), np.zeros(0)], 2.0)


# The belief


def test_the_belief_is_the_sum_over_all_paths() -> None:
    rows = [
        distribution(bpm_60=0.4, bpm_120=0.2, bpm_209=0.4),
        distribution(bpm_62=0.2, bpm_66=0.2, bpm_207=0.6),
        distribution(bpm_30=0.1, bpm_64=0.4, bpm_119=0.4, bpm_208=0.1),
        distribution(bpm_33=0.3, bpm_65=0.3, bpm_205=0.4),
    ]
    tracker = BeliefFilter(TRANSITION)
    for n, row in enumerate(rows, start=1):
        np.testing.assert_allclose(
            tracker.update(row), believed(rows[:n], TRANSITION), rtol=1e-10, atol=1e-15
        )


def test_with_half_the_evidence_two_windows_tell_what_one_does_with_all_of_it() -> None:
    """A heart rate that never changes: the belief is the product of the rows to the exponent."""
    whole, half = (
        Transition(sd_bpm=1e-3, jump_probability=0.0, stride_s=2.0, evidence=evidence)
        for evidence in (1.0, 0.5)
    )
    (row,) = random_rows(1, seed=3)
    once = BeliefFilter(whole).update(row)
    tracker = BeliefFilter(half)
    tracker.update(row)
    np.testing.assert_allclose(tracker.update(row), once, rtol=1e-9)


def test_less_evidence_leaves_a_wider_belief() -> None:
    row = np.exp(-0.5 * np.square((np.array(GRID_BPM) - 80) / 5))
    row /= row.sum()
    spreads = [
        decode_bpm(BeliefFilter(replace(TRANSITION, evidence=evidence)).update(row)[None])[1][0]
        for evidence in (0.25, 0.5, 1.0)
    ]
    assert spreads == sorted(spreads, reverse=True)


@pytest.mark.parametrize("lower", range(50, 128, 7))
def test_of_equal_modes_the_lowest_is_the_estimate_however_a_processor_adds(lower: int) -> None:
    row = np.full(180, 1e-4, np.float32)
    row[[lower, lower + 3, lower + 25]] = 0.01
    row /= row.sum()
    belief = BeliefFilter(TRANSITION).update(row)[None]
    noise = 1 + 1e-15 * np.random.default_rng(lower).integers(-2, 3, (9, 180))
    alone, _ = decode_bpm(row[None])
    np.testing.assert_allclose(decode_bpm(belief * noise)[0], alone[0], atol=1e-3)


@pytest.mark.parametrize("evidence", [0.0, -0.5, 1.1, np.nan])
def test_evidence_out_of_range_is_refused(evidence: float) -> None:
    with pytest.raises(PpgkdError, match=r"evidence is .*; allowed are 1e-06 to 1\."):
        replace(TRANSITION, evidence=evidence)


@given(discount=st.floats(0, 0.99), seed=st.integers(0, 99), evidence=st.sampled_from([0.5, 1.0]))
def test_a_class_on_motion_counts_less_by_the_discount(
    discount: float, seed: int, evidence: float
) -> None:
    on_motion = np.random.default_rng(seed).random((4, 180)) < 0.3
    rows = random_rows(4, seed)
    lowered = np.where(on_motion, (1 - discount) * rows, rows)
    lowered /= lowered.sum(axis=1, keepdims=True)
    plain = replace(TRANSITION, evidence=evidence)
    found = filter_windows(rows, np.arange(4), replace(plain, motion_discount=discount), on_motion)
    np.testing.assert_allclose(found, filter_windows(lowered, np.arange(4), plain), rtol=1e-9)


def test_a_peak_that_moves_with_the_steps_gives_way_to_a_weaker_pulse() -> None:
    """Each window holds the steps for twice as likely; discounted by 0.7 they are 0.6 times so."""
    rows = np.tile(distribution(bpm_80=1 / 3, bpm_120=2 / 3), (40, 1)) + 1e-9
    rows /= rows.sum(axis=1, keepdims=True)
    on_motion = np.zeros((40, 180), np.bool_)
    on_motion[:, 120 - 30] = True
    discounting = replace(TRANSITION, motion_discount=0.7)
    assert decode_bpm(filter_windows(rows, np.arange(40), TRANSITION))[0][-1] > 115
    assert decode_bpm(filter_windows(rows, np.arange(40), discounting, on_motion))[0][-1] < 85


@pytest.mark.parametrize("on_motion", [None, np.zeros((5, 180), np.bool_)])
def test_without_motion_the_discount_changes_nothing(on_motion: NDArray[np.bool_] | None) -> None:
    rows = random_rows(5, 0)
    discounting = replace(TRANSITION, motion_discount=0.7)
    np.testing.assert_array_equal(
        filter_windows(rows, np.arange(5), discounting, on_motion),
        filter_windows(rows, np.arange(5), TRANSITION),
    )


@pytest.mark.parametrize("on_motion", [np.zeros((4, 180), np.bool_), np.zeros((5, 180))])
def test_classes_on_motion_of_another_shape_or_type_are_refused(on_motion: Vector) -> None:
    with pytest.raises(PpgkdError, match=r"on_motion has the shape .* 5 x 180"):
        filter_windows(random_rows(5, 0), np.arange(5), TRANSITION, on_motion)


@pytest.mark.parametrize("discount", [-0.1, 1.0, float("nan")])
def test_a_discount_out_of_range_is_refused(discount: float) -> None:
    with pytest.raises(PpgkdError, match="motion_discount"):
        replace(TRANSITION, motion_discount=discount)


def test_a_single_outlier_is_suppressed() -> None:
    steady, wrong = (
        distribution(bpm_69=0.3, bpm_70=0.4, bpm_71=0.3),
        distribution(bpm_70=0.3, bpm_140=0.7),
    )
    beliefs = filter_windows(np.array([steady] * 3 + [wrong]), np.arange(4), TRANSITION)
    assert decode_bpm(np.array([wrong]))[0] == pytest.approx(140)
    assert decode_bpm(beliefs[-1:])[0] == pytest.approx(70, abs=1)


def test_the_filter_recovers_from_a_wrong_rate() -> None:
    first, then = distribution(bpm_140=0.9, bpm_70=0.1), distribution(bpm_70=0.9, bpm_140=0.1)
    beliefs = filter_windows(np.array([first] * 10 + [then] * 10), np.arange(20), TRANSITION)
    assert decode_bpm(beliefs[[9, 19]])[0].tolist() == pytest.approx([140, 70], abs=0.1)


def test_a_window_that_excludes_the_whole_belief_replaces_it() -> None:
    stubborn = BeliefFilter(Transition(sd_bpm=0.5, jump_probability=0.0, stride_s=2.0))
    stubborn.update(distribution(bpm_40=1.0))
    there = distribution(bpm_200=0.75, bpm_201=0.25)
    np.testing.assert_array_equal(stubborn.update(there), there)


def test_the_windows_of_a_recording_are_filtered_one_after_the_other() -> None:
    rows, tracker = random_rows(12, seed=1), BeliefFilter(TRANSITION)
    expected = [tracker.update(row) for row in rows]
    np.testing.assert_array_equal(filter_windows(rows, np.arange(7, 19), TRANSITION), expected)


def test_the_belief_depends_on_past_windows_only() -> None:
    rows = random_rows(10, seed=2)
    whole = filter_windows(rows, np.arange(10), TRANSITION)
    np.testing.assert_array_equal(filter_windows(rows[:4], np.arange(4), TRANSITION), whole[:4])


@pytest.mark.parametrize("missing", [1, 7, 200])
def test_missing_windows_count_as_windows_without_information(missing: int) -> None:
    rows = random_rows(3, seed=3)
    window = np.array([0, 1, 2 + missing])
    silent = np.full((missing, 180), 1 / 180)
    filled = np.concatenate([rows[:2], silent, rows[2:]])
    found = filter_windows(rows, window, TRANSITION)
    expected = filter_windows(filled, np.arange(len(filled)), TRANSITION)
    np.testing.assert_allclose(found, expected[window], rtol=1e-9)


def test_after_a_gap_of_days_the_belief_is_forgotten() -> None:
    row = random_rows(1, seed=4)[0]
    beliefs = []
    for before in (distribution(bpm_40=1.0), distribution(bpm_200=1.0)):
        tracker = BeliefFilter(TRANSITION)
        tracker.update(before)
        beliefs.append(tracker.update(row, strides=10**12))
    np.testing.assert_allclose(beliefs[0], beliefs[1], rtol=1e-9)


def test_a_recording_without_windows_has_no_belief() -> None:
    assert filter_windows(np.zeros((0, 180)), np.zeros(0, int), TRANSITION).shape == (0, 180)


# The way to BPM


@given(n=st.integers(0, 20), seed=st.integers(0, 2**32 - 1))
def test_the_decoding_is_that_of_the_networks(n: int, seed: int) -> None:
    rows = random_rows(n, seed)
    for found, expected in zip(decode_bpm(rows), decode(torch.from_numpy(rows)), strict=True):
        np.testing.assert_allclose(found, expected.numpy(), rtol=1e-4)


def test_it_decodes_in_full_precision() -> None:
    rows = np.stack(
        [distribution(bpm_70=0.25, bpm_71=0.5, bpm_72=0.25), distribution(bpm_60=0.8, bpm_160=0.2)]
    )
    bpm, sd_bpm = decode_bpm(rows)
    # by hand: variance 0.25 + 0.25; and a fifth of the weight 100 BPM away
    np.testing.assert_allclose(bpm, [71, 60], rtol=1e-14)
    np.testing.assert_allclose(sd_bpm, [np.sqrt(0.5), np.sqrt(0.2 * 100**2)], rtol=1e-14)
