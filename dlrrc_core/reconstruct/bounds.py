"""Exact bounds on what was not printed: parts and items.

A bound is found twice. The printed sums alone give the outer bound; then a matrix that meets every condition, the ones on single
papers too, has to reach it. Where it does not, the full integer program decides.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
from scipy.optimize import Bounds, LinearConstraint, milp

from dlrrc_core.reconstruct.aggregates import Aggregates
from dlrrc_core.reconstruct.program import Goal, Matrix, Program


def extreme_counts(a: Aggregates, weights: npt.ArrayLike) -> list[npt.NDArray[np.int64]] | None:
    """Return how many papers give each level of each item when a weighted sum of units is as large as the printed sums allow.

    Parameters
    ----------
    a : Aggregates
        What was printed; only the sums of items, parts and all answers count here.
    weights : array_like of float, shape (items,)
        Weight of the units of each item.

    Returns
    -------
    list of numpy.ndarray of int, shape (levels,), one per item, or None
        None when no answers give the printed sums.
    """
    n = len(a.papers)
    cells = [(i, level) for i, levels in enumerate(a.levels) for level in levels]
    item, level = np.array(cells).T

    def total(columns: npt.ArrayLike) -> npt.NDArray[np.float64]:
        return np.where(np.isin(item, columns), level, 0).astype(float)

    rows = [((item == i).astype(float), n, n) for i in range(len(a.levels))]
    rows += [(total([i]), *window) for i, window in a.items.items()]
    rows += [(total(a.parts[part]), *window) for part, window in a.part_sums.items()]
    rows += [(total(range(len(a.levels))), *a.total)] if a.total is not None else []
    if any(low > high for _, low, high in rows):
        return None
    result = milp(
        -np.asarray(weights, dtype=float)[item] * level,
        integrality=np.ones(len(cells)),
        bounds=Bounds(0, n),
        constraints=LinearConstraint(
            np.array([r for r, _, _ in rows]), [lo for _, lo, _ in rows], [hi for _, _, hi in rows]
        ),
    )
    if result.status != 0:
        return None
    counts = np.rint(result.x).astype(np.int64)
    return [counts[item == i] for i in range(len(a.levels))]


def bounds(a: Aggregates, columns: tuple[int, ...], totals: Iterable[npt.ArrayLike] = ()) -> tuple[int, int] | None:
    """Return the smallest and the largest sum of units over some items that the printed aggregates allow.

    Parameters
    ----------
    a : Aggregates
        What was printed.
    columns : tuple of int
        Items (from 0).
    totals : iterable of array_like of int, shape (papers,), optional
        Totals of papers that are known to be possible; they only save time.

    Returns
    -------
    tuple of int, or None
        Both ends are reached by a matrix that agrees with every printed number; None when no matrix does.

    Raises
    ------
    UsageError
        When an integer program was not solved in time.
    """
    program = Program(a)
    weights = np.isin(np.arange(len(a.levels)), columns).astype(float)
    known = list(totals)
    ends = []
    for sign in (-1, 1):
        counts = extreme_counts(a, sign * weights)
        if counts is None:
            return None
        outer = sum(int(np.dot(a.levels[i], counts[i])) for i in columns)
        reached = any(program.best(Goal(columns, sign), sign * outer, t) is not None for t in known)
        if not reached:
            matrix: Matrix | None = program.best(Goal(columns, sign))
            if matrix is None:
                return None
            outer = int(matrix[:, list(columns)].sum())
        ends.append(outer)
    return ends[0], ends[1]
