#!/usr/bin/env bash
# wfdb 4.3.1: in a record whose signals have several samples in a frame, a missing sample becomes a number.
#
# Expected: a missing sample is NaN in the physical signal, as it is in a record with one sample in a frame; where the
# samples of a frame are averaged (the default), the mean of a frame with a missing one is NaN, or that of the others.
# Seen: the average is taken of the digital values, in which a missing sample is a marker (-32768 in format 16), and only
# then converted. A PPG of 1 mV reads -7.4 mV for one frame, without NaN and without a warning; other gains make it look
# like a pulse. With smooth_frames=False, or one sample in a frame, the same sample is NaN.
# Why: rdrecord calls _arrange_fields, which smooths e_d_signal, before dac, which turns markers into NaN.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check wfdb==4.3.1 numpy==2.4.6 pandas==3.1.1
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import numpy as np
import wfdb

n_frames, per_frame, lost = 50, 4, 81
ppg_mv = 1 + 0.01 * np.sin(np.arange(per_frame * n_frames))
ppg_mv[lost] = np.nan
acc_g = np.linspace(0, 1, n_frames)
wfdb.wrsamp(
    "walk", fs=25, units=["mV", "g"], sig_name=["PPG", "ACC"], e_p_signal=[ppg_mv, acc_g],
    samps_per_frame=[per_frame, 1], fmt=["16", "16"], adc_gain=[1000, 1000], baseline=[0, 0],
)
frame = lost // per_frame
own_mv = wfdb.rdrecord("walk", smooth_frames=False).e_p_signal[0]
print(f"wfdb {wfdb.__version__}: a PPG of 1 mV, 100 Hz, with one missing sample, beside an accelerometer of 25 Hz")
print("smooth_frames=False:", own_mv[frame * per_frame :][:per_frame])
assert np.flatnonzero(np.isnan(own_mv)).tolist() == [lost]

by_default_mv = wfdb.rdrecord("walk").p_signal[:, 0]
read_mv = wfdb.rdsamp("walk")[0][:, 0]
print("by default, frames around it:", by_default_mv[frame - 1 : frame + 2])
assert np.array_equal(by_default_mv, read_mv)
assert not np.isnan(by_default_mv).any(), "the missing sample is NaN now"
marker_mv = -32768 / 1000
expected_mv = (np.nansum(own_mv[frame * per_frame :][:per_frame]) + marker_mv) / per_frame
print(f"mean with the marker, {marker_mv} mV, for the missing sample: {expected_mv:.3f}")
assert abs(by_default_mv[frame] - expected_mv) < 0.002
assert abs(by_default_mv[frame] - 1) > 8
PYTHON
