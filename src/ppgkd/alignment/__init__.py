"""Whether each recording's reference lies on its signal in time."""
