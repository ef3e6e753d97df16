"""Coefficients of agreement on one categorical scale, for any number of raters and missing answers.

Everything is computed from sums over papers (:class:`Layout` says which), so that thousands of bootstrap samples cost one matrix
product. A coefficient that is not defined (for instance kappa where every answer is the same) is NaN.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
import numpy.typing as npt

from dlrrc_core.problems import UsageError

Floats = npt.NDArray[np.float64]
Weights = Literal["identity", "linear", "quadratic"]
MISSING = -1


def agreement_weights(values: npt.ArrayLike, kind: Weights = "identity") -> Floats:
    """Return how much two categories agree: 1 on the diagonal, less the further they are apart.

    Parameters
    ----------
    values : array_like of float, shape (categories,)
        Value of each category, for instance its points; all different.
    kind : {"identity", "linear", "quadratic"}, default "identity"
        ``identity`` counts only equal categories; the others take ``1 - (|a - b| / range)`` or its square.

    Returns
    -------
    numpy.ndarray, shape (categories, categories)
        Weights in [0, 1].

    Raises
    ------
    UsageError
        When the kind does not exist, a value is not finite, or there are fewer than two different values.

    Notes
    -----
    Source: Cohen (1968), Psychol Bull 70:213-220. Checked against R's ``psych::cohen.kappa`` and ``vcd::Kappa``.
    """
    points = np.asarray(values, dtype=float)
    if points.ndim != 1 or np.unique(points).size != points.size or points.size < 2 or not np.isfinite(points).all():
        raise UsageError(f"category values {points.tolist()}; allowed: two or more different numbers")
    distance = np.abs(points[:, None] - points[None, :]) / np.ptp(points)
    if kind == "identity":
        return np.eye(points.size)
    if kind == "linear":
        return 1 - distance
    if kind == "quadratic":
        return 1 - distance**2
    raise UsageError(f"weights '{kind}'; allowed: identity, linear, quadratic")


@dataclass(frozen=True)
class Layout:
    """Where the sums of one paper stand in its row of features.

    A row holds: for every pair of raters the table of their answers; the pairs of answers of each subject, each subject counting
    once (``pairs``) and each subject counting as often as it has answers (``coincidences``); the shares of the categories; the
    number of subjects with an answer, and with two or more.

    Attributes
    ----------
    raters, categories : int
        Numbers of raters and of categories.
    """

    raters: int
    categories: int

    @property
    def rater_pairs(self) -> list[tuple[int, int]]:
        """Pairs of raters in the order of their tables."""
        return list(combinations(range(self.raters), 2))

    def features(self, codes: npt.NDArray[np.integer]) -> Floats:
        """Return the features of each paper.

        Parameters
        ----------
        codes : numpy.ndarray of int, shape (raters, papers, subjects)
            Category 0 ... q - 1 of each answer, -1 where it is missing. The subjects of a paper (its items) are resampled together.

        Returns
        -------
        numpy.ndarray, shape (papers, features)

        Raises
        ------
        UsageError
            When the array does not fit the layout.
        """
        data = np.asarray(codes)
        q = self.categories
        if (
            data.ndim != 3
            or data.shape[0] != self.raters
            or (data.size and data.dtype.kind not in "iu")
            or (data.size and (data.min() < MISSING or data.max() >= q))
        ):
            raise UsageError(
                f"codes of shape {data.shape}; allowed: ({self.raters}, papers, subjects) with whole numbers -1 to {q - 1}"
            )
        data = data.astype(np.int64)
        papers = data.shape[1]
        paper = np.broadcast_to(np.arange(papers)[:, None], data.shape[1:])
        tables = [_tables(data[a], data[b], paper, papers, q) for a, b in self.rater_pairs]
        counts = np.stack([(data == k).sum(axis=0) for k in range(q)], axis=-1).astype(float)  # (papers, subjects, q)
        answers = counts.sum(axis=-1)
        known, several = answers >= 1, answers >= 2
        per_answer = np.where(several, 1 / np.maximum(answers - 1, 1), 0.0)
        per_subject = per_answer / np.maximum(answers, 1)
        both = [
            np.einsum("psk,psl,ps->pkl", counts, counts, weight) - _diagonal(np.einsum("psk,ps->pk", counts, weight))
            for weight in (per_subject, per_answer)
        ]
        shares = np.einsum("psk,ps->pk", counts, known / np.maximum(answers, 1))
        flat = [*tables, *(table.reshape(papers, q * q) for table in both), shares]
        return np.concatenate([*flat, known.sum(axis=1)[:, None], several.sum(axis=1)[:, None]], axis=1, dtype=float)

    def tables(self, sums: Floats) -> Floats:
        """Return the tables of rater pairs, shape (..., pairs, q, q)."""
        q, n = self.categories, len(self.rater_pairs)
        return sums[..., : n * q * q].reshape(*sums.shape[:-1], n, q, q)

    def _square(self, sums: Floats, number: int) -> Floats:
        """Return one of the q x q sums after the tables."""
        q = self.categories
        start = (len(self.rater_pairs) + number) * q * q
        return sums[..., start : start + q * q].reshape(*sums.shape[:-1], q, q)

    def raw(self, sums: Floats, weights: Floats) -> Floats:
        """Return the weighted share of agreeing pairs of answers; see :func:`raw_agreement`."""
        return (self._square(sums, 0) * weights).sum(axis=(-2, -1)) / sums[..., -1]

    def gwet(self, sums: Floats, weights: Floats) -> Floats:
        """Return Gwet's AC1 or AC2; see :func:`gwet_ac`."""
        q = self.categories
        share = sums[..., -2 - q : -2] / sums[..., -2, None]
        chance = weights.sum() / (q * (q - 1)) * (share * (1 - share)).sum(axis=-1)
        return (self.raw(sums, weights) - chance) / (1 - chance)

    def alpha(self, sums: Floats, weights: Floats) -> Floats:
        """Return Krippendorff's alpha; see :func:`krippendorff_alpha`."""
        coincidences = self._square(sums, 1)
        margin = coincidences.sum(axis=-1)
        n = margin.sum(axis=-1)
        apart = 1 - weights
        observed = (coincidences * apart).sum(axis=(-2, -1)) / n
        expected = np.einsum("...k,...l,kl->...", margin, margin, apart) / (n * (n - 1))
        return 1 - observed / expected

    def kappas(self, sums: Floats, weights: Floats) -> Floats:
        """Return Cohen's kappa of every pair of raters, shape (..., pairs); see :func:`cohen_kappa`."""
        tables = self.tables(sums)
        n = tables.sum(axis=(-2, -1))
        observed = (tables * weights).sum(axis=(-2, -1)) / n
        expected = np.einsum("...k,...l,kl->...", tables.sum(axis=-1), tables.sum(axis=-2), weights) / n**2
        return np.where(1 - expected < 1e-12, np.nan, (observed - expected) / (1 - expected))

    def kappa(self, sums: Floats, weights: Floats) -> Floats:
        """Return the mean of the defined kappas of the pairs of raters; see :func:`cohen_kappa`."""
        kappas = self.kappas(sums, weights)
        defined = np.isfinite(kappas)
        return np.where(defined, kappas, 0).sum(axis=-1) / defined.sum(axis=-1)


