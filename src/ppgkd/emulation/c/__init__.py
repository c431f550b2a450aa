"""The C programs that read samples, call a student and write estimates.

They are data of this package, which a job's code digest counts (`ppgkd.runtime.code_digest`).
"""

from importlib.resources import files
from pathlib import Path

PROGRAMS = Path(str(files(__name__)))
"""Their folder."""
