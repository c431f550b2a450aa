"""What a published model says of recordings, as teacher estimates."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ppgkd.distill.teacher_estimates import EstimatesAbout, TeacherEstimates
from ppgkd.grid import N_CLASSES
from ppgkd.published.belief import (
    decode_each,
    decode_online,
    decode_with_hindsight,
    on_classes,
)
from ppgkd.published.registry import PublishedTeacher
from ppgkd.published.signals import estimate_times_s, has_signal, read_gaps

DECODERS = {"none": decode_each, "online": decode_online, "hindsight": decode_with_hindsight}


def published_estimates(
    teacher: PublishedTeacher, beliefs: str | Path, inputs: str | Path, sha256: Mapping[str, str]
) -> TeacherEstimates:
    """Decode the beliefs of all recordings of a dataset.

    Parameters
    ----------
    teacher
        The model, and how it is decoded.
    beliefs
        File that `ppgkd.published.beliefppg` wrote.
    inputs
        File that `ppgkd.published.signals.write_inputs` wrote, and that it was made from.
    sha256
        Fingerprint of each recording.
    """
    decode = DECODERS[teacher.decoding]
    names, times_s = [np.zeros(0, object)], [np.zeros(0)]
    classes = [np.zeros((0, N_CLASSES), np.float32)]
    with np.load(beliefs) as arrays:
        transition = arrays["transition"].astype(np.float64)
        rates_bpm = arrays["rates_bpm"].astype(np.float64)
        for name, start_s, missing in read_gaps(inputs):
            likelihood = arrays[f"recording/{name}"].astype(np.float64)
            seen = has_signal(missing, len(likelihood))
            # where the signal is missing, only what comes before and after speaks
            likelihood[~seen] = 1 / len(rates_bpm)
            found = on_classes(decode(likelihood, transition), rates_bpm)
            names.append(np.full(int(seen.sum()), name, object))
            times_s.append(estimate_times_s(start_s, len(likelihood))[seen])
            classes.append(found[seen])
    about = EstimatesAbout(
        made_by=teacher.title,
        version=teacher.version,
        licence=teacher.licence,
        citation=teacher.citation,
        trained_on=[*teacher.maybe_trained_on],
        params=teacher.params,
        recordings=dict(sha256),
    )
    return TeacherEstimates(
        np.concatenate(names), np.concatenate(times_s), np.concatenate(classes), about
    )
