"""Real motion under other people's pulses: an augmentation from the training windows themselves.

In most recordings the heart rate rises with the cadence, so a network learns to answer with a
rhythm of the motion where it cannot see the pulse. Here the two are drawn apart. A window whose
pulse is plain gives its pulse; a window with motion gives its acceleration, and what its PPG has
besides the pulse. Each is played back at a rate of its own, and they are added.

Another strap and another sensor pass motion on differently: half of the artefacts are made of the
acceleration, as a random mixture of its axes with even harmonics, and the spectra of all artefacts
and accelerations get a random slope. What remains is that both have their lines at the same
frequencies.
"""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ppgkd.grid import BPM_MAX, BPM_MIN
from ppgkd.models.capacity import InputShape
from ppgkd.models.front_end import sample_times_s
from ppgkd.views.examples import View
from ppgkd.views.playback import factors_within_classes, play_back
from ppgkd.views.rng import ViewRng

log = logging.getLogger(__name__)

PULSE_SHARE = 0.6
"""Least share of a channel's power around the heart rate and twice it, where a pulse is plain."""

HALF_WIDTH_BPM = 8.0
"""Half of the width of these lines: the resolution of 8 s."""

PULSE_HARMONICS = (1, 2, 3)
"""Harmonics of the pulse that are taken out of an artefact."""

MOVING_G = 0.04
"""Least root mean square of the acceleration in a window that gives its motion."""

PULSE_STRETCH, MOTION_STRETCH = 1.5, 1.8
"""Largest factors on the heart rate and on the cadence."""

ARTEFACT_RMS = (0.3, 8.0)
"""Root mean square of the artefact, relative to the pulse: from hardly seen to hiding it."""

FROM_ACCELERATION = 0.5
"""Probability that an artefact is made of the acceleration."""

SLOPE_SD = 1.0
"""Standard deviation of the logarithm of the gain, at five frequencies from 0.4 to 8 Hz."""

SLOPE_KNOTS_HZ = (0.4, 0.85, 1.8, 3.8, 8.0)

CHUNK = 2048
"""Windows per transform."""

SMALLEST = 1e-6


@dataclass(frozen=True)
class MotionBank:
    """What windows have to give.

    Attributes
    ----------
    pulses, motions
        Rows of the windows that give their pulse, and of those that give their motion.
    artefacts
        PPG without its pulse of the latter, shape (n_motions, n_ppg_channels, n_samples), each
        channel with unit variance.
    """

    pulses: Tensor
    motions: Tensor
    artefacts: Tensor

    def pairs(self, partner: Tensor) -> tuple[Tensor, Tensor]:
        """Pair every window with one that has what it lacks.

        Parameters
        ----------
        partner
            From 0 to 1, which one, shape (n_windows,).

        Returns
        -------
        pulse, motion
            Row of the window whose pulse is taken, and index into `motions`; shape (n_windows,),
            -1 where a window has nothing to give.
        """
        pulse = torch.full(partner.shape, -1)
        motion = torch.full(partner.shape, -1)
        pulse[self.pulses] = self.pulses
        motion[self.pulses] = (partner[self.pulses] * len(self.motions)).long()
        pulse[self.motions] = self.pulses[(partner[self.motions] * len(self.pulses)).long()]
        motion[self.motions] = torch.arange(len(self.motions))
        return pulse, motion


