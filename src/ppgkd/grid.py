"""The two grids: 180 classes of heart rate, 1 BPM each; windows of 8 s every 2 s."""

BPM_MIN = 30
BPM_MAX = 209
N_CLASSES = BPM_MAX - BPM_MIN + 1
DECODE_HALF_WIDTH_BPM = 8
"""The estimate is the expectation over the classes within this distance of the mode."""

WINDOW_S = 8
STRIDE_S = 2


def count_windows(n_samples: int, rate_hz: int) -> int:
    """Count the complete windows in a signal of `n_samples`, which is at least one window long."""
    return (n_samples - WINDOW_S * rate_hz) // (STRIDE_S * rate_hz) + 1
