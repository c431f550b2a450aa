"""Evaluation of a trained network on windows: predictions and error."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from ppgkd.evaluation.metrics import error_metrics, subject_interval
from ppgkd.heart_rate import class_of, decode
from ppgkd.models.predict import predict
from ppgkd.windows.read import Windows

IDENTITY = ("dataset", "subject", "recording", "window", "start_s", "hr_bpm")
"""Columns of the predictions that identify the window."""


def score(model: nn.Module, windows: Windows) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Predict windows and measure the error.

    Parameters
    ----------
    model
        Network in evaluation mode.
    windows
        Of subjects that were used neither for training nor for choosing the weights.

    Returns
    -------
    predictions : DataFrame
        ``dataset, subject, recording, window, start_s, hr_bpm, pred_bpm, sd_bpm``.
    metrics : dict
        Error metrics (`ppgkd.evaluation.metrics.error_metrics`), ``nll`` (mean negative log
        probability of the reference's class), the 95 % interval of the MAE over subjects, and
        counts.
    """
    return score_probabilities(predict(model, torch.from_numpy(windows.signal)), windows.index)


def score_probabilities(
    probabilities: Tensor, index: pd.DataFrame
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Measure the error of distributions, shape (n_windows, 180), of the windows of an index.

    Returns
    -------
    predictions, metrics
        As of `score`.
    """
    hr_bpm = torch.from_numpy(index["hr_bpm"].to_numpy(np.float32, copy=True))
    bpm, sd_bpm = decode(probabilities)
    predictions = index[list(IDENTITY)].assign(
        pred_bpm=bpm.numpy().astype(np.float32), sd_bpm=sd_bpm.numpy().astype(np.float32)
    )
    of_reference = probabilities.gather(1, class_of(hr_bpm)[:, None])
    # a probability is at least the smallest float32, so that the mean is finite
    nll = -of_reference.clamp_min(torch.finfo(torch.float32).tiny).log().mean()
    lower_bpm, upper_bpm = subject_interval(predictions)
    metrics = {
        **error_metrics(bpm.numpy(), hr_bpm.numpy()),
        "nll": float(nll),
        "mae_lower_bpm": lower_bpm,
        "mae_upper_bpm": upper_bpm,
        "n_windows": len(index),
        "n_subjects": int(index["subject"].nunique()),
    }
    return predictions, metrics
