"""Compare tools that turn a network into C for a microcontroller with this project's own C.

Each tool gets the network of the same student, from spectra (or a window) to logits, and its code
runs on an emulated Cortex-M4F, where QEMU counts instructions. Inputs are in the tool's own layout
and type, and belong to the caller, as the logits do; so neither counts. Raw windows of the study
make the inputs; some of them calibrate tools that quantise.

``make bench-firmware-peers`` installs the tools in their own environment. A tool that cannot take
the network, or computes other numbers, has a row that says so.
"""

from __future__ import annotations

import importlib
from argparse import ArgumentParser, Namespace
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from subprocess import SubprocessError
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnx
import torch
from data import markdown
from firmware_peers.network import Network, Values, read_network, run_onnx
from firmware_peers.target import measure

from ppgkd.emulation.boards import board_of
from ppgkd.emulation.build import missing_tools
from ppgkd.emulation.measure import measure as measure_student
from ppgkd.errors import PpgkdError
from ppgkd.export.student import model_card_of
from ppgkd.firmware.write import write_c
from ppgkd.heart_rate import decode
from ppgkd.runtime.artifacts import read_json, write_json
from ppgkd.windows.raw import read_raw_windows

CORE = "Cortex-M4F"
CALIBRATION_WINDOWS = 128
TEST_WINDOWS = 64
STUDENTS = ("spectral_resnet-350", "waveform_resnet-6000")

PEERS = {
    "this project, float": "ours.in_float",
    "this project, eight bits": "ours.in_eight_bits",
    "Aidge 0.10.1, float": "aidge_peer.in_float",
    "Qualia-CodeGen 2.6.0, float": "qualia_peer.in_float",
    "emx-onnx-cgen 1.4.0, float": "emx_peer.in_float",
    "emx-onnx-cgen 1.4.0, eight bits": "emx_peer.in_eight_bits",
    "BakeNN 1.0.0, eight bits": "bakenn_peer.portable",
    "BakeNN 1.0.0 with CMSIS-NN, eight bits": "bakenn_peer.with_cmsis_nn",
    "emx-onnx-cgen 1.4.0, whole file": "emx_peer.whole_file",
    "emx-onnx-cgen 1.4.0, whole file with tables": "emx_peer.whole_file_with_tables",
}
"""Row, and the function that makes its code."""

REFERENCE = "ONNX Runtime, eight bits"
"""Of the same student, which says what eight bits cost wherever they run."""

WHOLE = "this project, whole"
"""From raw samples to filtered estimates with their validity: an estimate, and its stride."""

SIZES = ("flash_bytes", "ram_bytes", "instructions")
COLUMNS = (
    *("flash (bytes)", "RAM (bytes)", "instructions"),
    *("logits off by", "BPM off by (mean)", "(largest)"),
)


def main() -> None:
    """Measure all, print a table for each student, write the JSON."""
    options = _options()
    if missing_tools():
        raise SystemExit(
            f"{', '.join(missing_tools())} missing. docs/device.md says what to install."
        )
    found = {}
    for student in options.students:
        network = _network(_exported(options.study, student), options.study)
        rows = {row: _measured(network, PEERS[row]) for row in options.peers}
        rows[f"{WHOLE}, float"] = _whole(network.model)
        rows[f"{WHOLE}, eight bits"] = _whole(network.quantised_model)
        rows[REFERENCE] = _moved(network, run_onnx(network.quantised, network.inputs))
        print(f"\n{network.name}, {TEST_WINDOWS} windows, {CORE}:\n")
        print(markdown(["code", *COLUMNS], [[row, *_cells(cost)] for row, cost in rows.items()]))
        found[network.name] = rows
    write_json(options.output, {"core": CORE, "students": found})
    print(f"\nwritten to {options.output}")


def _exported(study: Path, student: str) -> Path:
    """The first exported file of a student, whichever its strategy and teacher."""
    paths = sorted(study.glob(f"students/*/*/{student}/seed0/model.onnx"))
    if not paths:
        raise SystemExit(f"{study} has no exported student {student}. Name one with --students.")
    return paths[0]


