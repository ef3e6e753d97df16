"""How sure the statements of a field's review are, as one plain dictionary: the chapter and ``dlrrc uncertainty`` both read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd

from dlrrc_core import association, permutation, power, resampling, stats
from dlrrc_core.agreement import double_ratings, total_agreement
from dlrrc_core.checklist import Checklist
from dlrrc_core.chunks import Checkpoint
from dlrrc_core.fieldstats import without_nan
from dlrrc_core.repository import Repository
from dlrrc_core.resampling import Floats
from dlrrc_core.scorestability import stability_of_scores
from dlrrc_core.scoring import score_papers
from dlrrc_core.unittables import MEAN, total_points, unit_tables

LEVEL = 0.05  # two-sided, as in the seed review
POWER = 0.8  # the usual wish


def uncertainty(
    repository: Repository,
    field: str,
    basis: str = "best",
    draws: int = resampling.DRAWS,
    permutations: int = permutation.DRAWS,
    seed: int = 1,
    checkpoint: Checkpoint | None = None,
) -> dict[str, Any]:
    """Return the uncertainty of everything that the overview of a field states.

    Parameters
    ----------
    repository : Repository
        All records.
    field : str
        Id of the field.
    basis : str, default "best"
        See :func:`dlrrc_core.bases.on_basis`.
    draws : int, default 2000
        Bootstrap samples and draws of the stability checks, at least 100.
    permutations : int, default 10000
        Of every permutation test.
    seed : int, default 1
        Seed of all of them.
    checkpoint : Checkpoint, optional
        Where finished pieces are kept, so that a stopped run goes on from them.

    Returns
    -------
    dict
        ``groups``: for every rater and their mean the four correlations, see :func:`correlations`; ``trends``: one entry per item, and
        ``significant``, how many of them are at the 5 % level;
        ``published``: what sample the printed correlations would need, None without a printed review; ``stability``, see
        :func:`dlrrc_core.scorestability.stability_of_scores`; ``reliability`` of one rater's totals and of the mean over raters. NaN is None.

    Raises
    ------
    UsageError
        When field or basis does not exist, or a number is outside what is allowed.
    """
    papers = repository.select(field=field)
    scores = score_papers(repository, papers, basis)
    tables = unit_tables(scores, repository.checklist)
    year = pd.Series({p: repository.papers[p].year for p in papers}, dtype=float)
    percentile = pd.Series({p: repository.journal_percentile(p) for p in papers}, dtype=float)
    totals = total_agreement(double_ratings(repository, papers), draws=0)
    reliability = {"one": totals["icc_c1"], MEAN: totals["icc_ck"], "n": totals["n"]}
    options: dict[str, Any] = {"draws": draws, "seed": seed, "checkpoint": checkpoint}
    groups = {}
    for name, table in tables.items():
        points = total_points(table, repository.checklist)
        x = {"year": year.reindex(points.index).to_numpy(), "journal": percentile.reindex(points.index).to_numpy()}
        trust = reliability[MEAN if name == MEAN else "one"]
        groups[name] = {"n_papers": len(points), "correlations": correlations(points, x, trust, permutations, options)}
    tested = trends(tables[MEAN].units, year, repository.checklist, permutations, seed, checkpoint)
    return without_nan(
        {
            "field": field,
            "basis": basis,
            "draws": draws,
            "permutations": permutations,
            "seed": seed,
            "papers": list(tables[MEAN].units.index),
            "reliability": reliability,
            "groups": groups,
            "trends": tested,
            "significant": {
                "tested": sum(entry["p"] == entry["p"] for entry in tested),  # NaN differs from itself
                **{key: sum(entry[key] < LEVEL for entry in tested) for key in ("p", "holm", "bh")},
            },
            "published": _published(repository, field),
            "stability": stability_of_scores(repository, tables, basis, options),
        }
    )


def correlations(
    points: pd.Series, x: Mapping[str, Floats], reliability: float, permutations: int, options: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the four correlations of the review with every measure of their uncertainty.

    Parameters
    ----------
    points : pandas.Series
        Points by paper, NaN where there is none.
    x : mapping of str to numpy.ndarray, shape (papers,)
        ``year`` and ``journal`` (percentile), in the order of ``points``.
    reliability : float
        Of the points: an intraclass correlation, or NaN.
    permutations : int
        Of the permutation tests.
    options : mapping
        ``draws``, ``seed`` and ``checkpoint`` of the resampling.

    Returns
    -------
    dict
        By id, ``<variable>`` or ``<variable>-partial``: ``r``, ``p``, ``n``, ``dropped``, ``ci`` (Fisher), ``bca_ci``, ``permutation_p``,
        ``design`` (see :func:`sample_size`); the plain ones also ``spearman``, ``kendall``, ``theil_sen``, ``corrected`` and ``ceiling``
        (attenuation), ``influence``.
    """
    y = points.to_numpy()
    resample = {"seed": options["seed"], "checkpoint": options["checkpoint"]}
    found = {}
    for name, other in (("journal", "year"), ("year", "journal")):
        a, z = x[name], x[other]
        plain, partial = stats.pearson(a, y), stats.partial_correlation(a, y, z)
        tested = permutation.permutation_test(a, y, draws=permutations, **resample)
        tested_partial = permutation.partial_permutation_test(a, y, z, draws=permutations, **resample)
        found[name] = {
            **_correlation(plain, association.bootstrap_correlation(a, y, **options), tested.p),
            "spearman": asdict(association.spearman(a, y)),
            "kendall": asdict(association.kendall(a, y)),
            "theil_sen": asdict(association.theil_sen(a, y)),
            "corrected": power.correct_attenuation(plain.r, reliability),
            "ceiling": float(np.sqrt(reliability)) if reliability > 0 else stats.NAN,
            "influence": _influence(points.index, a, y),
        }
        boot = association.bootstrap_correlation(a, y, z, **options)
        found[f"{name}-partial"] = {**_correlation(partial, boot, tested_partial.p, controlling=1)}
    return found


