"""Segmentation of recordings into preprocessed windows, their file, and what a window tells."""
