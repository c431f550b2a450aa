"""The ways of training a student: each strategy's loss is one file of pure functions of tensors."""

from ppgkd.distill.dkd import dkd_loss
from ppgkd.distill.feature import feature_loss
from ppgkd.distill.hard import hard_loss
from ppgkd.distill.label import label_loss
from ppgkd.distill.ordinal import ordinal_loss
from ppgkd.distill.soft import soft_loss

__all__ = ["dkd_loss", "feature_loss", "hard_loss", "label_loss", "ordinal_loss", "soft_loss"]
