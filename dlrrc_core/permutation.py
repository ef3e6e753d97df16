"""Permutation tests of correlations: many permutations are one matrix product.

Nothing is assumed about the distribution of scores. A P value is never 0, and a seed gives the same P value on every machine.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats as sps

from dlrrc_core.chunks import Checkpoint, in_chunks
from dlrrc_core.problems import UsageError, one_of
from dlrrc_core.resampling import CELLS, Floats, rank_of_p
from dlrrc_core.stats import NAN, _complete, _constant

METHODS = ("pearson", "spearman")
DRAWS = 10_000


@dataclass(frozen=True)
class PermutationTest:
    """A correlation with its permutation P value.

    Attributes
    ----------
    r : float
        Correlation in [-1, 1]; NaN where it is not defined.
    p : float
        Two-sided P value in (0, 1]; NaN when r is.
    n, dropped : int
        Complete rows, and rows left out because a value was missing.
    """

    r: float
    p: float
    n: int
    dropped: int


def permutation_test(
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    method: str = "pearson",
    draws: int = DRAWS,
    seed: int = 1,
    checkpoint: Checkpoint | None = None,
) -> PermutationTest:
    """Return a correlation of two variables with its permutation P value.

    Parameters
    ----------
    x, y : array_like of float, shape (papers,)
        NaN marks a missing value; such pairs are dropped and counted.
    method : {"pearson", "spearman"}, default "pearson"
        Correlation of the values or of their midranks.
    draws : int, default 10000
        Number of permutations, at least 1.
    seed : int, default 1
        Seed of the permutations.
    checkpoint : Checkpoint, optional
        As in :func:`dlrrc_core.resampling.bca`.

    Returns
    -------
    PermutationTest
        NaN below 3 pairs or for a constant variable.

    Raises
    ------
    UsageError
        When the method does not exist, the lengths differ, or draws or seed are too small.

    Notes
    -----
    ``(1 + #{|r*| >= |r|}) / (1 + draws)`` over permutations of x; see :func:`dlrrc_core.resampling.rank_of_p`. Checked against full
    enumeration in R.
    """
    column = np.asarray(y, dtype=float).reshape(-1, 1)
    return permutation_tests(x, column, method, draws, seed, checkpoint)[0]


def permutation_tests(
    x: npt.ArrayLike,
    columns: npt.ArrayLike,
    method: str = "pearson",
    draws: int = DRAWS,
    seed: int = 1,
    checkpoint: Checkpoint | None = None,
) -> list[PermutationTest]:
    """Return :func:`permutation_test` of one variable with each of many others.

    Parameters
    ----------
    x : array_like of float, shape (papers,)
        For instance years.
    columns : array_like of float, shape (papers, items)
        For instance points of each item.
    method, draws, seed, checkpoint
        As in :func:`permutation_test`.

    Returns
    -------
    list of PermutationTest
        One per column, each the same as alone.

    Raises
    ------
    UsageError
        As :func:`permutation_test`.

    Notes
    -----
    Columns that miss the same papers share their permutations: one matrix product gives the correlations of all of them.
    """
    one_of(method, METHODS, "method")
    _refuse_few(draws, seed)
    a, table = np.asarray(x, dtype=float).ravel(), np.asarray(columns, dtype=float)
    if table.ndim != 2 or len(table) != a.size:
        raise UsageError(f"columns of shape {table.shape} with {a.size} values of x; allowed: ({a.size}, items)")
    known = ~np.isnan(table) & ~np.isnan(a)[:, None]
    tests: dict[int, PermutationTest] = {}
    for pattern in np.unique(known, axis=1).T:
        members, n = np.flatnonzero((known == pattern[:, None]).all(axis=0)), int(pattern.sum())
        if n < 3:
            tests |= {int(k): PermutationTest(NAN, NAN, n, a.size - n) for k in members}
            continue
        u, v = _unit(a[pattern], method), np.column_stack([_unit(table[pattern, k], method) for k in members])
        r, permuted = np.clip(u @ v, -1, 1), _permuted_products(u, v, draws, seed, checkpoint)
        for j, k in enumerate(members):
            tests[int(k)] = PermutationTest(float(r[j]), rank_of_p(float(r[j]), permuted[:, j]), n, a.size - n)
    return [tests[k] for k in range(table.shape[1])]


def partial_permutation_test(
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    z: npt.ArrayLike,
    draws: int = DRAWS,
    seed: int = 1,
    checkpoint: Checkpoint | None = None,
) -> PermutationTest:
    """Return the correlation of x and y when z is held fixed, with its permutation P value.

    Parameters
    ----------
    x, y, z : array_like of float, shape (papers,)
        NaN marks a missing value; such triples are dropped and counted.
    draws, seed, checkpoint
        As in :func:`permutation_test`.

    Returns
    -------
    PermutationTest
        NaN below 4 triples, for a constant variable, and where x or y is a line in z.

    Raises
    ------
    UsageError
        When the lengths differ, or draws or seed are too small.

    Notes
    -----
    The residuals e of y on z are permuted. With d the residuals of x on z and u = z centred, of length 1:
    ``r* = d e* / (|d| sqrt(|e|^2 - (u e*)^2))``, the partial correlation of x and ``fitted + e*`` given z. A permutation whose residuals are
    a line in z counts as extreme. Source: Freedman and Lane (1983), J Bus Econ Stat 1:292-298. Checked against a loop of regressions.
    """
    _refuse_few(draws, seed)
    (a, b, c), dropped = _complete(x, y, z)
    nothing = PermutationTest(NAN, NAN, a.size, dropped)
    if a.size < 4 or _constant(a) or _constant(b) or _constant(c):
        return nothing
    a, b, u = (values - values.mean() for values in (a, b, c))
    u = u / np.linalg.norm(u)
    d, e = a - u * (u @ a), b - u * (u @ b)
    if (d @ d) * (e @ e) < 1e-12 * (a @ a) * (b @ b):
        return nothing
    d, e = d / np.linalg.norm(d), e / np.linalg.norm(e)
    products = _permuted_products(e, np.column_stack([d, u]), draws, seed, checkpoint)
    left = 1 - products[:, 1] ** 2
    permuted = np.where(left < 1e-12, 1.0, products[:, 0] / np.sqrt(np.maximum(left, 1e-12)))
    r = float(np.clip(d @ e, -1, 1))
    return PermutationTest(r, rank_of_p(r, permuted), a.size, dropped)


def _unit(values: Floats, method: str) -> Floats:
    """Return values (or their midranks) centred and of length 1; NaN when constant."""
    if _constant(values):
        return np.full(values.size, np.nan)
    chosen = sps.rankdata(values) if method == "spearman" else values
    centred = chosen - chosen.mean()
    return centred / np.linalg.norm(centred)


def _permuted_products(values: Floats, columns: Floats, draws: int, seed: int, checkpoint: Checkpoint | None) -> Floats:
    """Return the products of permutations of values with columns, shape (draws, columns)."""

    def products(rng: np.random.Generator, m: int) -> Floats:
        order = np.argsort(rng.random((m, values.size)), axis=1)  # random numbers in order: every permutation alike
        return values[order] @ columns

    size = max(1, CELLS // values.size)
    key = values.tobytes() + columns.tobytes()
    return in_chunks(products, draws, size, seed, "permutation", checkpoint, key)


def _refuse_few(draws: int, seed: int) -> None:
    """Raise a UsageError for fewer than one permutation or a negative seed."""
    if draws < 1 or seed < 0:
        raise UsageError(f"draws {draws}, seed {seed}; allowed: at least 1 permutation and a seed of at least 0")
