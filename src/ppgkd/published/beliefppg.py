"""Run BeliefPPG's network over prepared recordings; it needs BeliefPPG's environment.

    python -m ppgkd.published.beliefppg INPUTS OUTPUT

The script imports NumPy, TensorFlow and BeliefPPG, and of this package nothing.

The package's own functions make the spectra and the signal that its network sees, standardised by
the whole recording. The last layer of its network, which decodes, is left out: what it would do
depends on how the recording is cut into batches (`ppgkd.published.belief` decodes). The dropout of
its recurrent layers stays on when it estimates, as it was exported, so there is a seed; the mean of
several passes errs no less.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

FRAMES = 7
"""Windows that the network sees."""

WINDOW_S, STRIDE_S, RATE_HZ = 8, 2, 64
BINS, LOW_HZ, HIGH_HZ = 64, 0.5, 3.5
BAND_HZ = (0.1, 18.0)
"""As the package sets them for these weights."""

BATCH = 64

Array = NDArray[np.float32]


def main(inputs: str, output: str) -> None:
    """Write ``<recording>``, shape (n_estimates, 64), and ``transition`` and ``rates_bpm``."""
    network, found = _load()
    import beliefppg.datasets.pipeline_generator as package
    import tensorflow as tf

    with np.load(inputs) as arrays:
        for name in [key.removesuffix("/ppg") for key in arrays if key.endswith("/ppg")]:
            ppg, acc = arrays[f"{name}/ppg"], arrays[f"{name}/acc"]
            spectra = package.prepare_session_spec(
                ppg, acc, RATE_HZ, RATE_HZ, WINDOW_S, STRIDE_S, BINS, LOW_HZ, HIGH_HZ
            )
            signal = package.prepare_session_time(ppg, RATE_HZ, RATE_HZ, *BAND_HZ)
            # the same estimates, whichever recordings there are
            tf.keras.utils.set_random_seed(0)
            found[f"recording/{name}"] = estimate(network, spectra, signal)
    partial = Path(f"{output}.partial")
    with partial.open("wb") as file:
        np.savez(file, allow_pickle=False, **found)
    partial.replace(output)


def _load() -> tuple[Callable[[Array, Array], Array], dict[str, Array]]:
    """Load the network without its last layer, and what that layer knows."""
    import beliefppg  # first: it chooses the Keras that TensorFlow takes
    import tensorflow as tf
    from beliefppg.model.load import load_inference_model

    folder = Path(beliefppg.__file__).parent / "inference"
    model: Any = load_inference_model(str(folder / "inference_model"))
    prior = model.layers[-1]
    graph = tf.function(
        tf.keras.Model(model.inputs, model.layers[-2].output), reduce_retracing=True
    )

    def network(spectra: Array, signal: Array) -> Array:
        result: Array = graph([tf.constant(spectra), tf.constant(signal)]).numpy()
        return result

    rates = {"transition": prior.transition_prior.numpy(), "rates_bpm": prior.bins.numpy()}
    return network, rates


def estimate(network: Callable[[Array, Array], Array], spectra: Array, signal: Array) -> Array:
    """What the network says of each time alone, shape (n_estimates, 64).

    Parameters
    ----------
    network
        Maps (n, 7, 64, 2) and (n, 1280, 1) to (n, 64).
    spectra
        One row per window, shape (n_windows, 64, 2).
    signal
        Shape (n_samples, 1).
    """
    length = (WINDOW_S + (FRAMES - 1) * STRIDE_S) * RATE_HZ
    n_estimates = min(len(spectra) - FRAMES, (len(signal) - length) // (STRIDE_S * RATE_HZ)) + 1
    found = np.zeros((n_estimates, BINS), np.float32)
    for first in range(0, n_estimates, BATCH):
        batch = range(first, min(first + BATCH, n_estimates))
        frames = np.stack([spectra[number : number + FRAMES] for number in batch])
        starts = [number * STRIDE_S * RATE_HZ for number in batch]
        parts = np.stack([signal[start : start + length] for start in starts])
        found[first : batch.stop] = network(frames, parts)
    return found


if __name__ == "__main__":
    # read when TensorFlow is loaded; one thread, as every rule takes
    os.environ.update(
        TF_CPP_MIN_LOG_LEVEL="3", TF_NUM_INTRAOP_THREADS="1", TF_NUM_INTEROP_THREADS="1"
    )
    os.environ.update(CUDA_VISIBLE_DEVICES="-1")
    main(*sys.argv[1:])
