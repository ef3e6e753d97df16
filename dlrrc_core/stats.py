"""The statistics of the seed review, one function each, and what a printed correlation implies.

Pearson correlations come from scipy and proportion intervals from statsmodels; the first-order partial correlation, which
neither has, is written out here and checked against pingouin.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats as sps
from statsmodels.stats.proportion import proportion_confint

from dlrrc_core.fields import half_unit
from dlrrc_core.problems import UsageError

NAN = float("nan")


@dataclass(frozen=True)
class Correlation:
    """A correlation with what it rests on.

    Attributes
    ----------
    r : float
        Coefficient in [-1, 1]; NaN when it is not defined (too few pairs, or a constant variable).
    p : float
        Two-sided P value of the t test of no correlation.
    n : int
        Number of complete pairs (triples).
    dropped : int
        Number of rows left out because a value was missing.
    ci : tuple of float
        95 % interval by Fisher's z; NaN below 4 (partial: 5) complete rows.
    """

    r: float
    p: float
    n: int
    dropped: int
    ci: tuple[float, float]


def pearson(x: npt.ArrayLike, y: npt.ArrayLike) -> Correlation:
    """Return the Pearson correlation of two variables over their complete pairs.

    Parameters
    ----------
    x, y : array_like of float, shape (papers,)
        NaN marks a missing value; such pairs are dropped and counted.

    Returns
    -------
    Correlation

    Notes
    -----
    ``scipy.stats.pearsonr``; checked against pingouin's ``corr``.
    """
    (a, b), dropped = _complete(x, y)
    if a.size < 2 or _constant(a) or _constant(b):
        return Correlation(NAN, NAN, a.size, dropped, (NAN, NAN))
    result = sps.pearsonr(a, b)
    r = float(result.statistic)
    return Correlation(r, float(result.pvalue), a.size, dropped, fisher_interval(r, a.size))


def partial_correlation(x: npt.ArrayLike, y: npt.ArrayLike, z: npt.ArrayLike) -> Correlation:
    """Return the correlation of x and y when z is held fixed (first-order partial correlation).

    Parameters
    ----------
    x, y, z : array_like of float, shape (papers,)
        NaN marks a missing value; such triples are dropped and counted.

    Returns
    -------
    Correlation
        ``p`` from Student's t with n - 3 degrees of freedom.

    Notes
    -----
    ``r_xy.z = (r_xy - r_xz r_yz) / sqrt((1 - r_xz^2) (1 - r_yz^2))``. Source: Fisher (1924), Metron 3:329-332.
    Checked against pingouin's ``partial_corr`` and the correlation of residuals.
    """
    (a, b, c), dropped = _complete(x, y, z)
    n = a.size
    if n < 4 or _constant(a) or _constant(b) or _constant(c):
        return Correlation(NAN, NAN, n, dropped, (NAN, NAN))
    r_xy, r_xz, r_yz = (float(sps.pearsonr(u, v).statistic) for u, v in ((a, b), (a, c), (b, c)))
    left = (1 - r_xz**2) * (1 - r_yz**2)
    if left < 1e-12:  # x or y is a line in z: nothing is left to correlate
        return Correlation(NAN, NAN, n, dropped, (NAN, NAN))
    r = float(np.clip((r_xy - r_xz * r_yz) / np.sqrt(left), -1, 1))
    return Correlation(r, p_value(r, n, controlling=1), n, dropped, fisher_interval(r, n, controlling=1))


def p_value(r: float, n: int, controlling: int = 0) -> float:
    """Return the two-sided P value of a correlation from r and n alone.

    Parameters
    ----------
    r : float
        Correlation in [-1, 1].
    n : int
        Number of complete rows.
    controlling : int, default 0
        Number of variables held fixed; degrees of freedom are ``n - 2 - controlling``.

    Returns
    -------
    float
        In [0, 1].

    Raises
    ------
    UsageError
        When r is outside [-1, 1] or no degree of freedom is left.

    Notes
    -----
    ``t = r sqrt(df / (1 - r^2))``. Checked against pingouin and the four P values of Zuo et al. (2023).
    """
    df = n - 2 - controlling
    if not -1 <= r <= 1 or df < 1:
        raise UsageError(
            f"r = {r}, n = {n}, controlling {controlling}; allowed: r from -1 to 1 and n of at least {controlling + 3}"
        )
    if abs(r) == 1:
        return 0.0
    return float(2 * sps.t.sf(abs(r) * np.sqrt(df / (1 - r * r)), df))


def fisher_interval(r: float, n: int, controlling: int = 0, level: float = 0.95) -> tuple[float, float]:
    """Return the confidence interval of a correlation by Fisher's z.

    Parameters
    ----------
    r : float
        Correlation in [-1, 1].
    n : int
        Number of complete rows.
    controlling : int, default 0
        Number of variables held fixed.
    level : float, default 0.95
        Confidence level in (0, 1).

    Returns
    -------
    tuple of float
        Lower and upper bound; NaN when ``n - 3 - controlling`` is below 1.

    Notes
    -----
    ``tanh(artanh(r) +- z / sqrt(n - 3 - controlling))``. Checked against pingouin's ``corr`` and ``partial_corr``.
    """
    freedom = n - 3 - controlling
    if freedom < 1 or np.isnan(r):
        return NAN, NAN
    if abs(r) >= 1:
        return float(np.sign(r)), float(np.sign(r))
    half = sps.norm.isf((1 - level) / 2) / np.sqrt(freedom)
    return float(np.tanh(np.arctanh(r) - half)), float(np.tanh(np.arctanh(r) + half))


def printed_p_range(r: str, n: int, controlling: int = 0) -> tuple[float, float]:
    """Return the P values that a printed correlation allows, within the rounding of r.

    Parameters
    ----------
    r : str
        Correlation as printed, for instance ``"0.402"``.
    n, controlling : int
        As in :func:`p_value`.

    Returns
    -------
    tuple of float
        Smallest and largest P value.
    """
    value, half = float(r), half_unit(r)
    nearest_zero = max(abs(value) - half, 0.0)
    farthest = min(abs(value) + half, 1.0)
    return p_value(farthest, n, controlling), p_value(nearest_zero, n, controlling)


def printed_p_agrees(r: str, p: str, n: int, controlling: int = 0) -> bool:
    """Return whether a printed P value and a printed correlation can both be right.

    Parameters
    ----------
    r, p : str
        As printed.
    n, controlling : int
        As in :func:`p_value`.

    Returns
    -------
    bool
        True when the range of :func:`printed_p_range` meets the printed P value plus or minus half a unit.
    """
    low, high = printed_p_range(r, n, controlling)
    return low <= float(p) + half_unit(p) and high >= float(p) - half_unit(p)


@dataclass(frozen=True)
class Proportion:
    """A share with its 95 % Wilson interval; percentages are 0-100, NaN when ``of`` is 0."""

    count: int
    of: int
    percent: float
    ci: tuple[float, float]


def proportion(count: int, of: int) -> Proportion:
    """Return a share in percent with its Wilson interval.

    Parameters
    ----------
    count, of : int
        How many of how many.

    Raises
    ------
    UsageError
        Unless ``0 <= count <= of``.

    Notes
    -----
    ``statsmodels.stats.proportion.proportion_confint(method="wilson")``; checked against
    Newcombe (1998), Table I.
    """
    if not 0 <= count <= of:
        raise UsageError(f"count {count} of {of}; allowed: 0 <= count <= of")
    if of == 0:
        return Proportion(0, 0, NAN, (NAN, NAN))
    low, high = proportion_confint(count, of, method="wilson")
    return Proportion(int(count), int(of), 100 * count / of, (100 * float(low), 100 * float(high)))


@dataclass(frozen=True)
class Mean:
    """A mean with spread; ``ci`` is the 95 % t interval, NaN below two values."""

    mean: float
    sd: float
    median: float
    low: float
    high: float
    n: int
    ci: tuple[float, float]


def mean(values: npt.ArrayLike) -> Mean:
    """Return mean, standard deviation, median, range and 95 % t interval.

    Parameters
    ----------
    values : array_like of float, shape (papers,)
        NaN is left out.

    Returns
    -------
    Mean
        ``sd`` with n - 1 in the denominator. An empty input gives NaN and ``n = 0``.

    Notes
    -----
    ``mean +- t sd / sqrt(n)``; checked against ``scipy.stats.t.interval``.
    """
    x = np.asarray(values, dtype=float).ravel()
    x = x[~np.isnan(x)]
    if x.size == 0:
        return Mean(NAN, NAN, NAN, NAN, NAN, 0, (NAN, NAN))
    centre, sd, ci = float(x.mean()), NAN, (NAN, NAN)
    if x.size > 1:
        sd = float(x.std(ddof=1))
        error = sd / np.sqrt(x.size)
        half = float(sps.t.isf(0.025, x.size - 1)) * error
        ci = (centre - half, centre + half)
    return Mean(centre, sd, float(np.median(x)), float(x.min()), float(x.max()), int(x.size), ci)


def _constant(values: npt.NDArray[np.float64]) -> bool:
    """Return whether values differ by no more than rounding."""
    return bool(np.ptp(values) <= 1e-12 * np.abs(values).max())


def _complete(*columns: npt.ArrayLike) -> tuple[list[npt.NDArray[np.float64]], int]:
    """Return the columns without rows that miss a value, and how many rows were left out; UsageError when the lengths differ."""
    arrays = [np.asarray(column, dtype=float).ravel() for column in columns]
    if len({array.size for array in arrays}) != 1:
        raise UsageError(f"the variables have {[array.size for array in arrays]} values; allowed: the same number each")
    keep = ~np.any([np.isnan(array) for array in arrays], axis=0)
    return [array[keep] for array in arrays], int((~keep).sum())
