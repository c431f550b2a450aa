"""The classes of heart rate: 180 of 1 BPM, 30 to 209. Numbers only, for those without PyTorch."""

BPM_MIN = 30
BPM_MAX = 209
N_CLASSES = BPM_MAX - BPM_MIN + 1
DECODE_HALF_WIDTH_BPM = 8
"""The mode's neighbourhood whose expectation is the estimate."""
