"""Simulated people are reproducible, agree with their own beats, and are hard where they move."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.signal import coherence, detrend, find_peaks

from ppgkd.simulation.heart import (
    Heart,
    beat_times,
    draw_pulse_components,
    heart_rate_trajectory,
    pulse_wave,
)
from ppgkd.simulation.motion import gait_acceleration, motion_artefact
from ppgkd.simulation.protocol import Activity, Bout
from ppgkd.simulation.signals import RATE_HZ
from ppgkd.simulation.subject import (
    CHANNELS,
    Cohort,
    SimulatedSubject,
    sensor_counts,
    simulate_subject,
)

WINDOW_S, STRIDE_S = 8, 2
N_WINDOW = int(WINDOW_S * RATE_HZ)
N_STRIDE = int(STRIDE_S * RATE_HZ)


@pytest.fixture(scope="module")
def cohort() -> list[SimulatedSubject]:
    """The default cohort."""
    default = Cohort()
    return [
        simulate_subject(index, default.duration_s, default.seed)
        for index in range(default.n_subjects)
    ]


def windows_of(subject: SimulatedSubject) -> NDArray[np.float64]:
    """All 8 s windows, shape (n_windows, 6, n_samples)."""
    every = np.lib.stride_tricks.sliding_window_view(subject.signal, N_WINDOW, axis=1)
    return every[:, ::N_STRIDE].swapaxes(0, 1).astype(np.float64)


def loudest_bpm(windows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Highest peak of the summed spectrum between 30 and 210 BPM, shape (n_windows,)."""
    n_fft = 3000  # a grid of 1 BPM
    tapered = detrend(windows, axis=-1) * np.hanning(windows.shape[-1])
    power = np.sum(np.abs(np.fft.rfft(tapered, n_fft, axis=-1)) ** 2, axis=1)
    bpm = 60 * np.fft.rfftfreq(n_fft, 1 / RATE_HZ)
    allowed = (bpm >= 30) & (bpm <= 210)
    return np.asarray(bpm[allowed][power[:, allowed].argmax(axis=1)])


@pytest.fixture(scope="module")
def hr_bpm(cohort: list[SimulatedSubject]) -> NDArray[np.float32]:
    """References of the whole cohort."""
    return np.concatenate([subject.reference_bpm for subject in cohort])


@pytest.fixture(scope="module")
def ppg_bpm(cohort: list[SimulatedSubject]) -> NDArray[np.float64]:
    """Spectral peaks of the PPG of the whole cohort."""
    return np.concatenate([loudest_bpm(windows_of(subject)[:, :3]) for subject in cohort])


@pytest.fixture(scope="module")
def motion_bpm(cohort: list[SimulatedSubject]) -> NDArray[np.float64]:
    """Spectral peaks of the acceleration of the whole cohort."""
    return np.concatenate([loudest_bpm(windows_of(subject)[:, 3:]) for subject in cohort])


def is_doing(cohort: list[SimulatedSubject], *activities: Activity) -> NDArray[np.bool_]:
    return np.isin(np.concatenate([subject.activity for subject in cohort]), activities)


def running(step_hz: float, stop_s: float) -> tuple[Bout, ...]:
    return (Bout(Activity.RUN, 0.0, stop_s, 0.8, step_hz, gait_g=1.0, gesture_g=0.0),)


# What it is ---------------------------------------------------------------------------------


