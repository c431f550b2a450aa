"""The runtime of a student in C: files that are copied as they are.

They are data of this package, which a job's code digest counts (`ppgkd.runtime.code_digest`).
"""

from importlib.resources import files
from pathlib import Path

RUNTIME = Path(str(files(__name__)))
"""Their folder."""
