"""Alignment of each recording's reference with its signal in time."""
