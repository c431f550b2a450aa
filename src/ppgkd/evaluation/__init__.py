"""Evaluation of networks over cells and subjects, and the recommended student."""
