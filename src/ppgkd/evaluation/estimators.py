"""The two estimators of a network, single windows and the online filter, in a table of predictions.

Apart from `ppgkd.evaluation.filtered`, which needs torch: figures are drawn from the table alone.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ppgkd.inference.validity import Evidence, ValidityRule

ESTIMATORS = {"single": ("pred_bpm", "sd_bpm"), "filtered": ("filtered_bpm", "filtered_sd_bpm")}
"""Single windows and the online filter, with their columns in the table of
`ppgkd.evaluation.filtered.track`."""


def reasons(tracked: pd.DataFrame, estimator: str, rule: ValidityRule) -> NDArray[np.int64]:
    """Why each estimate of such a table is not valid: see `ValidityRule.reason`."""
    bpm, sd_bpm = (tracked[name].to_numpy(np.float64) for name in ESTIMATORS[estimator])
    return rule.reason(bpm, sd_bpm, evidence_of(tracked, estimator))


def evidence_of(tracked: pd.DataFrame, estimator: str) -> Evidence:
    """Evidence for the estimates of a table of `ppgkd.evaluation.filtered.track`."""
    columns = (f"{estimator}_{name}" for name in Evidence._fields)
    return Evidence(*(tracked[column].to_numpy(np.float64) for column in columns))


def as_estimates(predictions: pd.DataFrame, estimator: str) -> pd.DataFrame:
    """The predictions of one estimator, as ``pred_bpm`` and ``sd_bpm``."""
    bpm, sd_bpm = ESTIMATORS[estimator]
    return predictions.assign(pred_bpm=predictions[bpm], sd_bpm=predictions[sd_bpm])