def _correlation(
    plain: stats.Correlation, boot: resampling.Bootstrap, permutation_p: float, controlling: int = 0
) -> dict[str, Any]:
    """Return what plain and partial correlations share."""
    return {
        **asdict(plain),
        "bca_ci": [float(boot.low[0]), float(boot.high[0])],
        "permutation_p": permutation_p,
        "design": sample_size(plain.r, plain.n, controlling),
    }


def sample_size(r: float, n: int, controlling: int = 0) -> dict[str, float]:
    """Return what a sample can show, and what sample a correlation needs.

    Parameters
    ----------
    r : float
        Correlation, NaN allowed.
    n : int
        Papers.
    controlling : int, default 0
        Variables held fixed; each costs one paper.

    Returns
    -------
    dict
        ``critical_r``: smallest significant correlation; ``detectable_r``: smallest true one that is found with 80 % power; ``power`` to find
        a true correlation of this size; ``n_significant``: papers with which this very r would be significant; ``n_needed``: papers with
        which a true correlation of this size is found with 80 % power. Level 5 %, two-sided. NaN where not defined.
    """
    effective = n - controlling
    known = 0 < abs(r) < 1
    return {
        "critical_r": power.critical_r(effective),
        "detectable_r": power.detectable_r(effective, POWER),
        "power": power.power(r, effective) if known else stats.NAN,
        "n_significant": power.n_significant(r) + controlling if known else stats.NAN,
        "n_needed": float(np.ceil(power.n_needed(r, POWER))) + controlling if known else stats.NAN,
    }


def _influence(papers: pd.Index, x: Floats, y: Floats) -> dict[str, Any]:
    """Return the range of r without one paper, and the paper whose absence changes r most."""
    left_out = association.leave_one_out(x, y)
    if not np.isfinite(left_out).any():
        return {"lowest": stats.NAN, "highest": stats.NAN, "paper": None, "r_without": stats.NAN}
    most = int(np.nanargmax(np.abs(left_out - stats.pearson(x, y).r)))
    return {
        "lowest": float(np.nanmin(left_out)),
        "highest": float(np.nanmax(left_out)),
        "paper": papers[most],
        "r_without": float(left_out[most]),
    }


def trends(
    units: pd.DataFrame,
    year: pd.Series,
    checklist: Checklist,
    permutations: int,
    seed: int,
    checkpoint: Checkpoint | None = None,
) -> list[dict[str, Any]]:
    """Return for each item whether it changed over the years.

    Parameters
    ----------
    units : pandas.DataFrame, shape (papers, items)
        Units, NaN where an item has none.
    year : pandas.Series
        Year by paper.
    checklist : Checklist
        The instrument.
    permutations, seed, checkpoint
        As in :func:`uncertainty`.

    Returns
    -------
    list of dict
        ``item``, ``rho`` (Spearman, year and units), ``p`` (permutation), ``holm``, ``bh`` and ``n``; NaN for an item with one answer only.
    """
    x = year.reindex(units.index).to_numpy()
    tests = permutation.permutation_tests(x, units.to_numpy(dtype=float), "spearman", permutations, seed, checkpoint)
    p = [test.p for test in tests]
    holm, bh = (association.adjusted_p(p, method) for method in ("holm", "benjamini-hochberg"))
    return [
        {"item": n, "rho": test.r, "p": test.p, "holm": float(holm[k]), "bh": float(bh[k]), "n": test.n}
        for k, (n, test) in enumerate(zip(checklist.items, tests, strict=True))
    ]


def _published(repository: Repository, field: str) -> dict[str, Any] | None:
    """Return what sample each printed correlation would have needed."""
    printed = repository.published.get(field)
    if printed is None:
        return None
    return {
        c.id: {
            "r": float(c.r),
            "p": float(c.p),
            "n": c.n,
            **sample_size(float(c.r), c.n, int(c.controlling is not None)),
        }
        for c in printed.correlations
    }
