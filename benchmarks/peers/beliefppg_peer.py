"""BeliefPPG (Bieri et al., UAI 2023) with the weights that its package ships.

The network sees seven windows of 8 s every 2 s, so 20 s of signal, and estimates the last of them:
in its package, `prepare_session_labels` drops the references of the first six. The intervals that
`infer_hr_uncertainty` returns count the estimates from zero and are not those of the windows.

"Online" is the package's sum-product decoding, a forward filter. Two of the package's steps are not
online. The package standardises spectra and signal by the whole recording; and its filter starts
again with every batch, as TensorFlow does not carry the layer's state over. So `beliefppg_peer`
requests one batch per recording. `beliefppg_online_peer` does what a device could: it standardises
by the past alone, and the state is carried here.

The dropout of its recurrent layers stays on when it estimates, as it was exported; so its estimates
vary by tenths of a BPM with the seed.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from peers.peer import Description, Estimates, Peer, Segment, timed
from ppgkd.grid import STRIDE_S, WINDOW_S

FRAMES = 7
SIGNAL_S = WINDOW_S + (FRAMES - 1) * STRIDE_S
RATE_HZ = 64
BINS, LOW_HZ, HIGH_HZ, FFT_SAMPLES = 64, 0.5, 3.5, 535
BAND_HZ = (0.1, 18.0)
"""As the package sets them for these weights."""

LEAST_RATE_HZ = 50
"""The band's upper end must be below half of the rate: the package refuses 36 Hz and less."""

TRAINING = (
    "Pretrained weights of the package, which does not say on whom; its training code reads "
    "PPG-DaLiA, WESAD, BAMI-1, BAMI-2 and the SPC training set, all at once if asked to. So assume "
    f"that most of these subjects were seen. PPG and acceleration, below {LEAST_RATE_HZ} Hz "
    "resampled to it: the package refuses 36 Hz and less."
)


def beliefppg_peer() -> Peer:
    """Make it as its package runs it: a whole recording at once."""
    import beliefppg  # first: it chooses the Keras that TensorFlow takes
    import tensorflow as tf

    tf.keras.utils.disable_interactive_logging()  # its progress bars

    def estimate_segment(segment: Segment) -> Estimates:
        tf.keras.utils.set_random_seed(0)
        segment = segment.at_least(LEAST_RATE_HZ)
        ppg, acc = segment.ppg.T, segment.acc.T
        options: dict[str, Any] = {"decoding": "sumproduct", "batch_size": segment.n_windows}
        started = time.perf_counter()
        bpm, _, _ = beliefppg.infer_hr_uncertainty(
            ppg, segment.rate_hz, acc, segment.rate_hz, **options
        )
        each_ms = 1e3 * (time.perf_counter() - started) / len(bpm)
        late = np.full(FRAMES - 1, np.nan)
        return Estimates(np.concatenate([late, bpm]), np.array([each_ms]))

    return Peer(
        Description(
            title=f"BeliefPPG {version('beliefppg')}",
            protocol=(
                f"{TRAINING} Online decoding, but standardised by the whole recording, as the "
                "package does; the latency is the recording's, loading included, divided by its "
                "estimates."
            ),
            signal_s=SIGNAL_S,
            model_bytes=_model_bytes(beliefppg),
        ),
        estimate_segment,
    )


def beliefppg_online_peer() -> Peer:
    """Make it as a device would have to run it: nothing from later goes into an estimate."""
    import beliefppg  # first: it chooses the Keras that TensorFlow takes
    import tensorflow as tf
    from beliefppg.datasets.pipeline_generator import prepare_session_time
    from beliefppg.model.load import load_inference_model
    from beliefppg.util.preprocessing import process_window_spec_acc, process_window_spec_ppg

    model = load_inference_model(str(_folder(beliefppg) / "inference_model"))
    prior = model.layers[-1]
    transition, bins_bpm = prior.transition_prior.numpy(), prior.bins.numpy()
    network = tf.function(tf.keras.Model(model.inputs, model.layers[-2].output))

    def frame(segment: Segment, number: int) -> Any:
        ppg, acc = segment.until(number, WINDOW_S)
        options = (segment.rate_hz, FFT_SAMPLES, LOW_HZ, HIGH_HZ)
        spectra = (
            process_window_spec_ppg(ppg.T, *options),
            process_window_spec_acc(acc.T, *options),
        )
        return np.stack(spectra, axis=-1)

    def steps(segment: Segment) -> Iterator[float]:
        tf.keras.utils.set_random_seed(0)
        frames, belief = [], np.full(BINS, 1 / BINS)
        for number in range(segment.n_windows):
            frames.append(frame(segment, number))
            if len(frames) < FRAMES:
                yield float("nan")
                continue
            seen, recent = np.stack(frames), np.stack(frames[-FRAMES:])
            spectra = (recent - seen.mean()) / seen.std()
            ppg, _ = segment.until(number, SIGNAL_S)
            signal = prepare_session_time(ppg.T, segment.rate_hz, RATE_HZ, *BAND_HZ)
            inputs = [tf.constant(part[None], tf.float32) for part in (spectra, signal)]
            belief = transition @ belief * network(inputs)[0].numpy()
            belief /= belief.sum()
            yield float(belief @ bins_bpm)

    def estimate_segment(segment: Segment) -> Estimates:
        found = timed(steps(segment.at_least(LEAST_RATE_HZ)))
        # the first call builds the graph; what comes before has no estimate
        return Estimates(found.bpm, found.latency_ms[FRAMES:])

    return Peer(
        Description(
            title=f"BeliefPPG {version('beliefppg')}, nothing from later",
            protocol=(
                f"{TRAINING} Online decoding, standardised by the recording so far, one estimate "
                "at a time."
            ),
            signal_s=SIGNAL_S,
            model_bytes=_model_bytes(beliefppg),
        ),
        estimate_segment,
    )


def _folder(package: ModuleType) -> Path:
    return Path(str(package.__file__)).parent / "inference"


def _model_bytes(package: ModuleType) -> int:
    names = ("inference_model_architecture.json", "inference_model_weights.npz")
    return sum((_folder(package) / name).stat().st_size for name in names)
