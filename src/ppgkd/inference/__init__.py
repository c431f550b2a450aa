"""A student at work: its model card, the stream of estimates, the online filter. No PyTorch."""
