"""The recordings that a study can use: where they come from, and how their files are read.

The registry is imported by Snakemake in every job, so importing this package loads neither NumPy
nor SciPy. What reads the files lives in the modules beside it and is imported when it is needed.
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
