"""Raw files: downloaded or copied from a mirror, verified, and checked to be complete."""
