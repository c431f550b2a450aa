"""Own recordings in files of waveforms: EDF, and records of WFDB."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ppgkd.datasets.own.clock import even_clock
from ppgkd.datasets.own.columns import errors_name
from ppgkd.datasets.own.definition import Definition
from ppgkd.datasets.own.description import Column
from ppgkd.datasets.own.files import HEADER_SUFFIX
from ppgkd.datasets.own.sensors import Sensor
from ppgkd.datasets.own.time_stamps import RATE_TOLERANCE, require_rate
from ppgkd.datasets.waveform import Waveform, find_waveform
from ppgkd.errors import PpgkdError


def read_waveforms(path: Path) -> tuple[Waveform, ...]:
    """Read all signals of an EDF file or a WFDB record, each at its own rate.

    Raises
    ------
    PpgkdError
        If a file is missing or damaged.
    """
    if path.suffix.lower() == HEADER_SUFFIX:
        from ppgkd.datasets.wfdb_record import read_wfdb_signals

        return read_wfdb_signals(path)
    from ppgkd.datasets.edf import read_edf_signals

    return read_edf_signals(path)


def ppg_rate_hz(definition: Definition, path: Path) -> float:
    """Sampling rate of the PPG in a file of waveforms."""
    signals = read_waveforms(path)
    with errors_name(path):
        rate_hz = find_waveform(signals, definition.keys.channels.ppg[0]).rate_hz
        require_rate(rate_hz)
    return rate_hz


def sensors_of_waveforms(definition: Definition, signals: Sequence[Waveform]) -> list[Sensor]:
    """The PPG and, if there is one, the accelerometer, each at its own rate.

    Raises
    ------
    PpgkdError
        If a signal is missing, the signals of a sensor have several rates, or the PPG does not have
        the declared rate.
    """
    channels, declared_hz = definition.keys.channels, definition.keys.rate_hz
    ppg, rate_hz = _of_one_rate(signals, channels.ppg, "PPG")
    if declared_hz is not None and abs(rate_hz / declared_hz - 1) > RATE_TOLERANCE:
        raise PpgkdError(
            f"its PPG has {rate_hz:g} Hz, but 'rate_hz' is {declared_hz:g}. Correct or leave out "
            "'rate_hz'; recordings of different rates need none."
        )
    names = tuple(f"ppg_{number}" for number in range(1, len(ppg) + 1))
    sensors = [_sensor(names, definition.polarity * ppg, rate_hz)]
    if channels.acceleration:
        acc, rate_hz = _of_one_rate(signals, channels.acceleration, "acceleration")
        zero, per_unit_g = definition.scale_g
        sensors.append(_sensor(("acc_x", "acc_y", "acc_z"), (acc - zero) * per_unit_g, rate_hz))
    return sensors


def _of_one_rate(
    signals: Sequence[Waveform], names: Sequence[Column], sensor: str
) -> tuple[NDArray[np.float64], float]:
    """Samples of some signals, shape (n_signals, n_samples), and their rate."""
    found = [find_waveform(signals, name) for name in names]
    rates = {(signal.rate_hz, len(signal.values)) for signal in found}
    if len(rates) > 1:
        said = ", ".join(f"{signal.label} {signal.rate_hz:g} Hz" for signal in found)
        raise PpgkdError(
            f"the signals of its {sensor} have several rates: {said}. Name signals of one rate."
        )
    return np.stack([signal.values for signal in found]), found[0].rate_hz


def _sensor(channels: tuple[str, ...], values: NDArray[np.float64], rate_hz: float) -> Sensor:
    n_samples = values.shape[1]
    return Sensor(
        channels,
        values.astype(np.float32),
        even_clock(0.0, rate_hz, n_samples),
        np.arange(n_samples),
    )
