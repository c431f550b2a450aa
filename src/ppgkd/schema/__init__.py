"""What a user writes in YAML: read as data, checked by a typed model that describes every key."""
