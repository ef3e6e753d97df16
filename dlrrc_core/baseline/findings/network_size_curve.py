"""A parabola through accuracies by size of the network, with a test for an inverted U and what could have been seen."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import statsmodels.api as sm
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import ndtr
from scipy.stats import chi, norm
from scipy.stats import t as student

from dlrrc_core.baseline.findings.common import samples
from dlrrc_core.problems import UsageError

Floats = npt.NDArray[np.float64]
LEVEL = 0.05
POWER = 0.8
DRAWN = 41  # points of the fitted line
TEST_SETS = (10, 100, 1000)


@dataclass(frozen=True)
class Slope:
    """Slope of the parabola at one end of the data, per unit of x, with the one-sided P value for the sign of an inverted U."""

    x: float
    slope: float
    error: float
    p: float


@dataclass(frozen=True)
class Curve:
    """A fitted parabola ``y = block + b1 (x - c) + b2 (x - c)^2``.

    Attributes
    ----------
    curvature : float
        ``b2``; below 0 for an inverted U.
    interval : tuple of float
        95 % t interval of ``b2``.
    p : float
        Two-sided P value of ``b2 = 0``.
    low, high : Slope
        At the smallest and the largest x.
    p_inverted_u : float
        P value of the test for an inverted U: rising at the low end and falling at the high end.
    turning_point : float or None
        x of the extremum; None for a straight line.
    detectable_drop : float
        Drop from the top to both ends of a parabola with its top in the middle of the data, in units of y, whose curvature would be
        significant with a chance of 80 %.
    residual : float
        Standard deviation around the fit.
    freedom : int
        Degrees of freedom of the residuals.
    n : int
        Observations.
    line : tuple of (float, float)
        Points of the fitted line, mean over the blocks.
    """

    curvature: float
    interval: tuple[float, float]
    p: float
    low: Slope
    high: Slope
    p_inverted_u: float
    turning_point: float | None
    detectable_drop: float
    residual: float
    freedom: int
    n: int
    line: tuple[tuple[float, float], ...]


def parabola(x: npt.ArrayLike, y: npt.ArrayLike, block: npt.ArrayLike | None = None) -> Curve | None:
    """Fit a parabola by least squares, with an intercept for each block.

    Parameters
    ----------
    x, y : array_like of float, shape (n,)
        Size and accuracy.
    block : array_like, shape (n,), optional
        Observations of one block share an intercept: those of one seed have cohort, split and test patients in common.

    Returns
    -------
    Curve or None
        None with fewer than three different x, without a degree of freedom for the residuals, or when nothing is left around the fit.

    Raises
    ------
    UsageError
        When the lengths differ.

    Notes
    -----
    The slope at x is ``b1 + 2 b2 (x - c)`` with variance ``V11 + 4 (x - c)^2 V22 + 4 (x - c) V12``. The test for an inverted U rejects
    "rising or flat nowhere at the low end, or falling nowhere at the high end" by the larger of the two one-sided P values: Sasabuchi
    (1980), Biometrika 67:429-439; Lind and Mehlum (2010), Oxford Bulletin of Economics and Statistics 72:109-118. Least squares from
    statsmodels; checked against the normal equations and ``numpy.polyfit``.
    """
    values, sizes = np.asarray(y, dtype=float), np.asarray(x, dtype=float)
    blocks = np.zeros(len(sizes)) if block is None else np.asarray(block)
    if not len(values) == len(sizes) == len(blocks):
        raise UsageError(f"{len(sizes)} sizes, {len(values)} values and {len(blocks)} blocks; allowed: the same number")
    names = np.unique(blocks)
    freedom = len(sizes) - len(names) - 2
    if np.unique(sizes).size < 3 or freedom < 1:
        return None
    centre = float(np.unique(sizes).mean())
    away = sizes - centre
    design = np.column_stack([*(blocks == name for name in names), away, away**2]).astype(float)
    if np.linalg.matrix_rank(design) < design.shape[1]:
        return None
    fitted = sm.OLS(values, design).fit()
    if fitted.mse_resid < 1e-18:
        return None
    slope, curvature = (float(each) for each in fitted.params[-2:])
    covariance = np.asarray(fitted.cov_params())[-2:, -2:]
    error = float(np.sqrt(covariance[1, 1]))
    half = float(student.isf(LEVEL / 2, freedom)) * error
    ends = [
        _slope(slope, curvature, covariance, at - centre, at, sign, freedom)
        for at, sign in ((float(sizes.min()), 1), (float(sizes.max()), -1))
    ]
    grid = np.linspace(sizes.min(), sizes.max(), DRAWN) - centre
    height = float(fitted.params[:-2].mean()) + slope * grid + curvature * grid**2
    return Curve(
        curvature=curvature,
        interval=(curvature - half, curvature + half),
        p=float(2 * student.sf(abs(curvature) / error, freedom)),
        low=ends[0],
        high=ends[1],
        p_inverted_u=max(each.p for each in ends),
        turning_point=centre - slope / (2 * curvature) if curvature else None,
        detectable_drop=detectable(error, freedom) * float(np.ptp(sizes) / 2) ** 2,
        residual=float(np.sqrt(fitted.mse_resid)),
        freedom=freedom,
        n=len(sizes),
        line=tuple((float(centre + at), float(y_at)) for at, y_at in zip(grid, height, strict=True)),
    )


def _slope(
    slope: float, curvature: float, covariance: Floats, away: float, at: float, sign: int, freedom: int
) -> Slope:
    """Return the slope at one end with the P value against the wrong sign."""
    here = slope + 2 * curvature * away
    variance = covariance[0, 0] + 4 * away**2 * covariance[1, 1] + 4 * away * covariance[0, 1]
    error = float(np.sqrt(variance))
    return Slope(at, here, error, float(student.sf(sign * here / error, freedom)))


def detectable(error: float, freedom: int, level: float = LEVEL, power: float = POWER) -> float:
    """Return the true value that a two-sided t test finds significant with a given chance.

    Parameters
    ----------
    error : float
        Standard error of the estimate.
    freedom : int
        Degrees of freedom, at least 1.
    level, power : float, default 0.05 and 0.8

    Notes
    -----
    ``error`` times the d that solves ``P(|T| > t) = power`` for ``T = (Z + d) / S`` with a standard normal Z and S^2 a chi squared by its
    degrees of freedom, the noncentral t distribution, integrated over S: scipy's own is NaN in the far tail of few degrees of freedom.
    Checked against ``statsmodels.stats.power.TTestPower``.
    """
    return error * _factor(freedom, level, power)


@cache
def _factor(freedom: int, level: float, power: float) -> float:
    """Return the noncentrality that gives the power."""
    limit, root = float(student.isf(level / 2, freedom)), float(freedom) ** 0.5

    def missed(d: float) -> float:
        def density(s: float) -> float:
            return float((ndtr(limit * s - d) - ndtr(-limit * s - d)) * chi.pdf(s * root, freedom) * root)

        return float(quad(density, 0, 1 + 12 / root)[0]) - (1 - power)

    return float(brentq(missed, 0.0, 2 * limit + 2))


def single_comparison(cases: pd.DataFrame) -> dict[str, Any]:
    """Return what a comparison of two networks, each trained once, can see in a test set of k patients.

    Parameters
    ----------
    cases : pandas.DataFrame
        Answers at one learning rate.

    Returns
    -------
    dict
        ``between_trainings``: standard deviation over seeds of the difference in case accuracy of two networks, points, less what the
        number of test patients explains; ``per_patient``: standard deviation over patients of the difference of right answers (points
        for one patient); ``detectable``: by number of patients k, the true difference that is significant with a chance of 80 %;
        ``networks`` and ``pairs`` of them that this rests on. None, or an empty list, below two networks or two seeds.

    Notes
    -----
    Trainings that fail to converge count as trainings; leave their networks out to see the spread of those that did. Over all pairs of
    networks, ``s_T^2 = max(0, mean variance over seeds - s_P^2 / K)`` with K new patients, and
    ``(z_0.975 + z_0.8) sqrt(s_T^2 + s_P^2 / k)``. Cases by mean probability.
    """
    right = {
        (name, seed): samples(rows, ["mean_probability"])["mean_probability"]
        for (name, seed), rows in cases.groupby(["network", "seed"])
    }
    hits = {key: pd.Series((each.call == each.truth).astype(float), index=each.names) for key, each in right.items()}
    networks, seeds = (sorted({key[i] for key in hits}) for i in (0, 1))
    over_seeds, over_patients, patients = [], [], []
    for first, second in combinations(networks, 2):
        both = [
            hits[first, seed] - hits[second, seed] for seed in seeds if {(first, seed), (second, seed)} <= set(hits)
        ]
        if len(both) > 1:
            over_seeds.append(float(np.var([each.mean() for each in both], ddof=1)))
            over_patients.append(float(np.mean([each.var(ddof=1) for each in both])))
            patients.append(float(np.mean([len(each) for each in both])))
    if not over_seeds:
        return {
            "networks": len(networks), "pairs": 0, "between_trainings": None, "per_patient": None, "detectable": []
        }  # fmt: skip
    per_patient = float(np.mean(over_patients))
    between = max(0.0, float(np.mean(over_seeds)) - per_patient / float(np.mean(patients)))
    factor = float(norm.isf(LEVEL / 2) + norm.isf(1 - POWER))
    return {
        "networks": len(networks),
        "pairs": len(over_seeds),
        "between_trainings": 100 * between**0.5,
        "per_patient": 100 * per_patient**0.5,
        "detectable": [{"patients": k, "points": 100 * factor * (between + per_patient / k) ** 0.5} for k in TEST_SETS],
    }
