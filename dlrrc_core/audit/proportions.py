"""Checks of printed confidence intervals of a proportion: which method, denominator and count give them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product

import numpy as np
import numpy.typing as npt

from dlrrc_core.audit.counts import counts_within
from dlrrc_core.audit.intervals import METHODS, Floats, interval
from dlrrc_core.audit.sidecheck import (
    CONSISTENT,
    COPY,
    INCONSISTENT,
    NOT_CHECKABLE,
    NOT_REPRODUCED,
    SideCheck,
    Window,
    window,
)
from dlrrc_core.problems import UsageError, one_of

GUARD = 1e-9
"""A limit this near to a rounding boundary counts as printed on either side of it."""


@dataclass(frozen=True)
class IntervalMatch:
    """One way to get a printed interval.

    Attributes
    ----------
    method : str
        A name of ``METHODS``.
    count, n : int
        Count and denominator.
    low, high : float
        The limits before rounding.
    """

    method: str
    count: int
    n: int
    low: float
    high: float


@dataclass(frozen=True)
class IntervalCheck(SideCheck):
    """Whether a printed interval can be had from a count.

    Attributes
    ----------
    matches : tuple of IntervalMatch
        Every method, denominator and count that gives the printed values.
    """

    matches: tuple[IntervalMatch, ...]

    @property
    def methods(self) -> tuple[str, ...]:
        """Return the methods among the matches, in the order of ``METHODS``."""
        found = {match.method for match in self.matches}
        return tuple(method for method in METHODS if method in found)

    @property
    def denominators(self) -> tuple[int, ...]:
        """Return the denominators among the matches, in increasing order."""
        return tuple(sorted({match.n for match in self.matches}))


def check_interval(
    low: str,
    high: str,
    estimate: str | None = None,
    *,
    n: int | None = None,
    count: int | None = None,
    n_max: int = 1000,
    level: float = 0.95,
    methods: Sequence[str] = METHODS,
    percent: bool | None = None,
) -> IntervalCheck:
    """Find the methods, denominators and counts that give a printed interval at its printed precision.

    Parameters
    ----------
    low, high : str
        Limits as printed.
    estimate : str, optional
        The proportion as printed; the counts tried are those that round to it.
    n : int, optional
        The denominator; without it 1 to ``n_max`` are tried.
    count : int, optional
        The count, where it is printed.
    n_max : int, default 1000
        Largest denominator that is tried.
    level : float, default 0.95
        Confidence level of the interval.
    methods : sequence of str, default METHODS
        The methods to try.
    percent : bool, optional
        Whether numbers without a sign are percentages; by default they are when another of them has a percent sign, or
        the estimate (without one, the lower limit) is above 1.

    Returns
    -------
    IntervalCheck
        ``inconsistent`` when the limits are out of order or the interval does not hold its own estimate, whatever the
        method; ``not reproduced`` when none of the methods gives it.
    """
    for name in methods:
        one_of(name, METHODS, "interval method")
    sizes = [n] if n is not None else list(range(1, n_max + 1))
    if min(sizes, default=0) < 1 or (count is not None and n is not None and not 0 <= count <= n):
        raise UsageError(f"count {count}, n {n} and n_max {n_max} do not fit; allowed: n at least 1, count 0 to n")
    if percent is None:
        percent = _are_percentages(low, high, estimate)
    limits = (window(low, percent=percent), window(high, percent=percent))
    middle = window(estimate, percent=percent) if estimate is not None else None
    assumptions = (f"a two-sided {level:.0%} interval of one proportion of independent units", COPY)
    broken = _broken(low, high, estimate, limits, middle)
    if broken:
        return IntervalCheck(INCONSISTENT, broken[0], assumptions, broken, ())
    inside = (middle[0], middle[1]) if middle else (Fraction(0), Fraction(1))
    pairs = [(x, size) for size in sizes for x in counts_within(*inside, size) if count is None or x == count]
    where = f"n = {n}" if n is not None else f"n from 1 to {n_max}"
    printed = f"{estimate} ({low} to {high})" if estimate is not None else f"{low} to {high}"
    tried = f"{len(pairs)} pairs of count and denominator ({where}) fit the estimate; tried: {'; '.join(methods)}."
    notes = (tried, *_beyond(low, high, limits))
    if not pairs:
        message = f"No count with {where} rounds to the estimate {estimate}."
        verdict = INCONSISTENT if n is not None else NOT_CHECKABLE
        return IntervalCheck(verdict, message, assumptions, notes, ())
    matches = _matches(pairs, limits, level, methods)
    if not matches:
        message = f"None of the methods tried gives {printed} with {where}."
        others = "another method (bootstrap, fold average, clustered units) could give it"
        return IntervalCheck(NOT_REPRODUCED, message, (*assumptions, others), notes, ())
    found = IntervalCheck(CONSISTENT, "", assumptions, (), tuple(matches))
    sizes_found = found.denominators
    span = f"n = {sizes_found[0]}" if len(sizes_found) == 1 else f"{len(sizes_found)} values of n"
    message = f"{printed} is given by {'; '.join(found.methods)} with {span}."
    shown = [f"{m.method}, {m.count} of {m.n}: {m.low:.5f} to {m.high:.5f}." for m in matches[:12]]
    more = [f"{len(matches) - 12} further ways."] if len(matches) > 12 else []
    return IntervalCheck(CONSISTENT, message, assumptions, (*notes, *shown, *more), tuple(matches))


def _are_percentages(low: str, high: str, estimate: str | None) -> bool:
    texts = [low, high] if estimate is None else [low, high, estimate]
    plain, signed = (
        [text for text in texts if (window(text) != window(text, percent=True)) is bare] for bare in (True, False)
    )
    first = low if estimate is None else estimate
    return bool(signed) or (first in plain and window(first).value > 1)


def _broken(
    low: str, high: str, estimate: str | None, limits: tuple[Window, Window], middle: Window | None
) -> tuple[str, ...]:
    """Return what is wrong with an interval whatever its method, the gravest first."""
    bottom, top = limits
    found = []
    if middle and bottom[0] <= top[1] and (middle[0] <= 0 <= middle[1] or middle[0] <= 1 <= middle[1]):
        return ()  # at 0 and n some methods, such as Jeffreys', leave the estimate out
    if bottom[0] > top[1]:
        found.append(f"The lower limit {low} is above the upper limit {high}.")
    elif middle and middle[1] < bottom[0]:
        found.append(f"The estimate {estimate} is below its own interval, {low} to {high}.")
    elif middle and middle[0] > top[1]:
        found.append(f"The estimate {estimate} is above its own interval, {low} to {high}.")
    if middle and (middle[1] < 0 or middle[0] > 1):
        found.append(f"The estimate {estimate} is not between 0 and 1.")
    if top[1] < 0 or bottom[0] > 1:
        found.append(f"The interval {low} to {high} has no value between 0 and 1.")
    return tuple(found)


def _beyond(low: str, high: str, limits: tuple[Window, Window]) -> list[str]:
    """Say which limit lies outside 0 to 1: no proportion can, though Wald's formula gives such limits."""
    sentences = [f"The lower limit {low} is below 0."] if limits[0][1] < 0 else []
    return [*sentences, f"The upper limit {high} is above 1."] if limits[1][0] > 1 else sentences


