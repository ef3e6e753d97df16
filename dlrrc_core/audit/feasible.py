"""All confusion matrices that printed values allow, counted exactly.

For given P and Q = N - P every linear metric bounds TN by whole numbers for each TP: one floor division per inequality. Curved
metrics never fall when TN grows, so bisection finds their bounds. Few values of TP are looked at one by one, many as arrays of
64-bit integers, or of Python integers where a product could pass 2**62.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from dlrrc_core.audit.forms import Form, Matrix, between
from dlrrc_core.audit.metric_pairs import SAFE, Frame, Pairs, tighten
from dlrrc_core.audit.printed import Interval, Mode, Printed

UNINFORMATIVE = 100_000  # so many matrices say nothing about any one of them; counting may stop here
FEW = 48  # up to so many values of TP a plain loop is quicker than arrays
CHUNK = 500_000  # values of (P, TP) looked at together
Test = tuple[Printed, Interval]


class Found(NamedTuple):
    """The matrices that printed values allow.

    Attributes
    ----------
    total : int
        How many.
    exact : bool
        False where counting stopped at :data:`UNINFORMATIVE`, so that there may be more.
    matrices : list of Matrix
        The first ones, ordered by N, P, TP and TN.
    """

    total: int
    exact: bool
    matrices: list[Matrix]


@dataclass
class _Collector:
    """Counts matrices and keeps the first ones."""

    limit: int
    total: int = 0
    matrices: list[Matrix] = field(default_factory=list)

    def add(self, p: int, q: int, tp: int, low: int, high: int) -> None:
        """Take the matrices of one TP, with TN from low to high."""
        self.total += high - low + 1
        for tn in range(low, min(high, low + self.limit - len(self.matrices) - 1) + 1):
            self.matrices.append(Matrix(tp, p - tp, q - tn, tn))

    def add_rows(self, p: Any, q: Any, tp: Any, low: Any, high: Any) -> None:
        """Take the matrices of many rows."""
        rows = np.flatnonzero(low <= high)
        if not rows.size:
            return
        full = self.total + int((high[rows] - low[rows] + 1).sum())
        for i in rows[: max(self.limit - len(self.matrices), 0)]:
            if len(self.matrices) >= self.limit:
                break
            at = [int(x[i]) if isinstance(x, np.ndarray) else int(x) for x in (p, q, tp, low, high)]
            self.add(at[0], at[1], at[2], at[3], at[4])
        self.total = full


def search(values: Sequence[Printed], frame: Frame, mode: Mode, limit: int = 20) -> Found:
    """Find the confusion matrices that printed values allow.

    Parameters
    ----------
    values : sequence of Printed
        Printed values of one matrix.
    frame : Frame
        What is known of N and P; N, or the largest N, has to be known.
    mode : str
        Mode of rounding.
    limit : int, default 20
        How many matrices to list.

    Returns
    -------
    Found

    Notes
    -----
    Checked against brute force over all matrices up to N = 40 and against mlscorecheck. With only N known, a row of nothing but curved
    metrics is slow: MCC alone takes some ten seconds for N = 1000.
    """
    found = _Collector(limit)
    tests = [(value, value.interval(mode)) for value in values]
    if frame.p is not None and frame.q is not None:
        _one_pair(tests, frame.p, frame.q, found)
        return Found(found.total, True, found.matrices)
    for p, q, tp in _rows(Pairs.of(values, mode, frame)):
        found.add_rows(*_tables(tests, p, q, tp, frame.largest))
        if found.total >= UNINFORMATIVE:
            return Found(found.total, False, found.matrices)
    return Found(found.total, True, found.matrices)


def _one_pair(tests: list[Test], p: int, q: int, found: _Collector) -> None:
    """Search the matrices of given P and Q."""
    curved = [test for test in tests if test[0].metric.family == "curved"]
    spaces = _half_spaces(tests, p, q)
    low, high, tn_low, tn_high = 0, p, 0, q
    for c, a, b in spaces:  # what bounds only one of TP and TN
        if not b:
            low, high = _tighten(c, a, low, high)
        elif not a:
            tn_low, tn_high = _tighten(c, b, tn_low, tn_high)
    if low > high or tn_low > tn_high:
        return
    for c, a, b in spaces:  # what bounds TP for the most favourable TN
        if b:
            low, high = _tighten(c + b * (tn_high if b > 0 else tn_low), a, low, high)
    if high - low < FEW and not curved:
        mixed = [space for space in spaces if space[2]]
        for tp in range(low, high + 1):
            first, last = tn_low, tn_high
            for c, a, b in mixed:
                v = c + a * tp
                if b > 0:
                    first = max(first, -(v // b))
                else:
                    last = min(last, v // -b)
            if first <= last:
                found.add(p, q, tp, first, last)
        return
    for start in range(low, high + 1, CHUNK):
        rows = np.arange(start, min(start + CHUNK, high + 1))
        found.add_rows(*_tables(tests, p, q, rows, p + q))


def _half_spaces(tests: list[Test], p: int, q: int) -> list[tuple[int, int, int]]:
    """Return the linear inequalities ``c + a TP + b TN >= 0`` of given P and Q; above 0 means at least 1."""
    return [(form[0] - strict, form[1], form[2]) for test in tests for form, strict in _forms(test, p, q)]


def _forms(test: Test, p: Any, q: Any) -> list[tuple[Form, bool]]:
    """Return the linear inequalities of a printed value for given P and Q; of a curved metric, that it is defined."""
    metric = test[0].metric
    if metric.family == "curved":
        return [(form, True) for form in metric.domain(p, q)]
    return between(*metric.at(p, q), test[1])


def _tighten(constant: int, slope: int, low: int, high: int) -> tuple[int, int]:
    """Return the whole x from low to high with ``constant + slope x >= 0``, as in :func:`tighten`."""
    if slope > 0:
        return max(low, -(constant // slope)), high
    if slope < 0:
        return low, min(high, constant // -slope)
    return (low, high) if constant >= 0 else (1, 0)


def _rows(pairs: Pairs) -> Iterator[tuple[Any, Any, Any]]:
    """Yield arrays of P, Q and TP, of about CHUNK rows."""
    for p, q in pairs:
        low, high = pairs.tp_range(p, q)
        keep = low <= high
        p, q, low, length = p[keep], q[keep], low[keep], (high - low + 1)[keep]
        ends = np.cumsum(length)
        start = 0
        while start < p.size:
            done = int(ends[start - 1]) if start else 0
            stop = max(start + 1, int(np.searchsorted(ends, done + CHUNK, side="right")))
            part, size = slice(start, stop), length[start:stop]
            offset = np.repeat(ends[part] - size, size)
            tp = np.repeat(low[part], size) + np.arange(done, int(ends[stop - 1])) - offset
            yield np.repeat(p[part], size), np.repeat(q[part], size), tp
            start = stop


def _tables(tests: list[Test], p: Any, q: Any, tp: Any, largest: int) -> tuple[Any, ...]:
    """Return P, Q, TP and the smallest and the largest TN of each row; no TN where the first is above the second."""
    low = np.zeros_like(tp)
    high = low + q
    for value, within in sorted(tests, key=lambda test: test[0].metric.family == "curved"):
        metric = value.metric
        if metric.family == "curved":  # the costliest test, so only rows that are left
            keep = low <= high
            p, q, tp, low, high = (x[keep] if isinstance(x, np.ndarray) else x for x in (p, q, tp, low, high))
        wide = 32 * max(map(abs, within[:3])) ** metric.power * largest**metric.degree >= SAFE
        row = (_wide(p), _wide(q), _wide(tp)) if wide else (p, q, tp)
        for (c, a, b), strict in _forms((value, within), *row[:2]):
            low, high = tighten(c + a * row[2] - strict, b, low, high)
        if metric.family == "curved":
            low, high = _bisect(value, within, row, low, high)
    return p, q, tp, low, high


def _wide(x: Any) -> Any:
    """Return whole numbers as Python integers, which cannot overflow."""
    return x.astype(object) if isinstance(x, np.ndarray) else int(x)


def _bisect(value: Printed, within: Interval, row: tuple[Any, Any, Any], low: Any, high: Any) -> tuple[Any, Any]:
    """Tighten the bounds of TN by a curved metric, which never falls when TN grows."""
    metric, power = value.metric, value.metric.power
    scale = within.scale**power
    ends = [end * abs(end) if power == 2 else end for end in (within.low, within.high)]

    def reaches(tn: Any, end: int, beyond: bool) -> Any:
        """Return whether the metric is at least (beyond: above) an end of the interval."""
        above, below = metric.curve(*row, tn)
        left, right = above * scale, below * end
        return (left > right) if beyond else (left >= right)

    first = _first(lambda tn: reaches(tn, ends[0], within.low_open), low, high)
    after = _first(lambda tn: reaches(tn, ends[1], not within.high_open), low, high)
    return first, after - 1


def _first(test: Any, low: Any, high: Any) -> Any:
    """Return the first TN of each row from low to high that passes a monotone test, high + 1 if none does."""
    left, right = low.copy(), np.maximum(high + 1, low)
    while (open_rows := left < right).any():
        middle = (left + right) // 2
        passed = np.asarray(test(middle), dtype=bool)
        right = np.where(open_rows & passed, middle, right)
        left = np.where(open_rows & ~passed, middle + 1, left)
    return left
