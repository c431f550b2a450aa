"""The reference heart rates of recordings, in the order of time."""

import numpy as np
import pandas as pd

from ppgkd.windows.references import references_by_recording


def test_the_references_of_each_recording_are_at_their_strides() -> None:
    index = pd.DataFrame(
        {
            "dataset": ["one"] * 3 + ["two"] * 2,
            "recording": ["b", "b", "a", "b", "b"],
            "window": [0, 3, 1, 1, 2],
            "hr_bpm": np.array([60, 63, 80, 101, 102], np.float32),
        }
    )
    found = references_by_recording(index)
    expected = [[60, np.nan, np.nan, 63], [np.nan, 80], [np.nan, 101, 102]]
    assert len(found) == 3
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)
