"""Tools that turn a network into C for a microcontroller, measured on an emulated processor."""
