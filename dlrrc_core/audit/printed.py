"""Values as they are printed: a text with a precision, and the exact interval of what may have been printed so.

Everything is a whole number: a value is ``digits / scale``, one unit of its last place is ``1 / scale``. ``"93.33%"`` has digits
9333 and scale 10000. No floating point takes part in a verdict.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Literal, NamedTuple

from dlrrc_core.audit.forms import Matrix, Metric, find_metric
from dlrrc_core.problems import UsageError, one_of

Mode = Literal["rounding", "truncation", "ceiling", "any"]
MODES: tuple[Mode, ...] = ("rounding", "truncation", "ceiling", "any")
MAX_CHARACTERS = 24
NUMBER = re.compile(r"([+-]?)([0-9]*)(?:\.([0-9]+))? ?(%|percent|per cent)?", re.ASCII)
SPACES = str.maketrans({"\u2212": "-", "\u00a0": " ", "\u2009": " ", "\u202f": " "})  # minus sign and narrow spaces
ALLOWED = "a number with a decimal point and perhaps a percent sign, for instance '0.949' or '93.3 %'"


class Interval(NamedTuple):
    """All values from ``low / scale`` to ``high / scale``; an open end does not belong to it."""

    low: int
    high: int
    scale: int
    low_open: bool
    high_open: bool

    def __contains__(self, value: object) -> bool:
        """Return whether a fraction lies in the interval."""
        if not isinstance(value, Fraction):
            return False
        x = value * self.scale
        above = x > self.low if self.low_open else x >= self.low
        return above and (x < self.high if self.high_open else x <= self.high)


class Printed(NamedTuple):
    """A printed value of a metric.

    Attributes
    ----------
    metric : Metric
        What it is a value of.
    text : str
        As printed.
    digits, scale : int
        The value is ``digits / scale``, and one unit of the last printed place is ``1 / scale``.
    percent : bool
        Whether it is printed as a percentage.
    """

    metric: Metric
    text: str
    digits: int
    scale: int
    percent: bool

    @property
    def value(self) -> Fraction:
        """Value as an exact fraction: 14/15 of 15 is not ``"93.3333%"``, 933333/1000000 is."""
        return Fraction(self.digits, self.scale)

    def interval(self, mode: Mode) -> Interval:
        """Return the values that would be printed so.

        Parameters
        ----------
        mode : {"rounding", "truncation", "ceiling", "any"}
            With v the printed value and u one unit of its last place: ``rounding`` is [v - u/2, v + u/2], closed on both sides, so
            that halves may go up, down or to the even digit; ``truncation`` (towards zero) is [v, v + u), for a negative value
            (v - u, v], for a zero of a metric that may be negative (-u, u); ``ceiling`` is (v - u, v]; ``any`` is (v - u, v + u),
            which holds all the others and no value a whole last digit away.

        Returns
        -------
        Interval
        """
        v, s = self.digits, self.scale
        if mode == "rounding":
            return Interval(2 * v - 1, 2 * v + 1, 2 * s, False, False)
        if (mode == "truncation" and v > 0) or (mode == "truncation" and v == 0 and self.metric.lowest == 0):
            return Interval(v, v + 1, s, False, True)
        if mode == "ceiling" or (mode == "truncation" and v < 0):
            return Interval(v - 1, v, s, True, False)
        return Interval(v - 1, v + 1, s, True, True)

    def fits(self, matrix: Matrix, mode: Mode) -> bool:
        """Return whether the value would be printed so for a confusion matrix; never where it is undefined."""
        exact = self.metric.value(matrix)
        if exact is None:
            return False
        low, high, scale, low_open, high_open = self.interval(mode)
        if self.metric.power == 2:
            low, high, scale = low * abs(low), high * abs(high), scale**2
        return exact in Interval(low, high, scale, low_open, high_open)

    def number(self, value: Fraction, extra: int = 0) -> str:
        """Return another value in the style of this one, with ``extra`` more decimals."""
        places = len(str(self.scale)) - 1 - (2 if self.percent else 0) + extra
        text = f"{float(value * (100 if self.percent else 1)):.{max(places, 0)}f}"
        return f"{text} %" if self.percent else text


def parse_value(name: str, text: str) -> Printed:
    """Read a printed value.

    Parameters
    ----------
    name : str
        Metric, by any name of :data:`dlrrc_core.audit.forms.METRICS`.
    text : str
        As printed, at most 24 characters: trailing zeros count as precision.

    Returns
    -------
    Printed

    Raises
    ------
    UsageError
        When the metric is unknown, the text is not a number, or a number that the metric cannot have; names metric and value.

    Notes
    -----
    A metric that cannot exceed 1 is read as a percentage if it has a percent sign or is above 1. ``"1"`` is read as 1 (100 %), not
    as 1 %, and ``"0"`` as 0 with no decimals, the wider of its two readings; both then mean "to the nearest whole", as printed.
    """
    metric = find_metric(name)
    if not isinstance(text, str):
        raise UsageError(
            f"{name}: {text!r} is not a text; give the value as printed, for instance '0.90', because its last digit counts"
        )
    cleaned = text.strip().translate(SPACES)
    found = NUMBER.fullmatch(cleaned) if len(cleaned) <= MAX_CHARACTERS else None
    if found is None or not (found[2] or found[3]):
        raise UsageError(f"{name}: {_shown(text)} is no printed number; allowed: {ALLOWED}{_hint(cleaned)}")
    decimals = found[3] or ""
    digits, scale = int(found[2] + decimals), 10 ** len(decimals)
    if found[1] == "-":
        if metric.lowest == 0:
            raise UsageError(f"{name}: '{text}' is negative; allowed: 0 or more")
        digits = -digits
    percent = found[4] is not None
    if percent and metric.highest is None:
        raise UsageError(
            f"{name}: '{text}' has a percent sign; allowed: a plain number, because it is not bounded by 1"
        )
    percent = percent or (metric.highest == 1 and abs(digits) > scale)
    scale *= 100 if percent else 1
    if metric.highest == 1 and abs(digits) > scale:
        raise UsageError(
            f"{name}: '{text}' is out of range; allowed: {metric.lowest} to 1, or {100 * metric.lowest} % to 100 %"
        )
    return Printed(metric, cleaned, digits, scale, percent)


def parse_row(values: Mapping[str, str]) -> list[Printed]:
    """Read all values of a row.

    Parameters
    ----------
    values : mapping of str to str
        Printed value by metric.

    Returns
    -------
    list of Printed
        In the order of the mapping.

    Raises
    ------
    UsageError
        One line for each value that cannot be read, and for a bare ``"1"`` beside percentages without a sign, which may be 1 % or
        100 %.
    """
    found, problems = [], []
    for name, text in values.items():
        try:
            found.append(parse_value(name, text))
        except UsageError as problem:
            problems.append(str(problem))
    beside = next((v for v in found if v.percent and v.text[-1].isdigit()), None)
    if beside is not None:
        problems += [
            f"{value.metric.name}: '1' beside {beside.metric.name} '{beside.text}' may be 1 % or 100 %; write '1 %' or '100 %'"
            for value in found
            if value.text == "1" and value.metric.highest == 1 and value.metric.lowest == 0
        ]
    if problems:
        raise UsageError("\n".join(problems))
    return found


def check_mode(mode: str, allowed: tuple[str, ...] = MODES) -> str:
    """Return the mode of rounding if it exists; UsageError otherwise."""
    return one_of(mode, allowed, "mode of rounding")


def _shown(text: str) -> str:
    return f"'{text}'" if len(text) <= 40 else f"'{text[:40]}...' ({len(text)} characters)"


def _hint(text: str) -> str:
    """Return how to mend a text that is no number."""
    if not text:
        return "; the value is empty: leave the metric out"
    if len(text) > MAX_CHARACTERS:
        return f"; at most {MAX_CHARACTERS} characters"
    if re.fullmatch(r"[+-]?[0-9]+,[0-9]+ ?%?", text):
        return "; write a point instead of the comma"
    return (
        "; a mean with a spread, or a range, cannot be tested as one value"
        if re.search(r"[(±–]|\d-\d|\+/-", text)
        else ""
    )
