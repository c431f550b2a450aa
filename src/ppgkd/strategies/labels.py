"""What strategies are called in pages: one name each, wherever they are met."""

from __future__ import annotations

from ppgkd.strategies.registry import STRATEGIES


def strategy_label(strategy: str) -> str:
    """Label of a strategy, ``soft targets`` for ``soft``; its identifier if it is not known."""
    known = STRATEGIES.get(strategy)
    return strategy if known is None else known.label


def training_label(strategy: str, teacher: str) -> str:
    """How a student was trained: ``from scratch``, ``soft targets from spectral_resnet-60000``."""
    label = strategy_label(strategy)
    return label if teacher == "none" else f"{label} from {teacher}"
