"""The windows that the benchmarks run on: a simulated cohort, or a study's own."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ppgkd.datasets.cohort import read_cohort, write_cohort
from ppgkd.models.capacity import InputShape, Shape
from ppgkd.models.network import Network
from ppgkd.runtime.artifacts import write_csv
from ppgkd.simulation.subject import Cohort
from ppgkd.splits.assignment import split_subjects
from ppgkd.splits.study_windows import StudyWindows, read_study_windows
from ppgkd.training.loop import TrainingConfig
from ppgkd.training.teachers import train_teacher
from ppgkd.views.augment import Augmentation
from ppgkd.windows.preprocessing import WindowSpec
from ppgkd.windows.read import read_windows
from ppgkd.windows.table import subjects_with_windows
from ppgkd.windows.write import write_windows

SPEC = WindowSpec(length_s=8, stride_s=2, rate_hz=25, low_hz=0.4, high_hz=8)
FRACTIONS = {"train": 0.6, "val": 0.35, "test": 0.05}
"""Many subjects for validation: they differ more than the methods do."""

LABEL_SD_BPM = 1.5


@dataclass(frozen=True)
class Data:
    """Files of a study: its windows, and the role of each subject."""

    windows: Path
    splits: Path

    def read(self) -> tuple[StudyWindows, InputShape]:
        """Read them with all their channels."""
        windows = read_windows(self.windows)
        ppg_channels = sum(name.startswith("ppg_") for name in windows.channels)
        inputs = InputShape(
            ppg_channels,
            len(windows.channels) - ppg_channels,
            windows.signal.shape[2],
            windows.rate_hz,
        )
        return read_study_windows([self.windows], self.splits, inputs), inputs


def add_options(parser: ArgumentParser, output: str) -> None:
    """Add the options that the benchmarks share."""
    parser.add_argument("--windows", type=Path, help="windows of a study; else simulated ones")
    parser.add_argument("--splits", type=Path, help="roles of the study's subjects, CSV")
    parser.add_argument("--subjects", type=int, default=20, help="simulated subjects")
    parser.add_argument("--duration-s", type=float, default=180, help="of one simulated subject")
    parser.add_argument("--teacher-epochs", type=int, default=10, help="training of the teachers")
    parser.add_argument("--batch-size", type=int, default=128, help="windows per step")
    parser.add_argument("--output", type=Path, default=Path(output), help="JSON file")


def find_data(options: Namespace, folder: Path) -> Data:
    """Find the files of the options; without any, simulate a cohort into a folder."""
    if options.windows:
        if not options.splits:
            raise SystemExit("--windows needs --splits, the roles of the subjects.")
        return Data(options.windows, options.splits)
    data = Data(folder / "windows.parquet", folder / "splits.csv")
    cohort = folder / "cohort.npz"
    write_cohort(Cohort(options.subjects, options.duration_s, seed=0), cohort)
    write_windows(read_cohort(cohort), "simulated", SPEC, data.windows)
    subjects = {"simulated": subjects_with_windows(data.windows)}
    write_csv(data.splits, split_subjects(subjects, {"simulated": FRACTIONS}, seed=0))
    return data


def trained_teacher(
    shape: Shape, inputs: InputShape, windows: StudyWindows, training: TrainingConfig
) -> tuple[Network, pd.DataFrame]:
    """Train a teacher as a study does; return it with its history."""
    return train_teacher(
        shape,
        inputs,
        windows,
        pretraining=training,
        training=training,
        augmentation=Augmentation(),
        label_sd_bpm=LABEL_SD_BPM,
        seed=0,
    )


def training_config(epochs: int, batch_size: int) -> TrainingConfig:
    """One thread on the CPU, the learning rate of the default study, no early stopping."""
    return TrainingConfig(
        epochs, batch_size, learning_rate=0.01, weight_decay=0.02, patience=epochs
    )


def markdown(header: list[str], rows: list[list[str]]) -> str:
    """Write a table; the first column is text, the others are numbers."""
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"
