"""The front end of every model: log power on a grid of heart rates. It has no parameters.

On a frequency axis, pulses of different rates differ by a shift alone, and the steps that hide a
pulse are at the same position in the accelerometer's spectrum. So a network along frequency learns
once what a network along time has to learn for every rate.

The front end also removes what the heart rate does not depend on: the polarity and the order of the
PPG channels, the orientation of the watch, the direction of time. The taper is rectangular: in
windows of eight seconds its narrow main lobe matters more than the lower side lobes of others.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ppgkd.models.capacity import BINS, HARMONICS, InputShape
from ppgkd.models.front_end import (
    LOG_SCALE,
    log_shifts,
    omega_rad_per_s,
    power_floors,
    power_of_amplitude,
    sample_times_s,
)

CHUNK = 256
"""Windows per transform. More of them do not fit the processor's cache."""


class Spectrum(nn.Module):
    """Log power of each PPG channel and of the accelerometer, on the grid and at its harmonic.

    Parameters
    ----------
    inputs
        Shape of the windows.
    """

    def __init__(self, inputs: InputShape) -> None:
        super().__init__()
        self.ppg_channels = inputs.ppg_channels
        self.power_of_amplitude = power_of_amplitude(inputs)
        time_s, omega = sample_times_s(inputs), omega_rad_per_s()
        self.register_buffer("time_s", torch.from_numpy(time_s), persistent=False)
        self.register_buffer("omega", torch.from_numpy(omega), persistent=False)
        self.register_buffer("floor", torch.from_numpy(power_floors(inputs)), persistent=False)
        self.register_buffer("shift", torch.from_numpy(log_shifts(inputs)), persistent=False)
        self.time_s: Tensor
        self.omega: Tensor
        self.floor: Tensor
        self.shift: Tensor

    def forward(self, window: Tensor) -> Tensor:
        """Transform windows.

        Parameters
        ----------
        window
            Shape (n_windows, n_channels, n_samples), PPG channels first.

        Returns
        -------
        Tensor of shape (n_windows, n_spectra, n_harmonics, 90)
            Half the log power, shifted so that typical values are around zero. At each frequency,
            the PPG channels are sorted by power and the powers of the accelerometer's axes added.
        """
        # The basis is fast to compute and large to store. An exported file contains these two
        # vectors, and ONNX Runtime computes the basis once, when it loads the file.
        phase = self.time_s[:, None] * self.omega
        power = (window @ phase.cos()).square() + (window @ phase.sin()).square()
        power = power * self.power_of_amplitude  # a sine of unit amplitude on the grid has power 1
        ppg = power[:, : self.ppg_channels].sort(dim=1).values
        acc = power[:, self.ppg_channels :]
        if acc.shape[1]:
            ppg = torch.cat([ppg, acc.sum(dim=1, keepdim=True)], dim=1)
        spectra = LOG_SCALE * torch.log(ppg + self.floor) + self.shift
        return spectra.reshape(*spectra.shape[:2], len(HARMONICS), BINS)

    @torch.no_grad()
    def of_all(self, windows: Tensor) -> Tensor:
        """Transform many windows, a chunk at a time."""
        return torch.cat([self(chunk) for chunk in torch.split(windows, CHUNK)])
