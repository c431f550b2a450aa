"""BeliefPPG's beliefs over its 64 rates: decoded along time, then as our 180 classes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ppgkd.grid import BPM_MIN, N_CLASSES

Array = NDArray[np.float64]


def decode_each(likelihood: Array, transition: Array) -> Array:
    """Belief at each time given the signal of that time alone; see `decode_online`."""
    return np.asarray(likelihood / likelihood.sum(axis=1, keepdims=True))


def decode_online(likelihood: Array, transition: Array) -> Array:
    """Belief at each time given the signal until then: the package's sum-product decoding.

    Parameters
    ----------
    likelihood
        What the network says of each time alone, shape (n_times, n_rates).
    transition
        Probability of each rate given the one before, up to a factor, shape (n_rates, n_rates).

    Returns
    -------
    ndarray of shape (n_times, n_rates)
        Rows sum to one.
    """
    belief = np.full(likelihood.shape[1], 1 / likelihood.shape[1])
    found = np.empty_like(likelihood)
    for time, now in enumerate(likelihood):
        found[time] = belief = _normalised(transition @ belief * now)
    return found


def decode_with_hindsight(likelihood: Array, transition: Array) -> Array:
    """Belief at each time given all the signal: forward and backward messages (Rabiner 1989).

    Parameters and result are as of `decode_online`.
    """
    found = decode_online(likelihood, transition)
    later = np.ones(likelihood.shape[1])
    for time in range(len(likelihood) - 2, -1, -1):
        later = _normalised(transition.T @ (later * likelihood[time + 1]))
        found[time] = _normalised(found[time] * later)
    return found


def _normalised(weights: Array) -> Array:
    return np.asarray(weights / weights.sum())


def on_classes(belief: Array, rates_bpm: Array) -> NDArray[np.float32]:
    """Beliefs over evenly spaced rates as probabilities of the classes of 1 BPM.

    The probability of a rate is spread evenly over half the distance to its neighbours, and each
    point of that is shared by the two nearest classes, as in linear interpolation, so the mean
    stays. What lies below 30 BPM goes to the first class.

    Parameters
    ----------
    belief
        Shape (n_times, n_rates); rows sum to one.
    rates_bpm
        Shape (n_rates,), ascending.

    Returns
    -------
    ndarray of shape (n_times, 180)
        Rows sum to one.
    """
    half = (rates_bpm[1] - rates_bpm[0]) / 2
    above_class = rates_bpm[:, None] - (BPM_MIN + np.arange(N_CLASSES))
    shares = (_hat_below(above_class + half) - _hat_below(above_class - half)) / (2 * half)
    shares = shares.clip(min=0)  # a difference may round to less
    lost = 1 - shares.sum(axis=1)
    shares[:, 0] += np.where(rates_bpm - half < BPM_MIN, lost, 0)
    classes = belief @ shares
    return np.asarray(classes / classes.sum(axis=1, keepdims=True), np.float32)


def _hat_below(distance: Array) -> Array:
    """Integral, up to a distance, of the weight of linear interpolation, ``1 - |distance|``."""
    near = distance.clip(-1, 1)
    return np.asarray(np.where(near < 0, (1 + near) ** 2 / 2, 1 - (1 - near) ** 2 / 2))
