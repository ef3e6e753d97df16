"""Which numbers of cases and of positive cases have to be looked at when only N, or only the largest N, is known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dlrrc_core.audit.metric_elimination import TN, TP, N, P, Projection, project
from dlrrc_core.audit.metric_proof import Certificate, Inequality
from dlrrc_core.audit.printed import Mode, Printed
from dlrrc_core.problems import UsageError

MAX_N = 1_000_000
MAX_RANGE = 10_000  # largest n_max
PAIRS = 20_000  # pairs of P and Q looked at together
SAFE = 2**62
Line = tuple[int, int, bool]


@dataclass(frozen=True)
class Frame:
    """What is known of the numbers of cases.

    Attributes
    ----------
    smallest, largest : int
        Range of N; largest is 0 where nothing is known.
    p, q : int or None
        Numbers of positives and of negatives where they are known.
    """

    smallest: int
    largest: int
    p: int | None = None
    q: int | None = None

    @classmethod
    def of(
        cls, n: int | None = None, n_pos: int | None = None, n_neg: int | None = None, n_max: int | None = None
    ) -> Frame:
        """Check the numbers that a paper gives.

        Parameters
        ----------
        n, n_pos, n_neg, n_max : int or None
            All cases, positives, negatives, and the largest number of cases that is possible.

        Returns
        -------
        Frame

        Raises
        ------
        UsageError
            With every number that is impossible by itself or beside the others.
        """
        given = {"n": (n, 1), "n_pos": (n_pos, 0), "n_neg": (n_neg, 0), "n_max": (n_max, 1)}
        problems = [
            f"{name}: {value!r}; allowed: a whole number from {least} to {MAX_RANGE if name == 'n_max' else MAX_N}"
            for name, (value, least) in given.items()
            if value is not None and not _whole(value, least, MAX_RANGE if name == "n_max" else MAX_N)
        ]
        if problems:
            raise UsageError("\n".join(problems))
        if n is None and n_pos is not None and n_neg is not None:
            n = n_pos + n_neg
            if not n:
                raise UsageError("n_pos: 0 and n_neg: 0; allowed: at least one case")
        if n is None:
            if n_max is None and (n_pos is not None or n_neg is not None):
                raise UsageError("n_pos or n_neg alone; allowed: with n, with the other of the two, or with n_max")
            if n_max is not None and max(n_pos or 0, n_neg or 0) > n_max:
                raise UsageError(
                    f"n_max: {n_max} is below n_pos or n_neg; allowed: at least {max(n_pos or 0, n_neg or 0)}"
                )
            return cls(max(n_pos or 0, n_neg or 0, 1), n_max or 0, n_pos, n_neg)
        p = n_pos if n_pos is not None else n - n_neg if n_neg is not None else None
        q = n_neg if n_neg is not None else n - n_pos if n_pos is not None else None
        if p is not None and q is not None and (p < 0 or q < 0 or p + q != n):
            raise UsageError(f"n: {n}, n_pos: {p}, n_neg: {q}; allowed: n_pos + n_neg = n, both 0 or more")
        return cls(n, n, p, q)


def _whole(value: object, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def tighten(constant: Any, slope: Any, low: Any, high: Any) -> tuple[Any, Any]:
    """Return the range of whole x from low to high with ``constant + slope x >= 0``.

    Parameters
    ----------
    constant, low, high : array of int, shape (rows,)
        One problem for each row.
    slope : int or array of int, shape (rows,)
        Factor of x.

    Returns
    -------
    tuple of array
        New low and high; high is below low where there is no such x.
    """
    if not isinstance(slope, np.ndarray):
        if slope > 0:
            return np.maximum(low, -(constant // slope)), high
        if slope < 0:
            return low, np.minimum(high, constant // -slope)
        return low, np.where(constant >= 0, high, low - 1)
    bound = constant // np.where(slope == 0, 1, abs(slope))
    low = np.where(slope > 0, np.maximum(low, -bound), low)
    high = np.where(slope < 0, np.minimum(high, bound), high)
    return low, np.where((slope == 0) & (constant < 0), low - 1, high)


@dataclass(frozen=True)
class Pairs:
    """The pairs of P and Q for which some table may exist; iterating gives them as arrays, ordered by N and P.

    Attributes
    ----------
    frame : Frame
        Range of N, and P or Q if known.
    projection : Projection or None
        Window of P / N and bounds of TP, None where the printed values exclude every N.
    """

    frame: Frame
    projection: Projection | None

    @classmethod
    def of(cls, values: Sequence[Printed], mode: Mode, frame: Frame) -> Pairs:
        """Prepare the pairs that printed values allow."""
        found = project(values, mode)
        return cls(frame, None if isinstance(found, Certificate) else found)

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        """Yield arrays of P and of Q."""
        if self.projection is None:
            return
        low, high, frame = self.projection.lowest, self.projection.highest, self.frame
        base = self.projection.base
        p_fits = _sieve(
            [(r.form[P], r.form[TP], r.strict) for r in base if not r.form[N] and not r.form[TN]], frame.largest
        )
        q_fits = _sieve(
            [(r.form[N], r.form[TN], r.strict) for r in base if r.form[N] == -r.form[P] and not r.form[TP]],
            frame.largest,
        )
        n_fits = _sieve(
            [(r.form[N], r.form[TP], r.strict) for r in base if not r.form[P] and r.form[TP] == r.form[TN]],
            frame.largest,
        )
        waiting: list[Any] = []
        count = 0
        for n in range(frame.smallest, frame.largest + 1):
            if not n_fits[n]:
                continue
            first, last = (
                max(-(-low.numerator * n // low.denominator), 0),
                min(high.numerator * n // high.denominator, n),
            )
            if frame.p is not None:
                first, last = max(first, frame.p), min(last, frame.p)
            elif frame.q is not None:
                first, last = max(first, n - frame.q), min(last, n - frame.q)
            if first > last:
                continue
            p = first + np.flatnonzero(p_fits[first : last + 1] & q_fits[n - last : n - first + 1][::-1])
            if p.size:
                waiting.append((p, n - p))
                count += p.size
            if count >= PAIRS:
                yield _joined(waiting)
                waiting, count = [], 0
        if waiting:
            yield _joined(waiting)

    def tp_range(self, p: Any, q: Any) -> tuple[Any, Any]:
        """Return the smallest and largest TP of each pair for which some TN, perhaps fractional, exists."""
        assert self.projection is not None, "pairs exist only where the values do not exclude each other"
        low, high = np.zeros_like(p), p
        for row in self.projection.without_tn:
            if row.form[TP]:
                u, v = (p, q) if _fits(row, self.frame.largest) else (p.astype(object), q.astype(object))
                constant = row.form[N] * (u + v) + row.form[P] * u - row.strict
                low, high = tighten(constant, row.form[TP], low, high)
        return low.astype(np.int64), high.astype(np.int64)


def _fits(row: Inequality, largest: int) -> bool:
    """Return whether no product of the form passes 2**62."""
    return 2 * sum(abs(x) for x in row.form) * largest < SAFE


def _joined(parts: list[Any]) -> tuple[Any, Any]:
    return np.concatenate([p for p, _ in parts]), np.concatenate([q for _, q in parts])


def _sieve(lines: list[Line], largest: int) -> Any:
    """Return for each size from 0 to largest whether some whole k from 0 to the size satisfies every ``a size + b k >= 0``."""
    size = np.arange(largest + 1)
    low, high = np.zeros_like(size), size
    for a, b, strict in lines:
        wide = 2 * (abs(a) + abs(b)) * (largest + 1) >= SAFE
        low, high = tighten((size.astype(object) if wide else size) * a - strict, b, low, high)
    return np.asarray(low <= high, dtype=bool)
