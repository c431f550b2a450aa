"""Distillation: one module per strategy with its loss, and the teachers' targets.

A loss function is imported when it is used, so a job that trains by one strategy does not depend on
the code of the others.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ppgkd.distill.dkd import dkd_loss
    from ppgkd.distill.feature import feature_loss
    from ppgkd.distill.hard import hard_loss
    from ppgkd.distill.label import label_loss
    from ppgkd.distill.ordinal import ordinal_loss
    from ppgkd.distill.soft import soft_loss

__all__ = ["dkd_loss", "feature_loss", "hard_loss", "label_loss", "ordinal_loss", "soft_loss"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{name.removesuffix('_loss')}"), name)
