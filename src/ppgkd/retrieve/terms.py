"""The terms of use of a raw file, which are shown when it is downloaded."""

from __future__ import annotations

import logging
import sys

from ppgkd.datasets.registry import DATASETS, RawFile

logger = logging.getLogger(__name__)


def terms_of(file: RawFile) -> str:
    """Terms and citation of the dataset that a file belongs to."""
    return "\n".join(
        f"{dataset.title}. Terms: {dataset.terms} Cite: {dataset.citation}"
        for dataset in DATASETS.values()
        if any(file in entry.files for entry in dataset.recordings)
    )


def show_terms(file: RawFile) -> None:
    """Write the terms of use of a file to the log and to the terminal."""
    terms = terms_of(file)
    logger.info("%s", terms)
    print(terms, file=sys.stderr)
