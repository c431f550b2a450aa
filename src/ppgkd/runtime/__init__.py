"""What every job needs besides computing: atomic writes, logs, run locks, digests of the code."""
