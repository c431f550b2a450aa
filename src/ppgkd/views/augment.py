"""Augmented views of windows, which are the same again for the same seed, view and window.

A view is made for all windows at once, but no window depends on the others. Each kind of random
number comes from a stream of its own, seeded by the seed, the number of the view and the kind; each
window has one row of it. More windows may follow, and an augmentation may be switched off, without
changing the rest.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from ppgkd.models.capacity import InputShape
from ppgkd.views.examples import View
from ppgkd.views.motion_bank import MotionBank, mix_motion
from ppgkd.views.playback import factors_within_classes, play_back
from ppgkd.views.rng import ViewRng

MOTION_HZ = (0.7, 3.0)
"""Frequencies of a motion artefact: from a slow arm swing to the steps of a fast run."""

MOTION_PPG_RMS = 2.0
"""Largest root mean square of an artefact in a PPG channel whose pulse has unit variance."""

MOTION_ACC_G = (0.05, 0.5)
"""Root mean square of the acceleration that goes with an artefact."""


@dataclass(frozen=True)
class Augmentation:
    """What may happen to a window in a view.

    Attributes
    ----------
    time_stretch
        Largest factor on the heart rate, and the cadence with it; drawn log-uniformly from
        ``1 / time_stretch`` to ``time_stretch``.
    noise_sd
        Largest standard deviation of the noise, relative to a PPG channel of unit variance.
    channel_dropout
        Probability that a PPG channel is replaced by a copy of another.
    motion_artefact
        Probability of a synthetic motion artefact.
    real_motion
        Probability that a window's pulse gets the motion of another window, or its motion the pulse
        of another (`ppgkd.views.motion_bank`).
    polarity
        Probability that all PPG channels are inverted. This and `time_reversal` are off: where all
        wear the same device, they take from a network that sees the waveform what it could learn of
        the form of a pulse. `axis_rotation` is off because no gain was seen
        (docs/how-training-works.md).
    time_reversal
        Probability that the window is reversed in time.
    axis_rotation
        Probability that the accelerometer's axes are turned by any rotation, or reflected.
    weaker_acceleration
        Largest factor by which the acceleration is divided; drawn log-uniformly from 1. Others walk
        more gently, or hold a handlebar.
    """

    time_stretch: float = 1.18
    noise_sd: float = 0.2
    channel_dropout: float = 0.1
    motion_artefact: float = 0.0
    real_motion: float = 0.0
    polarity: float = 0.0
    time_reversal: float = 0.0
    axis_rotation: float = 0.0
    weaker_acceleration: float = 1.0


def augmented_view(
    signal: Tensor,
    hr_bpm: Tensor,
    inputs: InputShape,
    augmentation: Augmentation,
    seed: int,
    view: int,
    bank: MotionBank | None = None,
) -> View:
    """Make one view of all windows.

    The front end of the models (`ppgkd.models.spectrum`) does not depend on polarity, on the
    direction of time or on the directions of the accelerometer's axes. An ONNX teacher of the
    user's own may.

    Parameters
    ----------
    signal
        Preprocessed windows, shape (n_windows, n_channels, n_samples), PPG channels first.
    hr_bpm
        Reference, shape (n_windows,); NaN in unlabelled windows.
    inputs
        Shape of the windows.
    augmentation
        What may happen to them.
    seed, view
        What the view depends on, in addition to the windows.
    bank
        From `ppgkd.views.motion_bank.motion_bank`; None, there is no real motion to mix.

    Returns
    -------
    View
        Every PPG channel has unit variance, so an artefact hides the pulse instead of making the
        signal larger.
    """
    rng = ViewRng(seed, view, len(signal))
    made = View(signal, hr_bpm, torch.arange(len(signal)), torch.ones(len(signal)))
    if bank is not None and augmentation.real_motion:
        made = mix_motion(signal, hr_bpm, inputs, bank, augmentation.real_motion, rng)
    made = _stretch_time(made, augmentation, rng)
    signal = made.signal
    signal = _add_motion(signal, inputs, augmentation.motion_artefact, rng)
    ppg, acc = signal[:, : inputs.ppg_channels], signal[:, inputs.ppg_channels :]
    ppg = _drop_channel(ppg, augmentation.channel_dropout, rng)
    ppg = _add_noise(ppg, augmentation.noise_sd, rng)
    ppg = _scale_and_invert(ppg, augmentation.polarity, rng)
    if augmentation.axis_rotation:
        acc = _turn_axes(acc, augmentation.axis_rotation, rng)
    if augmentation.weaker_acceleration > 1:
        weaker = -math.log(augmentation.weaker_acceleration) * rng.uniform("acceleration", 1)
        acc = acc * weaker.exp()[:, :, None]
    return made._replace(signal=torch.cat([ppg, acc], dim=1))


def _stretch_time(view: View, augmentation: Augmentation, rng: ViewRng) -> View:
    """Stretch or compress each window in time about its centre, and reverse some."""
    logarithm = math.log(augmentation.time_stretch) * (2 * rng.uniform("stretch", 1)[:, 0] - 1)
    factor = logarithm.exp()  # not pow, whose last digit depends on the number of windows
    factor = factors_within_classes(factor, view.hr_bpm)
    backwards = rng.uniform("reversal", 1)[:, 0] < augmentation.time_reversal
    speed = torch.where(backwards, -factor, factor)
    return view._replace(
        signal=play_back(view.signal, speed),
        hr_bpm=view.hr_bpm * factor,
        rate_factor=view.rate_factor * factor,
    )


def _add_motion(signal: Tensor, inputs: InputShape, probability: float, rng: ViewRng) -> Tensor:
    """Add a rhythm to the PPG and to the accelerometer; a pulse is in the PPG alone."""
    drawn = rng.uniform("motion", 3 + inputs.ppg_channels + 8)
    direction = rng.normal("motion direction", inputs.acc_channels)
    moved = (drawn[:, 0] < probability).nonzero()[:, 0]
    sizes = [1, 1, 1, inputs.ppg_channels, 8]
    _, rhythm, strength, gain, form = torch.split(drawn[moved], sizes, dim=1)

    slowest_hz, fastest_hz = MOTION_HZ
    frequency_hz = slowest_hz + (fastest_hz - slowest_hz) * rhythm
    weakest_g, strongest_g = MOTION_ACC_G
    acc_g = weakest_g + (strongest_g - weakest_g) * strength
    wave = _waves(frequency_hz, form.reshape(-1, 2, 4), inputs)
    in_ppg = MOTION_PPG_RMS * gain[:, :, None] * wave[:, :1]
    in_acc = (acc_g * functional.normalize(direction[moved]))[:, :, None] * wave[:, 1:]
    return signal.index_add(0, moved, torch.cat([in_ppg, in_acc], dim=1))


def _waves(frequency_hz: Tensor, form: Tensor, inputs: InputShape) -> Tensor:
    """Rhythms with a harmonic and about unit power, whose amplitude drifts by up to a half.

    Each sensor has its own ``form``, shape (n_windows, n_sensors, 4). They share the frequency
    alone, shape (n_windows, 1).
    """
    phase, harmonic_phase, harmonic, drift = form[..., None].unbind(dim=2)
    time_s = torch.arange(inputs.n_samples) / inputs.rate_hz
    turns = (frequency_hz * time_s)[:, None]
    # a harmonic above half the sampling rate would be aliased
    representable = (2 * frequency_hz < inputs.rate_hz / 2)[:, None]
    wave = torch.cos(2 * math.pi * (turns + phase))
    wave += 0.5 * harmonic * representable * torch.cos(2 * math.pi * (2 * turns + harmonic_phase))
    amplitude = 1 + (drift - 0.5) * torch.linspace(-1, 1, inputs.n_samples)
    return math.sqrt(2) * amplitude * wave


def _drop_channel(ppg: Tensor, probability: float, rng: ViewRng) -> Tensor:
    """Replace one channel by a copy of another in some windows; both are drawn at random."""
    n_windows, channels, _ = ppg.shape
    happens, which, other = rng.uniform("dropout", 3).unbind(dim=1)
    lost = (which * channels).long()
    stand_in = (lost + 1 + (other * (channels - 1)).long()) % channels
    source = torch.arange(channels).repeat(n_windows, 1)
    row = torch.arange(n_windows)
    source[row, lost] = torch.where(happens < probability, stand_in, lost)
    return ppg[row[:, None], source]


def _add_noise(ppg: Tensor, largest_sd: float, rng: ViewRng) -> Tensor:
    """Add white noise with a random level in each channel."""
    level = largest_sd * rng.uniform("noise level", ppg.shape[1])
    return torch.addcmul(ppg, rng.normal("noise", *ppg.shape[1:]), level[:, :, None])


def _scale_and_invert(ppg: Tensor, probability: float, rng: ViewRng) -> Tensor:
    """Scale each channel to unit variance and invert some windows."""
    sign = 1 - 2 * (rng.uniform("polarity", 1) < probability).float()
    rms = ppg.square().mean(dim=2).sqrt().clamp_min(1e-6)
    return ppg * (sign / rms)[:, :, None]


def _turn_axes(acc: Tensor, probability: float, rng: ViewRng) -> Tensor:
    """Turn the accelerometer's axes in some windows, by a random orthogonal matrix each."""
    axes = acc.shape[1]
    happens = rng.uniform("axes", 1)[:, :, None] < probability
    # uniform over all rotations and reflections (Mezzadri, Notices of the AMS 54, 592, 2007)
    turned, triangle = torch.linalg.qr(rng.normal("rotation", axes, axes))
    turned = turned * triangle.diagonal(dim1=1, dim2=2).sign()[:, None]
    return torch.where(happens, turned, torch.eye(axes)) @ acc
