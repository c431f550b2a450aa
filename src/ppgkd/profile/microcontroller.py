"""Estimated cost of a student on a microcontroller. This is an estimate, not a measurement.

Flash contains the weights, the tables and the description of the graph; the code of a runtime, some
tens of kilobytes, is not included. RAM contains one window of input and the peak of the
activations. Time is the number of multiply-accumulates (MACs) times the cycles per MAC; it leaves
out other operators and waiting for slow memory.

The cycles per MAC come from published measurements of whole networks, which include all that such a
network does besides, and are not the processor's peak.

Eight bits, Cortex-M4F and M33. MLPerf Tiny v1.0, closed division, submission of OctoML (microTVM
with Arm's CMSIS-NN kernels), image classification,
https://github.com/mlcommons/tiny_results_v1.0: 2.567 inferences a second on a Cortex-M4F at 120 MHz
(NUCLEO-L4R5ZI), 3.163 on a Cortex-M33 at 128 MHz (nRF5340 DK). The network, ResNet-8 on 32 x 32
pixels, has 12,501,632 MACs (stem 442,368; first stack 4,718,592; second 3,670,016; third 3,670,016;
head 640). So 120e6 / 2.567 / 12,501,632 = 3.74 cycles and 128e6 / 3.163 / 12,501,632 = 3.24. For
comparison: 249 million operations a second, two for each MAC, on a Cortex-M7 at 216 MHz, which can
issue two instructions at once (Lai, Suda, Chandra 2018, arXiv 1801.06601), are 1.73 cycles.

Eight bits, Cortex-M55. Cycles of the first five full convolutions of MobileNetV2 on 224 x 224
pixels with CMSIS-NN on an Alif Ensemble E8, https://github.com/pytorch/executorch/issues/17651:
13,754,047 + 4,915,937 + 24,249,462 + 2,791,555 + 10,329,014 = 56,040,015 for 10,838,016 + 6,422,528
+ 19,267,584 + 7,225,344 + 10,838,016 = 54,591,488 MACs, 1.03 cycles. They have few channels (3 to
144), as students do.

Float, Cortex-M4F. About 9 cycles, STMicroelectronics, user manual UM2526 (X-CUBE-AI). For the M33
no figure was found; its scalar unit for single precision is of the same kind, so the same is used.

Float, Cortex-M55. No figure was found. Derived: a vector instruction of Helium handles four floats
in two cycles (J. Yiu, Introduction to the Arm Cortex-M55 Processor, Arm white paper, 2020); two
loads and one multiply-accumulate are six cycles for four MACs, 1.5.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ppgkd.profile.graph_cost import GraphCost

RESNET8_MACS = 12_501_632
MLPERF_TINY = "MLPerf Tiny v1.0, OctoML, CMSIS-NN, ResNet-8"
UM2526 = "ST UM2526, Cortex-M4"


@dataclass(frozen=True)
class Core:
    """A processor.

    Attributes
    ----------
    name
        Of the core.
    clock_mhz
        A usual clock: that of the measured board, and for the M55 that of the small core of an Alif
        Ensemble.
    float_cycles, int8_cycles
        Cycles per multiply-accumulate.
    source
        Source of the cycles; the module's docstring has the derivations.
    """

    name: str
    clock_mhz: float
    float_cycles: float
    int8_cycles: float
    source: str


CORES = (
    Core(
        "Cortex-M4F",
        clock_mhz=120,
        float_cycles=9.0,
        int8_cycles=120e6 / 2.567 / RESNET8_MACS,
        source=f"int8: {MLPERF_TINY}; float: {UM2526}",
    ),
    Core(
        "Cortex-M33",
        clock_mhz=128,
        float_cycles=9.0,
        int8_cycles=128e6 / 3.163 / RESNET8_MACS,
        source=f"int8: {MLPERF_TINY}; float: as {UM2526}",
    ),
    Core(
        "Cortex-M55",
        clock_mhz=160,
        float_cycles=1.5,
        int8_cycles=56_040_015 / 54_591_488,
        source="int8: CMSIS-NN, MobileNetV2 (executorch issue 17651); float: derived from Helium",
    ),
)


def estimate(cost: GraphCost, core: Core) -> dict[str, Any]:
    """Estimate the cost of a model on a core.

    Returns
    -------
    dict
        ``core``, ``clock_mhz``; ``precision``, which is ``int8`` if any MAC is, else ``float32``;
        ``flash_bytes``, ``ram_bytes``, ``cycles``, ``latency_ms``;
        ``float_cycles_per_mac``, ``int8_cycles_per_mac`` and their ``source``; ``measured``,
        always false.
    """
    float_macs = cost.macs - cost.int8_macs
    cycles = float_macs * core.float_cycles + cost.int8_macs * core.int8_cycles
    return {
        "core": core.name,
        "clock_mhz": core.clock_mhz,
        "precision": "int8" if cost.int8_macs else "float32",
        "flash_bytes": cost.flash_bytes,
        "ram_bytes": cost.ram_bytes,
        "cycles": round(cycles),
        "latency_ms": cycles / (1000 * core.clock_mhz),
        "float_cycles_per_mac": core.float_cycles,
        "int8_cycles_per_mac": core.int8_cycles,
        "source": core.source,
        "measured": False,
    }
