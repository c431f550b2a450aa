"""Scaling laws from size to error: fits, model selection, uncertainty and predictions."""

from ppgkd.scaling.joint import JointLaw, fit_joint_law
from ppgkd.scaling.law import Law, fit_law
from ppgkd.scaling.study import fit_laws
from ppgkd.scaling.uncertainty import PredictionInterval

__all__ = ["JointLaw", "Law", "PredictionInterval", "fit_joint_law", "fit_law", "fit_laws"]