def motion_bank(signal: Tensor, hr_bpm: Tensor, inputs: InputShape) -> MotionBank | None:
    """Find what windows have to give.

    Parameters
    ----------
    signal
        Preprocessed windows, shape (n_windows, n_channels, n_samples), PPG channels first.
    hr_bpm
        Reference, shape (n_windows,); windows without one (NaN) give nothing.
    inputs
        Shape of the windows.

    Returns
    -------
    MotionBank or None
        None, with a warning in the log, if no window gives a pulse, or none gives motion.
    """
    ppg, acc = signal[:, : inputs.ppg_channels], signal[:, inputs.ppg_channels :]
    time_s = torch.from_numpy(sample_times_s(inputs))
    moving = acc.square().sum(dim=1).mean(dim=1).sqrt() >= MOVING_G
    gives_pulse = _pulse_share(ppg, hr_bpm, time_s) >= PULSE_SHARE
    motions = (moving & ~gives_pulse & ~hr_bpm.isnan()).nonzero()[:, 0]
    if not (gives_pulse.any() and len(motions)):
        log.warning(
            "no real motion is mixed: of %d windows %d have a plain pulse and %d have motion",
            *(len(signal), int(gives_pulse.sum()), len(motions)),
        )
        return None
    artefacts = [
        _unit(_without_pulse(ppg[rows], hr_bpm[rows], time_s))
        for rows in torch.split(motions, CHUNK)
    ]
    return MotionBank(gives_pulse.nonzero()[:, 0], motions, torch.cat(artefacts))


def mix_motion(
    signal: Tensor,
    hr_bpm: Tensor,
    inputs: InputShape,
    bank: MotionBank,
    probability: float,
    rng: ViewRng,
) -> View:
    """Replace windows by a pulse under motion; one of the two is the window's own.

    Parameters
    ----------
    signal, hr_bpm, inputs
        As of `motion_bank`, which the bank was made from.
    bank
        What the windows have to give.
    probability
        Of a window that gives something.
    rng
        Random numbers of the view.

    Returns
    -------
    View
        All windows; the heart rate of a mixed one is that of its pulse.
    """
    happens, partner, speed, faster, level = rng.uniform("real motion", 5).unbind(dim=1)
    pulse, motion = bank.pairs(partner)
    rows = ((happens < probability) & (pulse >= 0)).nonzero()[:, 0]
    pulse, motion = pulse[rows], motion[rows]

    factor = factors_within_classes(_log_uniform(speed[rows], PULSE_STRETCH), hr_bpm[pulse])
    beats = _unit(play_back(signal[pulse, : inputs.ppg_channels], factor))
    acc = signal[bank.motions[motion], inputs.ppg_channels :]
    moved = torch.cat([bank.artefacts[motion], acc], dim=1)
    moved = play_back(moved, _log_uniform(faster[rows], MOTION_STRETCH))
    artefact, acc = moved[:, : inputs.ppg_channels], moved[:, inputs.ppg_channels :]
    artefact = _through_another_strap(artefact, acc, inputs.rate_hz, rows, rng)
    weakest, strongest = ARTEFACT_RMS
    rms = weakest * (math.log(strongest / weakest) * level[rows]).exp()
    gain = rms[:, None] * (0.5 + rng.uniform("artefact gain", inputs.ppg_channels)[rows])
    slope = 0.6 * SLOPE_SD * rng.normal("acceleration slope", 1, len(SLOPE_KNOTS_HZ))[rows]
    mixed = torch.cat(
        [beats + gain[:, :, None] * artefact, _sloped(acc, slope, inputs.rate_hz)], dim=1
    )
    return View(
        signal.index_copy(0, rows, mixed),
        hr_bpm.index_copy(0, rows, hr_bpm[pulse] * factor),
        torch.arange(len(signal)).index_copy(0, rows, pulse),
        torch.ones(len(signal)).index_copy(0, rows, factor),
    )


def _pulse_share(ppg: Tensor, hr_bpm: Tensor, time_s: Tensor) -> Tensor:
    """Share of the power that a pulse would have, shape (n_windows,): that of the worst channel."""
    grid_bpm = torch.arange(BPM_MIN, BPM_MAX + 1, dtype=torch.float32)
    phase = 2 * math.pi / 60 * time_s[:, None] * grid_bpm
    shares = []
    for some, rate in zip(
        torch.split(ppg, CHUNK), torch.split(hr_bpm[:, None], CHUNK), strict=True
    ):
        power = (some @ phase.cos()).square() + (some @ phase.sin()).square()
        near = ((grid_bpm - rate).abs() <= HALF_WIDTH_BPM) | (
            (grid_bpm - 2 * rate).abs() <= HALF_WIDTH_BPM
        )
        total = power.sum(dim=2).clamp_min(SMALLEST)
        shares.append(((power * near[:, None]).sum(dim=2) / total).amin(dim=1))
    return torch.cat(shares)


