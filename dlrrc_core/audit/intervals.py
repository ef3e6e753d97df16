"""Confidence intervals of a proportion: the methods that papers use, all of them not cut off at 0 and 1."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy import stats as sps
from statsmodels.stats.proportion import proportion_confint

from dlrrc_core.problems import UsageError, one_of

Floats = npt.NDArray[np.float64]
Limits = tuple[Floats, Floats]


def _z(level: float) -> float:
    return float(sps.norm.isf((1 - level) / 2))


def _wald(x: Floats, n: Floats, level: float) -> Limits:
    p = x / n
    half = _z(level) * np.sqrt(p * (1 - p) / n)
    return p - half, p + half


def _wald_corrected(x: Floats, n: Floats, level: float) -> Limits:
    low, high = _wald(x, n, level)
    return low - 1 / (2 * n), high + 1 / (2 * n)


def _plus_four(x: Floats, n: Floats, level: float) -> Limits:
    return _wald(x + 2, n + 4, level)


def _agresti_coull(x: Floats, n: Floats, level: float) -> Limits:
    square = _z(level) ** 2
    return _wald(x + square / 2, n + square, level)


def _wilson_corrected(x: Floats, n: Floats, level: float) -> Limits:
    z, p = _z(level), x / n
    square, bottom = z**2, 2 * (n + z**2)
    left = np.maximum(square - 2 - 1 / n + 4 * p * (n * (1 - p) + 1), 0)
    right = np.maximum(square + 2 - 1 / n + 4 * p * (n * (1 - p) - 1), 0)
    low = (2 * n * p + square - 1 - z * np.sqrt(left)) / bottom
    high = (2 * n * p + square + 1 + z * np.sqrt(right)) / bottom
    return np.where(x == 0, 0.0, low), np.where(x == n, 1.0, high)


def _statsmodels(method: str) -> Callable[[Floats, Floats, float], Limits]:
    def limits(x: Floats, n: Floats, level: float) -> Limits:
        low, high = proportion_confint(x, n, alpha=1 - level, method=method)
        return low, high

    return limits


_FORMULAS: dict[str, Callable[[Floats, Floats, float], Limits]] = {
    "Wald": _wald,
    "Wald with continuity correction": _wald_corrected,
    "adjusted Wald, two successes and two failures added": _plus_four,
    "adjusted Wald, z^2/2 successes and z^2/2 failures added (Agresti-Coull)": _agresti_coull,
    "Wilson": _statsmodels("wilson"),
    "Wilson with continuity correction": _wilson_corrected,
    "Clopper-Pearson": _statsmodels("beta"),
    "Jeffreys": _statsmodels("jeffreys"),
}
METHODS = tuple(_FORMULAS)
"""The interval methods that are tried, in this order."""


def interval(method: str, count: npt.ArrayLike, n: npt.ArrayLike, level: float = 0.95) -> Limits:
    """Return the two-sided confidence interval of a proportion, not cut off at 0 and 1.

    Parameters
    ----------
    method : str
        One of ``METHODS``.
    count, n : array_like of int, shape (k,)
        Counts and denominators, ``0 <= count <= n``, ``n >= 1``.
    level : float, default 0.95
        Confidence level between 0 and 1.

    Returns
    -------
    tuple of ndarray of float, shape (k,)
        Lower and upper limits.

    Notes
    -----
    With ``p = x / n`` and the normal quantile z: Wald ``p +- z sqrt(p (1 - p) / n)``, corrected by ``1 / (2 n)``; the
    adjusted Wald interval is Wald's after adding two successes and two failures (Agresti and Caffo 2000, American
    Statistician 54:280-288) or ``z^2 / 2`` of each (Agresti and Coull 1998, American Statistician 52:119-126);
    the corrected Wilson interval is method 4 of Newcombe (1998), Statistics in Medicine 17:857-872. Wilson,
    Clopper-Pearson and Jeffreys come from statsmodels. Checked against R's ``prop.test`` and ``binom.test`` and
    Newcombe's Table I.
    """
    formula = _FORMULAS[one_of(method, METHODS, "interval method")]
    if not 0 < level < 1:
        raise UsageError(f"the confidence level is {level}; allowed: a number between 0 and 1, such as 0.95")
    x, size = np.broadcast_arrays(np.asarray(count, dtype=float), np.asarray(n, dtype=float))
    if np.any(size < 1) or np.any(x < 0) or np.any(x > size):
        raise UsageError("a count lies outside its denominator; allowed: 0 <= count <= n with n at least 1")
    return formula(np.atleast_1d(x), np.atleast_1d(size), level)
