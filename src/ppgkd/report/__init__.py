"""The report: figures, page and provenance."""
