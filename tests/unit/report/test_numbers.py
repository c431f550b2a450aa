"""Numbers as pages show them."""

import math

import pytest

from ppgkd.report.numbers import (
    FILTERS,
    about,
    bpm,
    count,
    decimals,
    kilobytes,
    ms,
    p_value,
    percent,
    plain,
    scientific,
    signed,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [(2.174, "2.17"), (-0.004, "0.00"), (-0.005001, "−0.01"), (0, "0.00"), (1234.5, "1,234.50")],
)
def test_an_error_has_two_decimals_and_no_negative_zero(value: float, text: str) -> None:
    assert bpm(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.314, "+0.31"), (-0.2, "−0.20"), (0.001, "0.00"), (-0.001, "0.00"), (0, "0.00")],
)
def test_a_difference_has_its_sign_unless_it_is_nothing(value: float, text: str) -> None:
    assert signed(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (4.4192, "4.4"),
        (0.0912, "0.091"),
        (0.0996, "0.10"),
        (0.09949, "0.099"),
        (15.91, "16"),
        (9.96, "10"),
        (128.4, "130"),
        (1_284.0, "1,300"),
        (0, "0"),
    ],
)
def test_a_time_has_two_significant_digits(value: float, text: str) -> None:
    assert ms(value) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0, "0 %"),
        (1, "100 %"),
        (0.78, "78 %"),
        (0.0138, "1.4 %"),
        (0.05, "5 %"),
        (0.0995, "10 %"),
        (0.0001, "under 0.1 %"),
        (0.9952, "99.5 %"),
        (0.99999, "99.9 %"),
        (-0.43, "−43 %"),
        (1.2, "120 %"),
    ],
)
def test_a_share_is_neither_nothing_nor_all_unless_it_is(share: float, text: str) -> None:
    assert percent(share).replace("\u00a0", " ") == text


@pytest.mark.parametrize(
    ("size", "text"),
    [(24_340, "24.3"), (900, "0.9"), (99_949, "99.9"), (616_852, "617"), (0, "0.0")],
)
def test_a_size_is_in_units_of_a_thousand_bytes(size: int, text: str) -> None:
    assert kilobytes(size) == text


def test_a_count_is_exact_or_to_three_digits() -> None:
    assert count(954_891) == "954,891"
    assert about(954_891) == "955,000"
    assert about(302) == "302"
    assert about(0) == "0"


def test_what_was_configured_is_shown_so() -> None:
    assert [plain(value) for value in (2.0, 0.5, -1)] == ["2", "0.5", "−1"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.4112, "0.411"),
        (2.0, "2"),
        (1.23, "1.23"),
        (-1_242.0, "−1,240"),
        (123_900, "1.24×10⁵"),
        (1.06e12, "1.06×10¹²"),
        (-0.00754e-2, "−7.54×10⁻⁵"),
        (0, "0"),
    ],
)
def test_a_number_of_any_size_has_three_significant_digits(value: float, text: str) -> None:
    assert scientific(value) == text


def test_a_probability_is_never_zero() -> None:
    assert [p_value(value) for value in (0.02, 0.0001)] == ["0.020", "< 0.001"]


@pytest.mark.parametrize("missing", [None, math.nan])
def test_a_number_that_is_not_known_is_a_dash(missing: float | None) -> None:
    shown = (
        about,
        bpm,
        count,
        decimals,
        kilobytes,
        ms,
        p_value,
        percent,
        plain,
        signed,
        scientific,
    )
    assert {function(missing) for function in shown} == {"–"}
    assert FILTERS["is_missing"](missing)
