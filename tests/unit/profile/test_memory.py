"""Peak memory of a separate process."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest

from ppgkd.errors import PpgkdError
from ppgkd.profile.memory import peak_memories_bytes, peak_memory_bytes


def test_a_model_with_larger_constants_takes_more_by_their_size(
    products: Callable[..., Path], tmp_path: Path
) -> None:
    small = peak_memory_bytes(products(tmp_path / "small.onnx", width=8), runs=3)
    large = peak_memory_bytes(products(tmp_path / "large.onnx", width=2_500), runs=3)
    constants_bytes = 4 * 2_500**2
    assert constants_bytes < large - small < 5 * constants_bytes, "a few copies at most"


def test_constants_made_at_load_count(
    graph: Callable[..., onnx.ModelProto], tmp_path: Path
) -> None:
    text = "g (float[batch,1,4] x) => (float[batch,1,{0}] y) {{ b = Cos(a) y = MatMul(x, b) }}"
    peaks = []
    for width in (8, 1_000_000):
        made = text.replace("b = Cos(a)", "w = Mul(u, v) b = Cos(w)").format(width)
        vectors = {"u": np.ones((4, 1), np.float32), "v": np.ones(width, np.float32)}
        path = tmp_path / f"{width}.onnx"
        onnx.save(graph(made, vectors), path)
        peaks.append(peak_memory_bytes(path, runs=1))
    assert peaks[1] - peaks[0] > 4 * 4 * 1_000_000, "the table is four times the vector"


def test_the_memory_of_the_calling_process_does_not_count(
    products: Callable[..., Path], tmp_path: Path
) -> None:
    path = products(tmp_path / "small.onnx", width=8)
    before = peak_memory_bytes(path, runs=1)
    ballast = np.ones(40_000_000)  # 320 MB
    assert peak_memory_bytes(path, runs=1) < before + ballast.nbytes / 10


def test_the_baseline_is_not_part_of_it(products: Callable[..., Path], tmp_path: Path) -> None:
    # Python, NumPy and ONNX Runtime alone take more than 40 MB
    assert 0 < peak_memory_bytes(products(tmp_path / "small.onnx", width=8), runs=1) < 40e6


def test_models_that_are_measured_at_the_same_time_have_each_their_own(
    products: Callable[..., Path], tmp_path: Path
) -> None:
    paths = [products(tmp_path / f"{width}.onnx", width=width) for width in (2_500, 8)]
    large, small = peak_memories_bytes(paths)
    assert large - small > 4 * 2_500**2


def test_a_file_that_cannot_be_loaded_is_named(tmp_path: Path) -> None:
    path = tmp_path / "broken.onnx"
    path.write_bytes(b"nothing")
    with pytest.raises(PpgkdError, match=r"broken\.onnx ended with status 1"):
        peak_memory_bytes(path)
