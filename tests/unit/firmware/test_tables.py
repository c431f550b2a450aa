"""The tables of a student's C, against independent formulas, and where they cannot be made."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ppgkd.cli import main
from ppgkd.errors import PpgkdError
from ppgkd.export.packaged_student import PACKAGED_STUDENT
from ppgkd.export.student import model_card_of, read_student
from ppgkd.export.subgraphs import split_graph
from ppgkd.firmware.buffers import plan_buffers, words_of
from ppgkd.firmware.network import Layer, NetworkLayers, Tensor, read_network
from ppgkd.firmware.sizes import plan_sizes
from ppgkd.firmware.source import c_float
from ppgkd.firmware.tables import bin_frequencies, make_transform, step_table, x_of_orders
from ppgkd.firmware.write import write_c
from ppgkd.inference.model_card import ModelCard
from ppgkd.inference.online_filter import Transition
from ppgkd.windows.preprocessing import resampling_matrix


@pytest.fixture(scope="module")
def card() -> ModelCard:
    return model_card_of(read_student(PACKAGED_STUDENT), PACKAGED_STUDENT)


# windows of other lengths have no bin at an order's frequency, or others
@pytest.mark.parametrize("window_s", [8.0, 7.0, 10.0])
def test_sums_over_cosines_give_the_power_of_the_window(card: ModelCard, window_s: float) -> None:
    card = replace(card, window_s=window_s)
    orders = make_transform(card).order
    raw = np.random.default_rng(0).standard_normal(card.n_samples)
    window = resampling_matrix(card.window_spec, card.rate_hz) @ raw
    n = len(window)
    phase = np.pi * (np.arange(n) + 0.5) / n
    amplitude = 2 / n * np.cos(np.outer(orders, phase)) @ window
    time_s = (np.arange(n) - (n - 1) / 2) / card.model_rate_hz
    bpm = 30.5 + 2 * np.arange(90)
    frequency_hz = np.stack([bpm, 2 * bpm], axis=1) / 60
    transform = window @ np.exp(-2j * np.pi * time_s[:, None] * frequency_hz.reshape(1, -1))
    expected = np.square(2 / n * np.abs(transform)).reshape(90, 2)

    bins, x = bin_frequencies(card, orders), x_of_orders(card, orders[-1] + 1)[orders]
    weighed = amplitude * np.sqrt(1 - x)
    even = orders % 2 == 0
    terms = weighed / (bins.x[..., None].astype(np.float64) - x)
    found = bins.even * terms[..., even].sum(-1) ** 2 + bins.odd * terms[..., ~even].sum(-1) ** 2
    own = bins.own >= 0
    found[own] += amplitude[bins.own[own] - orders[0]] ** 2

    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-6 * expected.max())


@given(sd_bpm=st.floats(0.5, 40))
def test_the_step_is_that_of_the_filter(sd_bpm: float) -> None:
    step, total = step_table(sd_bpm)
    classes = np.arange(180)
    distance = np.abs(classes - classes[:, None])
    from_end = np.minimum(classes, 179 - classes)
    padded = np.pad(step, (0, 180 - len(step)))

    kernel = padded[distance] / total[from_end][:, None]
    expected = Transition(sd_bpm, 0.0, 2.0).kernel
    np.testing.assert_allclose(kernel, expected, atol=1e-7)


@given(
    shapes=st.lists(st.tuples(st.integers(1, 6), st.integers(1, 40)), min_size=3, max_size=8),
    added=st.sets(st.integers(2, 7)),
)
def test_tensors_that_are_needed_together_do_not_overlap(
    shapes: list[tuple[int, int]], added: set[int]
) -> None:
    tensors = [Tensor(str(n), *shape) for n, shape in enumerate(shapes)]
    layers = [Layer("conv", None, tensors[0])]
    for n in range(1, len(tensors)):
        path = tensors[n - 2] if n in added and n < len(tensors) - 1 else None
        layers.append(Layer("conv", tensors[n - 1], tensors[n], added=path))
    plan = plan_buffers(NetworkLayers("window", 1, 1, None, layers, False, (), ()))

    assert plan.offset[tensors[-1].name] == 0
    for n, layer in enumerate(layers):
        reach = lambda t: range(plan.offset[t.name], plan.offset[t.name] + words_of(t))  # noqa: E731
        made = set(reach(layer.made))
        assert max(made) < plan.n_words
        # what this layer reads, and what a later one still reads
        needed = [layer.entry] + [
            one
            for later in layers[n + 1 :]
            for one in (later.entry, later.added)
            if one is not None and int(one.name) < n
        ]
        if layer.added is not None and plan.offset[layer.added.name] != plan.offset[str(n)]:
            needed.append(layer.added)
        for one in needed:
            if one is not None:
                assert not made & set(reach(one))


@given(value=st.floats(width=32, allow_nan=False))
def test_a_constant_in_c_is_the_same_number(value: float) -> None:
    text = c_float(value).removesuffix("f").replace("INFINITY", "inf")

    assert np.float32(text) == np.float32(value)


@pytest.mark.parametrize("rate_hz", [10.0, 25.0, 31.25, 50.0, 104.0, 125.0, 1000.0])
def test_strides_are_those_of_the_stream(card: ModelCard, rate_hz: float) -> None:
    card = replace(card, rate_hz=rate_hz)
    _, graph = split_graph(read_student(PACKAGED_STUDENT))
    buffers = plan_buffers(read_network(graph.graph))
    strides = plan_sizes(card, make_transform(card), buffers).strides
    turns = [strides[n % len(strides)] for n in range(100)]

    starts = [round(n * card.stride_s * rate_hz) for n in range(101)]
    assert turns == [int(step) for step in np.diff(starts)]


def test_a_rate_whose_window_has_a_large_prime_factor_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PpgkdError, match=r"804 samples .* prime factor 67"):
        write_c(read_student(PACKAGED_STUDENT), tmp_path, 100.5)


def test_a_folder_with_other_c_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "main.c").write_text("int main(void) { return 0; }\n")

    with pytest.raises(PpgkdError, match=r"C files that are not of a student: main\.c"):
        write_c(read_student(PACKAGED_STUDENT), tmp_path)


def test_the_command_writes_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["export", str(PACKAGED_STUDENT), "--c", str(tmp_path / "c"), "--rate", "64"]

    assert main(arguments) == main(arguments) == 0  # also over an earlier export
    assert "for 64 Hz" in capsys.readouterr().out
    assert "PPGKD_RATE_HZ        64.0" in (tmp_path / "c" / "ppgkd.h").read_text()


def test_the_command_wants_something_to_write(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", str(PACKAGED_STUDENT), "--rate", "64"]) == 1
    assert "'--output'" in capsys.readouterr().err
