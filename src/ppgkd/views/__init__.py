"""Augmented views of windows, and the cache of them that students learn on."""
