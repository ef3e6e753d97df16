"""Journal percentiles that give the printed correlations with reconstructed scores.

Papers of one journal get one percentile. The percentiles are made up to agree with three printed correlations; they say nothing
about any journal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from dlrrc_core.problems import UsageError
from dlrrc_core.reconstruct.aggregates import Aggregates
from dlrrc_core.reconstruct.consistency import Triple, Window, agrees, extreme

Floats = npt.NDArray[np.float64]


def percentiles(
    a: Aggregates, journals: Sequence[str], totals: npt.ArrayLike, rng: np.random.Generator
) -> npt.NDArray[np.float64]:
    """Return journal percentiles whose correlation and partial correlations with the scores come out as printed.

    Parameters
    ----------
    a : Aggregates
        What was printed.
    journals : sequence of str, length papers
        Journal of each paper; equal names get equal percentiles.
    totals : array_like of int, shape (papers,)
        Units of each paper; their correlation with the years lies in the window of ``a``.
    rng : numpy.random.Generator
        Decides everything that the printed numbers leave open.

    Returns
    -------
    numpy.ndarray, shape (papers,)
        Percentiles between 0 and 100.

    Raises
    ------
    UsageError
        When no percentiles give the printed correlations.

    Notes
    -----
    With unit vectors s (scores) and y (years), the sought unit vector is a combination of the projections of s and y on the vectors
    that are constant within journals, plus a random vector there that is orthogonal to both.
    """
    score, year = _unit(np.asarray(totals, dtype=float)), _unit(a.years.astype(float))
    target = _target(a.correlations, float(score @ year))
    names = sorted(set(journals))
    group = np.array([[journal == name for name in names] for journal in journals], dtype=float)
    basis, sizes, _ = np.linalg.svd(group - group.mean(axis=0), full_matrices=False)
    basis = basis[:, sizes > 1e-9 * sizes[0]]  # centred vectors that are constant within journals
    sides = basis @ (basis.T @ np.stack([score, year], axis=1))
    weights, *_ = np.linalg.lstsq(sides.T @ sides, np.array([target.journal, target.journal_year]), rcond=None)
    fixed = sides @ weights
    free = basis @ rng.uniform(-1, 1, basis.shape[1])
    free -= sides @ np.linalg.lstsq(sides, free, rcond=None)[0]
    left = 1 - fixed @ fixed
    if left < 0 or np.linalg.norm(free) < 1e-9:
        raise UsageError("no percentiles of these journals give the printed correlations with these scores")
    z = fixed + np.sqrt(left) * free / np.linalg.norm(free)
    low, high = np.sort(rng.uniform([0, 60], [40, 100]))
    return np.asarray(low + (high - low) * (z - z.min()) / np.ptp(z))


def _unit(values: Floats) -> Floats:
    """Return values as a centred vector of length 1."""
    centred = values - values.mean()
    return np.asarray(centred / np.linalg.norm(centred))


def _target(windows: Mapping[str, Window], year: float) -> Triple:
    """Return correlations that agree with all windows when the one of year and score is known; near the middle of what is allowed."""
    known = {**windows, "year": (year, year)}
    ends = [extreme(known, coordinate=2, sign=sign, tolerance=1e-6) for sign in (-1, 1)]
    if ends[0] is None or ends[1] is None:
        raise UsageError(f"the printed correlations with journals contradict a correlation of {year:.4f} with the year")
    middle = Triple(*[(getattr(ends[0], k) + getattr(ends[1], k)) / 2 for k in ("journal", "year", "journal_year")])
    return middle if agrees(middle, known) else ends[0]
