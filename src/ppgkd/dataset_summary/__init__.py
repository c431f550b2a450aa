"""Summaries of recordings before training: of a study's datasets and of own recordings."""
