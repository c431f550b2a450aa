"""Every distillation strategy: its name, its label in reports, its settings.

To add one: write its loss, the module ``ppgkd.distill.<name>``, and add an entry to `STRATEGIES`.
The configuration, the report and the training take the rest from here. Snakemake imports this
module in every job, so it imports nothing heavy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Strategy:
    """A way of training a student.

    Attributes
    ----------
    name
        Name in configurations, paths and tables. Its loss is in ``ppgkd.distill.<name>``.
    label
        Name in reports and figures.
    description
        What the loss is, in a sentence.
    source
        Publication; empty if there is none.
    settings
        Keys of ``strategies.<name>`` in the configuration, with bounds and defaults.
    trials
        Settings that tuning tries by default; every strategy has the same number of them.
    needs_teacher
        Whether a teacher's outputs are part of the loss.
    by_default
        Whether a study that names no strategies has this one.
    """

    name: str
    label: str
    description: str
    source: str
    settings: type[StrategySettings]
    trials: tuple[Mapping[str, float], ...]
    needs_teacher: bool = True
    by_default: bool = True

    @property
    def module(self) -> str:
        """Module of its loss, below ``ppgkd``."""
        return f"distill.{self.name}"


STRATEGIES: Mapping[str, Strategy] = MappingProxyType(
    {
        strategy.name: strategy
        for strategy in (
            Strategy(
                name="scratch",
                label="from scratch",
                description="Cross-entropy to the softened reference; no teacher.",
                source="",
                settings=StrategySettings,
                trials=(
                    {"label_sd_bpm": 1.5},
                    {"label_sd_bpm": 1},
                    {"label_sd_bpm": 3},
                    {"learning_rate": 0.005},
                ),
                needs_teacher=False,
            ),
            Strategy(
                name="hard",
                label="hard targets",
                description="Cross-entropy to the teacher's most likely class.",
                source="Hinton et al. 2015",
                settings=HardSettings,
                trials=tuple({"label_weight": weight} for weight in (0, 0.3, 1, 3)),
            ),
            Strategy(
                name="soft",
                label="soft targets",
                description="Divergence from the teacher's distribution.",
                source="Hinton et al. 2015",
                settings=SoftSettings,
                trials=(
                    {"temperature": 1},
                    {"temperature": 2},
                    {"temperature": 4},
                    {"temperature": 1, "label_weight": 1},
                ),
            ),
            Strategy(
                name="dkd",
                label="decoupled distillation",
                description="Divergence, with weights of its target-class and other terms.",
                source="Zhao et al. 2022",
                settings=DKDSettings,
                trials=({}, {"beta": 2}, {"beta": 4}, {"temperature": 2}),
            ),
            Strategy(
                name="feature",
                label="features",
                description="Squared distance of projected features to the teacher's features.",
                source="Romero et al. 2015",
                settings=FeatureSettings,
                trials=tuple({"feature_weight": weight} for weight in (0.1, 0.3, 1, 3)),
            ),
            Strategy(
                name="ordinal",
                label="ordinal distance",
                description="Squared distance of the cumulative distributions, which grows with "
                "the distance between classes in BPM.",
                source="Cramér 1928",
                settings=OrdinalSettings,
                trials=tuple({"label_weight": weight} for weight in (0, 0.1, 0.3, 1)),
                by_default=False,
            ),
        )
    }
)
"""Every strategy by name, in the order of tables and figures."""
