"""Inputs with a known answer: windows of pure tones, and the tables of a sweep."""

from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import settings
from tests.unit.export.conftest import (
    Exported,
    card,  # noqa: F401
    exported,  # noqa: F401
    peak_student,  # noqa: F401
    raw,  # noqa: F401
    spectral_mlp_student,  # noqa: F401
)

from ppgkd.evaluation.cells import COLUMNS, KEYS
from ppgkd.models.capacity import InputShape
from ppgkd.windows.read import Windows

# the same examples in every run, and no time limit on a machine that does other work
settings.register_profile("ppgkd", derandomize=True, deadline=None, max_examples=30)
settings.load_profile("ppgkd")


def tone_windows(
    hr_bpm: Sequence[float],
    inputs: InputShape,
    subjects: Sequence[str] = ("ada", "bo"),
    seed: int = 0,
) -> Windows:
    """PPG channels that are tones of unit variance at the heart rate, acceleration that is noise.

    The subjects take turns, each in one recording.
    """
    rng = np.random.default_rng(seed)
    rate_hz = np.asarray(hr_bpm, np.float64)[:, None, None] / 60
    time_s = np.arange(inputs.n_samples) / inputs.rate_hz
    phase = rng.uniform(0, 2 * np.pi, (len(hr_bpm), inputs.ppg_channels, 1))
    ppg = np.sqrt(2) * np.sin(2 * np.pi * rate_hz * time_s + phase)
    acc = 0.3 * rng.standard_normal((len(hr_bpm), inputs.acc_channels, inputs.n_samples))
    who = [subjects[row % len(subjects)] for row in range(len(hr_bpm))]
    index = pd.DataFrame(
        {
            "dataset": "tones",
            "recording": [f"{subject}-1" for subject in who],
            "subject": who,
            "window": [row // len(subjects) for row in range(len(hr_bpm))],
            "start_s": [2.0 * (row // len(subjects)) for row in range(len(hr_bpm))],
            "hr_bpm": np.asarray(hr_bpm, np.float32),
            "activity": "unknown",
        }
    )
    channels = [f"ppg_{n + 1}" for n in range(inputs.ppg_channels)]
    channels += ["acc_x", "acc_y", "acc_z"][: inputs.acc_channels]
    signal = np.concatenate([ppg, acc], axis=1).astype(np.float32)
    return Windows(index, signal, tuple(channels), inputs.rate_hz)


def sweep_tables(
    error_bpm: Callable[[str, int, int, int], float],
    *,
    strategies: Sequence[str] = ("scratch", "soft"),
    students: Sequence[tuple[str, int]] = (("spectral_resnet", 1_000), ("spectral_resnet", 4_000)),
    teachers: Sequence[str] = ("spectral_resnet-50000",),
    seeds: Sequence[int] = (0,),
    n_subjects: int = 3,
    n_windows: Sequence[int] | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Tables of the cells and of the subjects' errors, as the stage before makes them.

    ``error_bpm`` maps (strategy, parameters, seed, subject) to that subject's mean error. A
    student's validation error is a tenth larger than its test error.
    """
    weights = np.array(n_windows or [10] * n_subjects)
    cells, subjects = [], []
    for strategy, student, seed in product(strategies, students, seeds):
        for teacher in ["none"] if strategy == "scratch" else teachers:
            family, params = student
            key = {
                "strategy": strategy,
                "teacher": teacher,
                "student": f"{family}-{params}",
                "seed": seed,
            }
            errors = [error_bpm(strategy, params, seed, who) for who in range(n_subjects)]
            subjects += [
                {**key, "subject": f"s{who}", "n_windows": int(weights[who]), "mae_bpm": error}
                for who, error in enumerate(errors)
            ]
            mae_bpm = float(np.average(errors, weights=weights))
            taught = teacher != "none"
            cells.append(
                {
                    **dict.fromkeys((name for name, kind in COLUMNS.items() if "64" in kind), 1),
                    **key,
                    "fold": None,
                    "settings": "{}",
                    "study": "hand-made",
                    "family": family,
                    "params": params,
                    "macs": 10 * params + 800,
                    "front_end_macs": 800,
                    "flash_bytes": 4 * params + 2_000,
                    "front_end_flash_bytes": 1_500,
                    "ram_bytes": max(3_000, 2 * params),
                    "front_end_ram_bytes": 3_000,
                    "instructions": None,
                    "measured_on": None,
                    "teacher_params": int(teacher.split("-")[1]) if taught else None,
                    "teacher_mae_bpm": 2.0 if taught else None,
                    "mae_bpm": mae_bpm,
                    "val_mae_bpm": 1.1 * mae_bpm,
                    "within_5bpm": 0.9,
                    "latency_p99_ms": params / 10_000,
                    "latency_busy": False,
                    "onnx_bytes": 4 * params + 5_000,
                    "model": f"students/{strategy}/{teacher}/{family}-{params}/seed{seed}.onnx",
                }
            )
    table = pd.DataFrame(cells).reindex(columns=list(COLUMNS)).astype(COLUMNS)
    columns = [*KEYS, "fold", "subject", "n_windows", "mae_bpm"]
    return table, pd.DataFrame(subjects).reindex(columns=columns).astype({"fold": "Int64"})


@pytest.fixture(scope="session")
def sweep() -> Callable[..., tuple[pd.DataFrame, pd.DataFrame]]:
    """Make the tables of a sweep: see `sweep_tables`."""
    return sweep_tables


@pytest.fixture(scope="session")
def inputs() -> InputShape:
    """Two PPG channels and the accelerometer, 8 s at 25 Hz."""
    return InputShape(ppg_channels=2, acc_channels=3, n_samples=200, rate_hz=25.0)


@pytest.fixture(scope="session")
def tones() -> Callable[..., Windows]:
    """Make windows of tones: see `tone_windows`."""
    return tone_windows


@pytest.fixture(scope="session")
def student_file(peak_student: Exported) -> Path:  # noqa: F811
    """A student that takes the strongest frequency for the pulse, for a sensor of 50 Hz."""
    return peak_student.path
