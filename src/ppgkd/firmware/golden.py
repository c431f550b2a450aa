"""Golden vectors: samples, and what `HeartRateStream` says of them, for the self-test in C."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
from numpy.typing import NDArray

from ppgkd.errors import PpgkdError
from ppgkd.export.student import write_student
from ppgkd.firmware.source import c_array, c_defines, c_rows
from ppgkd.inference.model_card import ModelCard
from ppgkd.inference.stream import Estimate, HeartRateStream
from ppgkd.inference.validity import REASONS

STRIDES = 3
"""Estimates after the first. The last window has a gap that is not bridged."""

COUNTS_PER_G = 2048.0
PULSE, STEPS_G = 300, 0.03
"""Amplitudes, in counts and in g."""

LOST = -32768
FLOAT_TOLERANCE_BPM = 0.01
INT8_TOLERANCE_BPM = 0.5

SEEDS = range(100)
PERTURBATIONS = 3
PERTURBED = 1e-5
"""Noise, as a part of the pulse, that stable estimates do not show."""

REASON_NAMES = (
    "NO_SIGNAL",
    "SPREAD",
    "RATE_NOT_LEARNED",
    "PERHAPS_TWICE",
    "PERHAPS_HALF",
    "NO_PULSE_BESIDE_MOTION",
    "PERHAPS_MULTIPLE",
    "WINDOWS_DISAGREE",
)
"""Those of `ppgkd.inference.validity.REASONS` in ``ppgkd.h``."""


@dataclass(frozen=True)
class Golden:
    """Golden vectors.

    Attributes
    ----------
    codes
        Samples as integers, shape (n_samples, n_channels): PPG in counts, acceleration in parts of
        `COUNTS_PER_G`, `LOST` where lost.
    estimates
        What the ONNX file and the stream say of them.
    """

    codes: NDArray[np.int64]
    estimates: list[Estimate]


def golden_vectors(model: onnx.ModelProto, card: ModelCard, tolerance_bpm: float) -> Golden:
    """Make samples, and estimate them.

    In eight bits a value half-way between two steps may round to either, and move an estimate. So
    samples are sought whose estimates stay within a quarter of the tolerance if noise is added that
    is as small as the differences between two compilers.

    Parameters
    ----------
    model
        The student at the rate of its sensor.
    card
        Its card.
    tolerance_bpm
        What the self-test allows.

    Raises
    ------
    PpgkdError
        If there are none.
    """
    with TemporaryDirectory() as folder:
        path = Path(folder, "student.onnx")
        write_student(model, path)
        for seed in SEEDS:
            codes = _codes(card, seed)
            samples = samples_of(codes, card)
            estimates = HeartRateStream(path).push(samples)
            rng = np.random.default_rng(seed)
            others = (_perturbed(samples, card, rng) for _ in range(PERTURBATIONS))
            if all(
                _are_near(estimates, HeartRateStream(path).push(other), tolerance_bpm / 4)
                for other in others
            ):
                return Golden(codes, estimates)
    raise PpgkdError(
        f"No golden vectors for {card.student}: its estimates move by more than "
        f"{tolerance_bpm / 4:g} BPM with noise of {PERTURBED:g} of the pulse. Export another."
    )


def _perturbed(
    samples: NDArray[np.float32], card: ModelCard, rng: np.random.Generator
) -> NDArray[np.float64]:
    swing = np.array([PULSE if unit == "counts" else STEPS_G for unit in card.units])
    noise = PERTURBED * swing[:, None] * rng.standard_normal(samples.shape)
    return np.where(samples == 0, 0, samples + noise)  # a placeholder stays one


def _are_near(found: list[Estimate], other: list[Estimate], tolerance_bpm: float) -> bool:
    def numbers(estimates: list[Estimate]) -> NDArray[np.float64]:
        return np.array([(e.bpm, e.sd_bpm, e.window_bpm, e.window_sd_bpm) for e in estimates])

    near = np.allclose(numbers(found), numbers(other), 0, tolerance_bpm, equal_nan=True)
    return near and [e.reason for e in found] == [e.reason for e in other]


def samples_of(codes: NDArray[np.int64], card: ModelCard) -> NDArray[np.float32]:
    """Samples as the stream takes them, shape (n_channels, n_samples)."""
    per_unit = [1.0 if unit == "counts" else COUNTS_PER_G for unit in card.units]
    samples = np.where(codes == LOST, np.nan, codes / np.array(per_unit))
    return np.ascontiguousarray(samples.T, np.float32)


def _codes(card: ModelCard, seed: int) -> NDArray[np.int64]:
    """A pulse of 72 BPM on PPG with steps at 1.7 Hz, and gaps."""
    rng = np.random.default_rng(seed)
    n_samples = card.n_samples + round(STRIDES * card.stride_s * card.rate_hz)
    time_s = np.arange(n_samples) / card.rate_hz
    beats, steps = 2 * np.pi * 72 / 60 * time_s, np.sin(2 * np.pi * 1.7 * time_s)
    pulse = np.sin(beats) + 0.4 * np.sin(2 * beats + 1)
    rows = []
    for number, unit in enumerate(card.units):
        noise = rng.standard_normal(n_samples)
        if unit == "counts":
            rows.append(18_000 + 3_000 * number + PULSE * pulse + 60 * steps + 20 * noise)
        else:
            rows.append(COUNTS_PER_G * (0.4 + (STEPS_G + 0.02 * number) * steps + 0.008 * noise))
    codes: NDArray[np.int64] = np.rint(np.array(rows).T).astype(np.int64)
    second = round(card.rate_hz)
    codes[3 * second : 3 * second + max(second // 10, 1)] = LOST  # bridged
    codes[4 * second, 0] = 0  # a placeholder
    codes[-(second // 2) :] = LOST
    return codes


def golden_header(golden: Golden, tolerance_bpm: float) -> str:
    """Write ``golden.h``."""
    rows = [
        f"{e.end_s!r}, {e.bpm:.9g}f, {e.sd_bpm:.9g}f, {e.window_bpm:.9g}f, "
        f"{e.window_sd_bpm:.9g}f, PPGKD_{_reason_name(e.reason)}, {int(e.valid)}"
        for e in golden.estimates
    ]
    defines = c_defines(
        {
            "GOLDEN_SAMPLES": len(golden.codes),
            "GOLDEN_ESTIMATES": len(golden.estimates),
            "GOLDEN_TOLERANCE_BPM": tolerance_bpm,
            "GOLDEN_PER_G": COUNTS_PER_G,
            "GOLDEN_LOST": LOST,
        }
    )
    table = c_rows("ppgkd_estimate", "golden_estimates", [rows], "[PPGKD_GOLDEN_ESTIMATES]")
    return (
        "/* Samples, and what the ONNX file says of them. For selftest.c alone. */\n"
        f'#include "ppgkd.h"\n\n#include <math.h>\n\n{defines}\n\n'
        "/* PPG in counts, acceleration in parts of PPGKD_GOLDEN_PER_G. */\n"
        f"{c_array('int16_t', 'golden_samples', golden.codes)}\n"
        f"static {table}"
    ).replace("nanf", "NAN")


def _reason_name(reason: str) -> str:
    return REASON_NAMES[REASONS.index(reason)] if reason else "VALID"
