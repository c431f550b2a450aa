"""The model card of an exported file: all that is needed to use it, and its test result.

It is stored in the file's ``metadata_props`` under ``ppgkd.*``. Reading it needs neither PyTorch
nor the onnx package.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from math import inf, isfinite, nan
from typing import Any

from ppgkd.errors import PpgkdError
from ppgkd.grid import BPM_MAX, BPM_MIN
from ppgkd.inference.online_filter import HIGHEST_BPM, MOST_DISCOUNT, Transition
from ppgkd.inference.validity import Score, ValidityBounds, ValidityRule
from ppgkd.windows.preprocessing import WindowSpec

RAW = "raw"
OUTPUTS = ("bpm", "sd_bpm", "probabilities")
"""Names of an exported file's input and outputs."""

PREFIX = "ppgkd."

LEAST, MOST = 1e-6, 1e6
LARGEST_WEIGHT = 100.0
RANGES: dict[str, tuple[float, float]] = {
    **dict.fromkeys(("rate_hz", "window_s", "stride_s", "model_rate_hz"), (LEAST, MOST)),
    **dict.fromkeys(("max_sd_bpm", "max_filtered_sd_bpm"), (LEAST, inf)),
    **dict.fromkeys(("learned_min_bpm", "learned_max_bpm"), (0, HIGHEST_BPM)),
    **dict.fromkeys(("min_not_double", "min_not_half", "min_probability"), (0.0, 1.0)),
    **{f"score_{name}": (-LARGEST_WEIGHT, LARGEST_WEIGHT) for name in Score._fields},
    "bpm_min": (BPM_MIN, BPM_MIN),
    "bpm_max": (BPM_MAX, BPM_MAX),
    "filter_sd_bpm": (LEAST, inf),
    "filter_jump_probability": (0, 1),
    "filter_evidence": (LEAST, 1),
    "filter_motion_discount": (0, MOST_DISCOUNT),
}
"""Allowed ranges. A stride of zero, for example, would be a stream without end."""

ADDED = {"filter_motion_discount": "0"}
"""What older files lack, and what they mean by that."""


