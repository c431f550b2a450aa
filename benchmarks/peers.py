"""Compare other estimators (peers) with the recommended student on the same windows.

The windows are the student's test windows: 8 s every 2 s, of subjects not used in its training,
from the first window on for which all estimators can have an estimate. A peer without an
estimate for some windows is evaluated on the others, and compared with the student on the same.

Peers need TensorFlow and other versions of packages, so ``make bench-peers`` installs them in their
own environment. Latencies are those of this machine with one thread; the JSON file has its load.

With ``--rate-hz`` the recordings are resampled first, as a slower sensor would have taken them. The
student's estimates stay the study's, of the recordings as they are.
"""

from __future__ import annotations

import os
import platform
from argparse import ArgumentParser, Namespace
from dataclasses import asdict
from pathlib import Path

from peers.evaluation import OURS, evaluate, of_datasets, read_predictions, windows_of
from peers.peer_report import report
from peers.process import OTHERS, run

from ppgkd.errors import PpgkdError
from ppgkd.runtime.artifacts import write_json


def main() -> None:
    """Run all estimators, print the table, write the JSON."""
    options = _options()
    folder = options.study / "recommended"
    load_before = os.getloadavg()[0]
    try:
        predictions = read_predictions(folder / "predictions.parquet")
        predictions = of_datasets(predictions, options.datasets)
        windows, model = windows_of(predictions), folder / "student.onnx"
        asked = [*options.peers, *OURS]  # ours are always compared with
        estimates = {
            name: run(name, model, windows, options.raw, options.rate_hz) for name in asked
        }
        results = evaluate(predictions, estimates)
    except PpgkdError as error:
        raise SystemExit(str(error)) from error
    context_s = max(found.description.signal_s for found in estimates.values())
    load = {"before": load_before, "after": os.getloadavg()[0]}
    setting = (
        f"{options.study.name}: {windows['subject'].nunique()} subjects of "
        f"{', '.join(windows['dataset'].unique())}, {_rate(options)}windows of 8 s every 2 s that "
        f"end at second {context_s:g} or later. Latencies with one thread, on "
        f"{platform.processor() or platform.machine()} with {os.cpu_count()} cores at a load of "
        f"{load['before']:.1f} to {load['after']:.1f}."
    )
    print(report(results.values(), setting))
    content = {
        "setting": setting,
        "load": load,
        "estimators": {name: asdict(row) for name, row in results.items()},
    }
    write_json(options.output, content)
    print(f"written to {options.output}")


def _rate(options: Namespace) -> str:
    if options.rate_hz is None:
        return ""
    return f"resampled to {options.rate_hz} Hz except for the student's estimates, "


def _options() -> Namespace:
    parser = ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("study", type=Path, help="folder of a finished study, results/<study>")
    parser.add_argument(
        "--raw", type=Path, default=Path("resources/raw"), help="folder of the raw files"
    )
    parser.add_argument(
        "--datasets", nargs="*", default=[], help="those of the study's test subjects to compare on"
    )
    parser.add_argument(
        "--rate-hz", type=int, help="resample the recordings to the rate of a slower sensor"
    )
    parser.add_argument("--peers", nargs="*", choices=[*OTHERS], default=[*OTHERS])
    parser.add_argument(
        "--output", type=Path, default=Path("results/benchmarks/peers.json"), help="JSON file"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
