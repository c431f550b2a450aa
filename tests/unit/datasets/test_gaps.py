"""Short gaps of lost samples: a line where it costs nothing, NaN where it would."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ppgkd.datasets.gaps import BRIDGED_S, bridge_short_gaps


@pytest.mark.parametrize(("rate_hz", "longest"), [(4, 1), (10, 2), (25, 5), (50, 10), (100, 20)])
def test_gaps_of_a_fifth_of_a_second_are_bridged_by_a_line(rate_hz: float, longest: int) -> None:
    ramp = np.arange(80, dtype=np.float32)[None]
    lossy = ramp.copy()
    lossy[0, 5 : 5 + longest] = np.nan
    lossy[0, 40 : 41 + longest] = np.nan
    bridged, n_bridged = bridge_short_gaps(lossy, rate_hz)
    assert n_bridged == longest
    np.testing.assert_allclose(bridged[0, :40], ramp[0, :40])
    assert np.flatnonzero(np.isnan(bridged[0])).tolist() == [*range(40, 41 + longest)]


def test_at_the_ends_the_nearest_sample_is_repeated() -> None:
    bridged, n_bridged = bridge_short_gaps(np.array([[np.nan, 1, 2, np.nan]], np.float32), 50)
    np.testing.assert_array_equal(bridged, [[1, 1, 2, 2]])
    assert n_bridged == 2


def test_a_channel_without_any_sample_stays_without() -> None:
    lossy = np.array([[np.nan] * 3, [1, 2, 3]], np.float32)
    bridged, n_bridged = bridge_short_gaps(lossy, 50)
    np.testing.assert_array_equal(bridged, lossy)
    assert n_bridged == 0


@given(lost=st.lists(st.booleans(), min_size=1, max_size=60), rate_hz=st.floats(5, 130))
def test_a_gap_is_bridged_as_a_whole_or_not_at_all(lost: list[bool], rate_hz: float) -> None:
    signal = np.where(lost, np.nan, np.arange(len(lost))).astype(np.float32)[None]
    bridged, n_bridged = bridge_short_gaps(signal, rate_hz)
    edges = np.flatnonzero(np.diff(lost, prepend=False, append=False)).reshape(-1, 2)
    for first, end in edges:
        short = (end - first) / rate_hz <= BRIDGED_S + 1e-6 and not all(lost)
        assert np.isnan(bridged[0, first:end]).all() != short
    assert n_bridged == np.isnan(signal).sum() - np.isnan(bridged).sum()
    np.testing.assert_array_equal(bridged[~np.isnan(signal)], signal[~np.isnan(signal)])
