"""What every job needs and no science does: whole files, logs, locks, digests of code."""