def _tables(a: np.ndarray, b: np.ndarray, paper: np.ndarray, papers: int, q: int) -> Floats:
    """Return the q x q table of two raters for each paper, as rows."""
    both = (a >= 0) & (b >= 0)
    cell = (paper * q + a) * q + b
    return np.bincount(cell[both], minlength=papers * q * q).reshape(papers, q * q).astype(float)


def _diagonal(rows: Floats) -> Floats:
    """Return a diagonal matrix for each row."""
    return rows[..., :, None] * np.eye(rows.shape[-1])


def _coefficient(method: Callable[[Layout, Floats, Floats], Floats], codes: npt.ArrayLike, weights: Floats) -> float:
    """Return a coefficient of one table of answers."""
    data = np.asarray(codes)
    if data.ndim != 2:
        raise UsageError(f"codes of shape {data.shape}; allowed: (raters, subjects)")
    layout = Layout(data.shape[0], len(weights))
    sums = layout.features(data[:, :, None]).sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = float(method(layout, sums, weights))
    return value if np.isfinite(value) else float("nan")


def raw_agreement(codes: npt.ArrayLike, weights: Floats) -> float:
    """Return the share of pairs of answers that agree.

    Parameters
    ----------
    codes : array_like of int, shape (raters, subjects)
        Category 0 ... q - 1, -1 where missing.
    weights : numpy.ndarray, shape (q, q)
        Result of :func:`agreement_weights`.

    Returns
    -------
    float
        In [0, 1]; NaN when no subject has two answers.

    Notes
    -----
    Mean over subjects with r >= 2 answers of ``sum_k r_k (r*_k - 1) / (r (r - 1))``. Source: Gwet (2014), Handbook of Inter-Rater
    Reliability, 4th ed., ch. 5.
    """
    return _coefficient(Layout.raw, codes, weights)


def cohen_kappa(codes: npt.ArrayLike, weights: Floats) -> float:
    """Return Cohen's kappa, weighted or not; the mean over pairs of raters when there are more than two (Light's kappa).

    Parameters
    ----------
    codes, weights
        As in :func:`raw_agreement`.

    Returns
    -------
    float
        At most 1; NaN when no pair of raters has a defined kappa (both always gave one and the same category).

    Notes
    -----
    ``(p_o - p_e) / (1 - p_e)`` with ``p_e`` from the product of the raters' margins. Sources: Cohen (1960), Educ Psychol Meas
    20:37-46; Light (1971), Psychol Bull 76:365-377. Checked against R's ``psych::cohen.kappa`` and ``vcd::Kappa``.
    """
    return _coefficient(Layout.kappa, codes, weights)


def gwet_ac(codes: npt.ArrayLike, weights: Floats) -> float:
    """Return Gwet's AC1 (identity weights) or AC2.

    Parameters
    ----------
    codes, weights
        As in :func:`raw_agreement`; q counts every category of the scale, also those that nobody used.

    Returns
    -------
    float
        At most 1; NaN when no subject has two answers.

    Notes
    -----
    ``p_e = T_w / (q (q - 1)) sum_k pi_k (1 - pi_k)``, ``T_w`` the sum of the weights. Source: Gwet (2008), Br J Math Stat Psychol
    61:29-48. Checked against the Python package irrCAC and the example of Gwet (2014).
    """
    return _coefficient(Layout.gwet, codes, weights)


def krippendorff_alpha(codes: npt.ArrayLike, weights: Floats) -> float:
    """Return Krippendorff's alpha: nominal with identity weights, interval with quadratic weights.

    Parameters
    ----------
    codes, weights
        As in :func:`raw_agreement`.

    Returns
    -------
    float
        At most 1; NaN when all answers that can be paired are the same.

    Notes
    -----
    ``1 - D_o / D_e`` from the coincidence matrix. Source: Krippendorff (2011), Computing Krippendorff's Alpha-Reliability. Checked
    against its example and the Python package krippendorff.
    """
    return _coefficient(Layout.alpha, codes, weights)
