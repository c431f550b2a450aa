"""How good networks are, put together over cells and subjects, and which student to ship."""
