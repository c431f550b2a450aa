"""ppgkd: how small a wrist-PPG heart-rate model can be, and how to distil it."""

__version__ = "0.1.0"
