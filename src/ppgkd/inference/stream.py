"""A student on a stream of samples: one estimate for each stride, whatever the chunks.

Nothing here needs more than NumPy and ONNX Runtime; what the stream must know is in the file.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import ArrayLike, NDArray

from ppgkd.errors import PpgkdError
from ppgkd.inference.model_card import OUTPUTS, RAW, ModelCard, read_model_card
from ppgkd.inference.online_filter import BeliefFilter, decode_bpm

NAN = float("nan")


@dataclass(frozen=True)
class Estimate:
    """What the stream says of one window.

    Attributes
    ----------
    start_s, end_s
        The window, in seconds since the stream's first sample. The estimate is there at ``end_s``.
    bpm, sd_bpm
        Estimate and its spread, after the filter if there is one; NaN where there is no signal.
    valid
        Whether to trust it: there is a signal, and the spread is not too wide.
    window_bpm, window_sd_bpm
        What the window alone says.
    """

    start_s: float
    end_s: float
    bpm: float
    sd_bpm: float
    valid: bool
    window_bpm: float
    window_sd_bpm: float


class HeartRateStream:
    """Estimates heart rate from samples as they come.

    Memory is one window of samples and one belief, however long the stream is.

    Parameters
    ----------
    model_path
        A student that a study has exported: ``model.onnx``, ``model.int8.onnx``.
    online_filter
        Whether estimates are filtered over time (`ppgkd.inference.online_filter`).
    max_sd_bpm
        Widest spread that is valid; None: the one in the file, chosen on validation subjects.

    Attributes
    ----------
    card
        What the file says about itself: rate, channels, units, and how good it is.
    max_sd_bpm
        Widest spread that is valid.

    Raises
    ------
    PpgkdError
        If the file is no student of ppgkd, or ``max_sd_bpm`` no positive number.

    Examples
    --------
    >>> stream = HeartRateStream("student.onnx")  # doctest: +SKIP
    >>> for chunk in sensor:  # (channels, any number of samples)  # doctest: +SKIP
    ...     for estimate in stream.push(chunk):
    ...         print(estimate.end_s, estimate.bpm, estimate.valid)
    """

    def __init__(
        self,
        model_path: str | Path,
        *,
        online_filter: bool = True,
        max_sd_bpm: float | None = None,
    ) -> None:
        self._session = _open(Path(model_path))
        metadata = self._session.get_modelmeta().custom_metadata_map
        self.model_card: ModelCard = read_model_card(metadata, model_path)
        _require_sense(self._session, self.model_card, model_path)
        own = self.model_card.max_filtered_sd_bpm if online_filter else self.model_card.max_sd_bpm
        self.max_sd_bpm: float = own if max_sd_bpm is None else max_sd_bpm
        if not self.max_sd_bpm > 0:
            raise PpgkdError(f"max_sd_bpm is {max_sd_bpm}; it must be a positive number of BPM.")
        self._filter = BeliefFilter(self.model_card.transition) if online_filter else None
        self._samples = np.zeros((len(self.model_card.channels), 0), np.float32)
        # ONNX Runtime's sums depend, in their last digit, on where in memory the window lies
        self._window = np.zeros((1, len(self._samples), self.model_card.n_samples), np.float32)
        self._first_sample = 0
        self._windows = 0

    def push(self, samples: ArrayLike) -> list[Estimate]:
        """Take in the next samples.

        Parameters
        ----------
        samples
            Shape (n_channels, n_samples), any number of samples, none included: the channels of
            ``card.channels`` in the units of ``card.units``, one after the other at
            ``card.rate_hz``. Samples that were lost are NaN.

        Returns
        -------
        list of Estimate
            One for each window that these samples complete.

        Raises
        ------
        PpgkdError
            If the shape is wrong, or the values are no real numbers.
        """
        self._samples = np.concatenate([self._samples, self._checked(samples)], axis=1)
        estimates = []
        n_window = self.model_card.n_samples
        while self._next_start + n_window <= self._first_sample + self._samples.shape[1]:
            offset = self._next_start - self._first_sample
            estimates.append(self._estimate(self._samples[:, offset : offset + n_window]))
        passed = min(self._next_start - self._first_sample, self._samples.shape[1])
        self._samples = self._samples[:, passed:].copy()  # a view would keep all samples alive
        self._first_sample += passed
        return estimates

    @property
    def _next_start(self) -> int:
        """First sample of the next window; strides need not be whole samples."""
        return round(self._windows * self.model_card.stride_s * self.model_card.rate_hz)

    def _estimate(self, raw: NDArray[np.float32]) -> Estimate:
        self._window[0] = raw
        answers = self._session.run([*OUTPUTS], {RAW: self._window})
        window_bpm, window_sd_bpm = float(answers[0][0]), float(answers[1][0])
        bpm, sd_bpm = window_bpm, window_sd_bpm
        if self._filter is not None:
            belief = self._filter.update(answers[2][0])
            bpm, sd_bpm = (float(value[0]) for value in decode_bpm(belief[None]))
        signal = bool(np.isfinite(window_bpm))
        start_s = self._next_start / self.model_card.rate_hz
        self._windows += 1
        return Estimate(
            start_s=start_s,
            end_s=start_s + self.model_card.window_s,
            bpm=bpm if signal else NAN,
            sd_bpm=sd_bpm if signal else NAN,
            valid=signal and sd_bpm <= self.max_sd_bpm,
            window_bpm=window_bpm,
            window_sd_bpm=window_sd_bpm if signal else NAN,
        )

    def _checked(self, samples: ArrayLike) -> NDArray[np.float32]:
        n_channels = len(self.model_card.channels)
        try:
            found: NDArray[Any] = np.asarray(samples)
        except ValueError as error:
            raise PpgkdError(f"samples are no array: {error}. {self._wanted()}") from error
        if found.ndim != 2 or len(found) != n_channels:
            raise PpgkdError(f"samples have the shape {found.shape}. {self._wanted()}")
        if found.dtype.kind not in "fiu":
            raise PpgkdError(f"samples have the type {found.dtype}. {self._wanted()}")
        with np.errstate(over="ignore"):  # what is too large for float32 counts as lost
            return found.astype(np.float32)

    def _wanted(self) -> str:
        channels = self.model_card.channels
        return (
            f"Expected are real numbers of shape ({len(channels)}, n_samples), one row for each of "
            f"{', '.join(channels)}."
        )


def estimate_recording(
    model_path: str | Path,
    samples: ArrayLike,
    *,
    online_filter: bool = True,
    max_sd_bpm: float | None = None,
) -> list[Estimate]:
    """Estimate a whole recording: the stream, given all samples at once.

    Parameters
    ----------
    model_path, online_filter, max_sd_bpm
        As for `HeartRateStream`.
    samples
        Shape (n_channels, n_samples), as for `HeartRateStream.push`.
    """
    stream = HeartRateStream(model_path, online_filter=online_filter, max_sd_bpm=max_sd_bpm)
    return stream.push(samples)


def _open(path: Path) -> onnxruntime.InferenceSession:
    if not path.is_file():
        raise PpgkdError(f"{path} is no file. Name a model.onnx that a study has exported.")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime has no common class of its own
        raise PpgkdError(
            f"{path} does not open as an ONNX file: {error}. Name a model.onnx that a study has "
            "exported."
        ) from error


def _require_sense(session: onnxruntime.InferenceSession, card: ModelCard, path: object) -> None:
    """Refuse a file that another hand has changed."""
    found = {entry.name: entry.shape[1:] for entry in session.get_inputs()}
    expected = {RAW: [len(card.channels), card.n_samples]}
    if found != expected:
        raise PpgkdError(
            f"{path} contradicts its own metadata: its inputs are {found}, but for "
            f"{', '.join(card.channels)} and {card.window_s:g} s at {card.rate_hz:g} Hz they must "
            f"be {expected}. Export it again (ppgkd export)."
        )
    if card.stride_s * card.rate_hz < 1:
        raise PpgkdError(
            f"{path} has a stride of {card.stride_s:g} s, less than a sample. Export it again."
        )
