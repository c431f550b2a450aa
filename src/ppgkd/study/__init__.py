"""The study that a configuration asks for: checks, models, datasets and cells."""
