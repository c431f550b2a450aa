"""Every distillation strategy: its name, its label in reports, what tuning tries.

To add one: write its loss, the module ``ppgkd.distill.<name>``, add an entry to `STRATEGIES`, and
one to `ppgkd.strategies.settings.SETTINGS`. The configuration, the report and the training take the
rest from there. Each student's job imports this module, so it imports nothing heavy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


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
                trials=tuple({"label_weight": weight} for weight in (0, 0.3, 1, 3)),
            ),
            Strategy(
                name="soft",
                label="soft targets",
                description="Divergence from the teacher's distribution.",
                source="Hinton et al. 2015",
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
                trials=({}, {"beta": 2}, {"beta": 4}, {"temperature": 2}),
            ),
            Strategy(
                name="feature",
                label="features",
                description="Squared distance of projected features to the teacher's features.",
                source="Romero et al. 2015",
                trials=tuple({"feature_weight": weight} for weight in (0.1, 0.3, 1, 3)),
            ),
            Strategy(
                name="ordinal",
                label="ordinal distance",
                description="Squared distance of the cumulative distributions, which grows with "
                "the distance between classes in BPM.",
                source="Cramér 1928",
                trials=tuple({"label_weight": weight} for weight in (0, 0.1, 0.3, 1)),
                by_default=False,
            ),
        )
    }
)
"""Every strategy by name, in the order of tables and figures."""
