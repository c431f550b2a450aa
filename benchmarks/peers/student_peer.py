"""The recommended student, timed by its file; its estimates are the study's predictions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from peers.peer import Description, Estimates, Peer, Segment, timed
from ppgkd.datasets.resampling import resample
from ppgkd.inference.stream import HeartRateStream


def student_peer(model: Path, *, online_filter: bool) -> Peer:
    """Make it.

    The file is the student of one fold and seed, so it was trained on most of the subjects. It is
    timed here and gives no estimates. These are the study's predictions, where every subject was
    estimated by a student not trained on it.

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

    def steps(segment: Segment) -> Iterator[float]:
        stream = HeartRateStream(model, online_filter=online_filter)
        ppg = segment.ppg[np.arange(n_ppg) % len(segment.ppg)]
        rows = np.concatenate([ppg, segment.acc])[: len(card.channels)]
        signal = resample(rows, segment.rate_hz, card.rate_hz)  # the file is for one sensor
        ahead = card.n_samples - stride
        stream.push(signal[:, :ahead])
        for first in range(ahead, signal.shape[1] - stride + 1, stride):
            (estimate,) = stream.push(signal[:, first : first + stride])
            yield estimate.bpm

    def estimate_segment(segment: Segment) -> Estimates:
        return Estimates(np.full(segment.n_windows, np.nan), timed(steps(segment)).latency_ms)

    how = "filtered over all windows so far" if online_filter else "each on its own"
    return Peer(
        Description(
            title="student, online filter" if online_filter else "student",
            protocol=(
                f"{card.student}, {card.strategy}, teacher {card.teacher}, trained on "
                f"{', '.join(card.trained_on)}; every subject was estimated by a student not "
                f"trained on it. Online: windows of {card.window_s:g} s, {how}; PPG and "
                "acceleration."
            ),
            signal_s=card.window_s,
            model_bytes=model.stat().st_size,
        ),
        estimate_segment,
    )
