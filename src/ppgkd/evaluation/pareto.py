"""The Pareto front of cost and error."""

from __future__ import annotations

import numpy as np
import pandas as pd


def pareto_front(gated: pd.DataFrame) -> np.ndarray:
    """Whether no other student is as good in cost and error, and better in one.

    Parameters
    ----------
    gated
        Table with ``cost`` and ``mae_bpm``.

    Returns
    -------
    ndarray of bool, shape (n_students,)
    """
    cost = gated[["cost", "mae_bpm"]].to_numpy(float)
    no_worse = (cost[:, None] <= cost[None]).all(axis=2)
    better = (cost[:, None] < cost[None]).any(axis=2)
    return np.asarray(~(no_worse & better).any(axis=0))
