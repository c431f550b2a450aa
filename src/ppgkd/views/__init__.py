"""Augmented views of windows: how they are made, and the cache that students learn from."""
