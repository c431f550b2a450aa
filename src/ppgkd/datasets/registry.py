"""The datasets that a study can name: their files, terms and subjects.

To add one, list its files in ``manifest.tsv``, add the origin of its source to
`ppgkd.datasets.manifest`, list its recordings in `ppgkd.datasets.published`, write its reader as a
module of `ppgkd.datasets`, and describe it in `DATASETS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from ppgkd.datasets import published
from ppgkd.datasets.dataset import Dataset, RecordingEntry
from ppgkd.datasets.manifest import MANIFEST, ORIGINS, RawFile
from ppgkd.errors import PpgkdError

__all__ = [
    "DATASETS",
    "MANIFEST",
    "ORIGINS",
    "Dataset",
    "RawFile",
    "RecordingEntry",
    "get_dataset",
    "simulated_dataset",
]


_BAMI_TERMS = "Free for academic research with citation."
_BAMI_CITATION = (
    "Chung et al., IEEE Access 8 (2020) 63390; Lee et al., IEEE Sensors J. 19.3 (2018) 1166."
)
_DALIA_TERMS = "CC BY 4.0 (UCI)."
_WESAD_TERMS = "For scientific, non-commercial purposes, with credit to the owners."
_SPC_TERMS = "Free for research with citation."
_SPC_CITATION = "Zhang, Pi, Liu, TROIKA, IEEE Trans. Biomed. Eng. 62.2 (2015) 522."

DATASETS: Mapping[str, Dataset] = MappingProxyType(
    {
        dataset.name: dataset
        for dataset in (
            Dataset(
                name="simulated",
                title="Simulated cohort",
                source="simulated",
                reader="cohort",
                terms="Made by this program; free of terms.",
                citation="None; the generator cites what its choices come from.",
                ppg_channels=3,
                rate_hz=50.0,
                recordings=(),
            ),
            Dataset(
                name="bami1",
                title="BAMI-1",
                source="bami",
                reader="bami",
                terms=_BAMI_TERMS,
                citation=_BAMI_CITATION,
                ppg_channels=3,
                rate_hz=50.0,
                ppg_polarity=-1,
                recordings=tuple(published.bami(campaign=1, n_subjects=25)),
            ),
            Dataset(
                name="bami2",
                title="BAMI-2",
                source="bami",
                reader="bami",
                terms=_BAMI_TERMS,
                citation=_BAMI_CITATION,
                ppg_channels=3,
                rate_hz=50.0,
                recordings=tuple(published.bami(campaign=2, n_subjects=23)),
            ),
            Dataset(
                name="ieee_spc_train",
                title="IEEE Signal Processing Cup 2015, training set",
                source="ieee_spc",
                reader="ieee_spc",
                terms=_SPC_TERMS,
                citation=_SPC_CITATION,
                ppg_channels=2,
                rate_hz=125.0,
                recordings=tuple(published.spc_train()),
            ),
            Dataset(
                name="ieee_spc_test",
                title="IEEE Signal Processing Cup 2015, test set",
                source="ieee_spc",
                reader="ieee_spc",
                terms=_SPC_TERMS,
                citation=_SPC_CITATION,
                ppg_channels=2,
                rate_hz=125.0,
                recordings=tuple(published.spc_test()),
            ),
            Dataset(
                name="ppg_dalia",
                title="PPG-DaLiA",
                source="ppg_dalia",
                reader="ppg_dalia",
                terms=_DALIA_TERMS,
                citation=(
                    "Reiss, Indlekofer, Schmidt, Van Laerhoven, Deep PPG, Sensors 19.14 (2019) "
                    "3079."
                ),
                ppg_channels=1,
                rate_hz=64.0,
                recordings=tuple(
                    published.one_archive(
                        *("ppg_dalia", "ppg+dalia.zip", "PPG_FieldStudy/S{number}/S{number}.pkl"),
                        numbers=range(1, 16),
                    )
                ),
            ),
            Dataset(
                name="wesad",
                title="WESAD",
                source="wesad",
                reader="wesad",
                terms=_WESAD_TERMS,
                citation=(
                    "Schmidt, Reiss, Duerichen, Marberger, Van Laerhoven, Introducing WESAD, "
                    "ICMI 2018, 400."
                ),
                ppg_channels=1,
                rate_hz=64.0,
                recordings=tuple(
                    published.one_archive(
                        *("wesad", "WESAD.zip", "WESAD/S{number}/S{number}.pkl"),
                        # the recordings of S1 and S12 failed
                        numbers=[number for number in range(2, 18) if number != 12],
                    )
                ),
            ),
            Dataset(
                name="wildppg",
                title="WildPPG",
                source="wildppg",
                reader="wildppg",
                terms="CC BY-NC-SA 4.0.",
                citation=(
                    "Meier, Demirel, Holz, WildPPG, NeurIPS 2024 Datasets and Benchmarks, "
                    "arXiv 2412.17540."
                ),
                ppg_channels=3,
                rate_hz=128.0,
                ppg_polarity=-1,
                recordings=tuple(published.wildppg()),
            ),
            Dataset(
                name="bidmc",
                title="BIDMC PPG and Respiration",
                source="bidmc",
                reader="bidmc",
                terms="Open Data Commons Attribution License 1.0 (PhysioNet).",
                citation=(
                    "Pimentel et al., IEEE Trans. Biomed. Eng. 64.8 (2017) 1914; Goldberger et "
                    "al., Circulation 101.23 (2000) e215."
                ),
                ppg_channels=1,
                acc_channels=0,
                rate_hz=125.0,
                recordings=tuple(published.bidmc()),
            ),
            Dataset(
                name="wrist_exercise",
                title="Wrist PPG During Exercise",
                source="wrist_exercise",
                reader="wrist_exercise",
                terms=(
                    "Open Data Commons Attribution License 1.0 as PhysioNet publishes the "
                    "original; the repository of these EDF copies states no terms."
                ),
                citation=(
                    "Jarchi, Casson, Data 2.1 (2017) 1; Goldberger et al., Circulation 101.23 "
                    "(2000) e215."
                ),
                ppg_channels=1,
                rate_hz=256.0,
                recordings=tuple(published.wrist_exercise()),
            ),
            Dataset(
                name="oximetry_camera",
                title="Oximetry with phone cameras",
                source="oximetry_camera",
                reader="oximetry_camera",
                terms="MIT, data included.",
                citation="Hoffman et al., npj Digital Medicine 5 (2022) 146.",
                ppg_channels=3,
                acc_channels=0,
                rate_hz=30.0,
                ppg_polarity=-1,
                recordings=tuple(published.oximetry_camera()),
            ),
            Dataset(
                name="welltory",
                title="Welltory PPG",
                source="welltory",
                reader="welltory",
                terms="CC0 1.0; the authors ask to be cited.",
                citation="Neshitov et al., Sensors 21.20 (2021) 6798.",
                ppg_channels=3,
                acc_channels=0,
                rate_hz=30.0,
                ppg_polarity=-1,
                people_unknown=True,
                recordings=tuple(published.welltory()),
            ),
        )
    }
)
"""Every dataset by name. ``simulated`` has no recordings here: see `simulated_dataset`."""


def get_dataset(name: str) -> Dataset:
    """Return the dataset of this name.

    Raises
    ------
    PpgkdError
        If there is none.
    """
    if name not in DATASETS:
        raise PpgkdError(
            f"unknown dataset '{name}'; allowed are {', '.join(DATASETS)}. "
            "Correct the name in the configuration, or give it the 'file' that describes "
            "recordings of your own."
        )
    return DATASETS[name]


def simulated_dataset(n_subjects: int) -> Dataset:
    """Return the simulated cohort in the size that a configuration asks for.

    It has one recording per subject, ``sim-01``, ``sim-02``, ..., and no files to download.

    Parameters
    ----------
    n_subjects
        Number of subjects.
    """
    names = [f"sim-{number:02d}" for number in range(1, n_subjects + 1)]
    recordings = tuple(RecordingEntry(name, subject=name, files=()) for name in names)
    return replace(DATASETS["simulated"], recordings=recordings)