def _without_pulse(ppg: Tensor, hr_bpm: Tensor, time_s: Tensor) -> Tensor:
    """Subtract the pulse: its harmonics, whose amplitudes change like a parabola in the window."""
    position = time_s / time_s.abs().max()
    columns = [
        envelope * wave(2 * math.pi * harmonic / 60 * hr_bpm[:, None] * time_s)
        for harmonic in PULSE_HARMONICS
        for envelope in (torch.ones_like(position), position, position.square())
        for wave in (torch.cos, torch.sin)
    ]
    basis = torch.stack(columns, dim=2)
    fit = torch.linalg.lstsq(basis, ppg.transpose(1, 2)).solution
    pulse: Tensor = (basis @ fit).transpose(1, 2)
    return ppg - pulse


def _through_another_strap(
    artefact: Tensor, acc: Tensor, rate_hz: float, rows: Tensor, rng: ViewRng
) -> Tensor:
    """Change artefacts as another strap and sensor would, each channel with unit variance."""
    channels, axes = artefact.shape[1], acc.shape[1]
    happens, even, rest = rng.uniform("from acceleration", 3)[rows].unbind(dim=1)
    weights = rng.normal("axes", channels + 1, axes)[rows]
    weights = weights[:, :1] + 0.5 * weights[:, 1:]  # channels have most of their motion in common
    made = _unit(weights @ acc)
    size = made.abs()
    made = _unit(made + 1.5 * even[:, None, None] * (size - size.mean(dim=2, keepdim=True)))
    made = made + 0.6 * rest[:, None, None] * artefact
    chosen = torch.where(happens[:, None, None] < FROM_ACCELERATION, made, artefact)
    slope = SLOPE_SD * rng.normal("artefact slope", channels, len(SLOPE_KNOTS_HZ))[rows]
    return _unit(_sloped(chosen, slope, rate_hz))


def _sloped(signal: Tensor, log_gain: Tensor, rate_hz: float) -> Tensor:
    """Filter windows by gains at `SLOPE_KNOTS_HZ`, between which their logarithm is linear.

    The root mean square over all channels stays.
    """
    n_samples = signal.shape[2]
    knots_hz = torch.tensor(SLOPE_KNOTS_HZ)
    frequency_hz = torch.fft.rfftfreq(n_samples, 1 / rate_hz).clamp(knots_hz[0], knots_hz[-1])
    right = torch.searchsorted(knots_hz, frequency_hz).clamp(1, len(knots_hz) - 1)
    left = right - 1
    part = (frequency_hz / knots_hz[left]).log() / (knots_hz[right] / knots_hz[left]).log()
    gain = torch.lerp(log_gain[..., left], log_gain[..., right], part).exp()
    filtered: Tensor = torch.fft.irfft(torch.fft.rfft(signal) * gain, n_samples)
    return filtered * (_rms(signal) / _rms(filtered).clamp_min(SMALLEST))


def _rms(signal: Tensor) -> Tensor:
    return signal.square().mean(dim=(1, 2), keepdim=True).sqrt()


def _unit(signal: Tensor) -> Tensor:
    """Scale each channel to unit variance; its mean is about zero."""
    return signal / signal.square().mean(dim=2, keepdim=True).sqrt().clamp_min(SMALLEST)


def _log_uniform(drawn: Tensor, largest: float) -> Tensor:
    """Factors from ``1 / largest`` to ``largest``."""
    return (math.log(largest) * (2 * drawn - 1)).exp()
