"""Finds printed numbers that cannot all be right: the smallest set of them that no answers can meet."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from dlrrc_core.reconstruct.aggregates import Aggregates
from dlrrc_core.reconstruct.bounds import extreme_counts
from dlrrc_core.reconstruct.program import Program


def smallest_conflict(names: Sequence[str], possible: Callable[[Collection[str]], bool]) -> list[str] | None:
    """Return a smallest set of conditions that cannot hold together.

    Parameters
    ----------
    names : sequence of str
        All conditions.
    possible : callable
        Says whether some conditions can hold together. Fewer conditions must never be less possible.

    Returns
    -------
    list of str, or None
        In the order of ``names``; no smaller set contradicts itself. None when all conditions can hold together.

    Notes
    -----
    A set that contradicts itself must hold at least one condition of every set whose removal makes the rest possible. So smallest
    hitting sets of the removals found so far are tried until one contradicts itself. Source: Ignatiev et al. (2015), CP 2015,
    LNCS 9255:173-182 (smallest MUS extraction).
    """
    if possible(names):
        return None
    removals: list[set[str]] = []
    while True:
        trial = _hitting_set(names, removals)
        if not possible(trial):
            return trial
        grown = list(trial)
        for name in names:
            if name not in grown and possible([*grown, name]):
                grown.append(name)
        removals.append(set(names) - set(grown))


def _hitting_set(names: Sequence[str], removals: list[set[str]]) -> list[str]:
    """Return a smallest set of names that meets every removal."""
    if not removals:
        return []
    rows = np.array([[name in removal for name in names] for removal in removals], dtype=float)
    result = milp(
        np.ones(len(names)),
        integrality=np.ones(len(names)),
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(rows, 1, np.inf),
    )
    return [name for name, chosen in zip(names, np.rint(result.x), strict=True) if chosen]


def conflict(a: Aggregates) -> list[str] | None:
    """Return a smallest set of printed aggregates that no answers can meet, None when they agree.

    Parameters
    ----------
    a : Aggregates
        What was printed.

    Returns
    -------
    list of str, or None
        Names as in :attr:`Aggregates.names`. Sets that sums alone contradict are found first, because they are quick to prove.

    Raises
    ------
    UsageError
        When an integer program was not solved in time.
    """
    sums = [name for name in a.names if name.startswith(("item", "part")) or name == "total"]

    def sums_possible(names: Collection[str]) -> bool:
        return extreme_counts(a.only(names), np.zeros(len(a.levels))) is not None

    found = smallest_conflict(sums, sums_possible)
    if found is not None:
        return found
    return smallest_conflict(a.names, lambda names: Program(a.only(names)).best() is not None)