def _matches(
    pairs: list[tuple[int, int]], limits: tuple[Window, Window], level: float, methods: Sequence[str]
) -> list[IntervalMatch]:
    x, n = np.array(pairs, dtype=float).T
    found = []
    for method in methods:
        bottom, top = interval(method, x, n, level)
        good = np.zeros(len(pairs), dtype=bool)
        for a, b in product(_as_printed(bottom, x, n), _as_printed(top, x, n)):
            good |= _within(a, limits[0]) & _within(b, limits[1])
        for k in np.flatnonzero(good):
            found.append(IntervalMatch(method, int(x[k]), int(n[k]), float(bottom[k]), float(top[k])))
    return found


def _as_printed(limit: Floats, x: Floats, n: Floats) -> tuple[Floats, Floats, Floats]:
    """Return a limit as it is, cut off at 0 and 1, and set to 0 or 1 where the count is 0 or n (Brown et al. 2001)."""
    ends = np.where((x == 0) & (limit < 0.5), 0.0, np.where((x == n) & (limit > 0.5), 1.0, limit))
    return limit, np.clip(limit, 0, 1), ends


def _within(limit: Floats, printed: Window) -> npt.NDArray[np.bool_]:
    inside: npt.NDArray[np.bool_] = (limit >= float(printed[0]) - GUARD) & (limit <= float(printed[1]) + GUARD)
    return inside