def _network(path: Path, study: Path) -> Network:
    model, quantised = onnx.load(path), onnx.load(path.with_suffix(".int8.onnx"))
    raw = _raw_windows(study, model_card_of(model, path).channels)
    metrics = read_json(path.with_name("metrics.json"))
    name = f"{metrics['family']} of {metrics['params']:,} parameters"
    return read_network(model, quantised, raw, CALIBRATION_WINDOWS, name)


def _measured(network: Network, peer: str) -> dict[str, Any]:
    """What a peer takes and how far it is from ONNX Runtime in float; or why it cannot."""
    module, function = peer.split(".")
    with TemporaryDirectory() as folder:
        try:
            with redirect_stdout(StringIO()):
                code = getattr(importlib.import_module(f"firmware_peers.{module}"), function)(
                    network, Path(folder)
                )
            cost = measure(code, board_of(CORE), Path(folder))
        except (PpgkdError, RuntimeError, ValueError, SubprocessError) as error:
            return {"failed": str(error)[-500:]}
    return {
        "flash_bytes": cost.flash_bytes,
        "ram_bytes": cost.ram_bytes,
        "instructions": cost.instructions,
        **_moved(network, cost.logits),
    }


def _whole(model: onnx.ModelProto) -> dict[str, Any]:
    """What all of a student's C takes."""
    with TemporaryDirectory() as folder:
        card = write_c(model, folder).card
        whole = measure_student(Path(folder), card, board_of(CORE))
    return {
        "flash_bytes": whole.flash_bytes,
        "ram_bytes": whole.ram_bytes,
        "instructions": round(whole.instructions),
    }


def _moved(network: Network, logits: Values) -> dict[str, float]:
    """Distance from ONNX Runtime in float: of logits, the largest; of BPM, mean and largest."""
    expected = run_onnx(network.graph, network.inputs)[: len(logits)]
    found, known = (
        torch.from_numpy(np.array(values)).log_softmax(1) for values in (logits, expected)
    )
    moved_bpm = (decode(found.exp())[0] - decode(known.exp())[0]).abs()
    return {
        "logits_moved": float((found - known).abs().max()),
        "mean_moved_bpm": float(moved_bpm.mean()),
        "most_moved_bpm": float(moved_bpm.max()),
    }


def _cells(row: dict[str, Any]) -> list[str]:
    if "failed" in row:
        return [row["failed"].splitlines()[-1], *[""] * (len(COLUMNS) - 1)]
    sizes = [f"{row[name]:,}" if name in row else "" for name in SIZES]
    if "logits_moved" not in row:
        return [*sizes, "", "", ""]
    moved = [f"{row['logits_moved']:.2g}", f"{row['mean_moved_bpm']:.2f}"]
    return [*sizes, *moved, f"{row['most_moved_bpm']:.2f}"]


def _raw_windows(study: Path, channels: tuple[str, ...]) -> Values:
    """Some raw windows of a study, in random order."""
    paths = sorted(study.glob("windows/*.raw.parquet"))
    if not paths:
        raise SystemExit(f"{study} has no windows/*.raw.parquet. Run its study first.")
    raw = np.concatenate([read_raw_windows(path).select_channels(channels) for path in paths])
    n_windows = CALIBRATION_WINDOWS + TEST_WINDOWS
    if len(raw) < n_windows:
        raise SystemExit(f"{study} has {len(raw)} raw windows, and {n_windows} are needed.")
    return raw[np.random.default_rng(0).permutation(len(raw))[:n_windows]]


def _options() -> Namespace:
    parser = ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("study", type=Path, help="folder of a finished study, results/<study>")
    parser.add_argument(
        "--students", nargs="+", default=STUDENTS, help="family-size, as in the study"
    )
    parser.add_argument("--peers", nargs="+", default=[*PEERS], choices=[*PEERS], metavar="ROW")
    parser.add_argument(
        "--output", type=Path, default=Path("results/benchmarks/firmware_peers.json"), help="JSON"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
