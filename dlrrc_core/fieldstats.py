"""Everything the overview chapter of a field says in numbers, as one plain dictionary.

The page and ``dlrrc stats --format json`` both read this dictionary, so they cannot differ.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd

from dlrrc_core import stats
from dlrrc_core.checklist import Checklist
from dlrrc_core.problems import UsageError
from dlrrc_core.repository import Repository
from dlrrc_core.scoring import score_papers
from dlrrc_core.unittables import points_percent, unit_tables


def review_statistics(
    units: pd.DataFrame,
    year: pd.Series,
    percentile: pd.Series,
    checklist: Checklist,
    outside: pd.DataFrame | None = None,
) -> dict[str, Any]:
    """Return the statistics of the seed review for any table of ratings.

    Parameters
    ----------
    units : pandas.DataFrame, shape (papers, items)
        Units per item, one row per paper, columns 1 ... 31; NaN where an item is open or not applicable.
    year : pandas.Series
        Year of publication by paper; NaN when unknown.
    percentile : pandas.Series
        Percentile of the journal by paper, 0-100; NaN when unknown.
    checklist : Checklist
        The instrument.
    outside : pandas.DataFrame of bool, shape (papers, items), optional
        True where an item is not applicable; it then leaves the denominator of total and part. By default nowhere.

    Returns
    -------
    dict
        ``n_papers``; ``total`` (mean points with interval); ``parts`` and ``items`` (average percentage of points, with n);
        ``passes`` (share of papers with all points of an item, Wilson interval); ``acceptable`` and ``accessible`` (shares);
        ``correlations`` by id, each with r, P, n, dropped and interval.

    Raises
    ------
    UsageError
        When the table does not have one column per item.

    Notes
    -----
    Total and parts use papers without an open item, items use every paper that answered the item. Source: Zuo et al. (2023),
    section 6.
    """
    if list(units.columns) != list(checklist.items):
        raise UsageError(f"the table has the columns {list(units.columns)}; allowed: items 1 to {len(checklist.items)}")
    best = pd.Series(checklist.max_units)
    applicable = ~outside if outside is not None else pd.DataFrame(True, index=units.index, columns=units.columns)
    total = points_percent(units, applicable, best)
    part_points: dict[str, pd.Series] = {
        part.id: points_percent(units[numbers], applicable[numbers], best[numbers])
        for part in checklist.parts
        for numbers in [[item.id for item in part.items]]
    }
    access = part_points[checklist.accessibility_part]
    x = {"year": year.reindex(units.index), "journal": percentile.reindex(units.index)}
    score = total.to_numpy()
    return {
        "n_papers": len(units),
        "total": asdict(stats.mean(total)),
        "parts": {part: asdict(stats.mean(points)) for part, points in part_points.items()},
        "items": {
            str(n): {"percent": float(100 * units[n].mean() / best[n]), "n": int(units[n].notna().sum())}
            for n in checklist.items
        },
        "passes": {
            str(n): asdict(stats.proportion(int((units[n] == best[n]).sum()), int(units[n].notna().sum())))
            for n in checklist.items
        },
        "acceptable": _share(total, checklist.acceptable_points),
        "accessible": _share(access, checklist.accessibility_pass_percent),
        "correlations": {
            "journal": asdict(stats.pearson(x["journal"], score)),
            "journal-partial": asdict(stats.partial_correlation(x["journal"], score, x["year"])),
            "year": asdict(stats.pearson(x["year"], score)),
            "year-partial": asdict(stats.partial_correlation(x["year"], score, x["journal"])),
        },
    }


def _share(values: pd.Series, line: float) -> dict[str, Any]:
    """Return the share of papers at or above a line."""
    known = values.dropna()
    return asdict(stats.proportion(int((known >= line).sum()), len(known)))


def field_statistics(repository: Repository, field: str, basis: str = "best") -> dict[str, Any]:
    """Return every number on the overview page of a field.

    Parameters
    ----------
    repository : Repository
        All records.
    field : str
        Id of the field.
    basis : str, default "best"
        See :func:`dlrrc_core.bases.on_basis`.

    Returns
    -------
    dict
        ``field``, ``basis``, ``checklist``; counts ``papers``, ``rated``, ``unrated``, ``ratings``; ``kinds``; ``groups`` with the result of
        :func:`review_statistics` per rater and for their mean; ``openness`` (papers for which some rater saw open code, data, weights);
        ``points`` (one entry per rated paper: year, percentile and points per rater); ``published`` with the printed numbers and
        their check, or None. NaN is None.

    Raises
    ------
    UsageError
        When field or basis does not exist.
    """
    papers = repository.select(field=field)
    scores = score_papers(repository, papers, basis)
    tables = unit_tables(scores, repository.checklist)
    year = pd.Series({p: repository.papers[p].year for p in papers}, dtype=float)
    percentile = pd.Series({p: repository.journal_percentile(p) for p in papers}, dtype=float)
    rated = sorted(scores["paper"].unique())
    groups = {
        name: review_statistics(table.units, year, percentile, repository.checklist, table.outside)
        for name, table in tables.items()
    }
    points = [
        {
            "paper": paper,
            "year": repository.papers[paper].year,
            "percentile": percentile[paper],
            "points": {r.rater: r.points for r in scores[scores["paper"] == paper].itertuples()},
            "mean": scores.loc[scores["paper"] == paper, "points"].mean(skipna=False),
        }
        for paper in rated
    ]
    return without_nan(
        {
            "field": field,
            "basis": basis,
            "checklist": repository.checklist.id,
            "papers": len(papers),
            "rated": len(rated),
            "unrated": len(papers) - len(rated),
            "ratings": len(scores),
            "kinds": scores["kind"].value_counts().to_dict(),
            "in_seed_review": sum(1 for p in papers if _in_seed(repository, p)),
            "in_seed_review_rated": sum(1 for p in rated if _in_seed(repository, p)),
            "years": _year_range(repository, papers),
            "years_rated": _year_range(repository, rated),
            "percentile_known": int(percentile[rated].notna().sum()),
            "groups": groups,
            "openness": {name: _openness(scores, name) for name in ("open_code", "open_data", "open_weights")},
            "points": points,
            "published": published_statistics(repository, field),
        }
    )


def _in_seed(repository: Repository, paper: str) -> bool:
    """Return whether the seed review scored this paper."""
    seed = repository.papers[paper].seed_review
    return seed is not None and seed.included


def _year_range(repository: Repository, papers: list[str]) -> list[int | None]:
    """Return the first and the last known year of some papers."""
    years = [year for paper in papers if (year := repository.papers[paper].year) is not None]
    return [min(years, default=None), max(years, default=None)]


def _openness(scores: pd.DataFrame, name: str) -> dict[str, Any]:
    """Return the share of papers that every rater, and that at least one rater, found open."""
    by_paper = scores.groupby("paper")[name]
    every, some = by_paper.apply(lambda s: bool(s.eq(True).all())), by_paper.apply(lambda s: bool(s.eq(True).any()))
    return {
        "every_rater": asdict(stats.proportion(int(every.sum()), len(every))),
        "some_rater": asdict(stats.proportion(int(some.sum()), len(some))),
    }


def published_statistics(repository: Repository, field: str) -> dict[str, Any] | None:
    """Return what the rebuilt review printed, with the check of its P values, or None for a field without such a review.

    Parameters
    ----------
    repository : Repository
        All records.
    field : str
        Id of the field.

    Returns
    -------
    dict or None
        ``review``, ``n_papers``, ``items``, ``parts`` (percent, as numbers), ``total``, ``acceptable`` (with Wilson interval) and ``correlations``
        by id: r, p and n as printed, the interval of r, the P values that r allows within its rounding, and ``p_agrees``.
    """
    printed = repository.published.get(field)
    if printed is None:
        return None
    correlations = {}
    for c in printed.correlations:
        k = 0 if c.controlling is None else 1
        correlations[c.id] = {
            "r": float(c.r),
            "p": float(c.p),
            "n": c.n,
            "ci": stats.fisher_interval(float(c.r), c.n, k),
            "p_from_r": stats.p_value(float(c.r), c.n, k),
            "p_range": stats.printed_p_range(c.r, c.n, k),
            "p_agrees": stats.printed_p_agrees(c.r, c.p, c.n, k),
        }
    return {
        "review": printed.review,
        "n_papers": printed.n_papers,
        "items": {str(i.item): float(i.percent) for i in printed.items},
        "parts": {p.part: float(p.percent) for p in printed.parts},
        "total": float(printed.total.percent) if printed.total else None,
        "acceptable": asdict(stats.proportion(printed.acceptable.count, printed.acceptable.of))
        if printed.acceptable
        else None,
        "correlations": correlations,
    }


def without_nan(value: Any) -> Any:
    """Return a nested structure with plain Python numbers and None instead of NaN, ready for JSON."""
    if isinstance(value, Mapping):
        return {str(key): without_nan(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [without_nan(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return None
    return value
