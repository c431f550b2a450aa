"""Some windows as a picture: what the models see of them, and whether the reference fits."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ppgkd.dataset_summary.check import SPEC, ExampleWindow
from ppgkd.plots.figure import COLOURS, STYLE
from ppgkd.runtime.artifacts import atomic_write
from ppgkd.windows.motion import motion_intensity_g
from ppgkd.windows.spectral_peak import PULSE_RANGE_BPM

PPG, ACC, REFERENCE = COLOURS["soft"], "0.55", COLOURS["hard"]
COLUMNS = 2
STEP = 4.5
"""Distance between two curves, in standard deviations of a PPG channel."""


def draw_windows(examples: Sequence[ExampleWindow], path: str | Path, title: str) -> None:
    """Draw windows after preprocessing, each beside its spectrum with the reference.

    Parameters
    ----------
    examples
        The windows.
    path
        PNG, SVG or PDF to write.
    title
        Of the picture.
    """
    with mpl.rc_context(STYLE):
        figure = windows_figure(examples, title)
        with atomic_write(path) as temporary:
            figure.savefig(temporary, dpi=150)


def windows_figure(examples: Sequence[ExampleWindow], title: str) -> Figure:
    """Make the figure of `draw_windows`."""
    rows = -(-len(examples) // COLUMNS)
    figure = Figure(figsize=(12, 0.7 + 2.1 * rows), layout="constrained")
    axes = figure.subplots(rows, 2 * COLUMNS, squeeze=False, width_ratios=[2, 1] * COLUMNS)
    # down the columns, in the order of the recordings
    places = [(row, 2 * column) for column in range(COLUMNS) for row in range(rows)]
    for (row, column), example in zip(places, examples, strict=False):
        _draw_time(axes[row, column], example)
        _draw_spectrum(axes[row, column + 1], example)
    for row, column in places[len(examples) :]:
        axes[row, column].set_axis_off()
        axes[row, column + 1].set_axis_off()
    for column in range(COLUMNS):
        bottom = min(rows, len(examples) - column * rows) - 1
        if bottom >= 0:
            axes[bottom, 2 * column].set_xlabel("seconds")
            axes[bottom, 2 * column + 1].set_xlabel("BPM")
    handles, labels = axes[0, 1].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper right", ncols=3, fontsize=9)
    figure.suptitle(title, x=0.01, ha="left", fontsize=11)
    return figure


def _draw_time(axes: Axes, example: ExampleWindow) -> None:
    """PPG channels below each other, and the acceleration below them, with how strong it is."""
    time_s = np.arange(example.signal.shape[1]) / SPEC.rate_hz
    ppg, acc = _apart(example)
    names = [name for name in example.channels if name.startswith("ppg")]
    curves = [*ppg]
    if len(acc):
        motion_g = motion_intensity_g(example.signal[None], example.channels)[0]
        names.append(f"acc\n{motion_g:.2f} g")
        curves.append(_as_loud_as_the_ppg(np.sqrt(np.square(acc).sum(axis=0))))
    for number, curve in enumerate(curves):
        colour = PPG if number < len(ppg) else ACC
        axes.plot(time_s, curve - STEP * number, color=colour, linewidth=1)
    axes.set_yticks([-STEP * number for number in range(len(curves))], names, fontsize=8)
    axes.tick_params(left=False)
    axes.set_xlim(0, SPEC.length_s)
    axes.set_ylim(-STEP * (len(curves) - 0.4), STEP * 0.7)
    minutes, seconds = divmod(round(example.start_s), 60)
    axes.set_title(f"{example.recording}, {minutes}:{seconds:02d}", loc="left", fontsize=9)


def _draw_spectrum(axes: Axes, example: ExampleWindow) -> None:
    ppg, acc = _apart(example)
    bpm, power = _spectrum(ppg)
    axes.plot(bpm, power, color=PPG, linewidth=1.2, label="PPG")
    if len(acc):
        axes.plot(*_spectrum(acc), color=ACC, linewidth=1, label="acceleration")
    told = "no reference"
    if not np.isnan(example.hr_bpm):
        told = f"reference {example.hr_bpm:.0f}"
        axes.axvline(example.hr_bpm, color=REFERENCE, linewidth=1.2, ls="--", label="reference")
    axes.set_xlim(*PULSE_RANGE_BPM)
    axes.set_yticks([])
    axes.set_title(f"{told}, peak {example.peak_bpm:.0f}", loc="left", fontsize=9)


def _apart(example: ExampleWindow) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    is_ppg = np.array([name.startswith("ppg") for name in example.channels])
    signal = example.signal.astype(np.float64)
    return signal[is_ppg], signal[~is_ppg]


def _as_loud_as_the_ppg(curve: NDArray[np.float64]) -> NDArray[np.float64]:
    moved = curve - curve.mean()
    return np.asarray(moved / max(moved.std(), np.finfo(np.float32).tiny))


def _spectrum(signal: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean power of the channels under a Hann taper, the highest being 1."""
    n_fft = 2 ** int(np.ceil(np.log2(8 * signal.shape[1])))
    tapered = (signal - signal.mean(axis=1, keepdims=True)) * np.hanning(signal.shape[1])
    power = np.square(np.abs(np.fft.rfft(tapered, n_fft, axis=1))).mean(axis=0)
    bpm = 60 * np.fft.rfftfreq(n_fft, 1 / SPEC.rate_hz)
    shown = (bpm >= PULSE_RANGE_BPM[0]) & (bpm <= PULSE_RANGE_BPM[1])
    highest = max(power[shown].max(), np.finfo(np.float64).tiny)
    return np.asarray(bpm[shown], np.float64), np.asarray(power[shown] / highest)
