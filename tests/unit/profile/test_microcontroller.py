"""The estimate against the measurements that it is derived from."""

import json

import pytest

from ppgkd.profile.graph_cost import GraphCost
from ppgkd.profile.microcontroller import CORES, Core, estimate

M4F, M33, M55 = CORES


def cost(macs: int, int8_macs: int = 0) -> GraphCost:
    return GraphCost(
        macs=macs,
        int8_macs=int8_macs,
        parameter_bytes=1_000,
        table_bytes=200,
        graph_bytes=30,
        input_bytes=4_000,
        peak_activation_bytes=500,
        flash_bytes=1_230,
        ram_bytes=4_500,
        front_end_macs=0,
        front_end_flash_bytes=0,
        front_end_ram_bytes=0,
    )


def resnet8_macs() -> int:
    """ResNet-8 of MLPerf Tiny: kernels of 3 x 3 on 32 x 32 pixels, three stacks."""
    stem = 32**2 * 9 * 3 * 16
    first = 2 * 32**2 * 9 * 16 * 16
    second = 16**2 * (9 * 16 * 32 + 9 * 32 * 32 + 16 * 32)
    third = 8**2 * (9 * 32 * 64 + 9 * 64 * 64 + 32 * 64)
    return stem + first + second + third + 64 * 10


@pytest.mark.parametrize(("core", "inferences_hz"), [(M4F, 2.567), (M33, 3.163)])
def test_the_network_of_the_benchmark_takes_as_long_as_it_was_measured(
    core: Core, inferences_hz: float
) -> None:
    row = estimate(cost(resnet8_macs(), int8_macs=resnet8_macs()), core)
    assert row["latency_ms"] == pytest.approx(1000 / inferences_hz)


def test_cycles_are_those_of_float_and_of_8_bit_products() -> None:
    core = Core("C", clock_mhz=2, float_cycles=10, int8_cycles=3, source="none")
    row = estimate(cost(macs=1_000, int8_macs=600), core)
    assert row["cycles"] == 400 * 10 + 600 * 3
    assert row["latency_ms"] == 5_800 / 2e6 * 1000
    assert row["precision"] == "int8"


def test_a_file_without_8_bit_products_is_float32() -> None:
    row = estimate(cost(macs=1_000), M4F)
    assert row["precision"] == "float32"
    assert row["cycles"] == 9_000


def test_flash_has_constants_and_graph_and_ram_has_input_and_activations() -> None:
    row = estimate(cost(macs=1), M33)
    assert row["flash_bytes"] == 1_230
    assert row["ram_bytes"] == 4_500


def test_eight_bits_are_faster_on_every_core() -> None:
    for core in CORES:
        floats, bytes_ = (estimate(cost(1_000, int8), core) for int8 in (0, 1_000))
        assert bytes_["cycles"] < floats["cycles"]


def test_the_vector_unit_of_the_m55_is_the_fastest() -> None:
    for macs in (cost(10_000), cost(10_000, int8_macs=10_000)):
        assert estimate(macs, M55)["cycles"] < estimate(macs, M33)["cycles"]


def test_every_row_states_that_it_is_an_estimate_and_names_its_source() -> None:
    for core in CORES:
        row = estimate(cost(1_000), core)
        assert row["measured"] is False
        assert row["source"]
        assert row["clock_mhz"] > 0
        assert json.loads(json.dumps(row, allow_nan=False)) == row
