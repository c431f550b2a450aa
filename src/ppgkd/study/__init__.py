"""What the user asks for: the configuration, checked, and the cells that follow from it."""
