"""Recordings cut into preprocessed windows, kept as Parquet; what a window alone can tell."""
