"""Whether two correlations and two partial correlations of three variables can belong together, and what they say about the third.

With score s, year y and journal percentile j, the printed r(j, s), r(y, s), r(j, s | y) and r(y, s | j) leave one number open:
r(j, y). The set of triples of correlations that agree with all four is searched by halving boxes with interval arithmetic, so what is
ruled out is proven, and every end of an interval comes with a triple that reaches it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dlrrc_core.problems import UsageError

Window = tuple[float, float]
Floats = npt.NDArray[np.float64]
SLACK = 1e-12  # far above the rounding of double precision, far below any printed digit
MOST = 500_000  # boxes held at once
BATCH = 256  # boxes looked at together when one triple is enough
TURNS = 100_000  # such looks; more than a contradiction of printed digits takes
ROUNDS = 200  # halvings; a hundred narrow a box of width 2 to below 1e-9 in each of three directions


@dataclass(frozen=True)
class Triple:
    """Three correlations that belong together: journal and score, year and score, journal and year."""

    journal: float
    year: float
    journal_year: float


def journal_partial(journal: npt.ArrayLike, year: npt.ArrayLike, journal_year: npt.ArrayLike) -> Floats:
    """Return r(j, s | y) of triples; r(y, s | j) when the first two are exchanged.

    Parameters
    ----------
    journal, year, journal_year : array_like of float
        r(j, s), r(y, s) and r(j, y), each inside (-1, 1).

    Notes
    -----
    ``(r_js - r_ys r_jy) / sqrt((1 - r_ys^2) (1 - r_jy^2))``. Source: Fisher (1924), Metron 3:329-332.
    """
    js, ys, jy = (np.asarray(value, dtype=float) for value in (journal, year, journal_year))
    return np.asarray((js - ys * jy) / np.sqrt((1 - ys**2) * (1 - jy**2)))


def extreme(windows: Mapping[str, Window], coordinate: int, sign: int, tolerance: float = 1e-9) -> Triple | None:
    """Return a triple of correlations that agrees with all windows and is extreme in one coordinate.

    Parameters
    ----------
    windows : mapping of str to (float, float)
        Allowed values of ``journal``, ``year``, ``journal-partial`` and ``year-partial``; a missing one is free.
    coordinate : {0, 1, 2}
        Which correlation: journal and score, year and score, journal and year.
    sign : {-1, 1}
        -1 for the smallest, 1 for the largest value.
    tolerance : float, default 1e-9
        The value is at most this far from the proven bound.

    Returns
    -------
    Triple or None
        None when no triple agrees with all windows.

    Raises
    ------
    UsageError
        When windows are so narrow that rounding decides.
    """
    low, high, partials = _box(windows)
    best: Floats | None = None
    for _ in range(ROUNDS):
        keep = (low <= high).all(axis=1) & _may_agree(low, high, partials)
        low, high = low[keep], high[keep]
        if not len(low):
            break
        middle = (low + high) / 2
        for points in (middle, np.where(np.arange(3) == coordinate, low if sign < 0 else high, middle)):
            good = points[_agrees(points, partials)]
            if len(good):
                champion = good[np.argmax(sign * good[:, coordinate])]
                if best is None or sign * champion[coordinate] > sign * best[coordinate]:
                    best = champion
        edge = sign * (high if sign > 0 else low)[:, coordinate]
        if best is not None:
            keep = edge > sign * best[coordinate] + tolerance / 2
            low, high, edge = low[keep], high[keep], edge[keep]
        if not len(low):
            break
        if len(low) > MOST:
            raise UsageError(
                f"the windows {dict(windows)} are too narrow to be decided; allowed: widths of at least 1e-9"
            )
        low, high = _halve(low, high)
    return None if best is None else Triple(*map(float, best))


def possible(windows: Mapping[str, Window]) -> bool:
    """Return whether any correlations, none beyond 0.999 where it was not printed, agree with all windows; quick for few windows.

    Parameters
    ----------
    windows : mapping of str to (float, float)
        As in :func:`extreme`.

    Raises
    ------
    UsageError
        When windows are so narrow that rounding decides.
    """
    low, high, partials = _box(windows, 0.999)  # beyond, two variables are one and the same, and partials are noise
    for _ in range(TURNS):
        if not len(low):
            return False
        some, other = low[-BATCH:], high[-BATCH:]  # the smallest boxes first
        keep = (some <= other).all(axis=1) & _may_agree(some, other, partials)
        some, other = some[keep], other[keep]
        if _agrees((some + other) / 2, partials).any():
            return True
        if len(some):
            some, other = _halve(some, other)
        low, high = np.concatenate([low[:-BATCH], some]), np.concatenate([high[:-BATCH], other])
    raise UsageError(f"the windows {dict(windows)} are too narrow to be decided; allowed: widths of at least 1e-9")


def _box(windows: Mapping[str, Window], most: float = 1 - SLACK) -> tuple[Floats, Floats, tuple[Window, Window]]:
    """Return the box that holds every triple, free ones up to ``most``, and the windows of the partial correlations."""
    free = (-most, most)
    low = np.array([[windows.get("journal", free)[0], windows.get("year", free)[0], free[0]]])
    high = np.array([[windows.get("journal", free)[1], windows.get("year", free)[1], free[1]]])
    return low, high, (windows.get("journal-partial", (-1.0, 1.0)), windows.get("year-partial", (-1.0, 1.0)))


def agrees(triple: Triple, windows: Mapping[str, Window]) -> bool:
    """Return whether a triple lies in all windows.

    Parameters
    ----------
    triple : Triple
        Three correlations.
    windows : mapping of str to (float, float)
        As in :func:`extreme`.
    """
    found = {
        "journal": triple.journal,
        "year": triple.year,
        "journal-partial": float(journal_partial(triple.journal, triple.year, triple.journal_year)),
        "year-partial": float(journal_partial(triple.year, triple.journal, triple.journal_year)),
    }
    return all(windows[name][0] <= value <= windows[name][1] for name, value in found.items() if name in windows)


def _halve(low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """Return both halves of every box, cut across its longest side."""
    side, row = np.argmax(high - low, axis=1), np.arange(len(low))
    left_high, right_low = high.copy(), low.copy()
    left_high[row, side] = right_low[row, side] = (low[row, side] + high[row, side]) / 2
    return np.concatenate([low, right_low]), np.concatenate([left_high, high])


def _agrees(points: Floats, partials: tuple[Window, Window]) -> npt.NDArray[np.bool_]:
    """Return which points lie in both windows of partial correlations."""
    one = journal_partial(points[:, 0], points[:, 1], points[:, 2])
    other = journal_partial(points[:, 1], points[:, 0], points[:, 2])
    return (one >= partials[0][0]) & (one <= partials[0][1]) & (other >= partials[1][0]) & (other <= partials[1][1])


def _may_agree(low: Floats, high: Floats, partials: tuple[Window, Window]) -> npt.NDArray[np.bool_]:
    """Return which boxes may hold a point in both windows, by interval arithmetic."""
    found = np.ones(len(low), dtype=bool)
    for (x, y), window in (((0, 1), partials[0]), ((1, 0), partials[1])):
        products = np.stack([a[:, y] * b[:, 2] for a in (low, high) for b in (low, high)])
        top, bottom = high[:, x] - products.min(axis=0), low[:, x] - products.max(axis=0)
        # the denominator is largest where both correlations are nearest to 0
        shares = [_one_minus_square(low[:, k], high[:, k]) for k in (y, 2)]
        small = np.sqrt(shares[0][0] * shares[1][0])
        large = np.sqrt(shares[0][1] * shares[1][1])
        biggest = np.where(top > 0, top / small, top / large)
        least = np.where(bottom > 0, bottom / large, bottom / small)
        found &= (biggest >= window[0] - SLACK) & (least <= window[1] + SLACK)
    return found


def _one_minus_square(low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """Return the smallest and the largest 1 - r^2 on intervals, never below a tiny positive number."""
    far = np.maximum(np.abs(low), np.abs(high))
    near = np.where((low <= 0) & (high >= 0), 0.0, np.minimum(np.abs(low), np.abs(high)))
    return np.maximum(1 - far**2, 1e-15), np.maximum(1 - near**2, 1e-15)


def interval(windows: Mapping[str, Window], coordinate: int = 2, tolerance: float = 1e-9) -> Window | None:
    """Return the values of one correlation that agree with all windows.

    Parameters
    ----------
    windows, coordinate, tolerance
        As in :func:`extreme`; by default the correlation of journal and year, which was not printed.

    Returns
    -------
    tuple of float, or None
        Smallest and largest value, both reached; None when the windows contradict each other.
    """
    ends = [extreme(windows, coordinate, sign, tolerance) for sign in (-1, 1)]
    if ends[0] is None or ends[1] is None:
        return None
    values = [(end.journal, end.year, end.journal_year)[coordinate] for end in ends if end is not None]
    return values[0], values[1]
