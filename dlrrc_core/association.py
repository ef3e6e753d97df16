"""How two variables of the papers go together beyond Pearson's r: ranks, a robust line, bootstrap, leave-one-out, many tests.

Rank correlations and the Theil-Sen line come from scipy, adjusted P values from statsmodels. Bootstrap and leave-one-out use that
a (partial) correlation is a function of sums over papers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats as sps
from statsmodels.stats.multitest import multipletests

from dlrrc_core.chunks import Checkpoint
from dlrrc_core.problems import UsageError, one_of
from dlrrc_core.resampling import DRAWS, Bootstrap, Floats, bca, values_of
from dlrrc_core.stats import NAN, _complete, _constant

ADJUSTMENTS = {"holm": "holm", "benjamini-hochberg": "fdr_bh"}  # our names, and those of statsmodels


@dataclass(frozen=True)
class RankCorrelation:
    """A rank correlation in [-1, 1], its two-sided P value, complete pairs and pairs left out; r and p are NaN where not defined."""

    r: float
    p: float
    n: int
    dropped: int


def spearman(x: npt.ArrayLike, y: npt.ArrayLike) -> RankCorrelation:
    """Return Spearman's rank correlation over the complete pairs.

    Parameters
    ----------
    x, y : array_like of float, shape (papers,)
        NaN marks a missing value; such pairs are dropped and counted.

    Returns
    -------
    RankCorrelation
        NaN below 3 pairs or for a constant variable. P from Student's t with n - 2 degrees of freedom.

    Raises
    ------
    UsageError
        When the lengths differ.

    Notes
    -----
    Pearson's r of midranks: ``scipy.stats.spearmanr``. Source: Spearman (1904), Am J Psychol 15:72-101. Checked against R's ``cor.test``.
    """
    return _rank_correlation(sps.spearmanr, x, y)


def kendall(x: npt.ArrayLike, y: npt.ArrayLike) -> RankCorrelation:
    """Return Kendall's tau-b over the complete pairs.

    Parameters
    ----------
    x, y : array_like of float, shape (papers,)
        As in :func:`spearman`.

    Returns
    -------
    RankCorrelation
        NaN below 3 pairs or for a constant variable. P is exact for small samples without ties, else from the normal distribution.

    Raises
    ------
    UsageError
        When the lengths differ.

    Notes
    -----
    ``(C - D) / sqrt(pairs untied in x * pairs untied in y)``: ``scipy.stats.kendalltau``. Source: Kendall (1945), Biometrika 33:239-251.
    Checked against R's ``cor.test``.
    """
    return _rank_correlation(sps.kendalltau, x, y)


def _rank_correlation(of: Any, x: npt.ArrayLike, y: npt.ArrayLike) -> RankCorrelation:
    """Return a rank correlation by a function of scipy, NaN where it is not defined."""
    (a, b), dropped = _complete(x, y)
    if a.size < 3 or _constant(a) or _constant(b):
        return RankCorrelation(NAN, NAN, a.size, dropped)
    found = of(a, b)
    return RankCorrelation(float(np.clip(found.statistic, -1, 1)), float(found.pvalue), a.size, dropped)


@dataclass(frozen=True)
class Line:
    """A line with the 95 % interval of its slope (units of y per unit of x), complete pairs and pairs left out."""

    slope: float
    intercept: float
    ci: tuple[float, float]
    n: int
    dropped: int


def theil_sen(x: npt.ArrayLike, y: npt.ArrayLike) -> Line:
    """Return the Theil-Sen line of y on x over the complete pairs.

    Parameters
    ----------
    x, y : array_like of float, shape (papers,)
        As in :func:`spearman`.

    Returns
    -------
    Line
        NaN below 3 pairs or when x is constant.

    Raises
    ------
    UsageError
        When the lengths differ.

    Notes
    -----
    Slope: median of ``(y_j - y_i) / (x_j - x_i)`` over pairs with different x; intercept: median of ``y - slope x``. Interval from the variance
    of Kendall's S. ``scipy.stats.theilslopes(method="joint")``. Source: Sen (1968), J Am Stat Assoc 63:1379-1389. Checked against R.
    """
    (a, b), dropped = _complete(x, y)
    if a.size < 3 or _constant(a):
        return Line(NAN, NAN, (NAN, NAN), a.size, dropped)
    with np.errstate(
        invalid="ignore"
    ):  # scipy leaves out a term that matters when x and y have many ties: no interval then
        found = sps.theilslopes(b, a, alpha=0.95, method="joint")
    ends = (float(found.low_slope), float(found.high_slope))
    return Line(float(found.slope), float(found.intercept), ends, a.size, dropped)


def correlation_features(*columns: npt.ArrayLike) -> Floats:
    """Return what each paper adds to the sums that a correlation is a function of.

    Parameters
    ----------
    *columns : array_like of float, shape (papers,)
        x, y and, for a partial correlation, z; no value missing. They are standardised first, so that sums keep their digits.

    Returns
    -------
    numpy.ndarray, shape (papers, 1 + v + v * v)
        One, the v variables, all their products.

    Raises
    ------
    UsageError
        When the lengths differ.
    """
    found, _ = _complete(*columns)
    table = np.column_stack(found)
    if len(table):
        table = table - table.mean(axis=0)
        sd = table.std(axis=0)
        table = table / np.where(sd > 0, sd, 1)
    products = np.einsum("ij,il->ijl", table, table).reshape(len(table), table.shape[1] ** 2)
    return np.hstack([np.ones((len(table), 1)), table, products])


def correlation_of_sums(sums: Floats) -> Floats:
    """Return the Pearson correlation, or with three variables the partial one, of sums of :func:`correlation_features`.

    Parameters
    ----------
    sums : numpy.ndarray, shape (m, 7) or (m, 13)
        Sums over papers, for two or three variables.

    Returns
    -------
    numpy.ndarray, shape (m, 1)
        In [-1, 1]; NaN where a variable is constant or, up to 1e-12, a line in z. Use it within :func:`dlrrc_core.resampling.values_of`.

    Notes
    -----
    With ``C = sum x y - sum x sum y / n``: ``r_xy = C_xy / sqrt(C_xx C_yy)``; partial as in :func:`dlrrc_core.stats.partial_correlation`.
    """
    v = 2 if sums.shape[1] == 7 else 3
    n, s, products = sums[:, :1], sums[:, 1 : v + 1], sums[:, v + 1 :].reshape(-1, v, v)
    c = products - s[:, :, None] * s[:, None, :] / n[:, :, None]
    spread = np.diagonal(c, axis1=1, axis2=2)
    spread = np.sqrt(np.where(spread > 1e-12 * n, spread, np.nan))
    r = c / (spread[:, :, None] * spread[:, None, :])
    found = r[:, 0, 1]
    if v == 3:
        left = (1 - r[:, 0, 2] ** 2) * (1 - r[:, 1, 2] ** 2)
        found = (found - r[:, 0, 2] * r[:, 1, 2]) / np.sqrt(np.where(left < 1e-12, np.nan, left))
    return np.clip(found, -1, 1)[:, None]


def bootstrap_correlation(
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    controlling: npt.ArrayLike | None = None,
    draws: int = DRAWS,
    seed: int = 1,
    checkpoint: Checkpoint | None = None,
) -> Bootstrap:
    """Return the BCa interval over papers of a Pearson or partial correlation.

    Parameters
    ----------
    x, y : array_like of float, shape (papers,)
        As in :func:`spearman`.
    controlling : array_like of float, shape (papers,), optional
        Variable held fixed; by default none.
    draws, seed, checkpoint
        As in :func:`dlrrc_core.resampling.bca`.

    Returns
    -------
    Bootstrap
        Arrays of shape (1,); NaN where the correlation is not defined.

    Raises
    ------
    UsageError
        When the lengths differ, or as :func:`dlrrc_core.resampling.bca`.

    Notes
    -----
    Source: Efron (1987), J Am Stat Assoc 82:171-185. Checked against R's ``boot.ci``.
    """
    columns, _ = _complete(*((x, y) if controlling is None else (x, y, controlling)))
    return bca(
        correlation_features(*columns), correlation_of_sums, draws, seed, checkpoint=checkpoint, name="correlation"
    )


def leave_one_out(x: npt.ArrayLike, y: npt.ArrayLike) -> Floats:
    """Return the Pearson correlation without each paper in turn.

    Parameters
    ----------
    x, y : array_like of float, shape (papers,)
        NaN marks a missing value.

    Returns
    -------
    numpy.ndarray, shape (papers,)
        In the order of the input; NaN for papers that miss a value, and where the others give no correlation.

    Raises
    ------
    UsageError
        When the lengths differ.
    """
    columns, _ = _complete(x, y)
    features = correlation_features(*columns)
    r = np.full(np.size(x), np.nan)
    known = ~(np.isnan(np.ravel(np.asarray(x, dtype=float))) | np.isnan(np.ravel(np.asarray(y, dtype=float))))
    r[known] = values_of(correlation_of_sums, features.sum(axis=0) - features)[:, 0]
    return r


def adjusted_p(p: npt.ArrayLike, method: str = "holm") -> Floats:
    """Return P values adjusted for the number of tests.

    Parameters
    ----------
    p : array_like of float, shape (tests,)
        In [0, 1]; NaN stays NaN and is not counted as a test.
    method : {"holm", "benjamini-hochberg"}, default "holm"
        Holm bounds the chance of any false finding, Benjamini and Hochberg the expected share of false ones among the findings.

    Returns
    -------
    numpy.ndarray, shape (tests,)
        In [0, 1].

    Raises
    ------
    UsageError
        When the method does not exist or a P value is outside [0, 1].

    Notes
    -----
    ``statsmodels.stats.multitest.multipletests``. Source: Holm (1979), Scand J Stat 6:65-70; Benjamini and Hochberg (1995), J R Stat Soc B
    57:289-300. Checked against R's ``p.adjust``.
    """
    one_of(method, ADJUSTMENTS, "method")
    values = np.array(p, dtype=float).ravel()
    known = ~np.isnan(values)
    if not ((values[known] >= 0) & (values[known] <= 1)).all():
        raise UsageError(f"P values from {values[known].min()} to {values[known].max()}; allowed: 0 to 1")
    if known.any():
        values[known] = multipletests(values[known], method=ADJUSTMENTS[method])[1]
    return values
