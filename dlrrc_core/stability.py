"""How far scores, ranks and the verdict depend on who rated, on answers a rater was unsure of, and on the points of the items.

Three ways of shaking the scores, each giving draws of the points of all papers; :func:`summary` says what stays.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats as sps

from dlrrc_core.chunks import Checkpoint, in_chunks
from dlrrc_core.problems import UsageError
from dlrrc_core.resampling import CELLS, Floats

DRAWS = 2000
CONCENTRATIONS = (
    100.0,
    400.0,
)  # of the weights: an item of 2.5 points then has a standard deviation of 1.6 or 0.8 points
STABLE = 0.95  # share of draws with the same verdict from which a verdict is called stable
TAILS = (2.5, 50.0, 97.5)
Mask = npt.NDArray[np.bool_]


def rater_noise(
    units: Floats,
    outside: Mask,
    best: npt.ArrayLike,
    draws: int = DRAWS,
    seed: int = 1,
    checkpoint: Checkpoint | None = None,
) -> Floats:
    """Return points when each answer is taken from a rater chosen by chance.

    Parameters
    ----------
    units : numpy.ndarray, shape (raters, papers, items)
        Units; NaN where a rater gave no answer or the item is not applicable.
    outside : numpy.ndarray of bool, shape (raters, papers, items)
        Where a rater says that the item is not applicable.
    best : array_like of int, shape (items,)
        Units of the best answer.
    draws : int, default 2000
        Number of draws, at least 1.
    seed : int, default 1
        Seed, at least 0.
    checkpoint : Checkpoint, optional
        Where finished pieces are kept.

    Returns
    -------
    numpy.ndarray, shape (draws, papers)
        Points out of 100; NaN for a paper with an item that no rater answered. With one rater all draws are alike.

    Raises
    ------
    UsageError
        When shapes do not fit, or draws or seed are too small.

    Notes
    -----
    Raters are exchangeable and answers independent: where raters differ by a habit that runs through all items, totals vary more.
    """
    top = np.asarray(best, dtype=float)
    if units.ndim != 3 or units.shape != outside.shape or units.shape[2:] != top.shape:
        raise UsageError(
            f"units {units.shape}, outside {outside.shape}, best {top.shape}; allowed: (raters, papers, items) and (items,)"
        )
    judged = np.isfinite(units) | outside
    choices = judged.sum(axis=0)
    order = np.argsort(~judged, axis=0, kind="stable")  # raters who judged the item come first
    reached = np.take_along_axis(np.where(judged & ~outside, units, 0.0), order, axis=0)
    possible = np.take_along_axis(np.where(judged & ~outside, top, 0.0), order, axis=0)
    open_paper = (choices == 0).any(axis=1)

    def points(rng: np.random.Generator, m: int) -> Floats:
        rater = (rng.random((m, *choices.shape)) * choices).astype(np.int64)[:, None]
        totals = [np.take_along_axis(table[None], rater, axis=1)[:, 0].sum(axis=2) for table in (reached, possible)]
        return np.where(open_paper, np.nan, _percent(*totals))

    return _drawn(points, units, draws, seed, "rater-noise", checkpoint, outside.tobytes())


def opened(
    units: Floats,
    unsure: Mask,
    levels: list[list[int]],
    draws: int = DRAWS,
    seed: int = 1,
    checkpoint: Checkpoint | None = None,
) -> tuple[Floats, Floats]:
    """Return points when answers that a rater was unsure of may be anything.

    Parameters
    ----------
    units : numpy.ndarray, shape (papers, items)
        Units of one rater; NaN where the item is not applicable, which leaves the denominator.
    unsure : numpy.ndarray of bool, shape (papers, items)
        Answers that may change; all others stay.
    levels : list of list of int
        Units of every option, by item.
    draws, seed, checkpoint
        As in :func:`rater_noise`; every option of an unsure answer is equally likely.

    Returns
    -------
    range : numpy.ndarray, shape (papers, 2)
        Lowest and highest points that the unsure answers allow, exact.
    draws : numpy.ndarray, shape (draws, papers)
        Points.

    Raises
    ------
    UsageError
        As in :func:`rater_noise`.
    """
    low, best = (np.array([choose(codes) for codes in levels], dtype=float) for choose in (min, max))
    applicable = np.isfinite(units)
    free = unsure & applicable
    whole = (applicable * best).sum(axis=1)
    sure = np.where(free, 0.0, np.where(applicable, units, 0.0)).sum(axis=1)
    ends = [_percent(sure + (free * end).sum(axis=1), whole) for end in (low, best)]
    rows, columns = np.nonzero(free)
    chances = [np.unique(codes) for codes in levels]

    def points(rng: np.random.Generator, m: int) -> Floats:
        totals = np.broadcast_to(sure, (m, len(sure))).copy()
        for row, column in zip(rows, columns, strict=True):
            totals[:, row] += rng.choice(chances[column], size=m)
        return _percent(totals, whole)

    drawn = _drawn(points, units, draws, seed, "unsure-answers", checkpoint, unsure.tobytes())
    return np.stack(ends, axis=1), drawn


def reweighted(
    units: Floats,
    best: npt.ArrayLike,
    concentration: float,
    draws: int = DRAWS,
    seed: int = 1,
    checkpoint: Checkpoint | None = None,
) -> Floats:
    """Return points when the items carry other weights than the published ones.

    Parameters
    ----------
    units : numpy.ndarray, shape (papers, items)
        Units, means of raters allowed; NaN where the item is not applicable.
    best : array_like of int, shape (items,)
        Units of the best answer: the published weights.
    concentration : float
        Of the Dirichlet distribution, above 0; the larger, the closer to the published weights.
    draws, seed, checkpoint
        As in :func:`rater_noise`.

    Returns
    -------
    numpy.ndarray, shape (draws, papers)
        Points out of 100.

    Raises
    ------
    UsageError
        When the concentration is not above 0, or as in :func:`rater_noise`.

    Notes
    -----
    Weights are Dirichlet(concentration * best / sum best): their mean is the published weight w, their standard deviation
    ``sqrt(w (1 - w) / (concentration + 1))``. An item counts with the share of its points that was reached.
    """
    if not concentration > 0:
        raise UsageError(f"concentration {concentration}; allowed: above 0")
    top = np.asarray(best, dtype=float)
    applicable = np.isfinite(units)
    shares = np.where(applicable, units / top, 0.0)

    def points(rng: np.random.Generator, m: int) -> Floats:
        weights = rng.dirichlet(concentration * top / top.sum(), size=m)
        return _percent(weights @ shares.T, weights @ applicable.T)

    return _drawn(points, units, draws, seed, "weights", checkpoint, b"%f" % concentration)


def summary(points: Floats, reference: npt.ArrayLike, line: float) -> dict[str, Any]:
    """Return what stays over draws of the points of all papers.

    Parameters
    ----------
    points : numpy.ndarray, shape (draws, papers)
        Points out of 100, NaN for papers without a score.
    reference : array_like of float, shape (papers,)
        The points that are published on the pages.
    line : float
        Points from which a paper is acceptable.

    Returns
    -------
    dict
        ``n``: papers with a score; ``papers``: for each paper, in order, ``points`` and ``rank`` (2.5 %, 50 % and 97.5 % points; rank 1 is best,
        ties share the mean) and ``at_line``, the share of draws at or above the line; ``verdict_stable``: papers with the same verdict in
        95 % of the draws or more; ``rank_correlation``: Kendall's tau-b of the drawn and the published order, as ``points`` above.
        None for papers without a score, and for tau where it is not defined.
    """
    centre = np.asarray(reference, dtype=float)
    scored = np.isfinite(points).all(axis=0) & np.isfinite(centre)
    kept = points[:, scored]
    ranks = sps.rankdata(-kept, axis=1)
    share = (kept >= line - 1e-9).mean(axis=0)  # 1e-9: sums of weights that are 50 but for rounding
    each = [
        {"points": _tails(kept[:, j]), "rank": _tails(ranks[:, j]), "at_line": float(share[j])}
        for j in range(kept.shape[1])
    ]
    entries = iter(each)
    tau = (
        [sps.kendalltau(row, centre[scored]).statistic for row in kept]
        if kept.shape[1] > 1 and np.ptp(centre[scored]) > 0
        else []
    )
    tau = [t for t in tau if np.isfinite(t)]
    return {
        "n": int(scored.sum()),
        "papers": [next(entries) if known else None for known in scored],
        "verdict_stable": int((np.maximum(share, 1 - share) >= STABLE).sum()),
        "rank_correlation": _tails(np.array(tau)) if tau else None,
    }


def _tails(values: Floats) -> list[float]:
    """Return the 2.5 %, 50 % and 97.5 % points."""
    return [float(q) for q in np.percentile(values, TAILS)]


def _percent(reached: Floats, possible: Floats) -> Floats:
    """Return points out of 100; NaN where nothing was possible."""
    return np.divide(100 * reached, possible, out=np.full(np.shape(reached), np.nan), where=np.asarray(possible) > 0)


def _drawn(
    points: Any, units: Floats, draws: int, seed: int, label: str, checkpoint: Checkpoint | None, key: bytes
) -> Floats:
    """Return draws in pieces of bounded size."""
    if draws < 1 or seed < 0:
        raise UsageError(f"draws {draws}, seed {seed}; allowed: at least 1 draw and a seed of at least 0")
    return in_chunks(points, draws, max(1, CELLS // max(units.size, 1)), seed, label, checkpoint, units.tobytes() + key)
