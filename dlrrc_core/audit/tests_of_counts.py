"""The tests that papers name, computed again from printed counts, or from means and SDs, with the range that rounding leaves."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal

import numpy as np
from scipy import stats as sps
from statsmodels.stats.contingency_tables import mcnemar

from dlrrc_core.audit.p_values import Recomputed, ends
from dlrrc_core.audit.sidecheck import window
from dlrrc_core.problems import UsageError, one_of

Sided = Literal["two-sided", "less", "greater"]
SIDES = ("two-sided", "less", "greater")


def binomial(
    counts: int | Iterable[int], n: int, p0: float | str, sided: Sided = "two-sided"
) -> tuple[Recomputed, ...]:
    """Return the exact binomial test of a count against a given proportion.

    Parameters
    ----------
    counts : int or iterable of int
        The count of successes, or every count that a printed proportion allows.
    n : int
        Number of trials.
    p0 : float or str
        Proportion under the null hypothesis; a string is a printed proportion, whose whole rounding range is used.
    sided : {"two-sided", "less", "greater"}, default "two-sided"
        Alternative.

    Returns
    -------
    tuple of Recomputed
        One entry.

    Notes
    -----
    ``scipy.stats.binomtest``: the two-sided P value adds all outcomes that are at most as probable as the one found.
    Checked against R's ``binom.test``. For a printed ``p0`` 201 values of its range are tried.
    """
    one_of(sided, SIDES, "alternative")
    every = [counts] if isinstance(counts, int) else list(counts)
    if not every or not all(0 <= count <= n for count in every):
        raise UsageError(f"the counts {every} do not fit {n} trials; allowed: one or more counts from 0 to {n}")
    values = [p0] if isinstance(p0, float) else _range_of(p0, 0, 1)
    if not all(0 <= value <= 1 for value in values):
        raise UsageError(f"the proportion {p0} of the null hypothesis is not between 0 and 1")
    found = [float(sps.binomtest(count, n, value, sided).pvalue) for count in every for value in values]
    return (Recomputed(f"binomial test, exact, {sided}", (min(found), max(found))),)


def mcnemar_forms(only_first: int, only_second: int) -> tuple[Recomputed, ...]:
    """Return McNemar's test of two discordant counts: exact, and asymptotic without and with continuity correction.

    Parameters
    ----------
    only_first, only_second : int
        Units on which only the first, or only the second, of the two was right (or positive).

    Returns
    -------
    tuple of Recomputed
        Exact, chi-square, and chi-square with Edwards' correction ``(|b - c| - 1)^2 / (b + c)``.

    Notes
    -----
    ``statsmodels.stats.contingency_tables.mcnemar``; without discordant units every form has P = 1. For equal counts the
    corrected statistic is 0, as in R's ``mcnemar.test``, against which the values were checked.
    """
    _counts([[only_first, only_second]])
    names = ("McNemar, exact", "McNemar, asymptotic", "McNemar, with continuity correction")
    if only_first + only_second == 0:
        return tuple(Recomputed(name, (1.0, 1.0)) for name in names)
    table = [[0, only_first], [only_second, 0]]
    exact = _one(names[0], mcnemar(table, exact=True).pvalue)
    plain = mcnemar(table, exact=False, correction=False)
    both = [exact, _one(names[1], plain.pvalue, plain.statistic)]
    if only_first == only_second:  # statsmodels takes (0 - 1)^2 here
        return (*both, _one(names[2], 1.0, 0.0))
    corrected = mcnemar(table, exact=False, correction=True)
    return (*both, _one(names[2], corrected.pvalue, corrected.statistic))


def contingency(table: Sequence[Sequence[int]]) -> tuple[Recomputed, ...]:
    """Return the tests of independence of a table of counts: chi-square, and for two by two Yates' and Fisher's too.

    Parameters
    ----------
    table : sequence of sequence of int, shape (rows, columns)
        Counts; rows and columns of zeros are dropped.

    Returns
    -------
    tuple of Recomputed
        Pearson's chi-square; for a two by two table also with Yates' correction, and Fisher's exact test (two-sided).

    Notes
    -----
    ``scipy.stats.chi2_contingency`` and ``fisher_exact``; checked against R's ``chisq.test`` and ``fisher.test``. As in
    R, Yates' correction is at most the difference of observed and expected count.
    """
    _counts(table)
    cells = np.array(table, dtype=int)
    cells = cells[cells.sum(axis=1) > 0][:, cells.sum(axis=0) > 0]
    if min(cells.shape) < 2:
        raise UsageError("the table has fewer than two rows or columns with counts; a test needs two of each")
    pearson = sps.chi2_contingency(cells, correction=False)
    forms = [_one("chi-square", pearson.pvalue, pearson.statistic)]
    if cells.shape == (2, 2):
        yates = sps.chi2_contingency(cells, correction=True)
        forms.append(_one("chi-square with Yates' correction", yates.pvalue, yates.statistic))
        forms.append(_one("Fisher's exact test", sps.fisher_exact(cells).pvalue))
    return tuple(forms)


@dataclass(frozen=True)
class Group:
    """Mean, standard deviation (strings as printed) and size, at least 2, of one group."""

    mean: str
    sd: str
    n: int

    def __post_init__(self) -> None:
        if self.n < 2:
            raise UsageError(f"a group has {self.n} units; a t test needs at least 2 in each group")
        if window(self.sd)[1] < 0:
            raise UsageError(f"the standard deviation {self.sd} is below 0")


def two_sample_t(first: Group, second: Group) -> tuple[Recomputed, ...]:
    """Return Student's and Welch's two-sided t test with the range that the rounding of the printed inputs allows.

    Parameters
    ----------
    first, second : Group
        Mean and SD as printed, and the size of each group.

    Returns
    -------
    tuple of Recomputed
        Student (equal variances) and Welch; the statistic has the sign of first minus second.

    Notes
    -----
    Student: ``t = d / sqrt(s^2 (1/n1 + 1/n2))`` with the pooled variance and n1 + n2 - 2 degrees of freedom. Welch:
    ``t = d / sqrt(s1^2/n1 + s2^2/n2)`` with Satterthwaite's degrees of freedom. ``|t|`` rises with ``|d|`` and falls with
    both SDs, so its range comes from the ends of the rounding ranges; the range of P joins the ends of ``|t|`` with the
    ends of the degrees of freedom and therefore holds every possible P. Checked against R's ``t.test``.
    """
    (a_low, a_high), (b_low, b_high) = (ends(group.mean) for group in (first, second))
    low, high = a_low - b_high, a_high - b_low
    sds = [(max(0.0, ends(group.sd)[0]), ends(group.sd)[1]) for group in (first, second)]
    n1, n2 = first.n, second.n

    def pooled(s1: float, s2: float) -> float:
        return math.sqrt(((n1 - 1) * s1**2 + (n2 - 1) * s2**2) / (n1 + n2 - 2) * (1 / n1 + 1 / n2))

    def separate(s1: float, s2: float) -> float:
        return math.sqrt(s1**2 / n1 + s2**2 / n2)

    equal = (float(n1 + n2 - 2), float(n1 + n2 - 2))
    return (
        _t_range("Student's t test", (low, high), (pooled(*_ends(sds, 0)), pooled(*_ends(sds, 1))), equal),
        _t_range(
            "Welch's t test", (low, high), (separate(*_ends(sds, 0)), separate(*_ends(sds, 1))), _welch_df(sds, n1, n2)
        ),
    )


def _ends(sds: list[tuple[float, float]], end: int) -> tuple[float, float]:
    return sds[0][end], sds[1][end]


def _t_range(
    form: str, difference: tuple[float, float], se: tuple[float, float], df: tuple[float, float]
) -> Recomputed:
    """Return the ranges of t and P; a standard error of 0 makes t infinite, or undefined where the means are equal."""
    low, high = difference
    ts = [_ratio(d, s) for d, s in product(difference, se)]
    if low <= 0 <= high:
        ts.append(0.0)
    sizes = [abs(t) for t in ts]
    p_low = min(2 * float(sps.t.sf(max(sizes), k)) for k in df)
    p_high = max(2 * float(sps.t.sf(min(sizes), k)) for k in df)
    return Recomputed(form, (p_low, p_high), (min(ts), max(ts)))


def _ratio(difference: float, se: float) -> float:
    if se > 0:
        return difference / se
    return math.copysign(math.inf, difference) if difference else 0.0


def _welch_df(sds: list[tuple[float, float]], n1: int, n2: int) -> tuple[float, float]:
    """Return the range of Satterthwaite's degrees of freedom; they have one peak, n1 + n2 - 2, over the ratio of variances."""
    v1, v2 = ([sd**2 / n for sd in pair] for pair, n in zip(sds, (n1, n2), strict=True))

    def df(a: float, b: float) -> float:
        return (a + b) ** 2 / (a**2 / (n1 - 1) + b**2 / (n2 - 1)) if a + b > 0 else float(n1 + n2 - 2)

    ends = [df(v1[0], v2[1]), df(v1[1], v2[0])]
    if v1[0] * (n2 - 1) <= v2[1] * (n1 - 1) and v1[1] * (n2 - 1) >= v2[0] * (n1 - 1):
        ends.append(float(n1 + n2 - 2))
    if v1[0] == v2[0] == 0:  # any ratio of variances is possible
        ends.append(float(min(n1, n2) - 1))
    return min(ends), max(ends)


def _one(form: str, p: float, statistic: float | None = None) -> Recomputed:
    p = min(max(float(p), 0.0), 1.0)
    return Recomputed(form, (p, p), None if statistic is None else (float(statistic), float(statistic)))


def _range_of(printed: str, least: float, most: float, steps: int = 201) -> list[float]:
    low, high = ends(printed)
    return [float(value) for value in np.linspace(max(low, least), min(high, most), steps)]


def _counts(table: Sequence[Sequence[int]]) -> None:
    if len({len(row) for row in table}) != 1 or not all(cell >= 0 for row in table for cell in row):
        raise UsageError("the table is not a rectangle of counts; allowed: rows of equal length, counts of at least 0")
