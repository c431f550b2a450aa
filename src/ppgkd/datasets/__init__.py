"""The datasets that a study can use, and the readers of their files.

Snakemake imports the registry in every job, so importing this package loads neither NumPy nor
SciPy. The readers are modules of this package, which are imported when they are needed.
"""

from ppgkd.datasets.registry import (
    DATASETS,
    Dataset,
    RawFile,
    RecordingEntry,
    get_dataset,
    simulated_dataset,
)

__all__ = [
    "DATASETS",
    "Dataset",
    "RawFile",
    "RecordingEntry",
    "get_dataset",
    "simulated_dataset",
]
