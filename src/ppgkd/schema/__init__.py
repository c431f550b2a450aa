"""Files that a user writes: strict YAML, checked by a schema."""