@pytest.mark.parametrize("duration_s", [8.0, 61.0, 90.0])
def test_the_shapes_are_those_of_a_recording_and_its_windows(duration_s: float) -> None:
    subject = simulate_subject(0, duration_s, seed=3)
    n_windows = int((duration_s - WINDOW_S) // STRIDE_S) + 1
    assert subject.signal.shape == (len(CHANNELS), duration_s * RATE_HZ)
    assert subject.signal.dtype == np.float32
    assert subject.reference_bpm.shape == subject.activity.shape == (n_windows,)
    assert subject.reference_bpm.dtype == np.float32


def test_nothing_is_missing(cohort: list[SimulatedSubject]) -> None:
    for subject in cohort:
        assert np.isfinite(subject.signal).all()
        assert np.isfinite(subject.reference_bpm).all()
        assert set(subject.activity) <= set(Activity)


def test_the_same_subject_comes_out_twice(cohort: list[SimulatedSubject]) -> None:
    again = simulate_subject(5, Cohort().duration_s, Cohort().seed)
    np.testing.assert_array_equal(again.signal, cohort[5].signal)
    np.testing.assert_array_equal(again.beat_times_s, cohort[5].beat_times_s)
    np.testing.assert_array_equal(again.reference_bpm, cohort[5].reference_bpm)
    np.testing.assert_array_equal(again.activity, cohort[5].activity)


# seed 0, subject 1 and seed 1, subject 0 would be one person if the two were only added up
@pytest.mark.parametrize(("index", "seed"), [(1, 0), (0, 1), (1, 1)])
def test_another_index_or_seed_is_another_person(index: int, seed: int) -> None:
    people = {(0, 0), (1, 0), (0, 1), (1, 1)} - {(index, seed)}
    beats_s = simulate_subject(index, 30, seed).beat_times_s
    for other_index, other_seed in people:
        other_s = simulate_subject(other_index, 30, other_seed).beat_times_s
        assert not np.allclose(beats_s[:10], other_s[:10])


# Heart --------------------------------------------------------------------------------------


def test_the_reference_is_60_over_the_mean_interval(cohort: list[SimulatedSubject]) -> None:
    for subject in cohort[:4]:
        for window, reference_bpm in enumerate(subject.reference_bpm):
            start_s = STRIDE_S * window
            inside = [t for t in subject.beat_times_s if start_s <= t < start_s + WINDOW_S]
            assert reference_bpm == pytest.approx(60 / np.mean(np.diff(inside)), abs=1e-3)


def test_heart_rates_span_rest_to_exhaustion(hr_bpm: NDArray[np.float32]) -> None:
    assert hr_bpm.min() > 40
    assert hr_bpm.max() < 205
    assert np.percentile(hr_bpm, 1) < 70
    assert np.percentile(hr_bpm, 99) > 165


def test_heart_rate_nears_the_effort_exponentially() -> None:
    heart = Heart(60, 180, rise_s=30, fall_s=50, sinus_arrhythmia=0, mayer_wave=0)
    still = Bout(Activity.REST, 200, 300, effort=0, step_hz=1.8, gait_g=0, gesture_g=0)
    time_s = np.array([0.0, 30.0, 199.0, 250.0])
    bouts = (*running(2.5, 200.0), still)  # at 0.8 of the reserve, so for 156 BPM
    rate_bpm = heart_rate_trajectory(time_s, bouts, heart, initial_effort=0)
    expected_bpm = [60, 156 - 96 / np.e, 156, 60 + 96 / np.e]
    np.testing.assert_allclose(rate_bpm, expected_bpm, atol=0.2)


def test_variability_fades_as_the_heart_speeds_up() -> None:
    heart = Heart(60, 180, rise_s=30, fall_s=50, sinus_arrhythmia=0.05, mayer_wave=0.03)
    time_s = np.arange(0, 120, 1 / RATE_HZ)
    spread = []
    for rate_bpm in (60.0, 120.0, 170.0):
        steady = np.full_like(time_s, rate_bpm)
        beats_s = beat_times(time_s, steady, heart, np.random.default_rng(0))
        intervals_s = np.diff(beats_s)
        assert intervals_s.mean() == pytest.approx(60 / rate_bpm, rel=0.02)
        spread.append(intervals_s.std() / intervals_s.mean())
    assert spread[0] > 2 * spread[1] > 4 * spread[2]
    assert 0.02 < spread[0] < 0.08


def test_the_dicrotic_wave_differs_between_subjects_and_with_the_beat() -> None:
    def beat(seed: int, beat_s: float) -> NDArray[np.float64]:
        waves = draw_pulse_components(np.random.default_rng(seed))
        time_s = 5 * beat_s + np.linspace(0, beat_s, 200, endpoint=False)
        volume = pulse_wave(time_s, beat_s * np.arange(12), waves)
        return np.asarray((volume - volume.mean()) / volume.std())

    shapes = np.array([beat(seed, 1.0) for seed in range(12)])
    likeness = np.corrcoef(shapes)[np.triu_indices(12, 1)]
    assert likeness.min() < 0.9
    assert np.corrcoef(beat(0, 1.0), beat(0, 0.4))[0, 1] < 0.9
    assert {len(find_peaks(shape)[0]) for shape in shapes} == {1, 2}  # a notch in some only


# Motion -------------------------------------------------------------------------------------


def test_a_resting_wrist_feels_gravity_alone(cohort: list[SimulatedSubject]) -> None:
    at_rest = np.concatenate(
        [windows_of(subject)[subject.activity == Activity.REST, 3:] for subject in cohort]
    )
    magnitude_g = np.linalg.norm(at_rest, axis=1)
    assert np.median(magnitude_g) == pytest.approx(1.0, abs=0.01)
    assert np.mean(np.abs(magnitude_g - 1) < 0.05) > 0.9


def test_arms_swing_at_half_the_step_rate() -> None:
    time_s = np.arange(0, 100, 1 / RATE_HZ)
    step_hz = 2.6
    motion_g = gait_acceleration(time_s, running(step_hz, 100.0), np.random.default_rng(1))
    power = np.sum(np.abs(np.fft.rfft(motion_g)) ** 2, axis=0)
    hz = np.fft.rfftfreq(len(time_s), 1 / RATE_HZ)
    of_harmonics = np.abs(hz / (step_hz / 2) - np.round(hz / (step_hz / 2))) < 0.25
    first_two = (hz > 0.35 * step_hz) & (hz < 1.2 * step_hz)
    assert power[of_harmonics].sum() > 0.8 * power.sum()
    assert power[first_two].sum() > 0.5 * power.sum()
    assert np.sqrt(np.mean(np.sum(motion_g**2, axis=0))) == pytest.approx(1.0, rel=0.05)


def test_the_artefact_is_coherent_with_the_acceleration() -> None:
    time_s = np.arange(0, 200, 1 / RATE_HZ)
    motion_g, others_g = (
        gait_acceleration(time_s, running(2.6, 200.0), np.random.default_rng(seed))
        for seed in (1, 2)
    )
    artefact = motion_artefact(motion_g, np.random.default_rng(3))

    def at_the_gait(reference_g: NDArray[np.float64]) -> float:
        hz, squared = coherence(reference_g[:, None], artefact[None], fs=RATE_HZ, nperseg=400)
        gait = (np.abs(hz - 1.3) < 0.15) | (np.abs(hz - 2.6) < 0.15)
        return float(squared.max(axis=0)[:, gait].mean())

    assert at_the_gait(motion_g) > 0.6
    assert at_the_gait(others_g) < 0.2


def test_a_still_wrist_has_no_artefact() -> None:
    artefact = motion_artefact(np.zeros((3, 2000)), np.random.default_rng(0))
    np.testing.assert_array_equal(artefact, 0)


def test_neither_activity_nor_step_rate_gives_the_heart_rate_away(
    cohort: list[SimulatedSubject],
    hr_bpm: NDArray[np.float32],
    motion_bpm: NDArray[np.float64],
) -> None:
    moving = is_doing(cohort, Activity.WALK, Activity.RUN)
    assert abs(np.corrcoef(hr_bpm[moving], motion_bpm[moving])[0, 1]) < 0.5
    for activity in (Activity.WALK, Activity.RUN):
        low_bpm, high_bpm = np.percentile(hr_bpm[is_doing(cohort, activity)], [5, 95])
        assert high_bpm - low_bpm > 40


# How hard it is -----------------------------------------------------------------------------


def test_the_spectral_peak_fails_on_the_cohort_but_not_at_rest(
    cohort: list[SimulatedSubject], hr_bpm: NDArray[np.float32], ppg_bpm: NDArray[np.float64]
) -> None:
    error_bpm = np.abs(ppg_bpm - hr_bpm)
    assert 15 < error_bpm.mean() < 30
    assert np.median(error_bpm[is_doing(cohort, Activity.REST)]) < 3


def test_the_spectral_peak_locks_on_the_gait(
    hr_bpm: NDArray[np.float32], ppg_bpm: NDArray[np.float64], motion_bpm: NDArray[np.float64]
) -> None:
    distance_bpm = np.min([np.abs(ppg_bpm - k * motion_bpm) for k in (0.5, 1, 2)], axis=0)
    locked = (np.abs(ppg_bpm - hr_bpm) > 10) & (distance_bpm < 6)
    assert 0.2 < locked.mean() < 0.5  # 0.43 on BAMI-1 and on the Signal Processing Cup


def test_contact_is_lost_in_few_windows() -> None:
    n_samples = int(6 * 3600 * RATE_HZ)
    counts = sensor_counts(np.zeros((3, n_samples)), np.random.default_rng(0))
    step = np.abs(np.diff(counts[0])) > 0.1 * counts[0].max()
    touched = np.lib.stride_tricks.sliding_window_view(step, N_WINDOW)[::N_STRIDE].any(axis=1)
    assert 0 < touched.mean() < 0.02
