"""Write the C of a student into a folder."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import onnx

from ppgkd.errors import PpgkdError
from ppgkd.export.student import change_rate, model_card_of, window_spec_of
from ppgkd.export.subgraphs import split_graph
from ppgkd.firmware.buffers import plan_buffers
from ppgkd.firmware.c import RUNTIME
from ppgkd.firmware.golden import (
    FLOAT_TOLERANCE_BPM,
    INT8_TOLERANCE_BPM,
    golden_header,
    golden_vectors,
)
from ppgkd.firmware.network import NetworkLayers, read_network
from ppgkd.firmware.readme import readme
from ppgkd.firmware.sizes import Sizes, plan_sizes
from ppgkd.firmware.source import c_defines
from ppgkd.firmware.student_source import student_header, student_source
from ppgkd.firmware.tables import make_transform
from ppgkd.grid import N_CLASSES
from ppgkd.inference.model_card import ModelCard
from ppgkd.inference.validity import RECENT
from ppgkd.runtime.artifacts import atomic_write

INTERFACE = "ppgkd.h"


@dataclass(frozen=True)
class WrittenC:
    """What was written.

    Attributes
    ----------
    card
        Of the student, with its rate.
    files
        Names of the files, of which those with the suffix ``.c`` are to be compiled.
    """

    card: ModelCard
    files: tuple[str, ...]

    @property
    def summary(self) -> str:
        """What the user is told."""
        card = self.card
        return (
            f"{card.student} as C99 for {card.rate_hz:g} Hz, {', '.join(card.channels)}; "
            f"{INTERFACE} has the interface"
        )


def write_c(model: onnx.ModelProto, folder: str | Path, rate_hz: float | None = None) -> WrittenC:
    """Write a student as C99 that needs only the standard library's mathematics.

    Parameters
    ----------
    model
        An exported student, in float or int8.
    folder
        Where the files are written; it is made.
    rate_hz
        Of the sensor, if it is another than that of the file.

    Raises
    ------
    PpgkdError
        If the student cannot be at that rate, its network is none of ppgkd, or the folder has other
        C files: who compiles all would compile them, too.
    """
    if rate_hz is not None:
        model = change_rate(model, rate_hz)
    card = model_card_of(model, "the model")
    window_spec_of(card)  # refuses the preprocessing of another version
    _, graph = split_graph(model)
    network = read_network(graph.graph)
    buffers = plan_buffers(network)
    transform = make_transform(card)
    sizes = plan_sizes(card, transform, buffers)
    mark = crc32(model.SerializeToString(deterministic=True))
    tolerance_bpm = INT8_TOLERANCE_BPM if network.is_quantised else FLOAT_TOLERANCE_BPM
    texts = {
        INTERFACE: _interface(card, sizes, mark),
        "student.h": student_header(card, transform, network, sizes),
        "student.c": student_source(card, transform, network, buffers, sizes),
        "golden.h": golden_header(golden_vectors(model, card, tolerance_bpm), tolerance_bpm),
        "README.md": readme(card, network, sizes, tolerance_bpm),
        **{name: path.read_text() for name, path in _runtime(network).items()},
    }
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    others = {path.name for path in folder.glob("*.[ch]")} - set(texts)
    if others:
        raise PpgkdError(
            f"{folder} has C files that are not of a student: {', '.join(sorted(others))}. Name an "
            "empty folder, or that of an earlier export."
        )
    for name, text in texts.items():
        with atomic_write(folder / name) as temporary:
            Path(temporary).write_text(text, encoding="utf-8")
    return WrittenC(card, tuple(texts))


def _runtime(network: NetworkLayers) -> dict[str, Path]:
    """Files of the runtime, by the names that they get: those of other networks are left out."""
    chosen = {
        "entry": "window" if network.sees == "window" else "spectra",
        "layers": "int8" if network.is_quantised else "float",
    }
    files = {
        "entry.c": f"entry_{chosen['entry']}.c",
        "layers.c": f"{chosen['layers']}_layers.c",
        "layers.h": f"{chosen['layers']}_layers.h",
    }
    alike = re.compile(r"entry_|\w+_layers")
    shared = [path for path in sorted(RUNTIME.glob("*.[ch]")) if not alike.match(path.name)]
    own = {name: RUNTIME / source for name, source in files.items()}
    return {**{path.name: path for path in shared if path.name != INTERFACE}, **own}


def _interface(card: ModelCard, sizes: Sizes, mark: int) -> str:
    n_ppg = sum(name.startswith("ppg") for name in card.channels)
    names = ", ".join(
        f"{name} ({unit})" for name, unit in zip(card.channels, card.units, strict=True)
    )
    defines = c_defines(
        {
            "STUDENT": f'"{card.student}"',
            "CHANNEL_NAMES": f'"{names}"',
            "CHANNELS": len(card.channels),
            "PPG_CHANNELS": n_ppg,
            "ACC_CHANNELS": len(card.channels) - n_ppg,
            "RATE_HZ": repr(card.rate_hz),
            "WINDOW_SAMPLES": card.n_samples,
            "STRIDE_S": repr(card.stride_s),
            "CLASSES": N_CLASSES,
            "RECENT": RECENT,
            "BLOCK_SAMPLES": sizes.block,
            "BLOCKS": sizes.n_blocks,
            "ARENA": sizes.arena,
            "MARK": f"0x{mark:08x}u",
        }
    )
    return (RUNTIME / INTERFACE).read_text().replace("@CONSTANTS@", defines)
