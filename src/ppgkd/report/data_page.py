"""The data report: recordings of a study, signal quality, difficulty, and rejected windows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ppgkd.alignment.shared_lag import SharedLag
from ppgkd.dataset_summary.assess import assess_dataset
from ppgkd.dataset_summary.spectral_ranks import (
    HARMONICS,
    N_PEAKS,
    TOLERANCE_BPM,
    aggregate_ranks,
)
from ppgkd.dataset_summary.summary import (
    HISTOGRAM_COLUMNS,
    LAG_NAMES,
    SHARED_LAG_COLUMNS,
    aggregate_recordings,
)
from ppgkd.dataset_summary.verdict import Verdict
from ppgkd.datasets.activity import ACTIVITIES, UNKNOWN
from ppgkd.datasets.dataset import Dataset
from ppgkd.datasets.manifest import RawFile
from ppgkd.datasets.own.definition import read_definition
from ppgkd.datasets.own.files import SOURCE as OWN
from ppgkd.datasets.ppg_channels import is_first_channel
from ppgkd.report.data_findings import answer, difficulty_finding, heart_rate_finding
from ppgkd.report.data_heads import CADENCE_HEADS, RANK_HEADS, measure_heads, sketch_heads
from ppgkd.report.figures.data import RARE_BPM
from ppgkd.report.html import write_page
from ppgkd.report.provenance import provenance
from ppgkd.windows.motion import MOTION_BANDS
from ppgkd.windows.segmentation import REJECTION_REASONS
from ppgkd.windows.signal_quality import GOOD_CORRELATION


@dataclass(frozen=True)
class StudyData:
    """Datasets and windows that a data report describes.

    Attributes
    ----------
    study
        Name of the study.
    datasets
        The datasets that it uses.
    files
        The raw files that it uses of them.
    windows
        Its windows, as configured.
    """

    study: str
    datasets: Sequence[Dataset]
    files: Sequence[RawFile]
    windows: Mapping[str, float]


def write_data_report(
    about: StudyData,
    recordings: pd.DataFrame,
    ranks: pd.DataFrame,
    figures: Mapping[str, str | Path],
    path: str | Path,
) -> None:
    """Write the data report.

    Parameters
    ----------
    about
        Datasets and windows of the study.
    recordings
        Of `ppgkd.dataset_summary.summary.summarise_dataset`, of all datasets.
    ranks
        Of `ppgkd.dataset_summary.spectral_ranks.rank_references`, of all datasets.
    figures
        Vega-Lite files ``heart_rates`` and ``difficulty``, each with its SVG beside it.
    path
        HTML file to write.
    """
    titles = {dataset.name: dataset.title for dataset in about.datasets}
    total = data_rows(recordings.assign(all="all"), ["all"])[0]
    datasets = data_rows(recordings, ["dataset"])
    subjects = data_rows(recordings, ["dataset", "subject"])
    by_recording = data_rows(recordings, ["dataset", "subject", "recording"])
    verdicts = {
        dataset.name: assess_summary(recordings[recordings["dataset"] == dataset.name], dataset)
        for dataset in about.datasets
    }
    reasons, labelled = rejection_reasons(recordings), is_labelled(recordings)
    context = {
        "study": about.study,
        "about": about.datasets,
        "simulated": any(dataset.source == "simulated" for dataset in about.datasets),
        "windows": about.windows,
        "titles": titles,
        "answer": answer(list(verdicts.values())),
        "verdicts": verdicts,
        "total": total,
        "n_subjects": recordings["subject"].nunique(),
        "segmented": total["segmented"],
        "datasets": datasets,
        "subjects": subjects,
        "recordings": by_recording,
        "referenced": bool(recordings["spectral_peak_mae_bpm"].notna().any()),
        "lags": recordings[recordings["lag_note"].notna()].to_dict("records"),
        "identified": int(recordings["lag_s"].notna().sum()),
        "paste_into": {
            dataset.name: definition_file(dataset)
            for dataset in about.datasets
            if dataset.source == OWN
        },
        "moved": "reference_lag_s" in recordings,
        "reasons": reasons,
        "measure_heads": measure_heads(reasons),
        "sketch_heads": sketch_heads(labelled=labelled),
        "rank_heads": RANK_HEADS,
        "cadence_heads": CADENCE_HEADS,
        "any_moving": bool((ranks["moving"] > 0).any()),
        "bands": MOTION_BANDS,
        "moving_bands": [band for band in MOTION_BANDS if total[f"windows_{band}"]],
        "activities": [word for word in ACTIVITIES if recordings[f"windows_{word}"].any()],
        "labelled": labelled,
        "ranks": aggregate_ranks(ranks, ["dataset", "activity"]).to_dict("records"),
        "ranks_by_recording": ranks.to_dict("records"),
        "n_peaks": N_PEAKS,
        "tolerance_bpm": TOLERANCE_BPM,
        "harmonics": HARMONICS,
        "good": GOOD_CORRELATION,
        "rare_bpm": RARE_BPM,
        "findings": {
            "heart_rates": heart_rate_finding(datasets, titles, RARE_BPM),
            "difficulty": difficulty_finding(total, by_recording),
        },
        "provenance": provenance(about.files),
    }
    write_page("data.html.j2", context, figures, path)


def assess_summary(recordings: pd.DataFrame, dataset: Dataset) -> Verdict:
    """Judge a dataset as ``check-dataset`` does, by its summary.

    Parameters
    ----------
    recordings
        Its rows of `ppgkd.dataset_summary.summary.summarise_dataset`.
    dataset
        The dataset.
    """
    # further channels of a recording are no recordings of their own
    recordings = recordings[recordings["recording"].map(is_first_channel)]
    lags = recordings[recordings["lag_note"].notna()].rename(columns=LAG_NAMES)
    shared = SharedLag(
        **{name.removeprefix("shared_"): recordings[name].iloc[0] for name in SHARED_LAG_COLUMNS}
    )
    definition = read_definition(definition_file(dataset)) if dataset.source == OWN else None
    accelerometer = dataset.acc_channels > 0
    return assess_dataset(recordings, lags, shared, definition, accelerometer=accelerometer)


def definition_file(dataset: Dataset) -> str:
    """The YAML file of own recordings."""
    return str(dataset.recordings[0].files[0].local)


def rejection_reasons(recordings: pd.DataFrame) -> list[str]:
    """Reasons for which any window was rejected."""
    return [reason for reason in REJECTION_REASONS if recordings[reason].any()]


def is_labelled(recordings: pd.DataFrame) -> bool:
    """Whether any window has a label of activity."""
    return bool(recordings["kept"].sum() > recordings[f"windows_{UNKNOWN}"].sum())


def data_rows(recordings: pd.DataFrame, by: Sequence[str]) -> list[dict[str, Any]]:
    """Rows of a table, such as of subjects, and what is drawn in them: `aggregate_recordings`."""
    rows = []
    for found in aggregate_recordings(recordings, by).to_dict("records"):
        row = {str(name): value for name, value in found.items()}
        kept = max(row["kept"], 1)
        row["segmented"] = row["kept"] + sum(row[reason] for reason in REJECTION_REASONS)
        row["histogram"] = [row[name] for name in HISTOGRAM_COLUMNS]
        row["motion"] = {band: row[f"windows_{band}"] / kept for band in MOTION_BANDS}
        row["activity"] = {word: row[f"windows_{word}"] / kept for word in ACTIVITIES}
        rows.append(row)
    return rows
