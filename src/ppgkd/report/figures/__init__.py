"""Figures of both pages, each defined once: as a picture, and as what a page can be asked."""
