"""Estimates of a network on recordings: single windows, online filter, and bounds on the spread."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import nn

from ppgkd.evaluation.score import IDENTITY
from ppgkd.inference.online_filter import Transition, decode_bpm, filter_windows
from ppgkd.models.predict import predict
from ppgkd.windows.motion import motion_intensity_g
from ppgkd.windows.read import Windows


class WidestSpreads(NamedTuple):
    """Spreads above which an estimate is not valid.

    Attributes
    ----------
    window_bpm, filtered_bpm
        Of a single window, and of the online filter.
    """

    window_bpm: float
    filtered_bpm: float


def track(network: nn.Module, windows: Windows, transition: Transition) -> pd.DataFrame:
    """Estimate each window alone, and with the online filter over each recording.

    Parameters
    ----------
    network
        In evaluation mode.
    windows
        In the order of time within each recording.
    transition
        Of the filter.

    Returns
    -------
    DataFrame
        ``dataset, subject, recording, window, start_s, hr_bpm, pred_bpm, sd_bpm, filtered_bpm,
        filtered_sd_bpm, motion_g``.
    """
    probabilities = predict(network, torch.from_numpy(windows.signal)).numpy().astype(np.float64)
    belief: NDArray[np.float64] = np.empty_like(probabilities)
    for _, rows in windows.index.groupby(["dataset", "recording"], sort=False).indices.items():
        number = windows.index["window"].to_numpy()[rows]
        belief[rows] = filter_windows(probabilities[rows], number, transition)
    pred_bpm, sd_bpm = decode_bpm(probabilities)
    filtered_bpm, filtered_sd_bpm = decode_bpm(belief)
    return windows.index[list(IDENTITY)].assign(
        pred_bpm=pred_bpm,
        sd_bpm=sd_bpm,
        filtered_bpm=filtered_bpm,
        filtered_sd_bpm=filtered_sd_bpm,
        motion_g=motion_intensity_g(windows.signal, windows.channels),
    )


def widest_spreads(tracked: pd.DataFrame, coverage: float) -> WidestSpreads:
    """Spreads that a share of the validation windows does not exceed.

    Parameters
    ----------
    tracked
        Table of `track`, of validation subjects.
    coverage
        Share of the windows whose estimate is to be valid.
    """
    return WidestSpreads(
        *(float(tracked[name].quantile(coverage)) for name in ("sd_bpm", "filtered_sd_bpm"))
    )
