"""What a correlation in a sample of this size, from scores of this reliability, can show.

The power of the t test of a correlation is the approximation that R's ``pwr`` uses, so that numbers can be compared with it.
"""

from __future__ import annotations

import math

from scipy import optimize
from scipy import stats as sps

from dlrrc_core.problems import UsageError
from dlrrc_core.stats import NAN

LEAST_N = 4  # Fisher's z has the variance 1 / (n - 3)
LARGEST_N = 1e12


def critical_r(n: float, alpha: float = 0.05) -> float:
    """Return the smallest absolute correlation that is significant in a sample.

    Parameters
    ----------
    n : float
        Number of papers.
    alpha : float, default 0.05
        Two-sided level in (0, 1).

    Returns
    -------
    float
        In (0, 1); NaN for n of 2 or less.

    Raises
    ------
    UsageError
        When alpha is outside (0, 1).

    Notes
    -----
    ``t / sqrt(n - 2 + t^2)`` with t the upper alpha / 2 point of Student's t with n - 2 degrees of freedom. Checked against R's ``qt``.
    """
    _within(alpha, 0, 1, "alpha")
    if not n > 2:
        return NAN
    t = float(sps.t.isf(alpha / 2, n - 2))
    return t / math.hypot(math.sqrt(n - 2), t)


def power(r: float, n: float, alpha: float = 0.05) -> float:
    """Return the chance that a sample shows a true correlation as significant.

    Parameters
    ----------
    r : float
        True correlation in (-1, 1).
    n : float
        Number of papers.
    alpha : float, default 0.05
        Two-sided level in (0, 1).

    Returns
    -------
    float
        In (0, 1); NaN for n below 4.

    Raises
    ------
    UsageError
        When r is outside (-1, 1) or alpha outside (0, 1).

    Notes
    -----
    With ``zeta = artanh(r) + r / (2 (n - 1))`` and ``z`` the artanh of :func:`critical_r`:
    ``Phi((zeta - z) sqrt(n - 3)) + Phi((-zeta - z) sqrt(n - 3))``. Source: Cohen (1988), Statistical Power Analysis, 2nd edition, 3.4 and 12.
    Checked against R's ``pwr::pwr.r.test``.
    """
    _within(r, -1, 1, "r")
    line = critical_r(n, alpha)
    if not n >= LEAST_N:
        return NAN
    zeta, z, scale = math.atanh(r) + r / (2 * (n - 1)), math.atanh(line), math.sqrt(n - 3)
    return float(sps.norm.cdf((zeta - z) * scale) + sps.norm.cdf((-zeta - z) * scale))


def n_needed(r: float, wanted: float = 0.8, alpha: float = 0.05) -> float:
    """Return the number of papers with which a true correlation is shown with a wanted power.

    Parameters
    ----------
    r : float
        True correlation in (-1, 1), not 0.
    wanted : float, default 0.8
        Power in (alpha, 1).
    alpha : float, default 0.05
        Two-sided level in (0, 1).

    Returns
    -------
    float
        At least 4, not rounded: round up. NaN above 10^12.

    Raises
    ------
    UsageError
        When r, power or alpha are outside what is allowed.

    Notes
    -----
    Root of :func:`power` in n, by ``scipy.optimize.brentq``. Checked against R's ``pwr::pwr.r.test``.
    """
    _within(alpha, 0, 1, "alpha")
    _within(wanted, alpha, 1, "power")
    if r == 0:
        raise UsageError("r = 0; allowed: a correlation between -1 and 1 that is not 0")
    if power(r, LEAST_N, alpha) >= wanted:
        return float(LEAST_N)
    if power(r, LARGEST_N, alpha) < wanted:
        return NAN
    return float(optimize.brentq(lambda n: power(r, n, alpha) - wanted, LEAST_N, LARGEST_N, xtol=1e-9, maxiter=500))


