"""Settings of each distillation strategy: keys of a study, with bounds and defaults."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from pydantic import Field

from ppgkd.schema.section import LeftOut, Section, left_out


class StrategySettings(Section):
    """Settings that every strategy has."""

    learning_rate: LeftOut[float] = left_out(
        "Learning rate of this strategy; left out, that of training.student.", gt=0
    )
    label_sd_bpm: LeftOut[float] = left_out(
        "Width of the softened reference, in BPM; left out, that of the study.", gt=0
    )


def _label_weight(default: float) -> Any:
    return Field(default, ge=0, description="Weight of the reference's loss, which is added.")


def _temperature() -> Any:
    return Field(
        1,
        gt=0,
        description="Softens teacher and student. The 4 that is common for images blurs the "
        "ordered BPM classes.",
    )


class HardSettings(StrategySettings):
    """Settings of ``hard``."""

    label_weight: float = _label_weight(0)


class SoftSettings(StrategySettings):
    """Settings of ``soft``."""

    temperature: float = _temperature()
    label_weight: float = _label_weight(0)


class DKDSettings(StrategySettings):
    """Settings of ``dkd``."""

    alpha: float = Field(1, ge=0, description="Weight of the target-class term.")
    beta: float = Field(1, ge=0, description="Weight of the non-target-class term.")
    temperature: float = _temperature()
    warmup_epochs: int = Field(
        1, ge=0, description="Epochs in which the distillation loss grows to its full weight."
    )
    label_weight: float = _label_weight(1)


class FeatureSettings(StrategySettings):
    """Settings of ``feature``."""

    feature_weight: float = Field(1, ge=0, description="Weight of the distance of the features.")
    label_weight: float = _label_weight(1)


class OrdinalSettings(StrategySettings):
    """Settings of ``ordinal``."""

    label_weight: float = _label_weight(0)


SETTINGS: Mapping[str, type[StrategySettings]] = MappingProxyType(
    {
        "scratch": StrategySettings,
        "hard": HardSettings,
        "soft": SoftSettings,
        "dkd": DKDSettings,
        "feature": FeatureSettings,
        "ordinal": OrdinalSettings,
    }
)
"""Keys of ``strategies.<name>`` in the configuration, for each of
`ppgkd.strategies.registry.STRATEGIES`."""
