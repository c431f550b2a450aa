"""What each network learns from in one epoch: a view of its windows, in an order of its own."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from ppgkd.distill.batch import Batch
from ppgkd.heart_rate import soft_labels
from ppgkd.models.capacity import Seen
from ppgkd.views.source import ViewSource

BALANCED_BPM = 10
"""Width of the heart rate ranges that `sampling_weights` balances."""


class EpochData(NamedTuple):
    """What one network learns from in one epoch.

    Attributes
    ----------
    view
        Number of the view.
    seen
        What the network sees of the windows (`ppgkd.views.examples.SeenExamples`), on the device of
        the training.
    hr_bpm
        Reference, shape (n_windows,); NaN in unlabelled windows.
    labels
        Softened reference, shape (n_windows, 180); zero in unlabelled windows.
    order
        Rows of the windows in the order in which they are used, shape (n_windows,).
    """

    view: int
    seen: Tensor
    hr_bpm: Tensor
    labels: Tensor
    order: Tensor

    def batch(self, step: int, size: int) -> tuple[Tensor, Batch]:
        """What is seen in one step, and what the loss may know of them."""
        rows = self.order[step * size : (step + 1) * size]
        on_device = rows.to(self.seen.device)
        batch = Batch(rows, self.view, self.hr_bpm[on_device], self.labels[on_device])
        return self.seen[on_device], batch


def epoch_data(
    views: ViewSource,
    sees: Seen,
    epoch: int,
    generator: torch.Generator,
    device: torch.device,
    *,
    balance: float,
    label_sd_bpm: float,
    dataset: Tensor | None = None,
    balance_datasets: float = 0.0,
) -> EpochData:
    """Read the view of an epoch and draw the order of its windows.

    Parameters
    ----------
    views
        Windows to learn from.
    sees
        What the network sees of them.
    epoch
        Number of the epoch, from 0.
    generator
        Random numbers of the order. It depends on the seed alone, so two strategies of one seed
        see the same batches.
    device
        Where the training runs.
    balance
        With 0, each window is used once; otherwise windows are drawn with replacement, with the
        weights of `sampling_weights`.
    label_sd_bpm
        Standard deviation of the softened label.
    dataset, balance_datasets
        Number of the dataset of each window, shape (n_windows,), and how far the datasets are
        balanced (`dataset_weights`). With 0 for both, each window is used once.
    """
    view, (seen, hr_bpm) = views.of_epoch(epoch, sees)
    if balance or (balance_datasets and dataset is not None):
        weights = sampling_weights(hr_bpm, balance)
        if dataset is not None:
            weights *= dataset_weights(dataset, balance_datasets)
        order = torch.multinomial(weights, len(weights), replacement=True, generator=generator)
    else:
        order = torch.randperm(views.n_windows, generator=generator)
    seen, hr_bpm = seen.to(device), hr_bpm.to(device)
    return EpochData(view, seen, hr_bpm, soft_labels(hr_bpm, label_sd_bpm), order)


def sampling_weights(hr_bpm: Tensor, balance: float) -> Tensor:
    """Relative frequencies with which windows are drawn: higher where a heart rate is rare.

    Parameters
    ----------
    hr_bpm
        Reference of each window, shape (n_windows,); NaN in unlabelled windows.
    balance
        With 0, all windows have the same weight; with 1, all ranges of 10 BPM that have a window
        are drawn equally often. In between, the weight of a window is the number of windows in its
        range to the power of ``-balance``.

    Returns
    -------
    Tensor
        Shape (n_windows,), with a mean of 1. Windows without a reference have the mean weight of
        the others.
    """
    known = ~hr_bpm.isnan()
    weights = torch.ones(len(hr_bpm), dtype=torch.float64)
    if not known.any():
        return weights
    bins = (hr_bpm[known] / BALANCED_BPM).long()
    weights[known] = _balanced(bins, balance)
    return weights


def dataset_weights(dataset: Tensor, balance: float) -> Tensor:
    """Relative frequencies with which windows are drawn: higher in small datasets.

    Parameters
    ----------
    dataset
        Number of the dataset of each window, shape (n_windows,).
    balance
        With 0, all windows have the same weight; with 1, all datasets are drawn equally often. In
        between, the weight of a window is the size of its dataset to the power of ``-balance``.

    Returns
    -------
    Tensor
        Shape (n_windows,), with a mean of 1.
    """
    return _balanced(dataset, balance)


def _balanced(group: Tensor, balance: float) -> Tensor:
    """Weights by the size of a window's group, with a mean of 1."""
    weights = torch.bincount(group)[group].double() ** -balance
    return weights / weights.mean()
