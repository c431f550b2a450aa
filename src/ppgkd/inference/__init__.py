"""Use of an exported student, without PyTorch: model card, stream of estimates, online filter."""
