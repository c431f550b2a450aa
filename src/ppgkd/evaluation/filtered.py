"""Estimates of a network on recordings: single windows, online filter, and what speaks for them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import nn

from ppgkd.evaluation.estimators import ESTIMATORS
from ppgkd.evaluation.score import IDENTITY
from ppgkd.inference.motion_frequencies import classes_on_motion
from ppgkd.inference.online_filter import Transition, decode_bpm, filter_windows
from ppgkd.inference.signal_support import signal_support
from ppgkd.inference.validity import Evidence, evidence_of_windows
from ppgkd.models.predict import predict
from ppgkd.windows.motion import motion_intensity_g
from ppgkd.windows.read import Windows


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
        ``dataset, subject, recording, window, start_s, hr_bpm, activity, pred_bpm, sd_bpm,
        filtered_bpm, filtered_sd_bpm, motion_g``; and the `Evidence` for each of `ESTIMATORS`, such
        as ``single_pulse, filtered_agreement``.
    """
    probabilities = predict(network, torch.from_numpy(windows.signal)).numpy().astype(np.float64)
    belief: NDArray[np.float64] = np.empty_like(probabilities)
    number = windows.index["window"].to_numpy()
    motion_g = motion_intensity_g(windows.signal, windows.channels)
    recordings = windows.index.groupby(["dataset", "recording"], sort=False).indices.values()
    for rows in recordings:
        on_motion = None
        if transition.motion_discount:
            on_motion = classes_on_motion(windows.signal[rows], windows.channels, windows.rate_hz)
        belief[rows] = filter_windows(probabilities[rows], number[rows], transition, on_motion)
    pred_bpm, sd_bpm = decode_bpm(probabilities)
    filtered_bpm, filtered_sd_bpm = decode_bpm(belief)
    tracked = windows.index[[*IDENTITY, "activity"]].assign(
        pred_bpm=pred_bpm,
        sd_bpm=sd_bpm,
        filtered_bpm=filtered_bpm,
        filtered_sd_bpm=filtered_sd_bpm,
        # zeros stand for the acceleration where no accelerometer measured it (`ppgkd.windows.read`)
        motion_g=np.where(motion_g > 0, motion_g, np.nan),
    )
    for estimator, (name, _) in ESTIMATORS.items():
        bpm = tracked[name].to_numpy()
        found = np.empty((len(tracked), len(Evidence._fields)))
        for rows in recordings:
            support = signal_support(
                windows.signal[rows], windows.channels, windows.rate_hz, bpm[rows]
            )
            of_recording = evidence_of_windows(number[rows], support, pred_bpm[rows], bpm[rows])
            found[rows] = np.stack(of_recording, axis=1)
        tracked[[f"{estimator}_{field}" for field in Evidence._fields]] = found
    return tracked
