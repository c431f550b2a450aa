"""Hold a student's C to its ONNX file on all recordings of a dataset that are here.

    python benchmarks/firmware.py results/people_twenty/recommended --dataset bami1

The C is compiled for this machine. Differences are of filtered estimates and of windows alone; the
errors are those of both, with the filter.
"""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from recordings import recordings_here

from ppgkd.datasets.recording import Recording
from ppgkd.emulation.build import build_native
from ppgkd.emulation.run import run
from ppgkd.export.student import read_student
from ppgkd.firmware.write import write_c
from ppgkd.inference.predict_dataset import reference_at
from ppgkd.inference.stream import HeartRateStream
from ppgkd.inference.validity import REASONS

CHUNK = 500


def main() -> None:
    """Compare the float file and the one in eight bits, and print the tables."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="folder of student.onnx and student.int8.onnx")
    parser.add_argument("--dataset", default="bami1")
    parser.add_argument("--raw", type=Path, default=Path("resources/raw"))
    options = parser.parse_args()
    recordings = [*recordings_here(options.dataset, options.raw)]
    if not recordings:
        raise SystemExit(f"{options.raw} has no recording of {options.dataset}; see --raw.")
    for name in ("student.onnx", "student.int8.onnx"):
        table = pd.concat([compare(options.folder / name, one) for one in recordings])
        print(f"{name}, {len(recordings)} recordings\n{summary(table).round(5).to_string()}\n")


def compare(model: Path, recording: Recording) -> pd.DataFrame:
    """Estimates of both, in rows."""
    stream = HeartRateStream(model)
    names = list(recording.channels)
    rows = [names.index(channel) for channel in stream.model_card.channels]
    samples = recording.signal[rows].astype(np.float32)
    expected = stream.push(samples)
    with TemporaryDirectory() as folder:
        write_c(read_student(model), Path(folder, "c"), recording.rate_hz)
        program = build_native(Path(folder, "c"), Path(folder, "program"))
        found = run(program, samples, (CHUNK,), board=None).estimates
    table = pd.DataFrame({"bpm": [one.bpm for one in expected], "c_bpm": found["bpm"]})
    table["window_bpm"] = [one.window_bpm for one in expected]
    table["c_window_bpm"] = found["window_bpm"]
    reasons = ["", *REASONS]
    table["same_reason"] = [
        reasons[int(code)] == one.reason
        for code, one in zip(found["reason"], expected, strict=True)
    ]
    centre_s = np.array([(one.start_s + one.end_s) / 2 for one in expected])
    table["reference_bpm"] = reference_at(centre_s, recording)
    return table


def summary(table: pd.DataFrame) -> pd.Series:
    """What is in the documentation."""
    moved = (table["c_bpm"] - table["bpm"]).abs()
    window_moved = (table["c_window_bpm"] - table["window_bpm"]).abs()
    return pd.Series(
        {
            "estimates": len(table),
            "without signal in one alone": int(
                (table["c_bpm"].isna() != table["bpm"].isna()).sum()
            ),
            "most moved (BPM)": moved.max(),
            "moved by more than 0.5 BPM": int((moved > 0.5).sum()),
            "window most moved (BPM)": window_moved.max(),
            "other reasons": int((~table["same_reason"]).sum()),
            "MAE of the ONNX file (BPM)": (table["bpm"] - table["reference_bpm"]).abs().mean(),
            "MAE of the C (BPM)": (table["c_bpm"] - table["reference_bpm"]).abs().mean(),
        }
    )


if __name__ == "__main__":
    main()
