"""The recommended student: its estimates are in the study, its cost is that of its file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from peers.peer import About, Estimates, Peer, Stretch, timed
from ppgkd.inference.stream import HeartRateStream


def student_peer(model: Path, *, online_filter: bool) -> Peer:
    """Make it.

    The file is the student of one fold and seed, so it has seen most of the subjects: it is timed
    here and gives no estimates. Those are the study's predictions, where every subject was
    estimated by a student that had not seen that subject.

    Parameters
    ----------
    model
        ``student.onnx``.
    online_filter
        Whether it filters over time.
    """
    card = HeartRateStream(model).model_card
    n_ppg = sum(name.startswith("ppg") for name in card.channels)
    stride = round(card.stride_s * card.rate_hz)

    def steps(stretch: Stretch) -> Iterator[float]:
        stream = HeartRateStream(model, online_filter=online_filter)
        ppg = stretch.ppg[np.arange(n_ppg) % len(stretch.ppg)]
        signal = np.concatenate([ppg, stretch.acc]).astype(np.float32)
        ahead = card.n_samples - stride
        stream.push(signal[:, :ahead])
        for first in range(ahead, signal.shape[1] - stride + 1, stride):
            (estimate,) = stream.push(signal[:, first : first + stride])
            yield estimate.bpm

    def follow(stretch: Stretch) -> Estimates:
        return Estimates(np.full(stretch.n_windows, np.nan), timed(steps(stretch)).latency_ms)

    how = "filtered over all windows so far" if online_filter else "each on its own"
    return Peer(
        About(
            title="student, online filter" if online_filter else "student",
            protocol=(
                f"{card.student}, {card.strategy}, teacher {card.teacher}, learned from "
                f"{', '.join(card.trained_on)}; every subject here was unseen by the student that "
                f"estimated it. Online: windows of {card.window_s:g} s, {how}; PPG and "
                "acceleration."
            ),
            signal_s=card.window_s,
            model_bytes=model.stat().st_size,
        ),
        follow,
    )