def detectable_r(n: float, wanted: float = 0.8, alpha: float = 0.05) -> float:
    """Return the smallest true correlation that a sample shows with a wanted power.

    Parameters
    ----------
    n : float
        Number of papers.
    wanted : float, default 0.8
        Power in (alpha, 1).
    alpha : float, default 0.05
        Two-sided level in (0, 1).

    Returns
    -------
    float
        In (0, 1); NaN for n below 4.

    Raises
    ------
    UsageError
        When power or alpha are outside what is allowed.

    Notes
    -----
    Root of :func:`power` in r, by ``scipy.optimize.brentq``. Checked against R's ``pwr::pwr.r.test``.
    """
    _within(alpha, 0, 1, "alpha")
    _within(wanted, alpha, 1, "power")
    if not n >= LEAST_N:
        return NAN
    edge = 1 - 1e-15
    if power(0.0, n, alpha) >= wanted or power(edge, n, alpha) < wanted:  # the approximation has no root there
        return NAN
    return float(optimize.brentq(lambda r: power(r, n, alpha) - wanted, 0, edge, xtol=1e-12))


def n_significant(r: float, alpha: float = 0.05) -> float:
    """Return the smallest number of papers with which an observed correlation would be significant.

    Parameters
    ----------
    r : float
        Observed correlation in (-1, 1), not 0.
    alpha : float, default 0.05
        Two-sided level in (0, 1).

    Returns
    -------
    float
        A whole number of at least 3; NaN above 10^12.

    Raises
    ------
    UsageError
        When r or alpha are outside what is allowed.

    Notes
    -----
    Smallest n with ``critical_r(n) < |r|``, which is P < alpha.
    """
    _within(r, -1, 1, "r")
    if r == 0:
        raise UsageError("r = 0; allowed: a correlation between -1 and 1 that is not 0")
    if critical_r(3, alpha) < abs(r):
        return 3.0
    if critical_r(LARGEST_N, alpha) >= abs(r):
        return NAN
    n = math.floor(optimize.brentq(lambda m: critical_r(m, alpha) - abs(r), 3, LARGEST_N, xtol=1e-6, maxiter=500))
    return float(n if critical_r(n, alpha) < abs(r) else n + 1)


def correct_attenuation(r: float, reliability_y: float, reliability_x: float = 1.0) -> float:
    """Return a correlation as it would be if the variables were measured without noise.

    Parameters
    ----------
    r : float
        Correlation in [-1, 1], or NaN.
    reliability_y : float
        Reliability of y, at most 1, for instance ICC(C,1) for scores of one rater and ICC(C,k) for means of k raters.
    reliability_x : float, default 1.0
        Reliability of x; a year of publication has no noise.

    Returns
    -------
    float
        In [-1, 1]: a result beyond is capped, because estimates of reliability may be too low. NaN when r or a reliability is NaN, and
        when a reliability is not above 0: such scores carry nothing that could be corrected.

    Raises
    ------
    UsageError
        When r is outside [-1, 1] or a reliability is above 1.

    Notes
    -----
    ``r / sqrt(reliability_x reliability_y)``. Source: Spearman (1904), Am J Psychol 15:72-101. Checked against R's ``psych::correct.cor``.
    """
    if abs(r) > 1 or max(reliability_x, reliability_y) > 1:
        raise UsageError(
            f"r = {r}, reliabilities {reliability_x} and {reliability_y}; allowed: r from -1 to 1, reliabilities up to 1"
        )
    if math.isnan(r) or not (reliability_x > 0 and reliability_y > 0):
        return NAN
    return max(-1.0, min(1.0, r / math.sqrt(reliability_x * reliability_y)))


def _within(value: float, low: float, high: float, what: str) -> None:
    """Raise a UsageError unless a number lies strictly between two others."""
    if not low < value < high:
        raise UsageError(f"{what} = {value}; allowed: above {low:g} and below {high:g}")
