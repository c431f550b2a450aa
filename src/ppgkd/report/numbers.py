"""Numbers as pages show them: what can be read off them, and no more.

Every function takes a number, which may be missing (None or NaN), and is a filter of the templates
by the same name. A missing number is a dash; what rounds to zero has no sign.
"""

from __future__ import annotations

import math

MISSING = "–"
"""What stands for a number that is not known."""

PERCENT = "\u00a0%"
"""A line does not break before the sign."""

SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")

Number = float | int | None


def is_missing(value: Number) -> bool:
    """Whether a number is not known."""
    return value is None or math.isnan(value)


def decimals(value: Number, places: int = 1) -> str:
    """Round to decimal places, with commas between thousands: ``1,234.5``.

    Parameters
    ----------
    value
        The number.
    places
        Number of decimal places.
    """
    if value is None or math.isnan(value):
        return MISSING
    text = f"{value:,.{places}f}"
    return _minus(text)


def signed(value: Number, places: int = 2) -> str:
    """Round a difference, with its sign: ``+0.31``, ``−0.20``; zero has none.

    Parameters
    ----------
    value
        The difference.
    places
        Number of decimal places.
    """
    text = decimals(value, places)
    return text if text[0] in (MISSING, "−") or not text.strip("0.,") else f"+{text}"


def count(value: Number) -> str:
    """An exact count: ``15,432``."""
    return decimals(value, 0)


def about(value: Number) -> str:
    """A count to three significant digits: ``955,000``."""
    if value is None or math.isnan(value):
        return MISSING
    return count(_significant(value, 3))


def bpm(value: Number) -> str:
    """Heart rate, or an error in one, in BPM: ``2.17``."""
    return decimals(value, 2)


def percent(share: Number) -> str:
    """Share in percent: ``78 %``; ``1.4 %`` below a tenth, ``99.5 %`` close to all; exact: ``5 %``.

    What is not nothing is never ``0 %``, and what is not all is never ``100 %``.
    """
    if share is None or math.isnan(share):
        return MISSING
    size = abs(share)
    if 0 < size < 0.0005:
        return f"under 0.1{PERCENT}"
    near_an_end = (0 < size < 0.0995 or 0.995 <= size < 1) and round(100 * size, 6) % 1 != 0
    if near_an_end:
        share = math.copysign(min(size, 0.999), share)
    return _minus(f"{100 * share:,.{1 if near_an_end else 0}f}") + PERCENT


def ms(value: Number) -> str:
    """Time in milliseconds, to two significant digits, which is what a second run repeats."""
    if value is None or math.isnan(value):
        return MISSING
    rounded = _significant(value, 2)
    places = 0 if rounded == 0 else max(1 - math.floor(math.log10(abs(rounded))), 0)
    return decimals(rounded, places)


def kilobytes(size_bytes: Number) -> str:
    """Size in kB of 1,000 bytes: ``24.3``; ``617`` from a hundred on."""
    if size_bytes is None or math.isnan(size_bytes):
        return MISSING
    return decimals(size_bytes / 1000, 0 if size_bytes >= 99_950 else 1)


def plain(value: Number) -> str:
    """A number as it was configured: ``2``, ``0.5``."""
    return MISSING if value is None or math.isnan(value) else _minus(f"{value:g}")


def scientific(value: Number) -> str:
    """A number of any size to three significant digits: ``0.411``, ``1,240``, ``1.24×10⁵``."""
    if value is None or math.isnan(value):
        return MISSING
    if value == 0 or 1e-3 <= abs(value) < 1e5:
        rounded = _significant(value, 3)
        digits = 2 - math.floor(math.log10(abs(rounded))) if rounded else 0
        text = f"{rounded:,.{max(digits, 0)}f}"
        return _minus(text.rstrip("0").rstrip(".") if "." in text else text)
    mantissa, _, exponent = f"{value:.2e}".partition("e")
    power = str(int(exponent)).translate(SUPERSCRIPT)
    return _minus(f"{mantissa.rstrip('0').rstrip('.')}×10{power}")


def p_value(value: Number) -> str:
    """Probability: ``0.020``, ``< 0.001``."""
    if value is not None and value < 0.001:
        return "< 0.001"
    return decimals(value, 3)


def _significant(value: float, digits: int) -> float:
    if value == 0:
        return 0.0
    return round(value, digits - 1 - math.floor(math.log10(abs(value))))


def _minus(text: str) -> str:
    """A minus sign in place of the hyphen; none before a zero."""
    if not text.startswith("-"):
        return text
    return f"−{text[1:]}" if text.strip("-0.,") else text[1:]


FILTERS = {
    function.__name__: function
    for function in (
        decimals, signed, count, about, bpm, percent, ms, kilobytes, plain, scientific, p_value,
        is_missing,
    )
}  # fmt: skip
"""The functions by name, for the templates."""
