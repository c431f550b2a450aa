"""The published models that a study can name as teachers.

Snakemake imports this in every job, so it imports nothing heavy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Decoding = Literal["none", "online", "hindsight"]


@dataclass(frozen=True)
class PublishedTeacher:
    """A published model, and how its answers are decoded.

    Attributes
    ----------
    name
        Name in a configuration.
    title, version
        Of its package.
    licence, citation
        Of the package and the weights that come with it.
    params
        Number of its parameters.
    maybe_trained_on
        Datasets, by their names here, that the package's training code reads. Which of them the
        published weights have learned from is not said, so it may be any.
    decoding
        What its estimates use: ``none``, each time's signal alone; ``online``, also what comes
        before; ``hindsight``, also what comes after. Decoded beliefs err less, and are far too
        sure: their spread does not tell where they are wrong.
    """

    name: str
    title: str
    version: str
    licence: str
    citation: str
    params: int
    maybe_trained_on: tuple[str, ...]
    decoding: Decoding


def _beliefppg(name: str, decoding: Decoding) -> PublishedTeacher:
    return PublishedTeacher(
        name=name,
        title=f"BeliefPPG (decoding: {decoding})",
        version="0.3.1",
        licence="MIT",
        citation="Bieri, Streli, Demirel, Holz, BeliefPPG, UAI 2023, PMLR 216, 176.",
        params=132_964,
        # beliefppg/datasets/file_reader.py: load_dalia, load_wesad, load_bami_1, load_bami_2, and
        # load_ieee, by default without the extra recording and the test set. That recording is in
        # the dataset `ieee_spc_train`.
        maybe_trained_on=("ppg_dalia", "wesad", "bami1", "bami2", "ieee_spc_train"),
        decoding=decoding,
    )


PUBLISHED = {
    teacher.name: teacher
    for teacher in (
        _beliefppg("beliefppg", "online"),
        _beliefppg("beliefppg_hindsight", "hindsight"),
        _beliefppg("beliefppg_undecoded", "none"),
    )
}
"""Every published teacher by its name."""
