"""Laws from size to error: fitted, chosen, doubted, and asked for predictions."""

from ppgkd.scaling.joint import JointLaw, fit_joint_law
from ppgkd.scaling.law import Law, fit_law
from ppgkd.scaling.study import fit_laws
from ppgkd.scaling.uncertainty import Prediction

__all__ = ["JointLaw", "Law", "Prediction", "fit_joint_law", "fit_law", "fit_laws"]
