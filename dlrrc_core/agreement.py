"""Agreement of the raters of some papers, as one plain dictionary: the chapter and ``dlrrc agreement`` both read it.

Answers are compared on units. Pooled values count every pair of paper and item. Unclear, not answered and not applicable count as
missing. A consensus is not a rating of its own and is left out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from dlrrc_core import resampling
from dlrrc_core.checklist import Checklist
from dlrrc_core.chunks import Checkpoint
from dlrrc_core.coefficients import MISSING, Floats, Layout, agreement_weights
from dlrrc_core.fieldstats import without_nan
from dlrrc_core.problems import one_of
from dlrrc_core.records import Rating
from dlrrc_core.reliability import Totals
from dlrrc_core.repository import Repository
from dlrrc_core.scoring import encode, score_table

KINDS = ("any", "human", "machine")


@dataclass(frozen=True)
class Ratings:
    """The ratings of all papers that two or more raters judged.

    Attributes
    ----------
    papers, raters : tuple of str
        Sorted ids.
    kinds : dict of str to str
        Kind by rater: human or machine.
    units : numpy.ndarray of int, shape (raters, papers, items)
        Units, -1 where missing.
    points : numpy.ndarray, shape (papers, raters)
        Points out of 100, NaN where a rating is missing or has an open item.
    """

    papers: tuple[str, ...]
    raters: tuple[str, ...]
    kinds: dict[str, str]
    units: npt.NDArray[np.int64]
    points: Floats


def double_ratings(repository: Repository, papers: Iterable[str], kind: str = "any") -> Ratings:
    """Collect the ratings of the papers that two or more raters judged.

    Parameters
    ----------
    repository : Repository
        All records.
    papers : iterable of str
        Paper ids; those with fewer than two ratings are left out.
    kind : {"any", "human", "machine"}, default "any"
        Only ratings of this kind.

    Returns
    -------
    Ratings

    Raises
    ------
    UsageError
        When the kind or a paper does not exist.
    """
    one_of(kind, KINDS, "kind")
    chosen: dict[str, list[Rating]] = {}
    for paper in sorted(papers):
        if paper not in repository.papers:
            one_of(paper, repository.papers, "paper")
        found = [r for r in repository.ratings_of[paper] if r.kind != "consensus" and kind in ("any", r.kind)]
        if len(found) > 1:
            chosen[paper] = found
    kinds = {rating.rater: rating.kind for found in chosen.values() for rating in found}
    raters, ids = tuple(sorted(kinds)), tuple(chosen)
    units = np.full((len(raters), len(ids), len(repository.checklist.items)), MISSING)
    points = np.full((len(ids), len(raters)), np.nan)
    for j, found in enumerate(chosen.values()):
        matrix = encode(({n: a.answer for n, a in rating.answers.items()} for rating in found), repository.checklist)
        table = score_table(matrix, repository.checklist)
        for i, rating in enumerate(found):
            row = raters.index(rating.rater)
            units[row, j] = np.where(matrix[i] >= 0, matrix[i], MISSING)
            points[j, row] = table["points"].iloc[i]
    return Ratings(ids, raters, dict(sorted(kinds.items())), units, points)


def agreement(
    ratings: Ratings,
    checklist: Checklist,
    draws: int = resampling.DRAWS,
    seed: int = 1,
    checkpoint: Checkpoint | None = None,
) -> dict[str, Any]:
    """Return every statistic of agreement with its bootstrap interval over papers.

    Parameters
    ----------
    ratings : Ratings
        Result of :func:`double_ratings`.
    checklist : Checklist
        The instrument.
    draws, seed, checkpoint
        As in :func:`dlrrc_core.resampling.bca`; ``draws=0`` gives no intervals.

    Returns
    -------
    dict
        ``n_papers``, ``papers``, ``raters`` and their ``kinds``; ``pooled`` over all items, ``ordered`` over the ordered items, ``parts``
        by part and ``items`` (a list): each with ``n`` (subjects with two or more answers), ``raw``, ``kappa``, ``ac1``, ``alpha`` and, on ordered
        scales, ``kappa_linear``, ``kappa_quadratic``, ``ac2``, ``alpha_interval``, and a 95 % interval of each as ``<name>_ci``; items also
        have ``differ``, the papers with different answers. ``totals``: see :func:`total_agreement`. NaN is None.

    Notes
    -----
    Weights of the ordered scales are computed from the points of the answers; AC2 uses quadratic weights. Intervals are BCa over papers.
    """
    numbers = list(checklist.items)
    top = max(checklist.max_units.values())

    def group(items: list[int], values: list[int], ordered: bool, name: str) -> dict[str, Any]:
        columns = ratings.units[:, :, [numbers.index(n) for n in items]]
        codes = np.where(columns >= 0, np.searchsorted(values, columns), MISSING)
        return _coefficients(codes, values, ordered, draws, seed, checkpoint, name)

    everything = list(range(top + 1))
    items = []
    for n in numbers:
        values = sorted(set(checklist.units[n].values()))
        entry = group([n], values, n in checklist.ordered_items, f"agreement-item-{n}")
        items.append({"item": n, **entry, "differ": _differ(ratings, numbers.index(n))})
    return dict(
        without_nan(
            {
                "n_papers": len(ratings.papers),
                "papers": list(ratings.papers),
                "raters": list(ratings.raters),
                "kinds": ratings.kinds,
                "draws": draws,
                "seed": seed,
                "pooled": group(numbers, everything, False, "agreement-pooled"),
                "ordered": group(list(checklist.ordered_items), everything, True, "agreement-ordered"),
                "parts": {
                    part.id: group([item.id for item in part.items], everything, False, f"agreement-part-{part.id}")
                    for part in checklist.parts
                },
                "totals": total_agreement(ratings, draws, seed, checkpoint),
                "items": items,
            }
        )
    )


def _differ(ratings: Ratings, column: int) -> list[str]:
    """Return the papers whose raters gave different answers to an item."""
    answers = ratings.units[:, :, column]
    low = np.where(answers >= 0, answers, np.iinfo(np.int64).max).min(axis=0, initial=np.iinfo(np.int64).max)
    high = answers.max(axis=0, initial=MISSING)
    return [paper for paper, a, b in zip(ratings.papers, low, high, strict=True) if b > a >= 0]


def _coefficients(
    codes: npt.NDArray[np.integer],
    values: list[int],
    ordered: bool,
    draws: int,
    seed: int,
    checkpoint: Checkpoint | None,
    name: str,
) -> dict[str, Any]:
    """Return the coefficients of one group of items with their intervals."""
    if len(codes) < 2:  # nobody to agree with
        return {"n": 0, **_undefined(_names(ordered), draws)}
    layout = Layout(len(codes), len(values))
    identity, linear, quadratic = (agreement_weights(values, kind) for kind in ("identity", "linear", "quadratic"))

    def statistics(sums: Floats) -> Floats:
        found = [layout.raw(sums, identity), layout.kappa(sums, identity)]
        found += [layout.gwet(sums, identity), layout.alpha(sums, identity)]
        if ordered:
            found += [layout.kappa(sums, linear), layout.kappa(sums, quadratic)]
            found += [layout.gwet(sums, quadratic), layout.alpha(sums, quadratic)]
        return np.stack(found, axis=-1)

    features = layout.features(codes)
    return {
        "n": int(features[:, -1].sum()),
        **_resampled(_names(ordered), features, statistics, draws, seed, checkpoint, name),
    }


def _names(ordered: bool) -> list[str]:
    """Return the names of the coefficients, in the order in which they are computed."""
    names = ["raw", "kappa", "ac1", "alpha"]
    return [*names, "kappa_linear", "kappa_quadratic", "ac2", "alpha_interval"] if ordered else names


def _resampled(
    names: list[str],
    features: Floats,
    statistics: resampling.Statistic,
    draws: int,
    seed: int,
    checkpoint: Checkpoint | None,
    name: str,
) -> dict[str, Any]:
    """Return named statistics, with intervals unless no draws are wanted."""
    if draws:
        return _named(names, *_with_interval(resampling.bca(features, statistics, draws, seed, 0.95, checkpoint, name)))
    return _named(names, resampling.values_of(statistics, features.sum(axis=0, keepdims=True))[0], None)


def _undefined(names: list[str], draws: int) -> dict[str, Any]:
    """Return NaN for every statistic, with intervals unless no draws are wanted."""
    return _named(names, np.full(len(names), np.nan), np.full((len(names), 2), np.nan) if draws else None)


def _with_interval(result: resampling.Bootstrap) -> tuple[Floats, Floats]:
    """Return estimates, shape (statistics,), and intervals, shape (statistics, 2)."""
    return result.estimate, np.stack([result.low, result.high], axis=1)


def _named(names: list[str], estimates: Floats, intervals: Floats | None) -> dict[str, Any]:
    """Return estimates by name, each followed by its interval."""
    found: dict[str, Any] = {}
    for k, name in enumerate(names):
        found[name] = float(estimates[k])
        if intervals is not None:
            found[f"{name}_ci"] = intervals[k].tolist()
    return found


def total_agreement(
    ratings: Ratings, draws: int = resampling.DRAWS, seed: int = 1, checkpoint: Checkpoint | None = None
) -> dict[str, Any]:
    """Return the agreement of the raters' total points.

    Parameters
    ----------
    ratings, draws, seed, checkpoint
        As in :func:`agreement`.

    Returns
    -------
    dict
        ``n`` (papers with a total by every rater), ``mean`` by rater, ``icc_a1``, ``icc_c1``, ``icc_ck``, ``sdc`` with intervals, over these
        papers; ``pairs``: for every two raters ``n``, ``raw``, ``kappa`` on all items, ``mean_difference``, ``sd_difference``, ``lower`` and
        ``upper`` (limits of agreement) with intervals; ``sd_difference`` of the pair when there are only two raters, else None.
    """
    complete = ratings.points[np.isfinite(ratings.points).all(axis=1)]
    whole: dict[str, Any] = {"n": len(complete), "mean": dict.fromkeys(ratings.raters, np.nan)}
    names = ["icc_a1", "icc_c1", "icc_ck", "sdc"]
    if len(ratings.raters) < 2 or len(complete) < 2:
        whole |= _undefined(names, draws)
    else:
        totals = Totals.of(complete)

        def statistics(sums: Floats) -> Floats:
            return np.stack([*totals.icc(sums), totals.smallest_change(sums)], axis=-1)

        whole |= _resampled(names, totals.features, statistics, draws, seed, checkpoint, "agreement-totals")
    if len(complete):
        whole["mean"] = dict(zip(ratings.raters, complete.mean(axis=0).tolist(), strict=True))
    pairs = [_pair(ratings, a, b, draws, seed, checkpoint) for a, b in combinations(range(len(ratings.raters)), 2)]
    return {**whole, "sd_difference": pairs[0]["sd_difference"] if len(pairs) == 1 else np.nan, "pairs": pairs}


def _pair(ratings: Ratings, a: int, b: int, draws: int, seed: int, checkpoint: Checkpoint | None) -> dict[str, Any]:
    """Return the agreement of two raters: answers and totals."""
    names = ["mean_difference", "sd_difference", "lower", "upper"]
    raters = [ratings.raters[a], ratings.raters[b]]
    scores = ratings.points[:, [a, b]]
    scores = scores[np.isfinite(scores).all(axis=1)]
    codes = ratings.units[[a, b]]
    layout = Layout(2, int(max(codes.max(initial=1), 1)) + 1)
    sums = layout.features(codes).sum(axis=0)
    identity = np.eye(layout.categories)
    with np.errstate(divide="ignore", invalid="ignore"):
        answers = {"raw": float(layout.raw(sums, identity)), "kappa": float(layout.kappa(sums, identity))}
    head = {"raters": raters, "kinds": [ratings.kinds[name] for name in raters], "n": len(scores), **answers}
    if len(scores) < 2:
        return head | _undefined(names, draws)
    totals = Totals.of(scores)

    def statistics(sums: Floats) -> Floats:
        return np.stack(totals.difference(sums), axis=-1)

    label = f"agreement-{raters[0]}-{raters[1]}"
    return head | _resampled(names, totals.features, statistics, draws, seed, checkpoint, label)
