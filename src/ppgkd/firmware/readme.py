"""``README.md`` of a student's C, for the firmware engineer."""

from __future__ import annotations

from ppgkd.firmware.network import NetworkLayers
from ppgkd.firmware.sizes import Sizes, state_bytes
from ppgkd.inference.model_card import ModelCard

TEXT = """# {student} in C

Raw samples in, a filtered heart rate with its validity out, every {stride_s:g} s. C99, no heap, no
operating system; of the standard library it needs `<math.h>` and `<string.h>`.

| | |
|---|---|
| input | {rate_hz:g} Hz, {n_channels} channels in this order: {channels} |
| window | {window_s:g} s: the first estimate comes after {n_samples} samples |
| network | {student}, {n_params:,} weights in {arithmetic} |
| error | {error} |
| trained on | {trained_on} |
| terms | {terms} |
| state | {state:,} bytes, of which samples {samples:,}, scratch memory {arena:,} |
| revision | {revision} |

## Use

`ppgkd.h` is the whole interface, with an example at its top.

```console
$ cc -std=c99 -O2 *.c -lm -o selftest && ./selftest
```

compiles the self-test on a host. It pushes golden vectors through the interface and compares the
estimates with those of the ONNX file. Run it on the device, too. In the product, compile all `.c`
files but `selftest.c`; add `-ffp-contract=fast` where the processor fuses multiplication and
addition, which C99 by the letter forbids the compiler.

| to do | because |
|---|---|
| PPG in counts of any linear scale, acceleration in g | only PPG is normalised |
| write NaN where a sample is lost | time is counted in samples: a rate 1 % off is an error of 1 % |
| look at `status` of `ppgkd_push`, and push the rest | it stops at each estimate |
| show `bpm` only if `valid` | `reason` says why it is not |
| one state for each wrist, from one thread at a time | the functions keep nothing elsewhere |

An estimate is computed within one call of `ppgkd_push`: call it where {stride_s:g} s of samples may
wait for it, not in the interrupt of the sensor.

## What it does

| file | stage |
|---|---|
| `samples.c` | keeps the window in 16 bits, in blocks with a step of their own |
| `gaps.c` | finds lost samples and bridges short gaps |
| `fft.c`, `cosines.c` | band-limits, resamples and normalises, as a sum of cosines |
| `spectrum.c` | power at any frequency, exactly, from the cosines |
| `entry.c` | what the network sees, column by column |
| `layers.c`, `student.c` | the network, the weights and all tables |
| `belief.c` | the filter over time, and estimate and spread |
| `motion.c`, `support.c`, `validity.c` | whether an estimate is valid |
| `stream.c` | the interface |

Estimates equal those of the ONNX file to {tolerance_bpm:g} BPM; a compiler that sums in another
order changes the last digits. Samples that differ by less than 65,535 counts within a block of
{block} are kept exactly if they are integers, others to a part in 32,767 of their range.
"""


def readme(
    card: ModelCard,
    network: NetworkLayers,
    sizes: Sizes,
    tolerance_bpm: float,
) -> str:
    """Write the page, with the numbers of this very student."""
    block_bytes = 2 * 4 + 2 * sizes.block
    return TEXT.format(
        student=card.student,
        stride_s=card.stride_s,
        rate_hz=card.rate_hz,
        n_channels=len(card.channels),
        channels=", ".join(
            f"{name} ({unit})" for name, unit in zip(card.channels, card.units, strict=True)
        ),
        window_s=card.window_s,
        n_samples=card.n_samples,
        n_params=network.n_params,
        arithmetic="eight bits" if network.is_quantised else "float32",
        error=(
            f"MAE {card.test_mae_bpm:.2f} BPM ({card.test_mae_lower_bpm:.2f} to "
            f"{card.test_mae_upper_bpm:.2f}) on single windows of unseen people, in the study "
            f"{card.study}"
        ),
        trained_on=", ".join(card.trained_on),
        terms=card.terms,
        state=state_bytes(card, sizes),
        samples=block_bytes * sizes.n_blocks * len(card.channels),
        arena=4 * sizes.arena,
        revision=card.revision,
        tolerance_bpm=tolerance_bpm,
        block=sizes.block,
    )
