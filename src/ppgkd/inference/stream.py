"""A student on a stream of samples: one estimate per stride, for chunks of any size.

It needs only NumPy, ONNX Runtime and the exported file.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import ArrayLike, NDArray
from onnxruntime.capi.onnxruntime_pybind11_state import InvalidProtobuf

from ppgkd.errors import PpgkdError
from ppgkd.inference.model_card import OUTPUTS, RAW, ModelCard, read_model_card
from ppgkd.inference.motion_frequencies import classes_on_motion
from ppgkd.inference.online_filter import BeliefFilter, decode_bpm
from ppgkd.inference.signal_support import signal_support
from ppgkd.inference.validity import NO_EVIDENCE, REASONS, RecentEvidence, ValidityRule
from ppgkd.windows.gaps import without_lost_samples
from ppgkd.windows.preprocessing import preprocess, resampling_matrix

NAN = float("nan")

LEAST_RUNTIME = "1.14"
"""First release of ONNX Runtime with the operators of an exported file (opset 18)."""


@dataclass(frozen=True)
class Estimate:
    """Estimate for one window.

    Attributes
    ----------
    start_s, end_s
        The window, in seconds since the stream's first sample. The estimate is available at
        ``end_s``.
    bpm, sd_bpm
        Estimate and its spread, after the filter if there is one; NaN without a signal.
    valid
        Whether the estimate can be trusted, by the rule of `ppgkd.inference.validity`.
    reason
        Why it cannot: one of `ppgkd.inference.validity.REASONS`; empty if it is valid.
    window_bpm, window_sd_bpm
        Estimate and spread from this window alone.
    """

    start_s: float
    end_s: float
    bpm: float
    sd_bpm: float
    valid: bool
    reason: str
    window_bpm: float
    window_sd_bpm: float


class HeartRateStream:
    """Estimates the heart rate from a stream of samples.

    Its state is one window of samples and one belief, however long the stream is.

    Parameters
    ----------
    model_path
        An exported student: ``model.onnx``, ``model.int8.onnx``.
    online_filter
        Whether estimates are filtered over time (`ppgkd.inference.online_filter`).
    max_sd_bpm
        Widest spread of a valid estimate; None: that of the file, chosen on validation subjects.

    Attributes
    ----------
    model_card
        Metadata of the file: rate, channels, units, test error and others.
    rule
        When an estimate is valid: the bounds of the file, with ``max_sd_bpm`` if it was given.

    Raises
    ------
    PpgkdError
        If the file is not a student of ppgkd, or ``max_sd_bpm`` is not positive.

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
        _require_consistent(self._session, self.model_card, model_path)
        self.rule: ValidityRule = self.model_card.validity_rule(online_filter=online_filter)
        if max_sd_bpm is not None:
            if not max_sd_bpm > 0:
                raise PpgkdError(
                    f"max_sd_bpm is {max_sd_bpm}; it must be a positive number of BPM."
                )
            self.rule = replace(self.rule, max_sd_bpm=max_sd_bpm)
        self._evidence = RecentEvidence()
        self._is_ppg = np.array([name.startswith("ppg") for name in self.model_card.channels])
        self._preprocessing = resampling_matrix(
            self.model_card.window_spec, self.model_card.rate_hz
        )
        self._filter = BeliefFilter(self.model_card.transition) if online_filter else None
        self._samples = np.zeros((len(self.model_card.channels), 0), np.float32)
        # the last digit of ONNX Runtime's sums depends on the window's address in memory
        self._window = np.zeros((1, len(self._samples), self.model_card.n_samples), np.float32)
        self._first_sample = 0
        self._windows = 0

    def push(self, samples: ArrayLike) -> list[Estimate]:
        """Process the next samples.

        Parameters
        ----------
        samples
            Shape (n_channels, n_samples) with any number of samples, also zero: the channels of
            ``model_card.channels`` in the units of ``model_card.units``, at
            ``model_card.rate_hz``. Lost samples are NaN; a value far from all others, as zeros in
            their place are, counts as lost. Short gaps are bridged (`ppgkd.windows.gaps`).

        Returns
        -------
        list of Estimate
            One for each window that ends with these samples.

        Raises
        ------
        PpgkdError
            If the shape is wrong, or the values are not real numbers.
        """
        self._samples = np.concatenate([self._samples, self._checked(samples)], axis=1)
        estimates = []
        n_window = self.model_card.n_samples
        while self._next_start + n_window <= self._first_sample + self._samples.shape[1]:
            offset = self._next_start - self._first_sample
            estimates.append(self._estimate(self._samples[:, offset : offset + n_window]))
        passed = min(self._next_start - self._first_sample, self._samples.shape[1])
        self._samples = self._samples[:, passed:].copy()  # a view would keep all samples in memory
        self._first_sample += passed
        return estimates

    @property
    def max_sd_bpm(self) -> float:
        """Widest spread of a valid estimate."""
        return self.rule.max_sd_bpm

    @property
    def _next_start(self) -> int:
        """First sample of the next window; a stride need not be an integer number of samples."""
        return round(self._windows * self.model_card.stride_s * self.model_card.rate_hz)

    def _estimate(self, raw: NDArray[np.float32]) -> Estimate:
        # a channel that still has NaN is none: the graph and `_preprocessed` leave it out
        self._window[0] = without_lost_samples(raw, self._is_ppg, self.model_card.rate_hz)
        outputs = self._session.run([*OUTPUTS], {RAW: self._window})
        window_bpm, window_sd_bpm = float(outputs[0][0]), float(outputs[1][0])
        bpm, sd_bpm = window_bpm, window_sd_bpm
        has_signal = bool(np.isfinite(window_bpm))
        window = self._preprocessed(self._window[0]) if has_signal else None
        if self._filter is not None:
            belief = self._filter.update(outputs[2][0], on_motion=self._on_motion(window))
            bpm, sd_bpm = (float(value[0]) for value in decode_bpm(belief[None]))
        evidence = NO_EVIDENCE
        if window is not None:
            card = self.model_card
            support = signal_support(window, card.channels, card.model_rate_hz, np.array([bpm]))
            evidence = self._evidence.update(self._windows, support, window_bpm, bpm)
        else:
            bpm = sd_bpm = window_sd_bpm = NAN
        failed = int(self.rule.reason(np.array(bpm), np.array(sd_bpm), evidence))
        start_s = self._next_start / self.model_card.rate_hz
        self._windows += 1
        return Estimate(
            start_s=start_s,
            end_s=start_s + self.model_card.window_s,
            bpm=bpm,
            sd_bpm=sd_bpm,
            valid=failed < 0,
            reason="" if failed < 0 else REASONS[failed],
            window_bpm=window_bpm,
            window_sd_bpm=window_sd_bpm,
        )

    def _preprocessed(self, raw: NDArray[np.float32]) -> NDArray[np.float32]:
        """The window as the network sees it; a channel with lost samples is zero."""
        whole = np.isfinite(raw).all(axis=1, keepdims=True)
        raw = np.where(whole, raw, 0)
        return preprocess(raw[None], self._preprocessing, self.model_card.channels)

    def _on_motion(self, window: NDArray[np.float32] | None) -> NDArray[np.bool_] | None:
        """Classes at a frequency of motion, if the filter wants to know; None without a signal."""
        card = self.model_card
        if window is None or not card.filter_motion_discount:
            return None
        (on_motion,) = classes_on_motion(window, card.channels, card.model_rate_hz)
        return np.asarray(on_motion)

    def _checked(self, samples: ArrayLike) -> NDArray[np.float32]:
        n_channels = len(self.model_card.channels)
        try:
            found: NDArray[Any] = np.asarray(samples)
        except ValueError as error:
            raise PpgkdError(f"samples are not an array: {error}. {self._expected()}") from error
        if found.ndim != 2 or len(found) != n_channels:
            raise PpgkdError(f"samples have the shape {found.shape}. {self._expected()}")
        if found.dtype.kind not in "fiu":
            raise PpgkdError(f"samples have the type {found.dtype}. {self._expected()}")
        with np.errstate(over="ignore"):  # samples too large for float32 count as lost
            return found.astype(np.float32)

    def _expected(self) -> str:
        channels = self.model_card.channels
        return (
            f"Expected real numbers of shape ({len(channels)}, n_samples), one row for each of "
            f"{', '.join(channels)}."
        )


def estimate_recording(
    model_path: str | Path,
    samples: ArrayLike,
    *,
    online_filter: bool = True,
    max_sd_bpm: float | None = None,
) -> list[Estimate]:
    """Estimate the heart rate of a recording: the stream, with all samples at once.

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
        raise PpgkdError(f"{path} is not a file. Name a model.onnx that a study has exported.")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except InvalidProtobuf as error:
        raise PpgkdError(
            f"{path} is not an ONNX file: {error}. Name a model.onnx that a study has exported."
        ) from error
    except Exception as error:  # ONNX Runtime's exceptions have no common class
        raise PpgkdError(
            f"{path} cannot be opened by ONNX Runtime {onnxruntime.__version__}: "
            f"{str(error).strip()}. "
            f"Files that this version of ppgkd exports open from ONNX Runtime {LEAST_RUNTIME} on. "
            "Update onnxruntime, or write the file again (ppgkd export)."
        ) from error


def _require_consistent(
    session: onnxruntime.InferenceSession, card: ModelCard, path: object
) -> None:
    """Refuse a file whose model card contradicts its graph."""
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
