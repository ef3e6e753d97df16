"""Agreement of total scores: intraclass correlations, limits of agreement, smallest detectable change.

Every statistic is a function of sums over papers, so :func:`dlrrc_core.resampling.bca` gives intervals for all of them at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats as sps

from dlrrc_core.problems import UsageError

Floats = npt.NDArray[np.float64]
NAN = float("nan")
Z = float(sps.norm.ppf(0.975))  # 1.96: 95 % of differences lie within this many standard deviations


@dataclass(frozen=True)
class Totals:
    """Scores of the same papers by the same raters, centred so that sums of squares keep their digits.

    Attributes
    ----------
    features : numpy.ndarray, shape (papers, 1 + raters + raters * raters)
        One, the centred scores, their products.
    centre : float
        What was subtracted.
    raters : int
    """

    features: Floats
    centre: float
    raters: int

    @classmethod
    def of(cls, scores: npt.ArrayLike) -> Totals:
        """Return the features of a table of scores.

        Parameters
        ----------
        scores : array_like of float, shape (papers, raters)
            No value missing: leave papers out that some rater did not score.

        Raises
        ------
        UsageError
            When a score is missing or the table has fewer than two raters.
        """
        table = np.asarray(scores, dtype=float)
        if table.ndim != 2 or table.shape[1] < 2 or not np.isfinite(table).all():
            raise UsageError(
                f"scores of shape {table.shape}; allowed: (papers, 2 or more raters) without missing values"
            )
        centre = float(table.mean()) if table.size else 0.0
        x = table - centre
        products = np.einsum("ij,il->ijl", x, x).reshape(len(x), table.shape[1] ** 2)
        return cls(np.hstack([np.ones((len(x), 1)), x, products]), centre, table.shape[1])

    def moments(self, sums: Floats) -> tuple[Floats, Floats, Floats]:
        """Return the number of papers (...), sums (..., raters) and sums of products (..., raters, raters)."""
        k = self.raters
        return sums[..., 0], sums[..., 1 : k + 1], sums[..., k + 1 :].reshape(*sums.shape[:-1], k, k)

    def mean_squares(self, sums: Floats) -> tuple[Floats, Floats, Floats]:
        """Return the mean squares of papers, raters and residual of the two-way analysis of variance."""
        n, s, m = self.moments(sums)
        k = self.raters
        correction = s.sum(axis=-1) ** 2 / (n * k)
        papers = m.sum(axis=(-2, -1)) / k - correction
        raters = (s**2).sum(axis=-1) / n - correction
        residual = np.trace(m, axis1=-2, axis2=-1) - correction - papers - raters
        noise = 1e-12 * np.trace(m, axis1=-2, axis2=-1)  # what rounding leaves where a sum of squares is 0
        papers, raters, residual = (np.where(square < noise, 0.0, square) for square in (papers, raters, residual))
        return papers / (n - 1), raters / (k - 1), residual / ((n - 1) * (k - 1))

    def icc(self, sums: Floats) -> tuple[Floats, Floats, Floats]:
        """Return ICC(A,1), ICC(C,1) and ICC(C,k); see :func:`intraclass`."""
        n, k = sums[..., 0], self.raters
        papers, raters, residual = self.mean_squares(sums)
        between = papers - residual
        agreement = between / (papers + (k - 1) * residual + k / n * (raters - residual))
        return agreement, between / (papers + (k - 1) * residual), between / papers

    def smallest_change(self, sums: Floats) -> Floats:
        """Return the smallest detectable change; see :func:`smallest_detectable_change`."""
        _, raters, residual = self.mean_squares(sums)
        return Z * np.sqrt(2) * np.sqrt(np.maximum(raters - residual, 0) / sums[..., 0] + residual)

    def difference(self, sums: Floats, a: int = 0, b: int = 1) -> tuple[Floats, Floats, Floats, Floats]:
        """Return mean and SD of rater a minus rater b, and the limits of agreement; see :func:`limits_of_agreement`."""
        n, s, m = self.moments(sums)
        mean = (s[..., a] - s[..., b]) / n
        square = m[..., a, a] - 2 * m[..., a, b] + m[..., b, b] - n * mean**2
        sd = np.sqrt(np.where(square < 1e-12 * (m[..., a, a] + m[..., b, b]), 0.0, square) / (n - 1))
        return mean, sd, mean - Z * sd, mean + Z * sd

    def mean(self, sums: Floats) -> Floats:
        """Return the mean score of each rater, shape (..., raters)."""
        n, s, _ = self.moments(sums)
        return self.centre + s / n[..., None]


@dataclass(frozen=True)
class Intraclass:
    """Intraclass correlations: single rating for absolute agreement and consistency, and mean of the raters for consistency."""

    icc_a1: float
    icc_c1: float
    icc_ck: float


def intraclass(scores: npt.ArrayLike) -> Intraclass:
    """Return ICC(A,1), ICC(C,1) and ICC(C,k) of a two-way layout.

    Parameters
    ----------
    scores : array_like of float, shape (papers, raters)
        No value missing.

    Returns
    -------
    Intraclass
        At most 1; NaN below two papers or when all scores are the same.

    Raises
    ------
    UsageError
        When a score is missing or there are fewer than two raters.

    Notes
    -----
    With mean squares of papers R, raters C and residual E, n papers and k raters:
    ``ICC(A,1) = (R - E) / (R + (k - 1) E + k (C - E) / n)``, ``ICC(C,1) = (R - E) / (R + (k - 1) E)``, ``ICC(C,k) = (R - E) / R``.
    Source: McGraw and Wong (1996), Psychol Methods 1:30-46. Checked against R's ``psych::ICC`` and Shrout and Fleiss (1979).
    """
    totals = Totals.of(scores)
    return Intraclass(*_of_all(totals, totals.icc, 3))


@dataclass(frozen=True)
class Limits:
    """Differences of two raters: mean, SD (n - 1) and the 95 % limits of agreement, in points."""

    mean: float
    sd: float
    lower: float
    upper: float


def limits_of_agreement(scores: npt.ArrayLike) -> Limits:
    """Return the limits of agreement of Bland and Altman: first rater minus second.

    Parameters
    ----------
    scores : array_like of float, shape (papers, 2)
        No value missing.

    Returns
    -------
    Limits
        NaN below two papers.

    Raises
    ------
    UsageError
        When a score is missing or there are not two raters.

    Notes
    -----
    ``mean -+ 1.96 sd``. Source: Bland and Altman (1986), Lancet 327:307-310; checked against its example.
    """
    totals = Totals.of(scores)
    if totals.raters != 2:
        raise UsageError(f"scores of {totals.raters} raters; allowed: 2")
    return Limits(*_of_all(totals, totals.difference, 4))


def smallest_detectable_change(scores: npt.ArrayLike) -> float:
    """Return the smallest difference of two ratings by any raters that is more than their noise, in points.

    Parameters
    ----------
    scores : array_like of float, shape (papers, raters)
        No value missing.

    Returns
    -------
    float
        At least 0; NaN below two papers.

    Raises
    ------
    UsageError
        As :func:`intraclass`.

    Notes
    -----
    ``1.96 sqrt(2) SEM`` with ``SEM^2`` the variance between raters (not below 0) plus the residual variance. Source: de Vet et al.
    (2006), J Clin Epidemiol 59:1033-1039. Checked against R's analysis of variance.
    """
    totals = Totals.of(scores)
    return _of_all(totals, totals.smallest_change, 1)[0]


def _of_all(totals: Totals, statistic: Callable[[Floats], object], size: int) -> list[float]:
    """Return statistics over all papers as plain floats, NaN where they are not defined."""
    if len(totals.features) < 2:
        return [NAN] * size
    with np.errstate(divide="ignore", invalid="ignore"):
        values = np.ravel(np.asarray(statistic(totals.features.sum(axis=0)), dtype=float))
    return [float(value) if np.isfinite(value) else NAN for value in values]
