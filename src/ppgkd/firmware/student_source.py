"""``student.h`` and ``student.c``: the constants of one student, and its network as calls."""

from __future__ import annotations

from math import inf, log

import numpy as np

from ppgkd.datasets.gaps import BRIDGED_S
from ppgkd.firmware.buffers import BufferPlan
from ppgkd.firmware.network import NetworkLayers
from ppgkd.firmware.network_source import network_source
from ppgkd.firmware.sizes import Sizes
from ppgkd.firmware.source import c_array, c_defines, c_float, c_rows
from ppgkd.firmware.tables import (
    Frequencies,
    Transform,
    bin_frequencies,
    n_powers,
    nearest_powers,
    power_of_sum,
    power_step_hz,
    step_table,
    x_of_orders,
)
from ppgkd.inference.model_card import ModelCard
from ppgkd.models.capacity import BINS, HARMONICS, POSITION_CHANNELS
from ppgkd.windows.gaps import ALWAYS_S, BRIDGED_SHARE

LARGEST = float(np.finfo(np.float32).max)


def student_header(
    card: ModelCard, transform: Transform, network: NetworkLayers, sizes: Sizes
) -> str:
    """Write ``student.h``: the sizes and numbers that are macros."""
    channels = len(card.channels)
    n_ppg = sum(name.startswith("ppg") for name in card.channels)
    step, _ = step_table(card.filter_sd_bpm)
    powers = n_powers(card)
    first, last = int(transform.order[0]), int(transform.order[-1])
    shares = np.arange(card.n_samples + 1) / card.n_samples <= BRIDGED_SHARE
    values: dict[str, str | int | float] = {
        "STRIDES": len(sizes.strides),
        "PARTS": sizes.n_blocks + (sizes.staging > 0),
        "STAGING": sizes.staging,
        "MOTION": sizes.motion,
        "TINY": float(np.finfo(np.float32).tiny),
        "ALWAYS_BRIDGED": _longest_gap(ALWAYS_S, card),
        "LONGEST_BRIDGED": _longest_gap(BRIDGED_S, card),
        "MOST_BRIDGED": int(np.flatnonzero(shares)[-1]),
        "MODEL_SAMPLES": card.window_spec.n_samples,
        "FFT": transform.length,
        "FFT_STAGES": len(transform.radices),
        "LARGEST_RADIX": max(transform.radices),
        "TRANSFORM": 2 * transform.length,
        "FIRST_ORDER": first,
        "LAST_ORDER": last,
        "ORDERS": len(transform.order),
        "COSINES": sizes.n_cosines,
        "XS": max(last + 1, powers),
        "POWERS": powers,
        "POWER_HZ": power_step_hz(card),
        "POWER_OF_SUM": power_of_sum(card),
        "SEES_SPECTRA": int(network.sees != "window"),
        "BINS": BINS,
        "POSITION_INPUTS": POSITION_CHANNELS if network.sees == "spectra" else 0,
    }
    if network.shift:
        values["PPG_SHIFT"] = network.shift[0]
    if network.shift and channels > n_ppg:
        values |= {"ACC_FLOOR": network.floor[-1], "ACC_SHIFT": network.shift[-1]}
    values |= {
        "LOWEST_BPM": card.bpm_min,
        "STEPS": len(step),
        "JUMP": card.filter_jump_probability,
        "EVIDENCE": card.filter_evidence,
        "MOTION_DISCOUNT": card.filter_motion_discount,
        "MOST_SD_BPM": min(card.max_filtered_sd_bpm, LARGEST),
        "LEARNED_LOW_BPM": card.learned_min_bpm,
        "LEARNED_HIGH_BPM": card.learned_max_bpm,
        "LEAST_NOT_DOUBLE": card.min_not_double,
        "LEAST_NOT_HALF": card.min_not_half,
        "SCORE_INTERCEPT": card.score_intercept,
        "LEAST_LOG_ODDS": _log_odds(card.min_probability),
    }
    values["INPUTS"] = network.inputs
    groups = {
        "INPUT": range(network.inputs),
        "INPUT_PAIR": range(-(-network.inputs // 2)),
        "CHANNEL": range(channels),
        "PPG": range(n_ppg),
        "ACC": range(n_ppg, channels),
    }
    each = "\n".join(
        f"#define PPGKD_EACH_{name}(X) {' '.join(f'X({n})' for n in numbers)}".rstrip()
        for name, numbers in groups.items()
    )
    return (
        "/* Sizes and numbers of this student. Not for the user. */\n"
        "#ifndef PPGKD_STUDENT_H\n#define PPGKD_STUDENT_H\n\n"
        f"{c_defines(values)}\n\n/* Channels, written out. */\n{each}\n\n#endif\n"
    )


def student_source(
    card: ModelCard,
    transform: Transform,
    network: NetworkLayers,
    buffers: BufferPlan,
    sizes: Sizes,
) -> str:
    """Write ``student.c``: the tables, the weights and the network."""
    step, total = step_table(card.filter_sd_bpm)
    xs = x_of_orders(card, max(int(transform.order[-1]) + 1, n_powers(card)))
    twiddles = np.stack([transform.twiddles.real, transform.twiddles.imag], axis=1)
    score = (card.score_pulse, card.score_rate, card.score_agreement, card.score_log_sd)
    parts = [
        f'/* {card.student}: its constants and its network. */\n#include "stages.h"\n',
        c_array("uint16_t", "ppgkd_stride_samples", sizes.strides, public=True),
        c_array("uint16_t", "ppgkd_slot", transform.slot, public=True),
        c_array("uint8_t", "ppgkd_radix", transform.radices, public=True),
        c_array("float", "ppgkd_twiddle", twiddles, public=True),
        c_rows("ppgkd_order", "ppgkd_orders", [_order_rows(transform)], "[PPGKD_ORDERS]"),
        c_array("float", "ppgkd_x", xs, public=True),
        _seen_table(card, transform, network),
        c_array("float", "ppgkd_step", step, public=True),
        c_array("float", "ppgkd_step_total", total, public=True),
        c_array("uint8_t", "ppgkd_nearest_power", nearest_powers(card), public=True),
        c_array("float", "ppgkd_score", score, public=True),
        network_source(network, buffers),
    ]
    return "\n".join(parts)


def _longest_gap(longest_s: float, card: ModelCard) -> int:
    return max(int(longest_s * card.rate_hz + 1e-6), 1)


def _log_odds(probability: float) -> float:
    if probability in (0, 1):
        return inf if probability else -inf
    return log(probability / (1 - probability))


def _order_rows(transform: Transform) -> list[str]:
    return [
        ", ".join(
            [
                str(k % transform.length),
                str(-k % transform.length),
                *map(c_float, (direct.real, direct.imag, mirrored.real, mirrored.imag)),
            ]
        )
        for k, direct, mirrored in zip(
            transform.order.tolist(), transform.direct, transform.mirrored, strict=True
        )
    ]


def _seen_table(card: ModelCard, transform: Transform, network: NetworkLayers) -> str:
    if network.sees == "window":
        n = 4 * card.window_spec.n_samples
        return c_array("float", "ppgkd_cosine", np.cos(2 * np.pi * np.arange(n) / n), public=True)
    bins = bin_frequencies(card, transform.order)
    rows = [
        _frequency(bins, (row, harmonic))
        for harmonic in range(len(HARMONICS))
        for row in range(BINS)
    ]
    half = len(rows) // len(HARMONICS)
    return c_rows("ppgkd_frequency", "ppgkd_bins", [rows[:half], rows[half:]], "[2][PPGKD_BINS]")


def _frequency(bins: Frequencies, at: tuple[int, int]) -> str:
    numbers = map(c_float, (bins.x[at], bins.even[at], bins.odd[at]))
    return ", ".join([*numbers, str(bins.own[at])])
