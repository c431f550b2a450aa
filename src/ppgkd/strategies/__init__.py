"""The distillation strategies that a study can name, without their losses, which need PyTorch."""
