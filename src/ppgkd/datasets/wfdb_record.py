"""Reading of signals and beats of WFDB records, by `wfdb`, with errors that name the file.

A record has a header ``<record>.hea``, which names the files of its signals. Its signals may have
several rates: a frame has one sample of some and several of others. By default `wfdb` averages the
latter, without a filter, down to the rate of the frames, and markers of missing samples with them
(findings/wfdb_averages_the_marker_of_missing_samples.sh); here each signal keeps its own rate.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ppgkd.datasets.beat_reference import BEAT_SYMBOLS
from ppgkd.datasets.waveform import Waveform, unreadable
from ppgkd.errors import PpgkdError


def read_wfdb_signals(path: Path) -> tuple[Waveform, ...]:
    """Read all signals of a record, in its order, each at its own rate.

    Parameters
    ----------
    path
        Its header, ``<record>.hea``.

    Raises
    ------
    PpgkdError
        If a file is missing or damaged, or the record is made of several segments.
    """
    import wfdb  # slow to import

    name = str(path.resolve().with_suffix(""))
    try:
        if isinstance(wfdb.rdheader(name), wfdb.MultiRecord):
            raise PpgkdError(
                f"{path}: the record has several segments, which this program does not read. Name "
                "the headers of the segments instead."
            )
        record = wfdb.rdrecord(name, smooth_frames=False)
        return tuple(
            Waveform(
                (label or "").strip(),
                (unit or "").strip(),
                float(record.fs * n_per_frame),
                np.asarray(values, np.float64),
            )
            for label, unit, n_per_frame, values in zip(
                record.sig_name,
                record.units,
                record.samps_per_frame,
                record.e_p_signal,
                strict=True,
            )
        )
    except PpgkdError:
        raise
    except Exception as error:  # damaged bytes make the parser raise almost anything
        raise unreadable(path, "WFDB record", error) from error


def read_wfdb_beats(path: Path) -> NDArray[np.float64]:
    """Times of the annotated beats, in seconds from the first sample, shape (n_beats,).

    Parameters
    ----------
    path
        The annotations, beside the header, such as ``<record>.atr``. Those that are no beats
        (`ppgkd.datasets.beat_reference.BEAT_SYMBOLS`) are left out.

    Raises
    ------
    PpgkdError
        If the file or the header is missing or damaged.
    """
    import wfdb  # slow to import

    name = str(path.resolve().with_suffix(""))
    try:
        # times are in samples of the annotations' own rate, else of the frames
        found = wfdb.rdann(name, path.suffix.removeprefix("."))
        rate_hz = found.fs or wfdb.rdheader(name).fs
    except Exception as error:  # damaged bytes make the parser raise almost anything
        raise unreadable(path, "file of WFDB annotations", error) from error
    is_beat = np.array([symbol in BEAT_SYMBOLS for symbol in found.symbol], np.bool_)
    return np.asarray(np.asarray(found.sample)[is_beat] / float(rate_hz), np.float64)