@dataclass(frozen=True)
class ModelCard:
    """Metadata of an exported student.

    Attributes
    ----------
    rate_hz, window_s, stride_s
        The sensor's rate, the length of a window and the time between two.
    channels, units
        Names of the channels in their order, and the unit of each. ``counts`` may have any linear
        scale, because the file normalises it.
    bpm_min, bpm_max
        Heart rate of the first and of the last class.
    preprocessing_version, model_rate_hz, low_hz, high_hz
        The preprocessing in the file, its output rate and its pass band.
    filter_sd_bpm, filter_jump_probability, filter_evidence, filter_motion_discount
        Transition of the online filter (`ppgkd.inference.online_filter`); the first two are fitted
        on training subjects.
    max_sd_bpm, max_filtered_sd_bpm
        Widest spread of a valid estimate of a single window, or of the filter: that which a given
        fraction of the validation windows does not exceed.
    learned_min_bpm, learned_max_bpm
        Heart rates that the student has learned; an estimate outside is not valid.
    min_not_double, min_not_half, min_probability
        Least evidence and least score of a valid estimate (`ppgkd.inference.validity`).
    score_intercept, score_pulse, score_rate, score_agreement, score_log_sd
        Weights of the score (`ppgkd.inference.validity.Score`).
    study, strategy, teacher, student, seed, fold
        Cell of the study that the weights come from; the fold ``final`` has left nobody out.
    trained_on, terms
        Datasets on which the student or its teacher was trained or selected, and their terms of
        use.
    subjects_held_out
        Test subjects, on whom neither was trained or selected; none of the fold ``final``.
    test_mae_bpm, test_mae_lower_bpm, test_mae_upper_bpm
        Error on their single windows, with the 95 % interval over subjects; of the fold ``final``,
        that of the folds, each of whose subjects its student had not seen.
    revision
        Revision of the code that wrote the file.
    """

    rate_hz: float
    window_s: float
    stride_s: float
    channels: tuple[str, ...]
    units: tuple[str, ...]
    bpm_min: int
    bpm_max: int
    preprocessing_version: int
    model_rate_hz: float
    low_hz: float
    high_hz: float
    filter_sd_bpm: float
    filter_jump_probability: float
    filter_evidence: float
    filter_motion_discount: float
    max_sd_bpm: float
    max_filtered_sd_bpm: float
    learned_min_bpm: float
    learned_max_bpm: float
    min_not_double: float
    min_not_half: float
    min_probability: float
    score_intercept: float
    score_pulse: float
    score_rate: float
    score_agreement: float
    score_log_sd: float
    study: str
    strategy: str
    teacher: str
    student: str
    seed: int
    fold: str
    trained_on: tuple[str, ...]
    terms: str
    subjects_held_out: tuple[str, ...]
    test_mae_bpm: float
    test_mae_lower_bpm: float
    test_mae_upper_bpm: float
    revision: str

    @property
    def n_samples(self) -> int:
        """Samples of a raw window."""
        return round(self.window_s * self.rate_hz)

    @property
    def window_spec(self) -> WindowSpec:
        """Segmentation and preprocessing of the file."""
        return WindowSpec(
            self.window_s, self.stride_s, self.model_rate_hz, self.low_hz, self.high_hz
        )

    @property
    def transition(self) -> Transition:
        """Transition of the online filter."""
        return Transition(
            self.filter_sd_bpm,
            self.filter_jump_probability,
            self.stride_s,
            self.filter_evidence,
            self.filter_motion_discount,
        )

    def validity_rule(self, *, online_filter: bool) -> ValidityRule:
        """When an estimate of the filter, or of a single window, is valid."""
        bounds = {field.name: getattr(self, field.name) for field in fields(ValidityBounds)}
        return ValidityBounds(**bounds).rule(online_filter=online_filter)

    @property
    def metadata(self) -> dict[str, str]:
        """Entries of the file's metadata, as text."""
        return {f"{PREFIX}{field.name}": _text(getattr(self, field.name)) for field in fields(self)}


def units_of(channels: tuple[str, ...]) -> tuple[str, ...]:
    """Unit of each channel: acceleration is in g, PPG in the sensor's counts."""
    return tuple("counts" if name.startswith("ppg") else "g" for name in channels)


def read_model_card(metadata: Mapping[str, str], path: object) -> ModelCard:
    """Read a model card from a file's metadata.

    Parameters
    ----------
    metadata
        Metadata of the file, from onnx or ONNX Runtime.
    path
        The file's name, for the message.

    Raises
    ------
    PpgkdError
        If an entry is missing or out of range: ppgkd did not export the file. The message names the
        key.
    """
    return ModelCard(
        **{f.name: _read(metadata, f.name, str(f.type), path) for f in fields(ModelCard)}
    )


def _text(value: Any) -> str:
    if isinstance(value, tuple):
        return ",".join(value)
    # all digits, so that the same number is read
    return repr(float(value)).removesuffix(".0") if isinstance(value, float) else str(value)


def _read(metadata: Mapping[str, str], name: str, kind: str, path: object) -> Any:
    key = PREFIX + name
    if key not in metadata and name not in ADDED:
        problem = f"its metadata have no {key}"
    else:
        text = metadata[key] if key in metadata else ADDED[name]
        if kind == "str":
            return text
        if kind == "tuple[str, ...]":
            return tuple(text.split(",")) if text else ()
        number, (lower, upper) = _number(text, kind), RANGES.get(name, (-inf, inf))
        if isfinite(number) and lower <= number <= upper:
            return number
        problem = f"{key} in its metadata is {text!r}, not a {kind} from {lower:g} to {upper:g}"
    raise PpgkdError(
        f"{path} is not a student of this version of ppgkd: {problem}. Use a model.onnx that a "
        "study has exported."
    )


def _number(text: str, kind: str) -> float:
    try:
        return int(text) if kind == "int" else float(text)
    except ValueError:
        return nan
