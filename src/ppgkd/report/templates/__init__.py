"""Templates of both pages, one for each section."""

from importlib.resources import files

FOLDER = str(files(__name__))
"""Where they are."""
