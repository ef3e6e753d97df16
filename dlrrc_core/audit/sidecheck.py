"""What the side checks share: the form of a finding, and the numbers that a printed one may stand for.

Side checks look at one kind of number at a time (intervals, P values, percentages, totals); whole rows of metrics are the
matter of :mod:`dlrrc_core.audit.metrics`.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from dlrrc_core.audit.printed import ALLOWED, MAX_CHARACTERS, NUMBER, SPACES
from dlrrc_core.problems import UsageError

CONSISTENT = "consistent"
INCONSISTENT = "inconsistent"
NOT_REPRODUCED = "not reproduced"
NOT_CHECKABLE = "not checkable"

COPY = "the values are copied from a converted text; check the publisher's copy"


@dataclass(frozen=True)
class SideCheck:
    """What one check of printed numbers found.

    Attributes
    ----------
    verdict : str
        ``consistent``, ``inconsistent``, ``not reproduced`` (the named methods do not give the printed value, others may)
        or ``not checkable``.
    message : str
        The finding in one sentence.
    assumptions : tuple of str
        What must hold for the verdict.
    derivation : tuple of str
        The sums, one sentence each.
    """

    verdict: str
    message: str
    assumptions: tuple[str, ...]
    derivation: tuple[str, ...]


class Window(NamedTuple):
    """The numbers that a rounded one may stand for: a closed interval, so that halves may go either way.

    Attributes
    ----------
    low, high : Fraction
        Ends of the interval.
    unit : Fraction
        One unit of the last printed place.
    """

    low: Fraction
    high: Fraction
    unit: Fraction

    @property
    def value(self) -> Fraction:
        """Return the printed number itself."""
        return (self.low + self.high) / 2


def window(printed: str, *, percent: bool = False) -> Window:
    """Read a printed number of any size and sign; limits, means and P values are not bound to the range of a metric.

    Parameters
    ----------
    printed : str
        As printed, with or without a percent sign.
    percent : bool, default False
        Whether a number without a sign is a percentage too.

    Returns
    -------
    Window
        Percentages as fractions of 1.
    """
    found = NUMBER.fullmatch(printed.strip().translate(SPACES)) if len(printed) <= MAX_CHARACTERS else None
    if found is None or not (found[2] or found[3]):
        raise UsageError(f"'{printed[:40]}' is no printed number; allowed: {ALLOWED}")
    decimals = found[3] or ""
    digits = int(f"{found[1]}{found[2]}{decimals}")
    scale = 10 ** len(decimals) * (100 if found[4] or percent else 1)
    return Window(Fraction(2 * digits - 1, 2 * scale), Fraction(2 * digits + 1, 2 * scale), Fraction(1, scale))


def share_window(printed: str) -> Window:
    """Read a printed proportion; above 1 it is a percentage whose sign stands elsewhere."""
    return window(printed, percent=window(printed).value > 1)
