"""Rows of `ppgkd.dataset_summary.summary.summarise_dataset`, of recordings that are all alike."""

from typing import Any

import pandas as pd

from ppgkd.dataset_summary.spectral_ranks import COUNT_COLUMNS as RANK_COUNTS
from ppgkd.dataset_summary.summary import HISTOGRAM_COLUMNS, LAG_COLUMNS, SHARED_LAG_COLUMNS
from ppgkd.datasets.activity import ACTIVITIES
from ppgkd.windows.motion import MOTION_BANDS
from ppgkd.windows.segmentation import REJECTION_REASONS


def reference_ranks(recordings: pd.DataFrame, **changes: Any) -> pd.DataFrame:
    """Rows of `ppgkd.dataset_summary.spectral_ranks.rank_references`, of the same recordings."""
    row = {
        **{"activity": "unknown", **dict.fromkeys(RANK_COUNTS, 0)},
        **{"windows": 40, "rank_1": 20, "rank_2": 4, "rank_3": 4, "rank_none": 12, "lost": 6},
        **{"moving": 20, "reference_on_cadence": 5, "motion_wins": 10},
        **{"peak_mae_bpm": 11.5, "oracle_mae_bpm": 2.5, "chance_mae_bpm": 9.5},
        "chance_on_cadence": 0.15,
        **changes,
    }
    return recordings[["dataset", "recording", "subject"]].assign(**row)


def recording_summaries(dataset: str, n_recordings: int = 3, **changes: Any) -> pd.DataFrame:
    """Recordings ``r0``, ... of subjects ``s0``, ..., each of 40 windows from 70 to 80 BPM."""
    row = {
        **{"dataset": dataset, "hours": 0.25, "kept": 40, **dict.fromkeys(REJECTION_REASONS, 0)},
        "spectral_peak_mae_bpm": 11.5,
        **{**dict.fromkeys(HISTOGRAM_COLUMNS, 0), "windows_hr_70": 40},
        **{"template_correlation": 0.8, "good_share": 0.65, "motion_g": 0.5},
        **{**dict.fromkeys((f"windows_{band}" for band in MOTION_BANDS), 0), "windows_still": 40},
        **{f"peak_mae_{band}_bpm": float("nan") for band in MOTION_BANDS},
        **{**dict.fromkeys((f"windows_{word}" for word in ACTIVITIES), 0), "windows_unknown": 40},
        **dict(zip(LAG_COLUMNS, (0.5, 0.0, 1.0, False, ""), strict=True)),
        **dict(zip(SHARED_LAG_COLUMNS, (40, 0.5, 0.0, 1.0, 2.0, 1.9, ""), strict=True)),
        **{"still_g": 1.0, "exchanged": "", "dead": "", "lost_share": 0.0},
        **{"still_windows": 40, "pulse_windows": 38, "constant_reference": 0, "pulse_ratio": 1.001},
        **changes,
    }
    names = [{"recording": f"r{n}", "subject": f"s{n}"} for n in range(n_recordings)]
    return pd.DataFrame([{**row, **name} for name in names])
