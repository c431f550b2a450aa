"""What the raw signal of a recording tells about its columns, units and losses."""

from __future__ import annotations

from typing import Any

import numpy as np

from ppgkd.datasets.recording import Recording
from ppgkd.windows.gravity import still_magnitude, swapped_columns

FACTS = ("still_g", "exchanged", "dead", "lost_share")
"""Columns of `signal_facts`."""


def signal_facts(recording: Recording) -> dict[str, Any]:
    """Describe the raw signal of a recording.

    Returns
    -------
    dict
        ``still_g``, the magnitude of the acceleration at rest, NaN if there is none; ``exchanged``,
        channels that were named in place of each other, such as ``ppg_1=acc_x ppg_2=acc_y``;
        ``dead``, names of channels that never change; ``lost_share``, the fraction of the
        samples of the PPG channels that do that are missing.
    """
    signal, channels = recording.signal, recording.channels
    acc = signal[[name.startswith("acc") for name in channels]]
    swaps = swapped_columns(signal, channels, recording.rate_hz)
    dead, lost = [], []
    for name, samples in zip(channels, signal, strict=True):
        n_finite = int(np.isfinite(samples).sum())
        if not n_finite or np.nanmin(samples) == np.nanmax(samples):
            dead.append(name)
        elif name.startswith("ppg"):
            lost.append(1 - n_finite / samples.size)
    return {
        "still_g": still_magnitude(acc, recording.rate_hz) if len(acc) else float("nan"),
        "exchanged": " ".join("=".join(pair) for pair in swaps),
        "dead": " ".join(dead),
        "lost_share": float(np.mean(lost)) if lost else float("nan"),
    }
