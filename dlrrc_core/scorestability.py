"""Stability of the scores, ranks and verdicts of a field: reads the ratings, shakes them with :mod:`dlrrc_core.stability`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from dlrrc_core import stability
from dlrrc_core.bases import on_basis
from dlrrc_core.repository import Repository
from dlrrc_core.unittables import MEAN, UnitTable, total_points

UNSURE = "low"  # confidence of answers that are opened


def stability_of_scores(
    repository: Repository,
    tables: Mapping[str, UnitTable],
    basis: str,
    options: Mapping[str, Any],
) -> dict[str, Any]:
    """Return what stays of ranks and verdicts under rater noise, open low-confidence answers and other weights.

    Parameters
    ----------
    repository : Repository
        All records.
    tables : mapping of str to UnitTable
        Result of :func:`dlrrc_core.unittables.unit_tables`.
    basis : str
        As in :func:`uncertainty`.
    options : mapping
        ``draws``, ``seed`` and ``checkpoint``.

    Returns
    -------
    dict
        ``raters`` and ``weights`` (by concentration): results of :func:`dlrrc_core.stability.summary`, weights also with
        ``sd_of_one_unit``, the standard deviation in points of an item of one unit; ``unsure``: the same by rater, with
        ``n_unsure`` (answers) and each paper's ``range`` (exact), and ``verdict_certain``, the papers whose range does not cross the line.
    """
    checklist = repository.checklist
    best, line = list(checklist.max_units.values()), checklist.acceptable_points
    mean = tables[MEAN]
    centre = total_points(mean, checklist).to_numpy()
    papers = mean.units.index
    raters = [name for name in tables if name != MEAN]
    shape = (len(raters), len(papers), len(best))
    units = np.array([tables[name].units.reindex(papers).to_numpy() for name in raters]).reshape(shape)
    outside = np.array(
        [tables[name].outside.reindex(papers, fill_value=False).to_numpy() for name in raters], dtype=bool
    )
    noisy = stability.rater_noise(units, outside.reshape(shape), best, **options)
    found: dict[str, Any] = {"raters": stability.summary(noisy, centre, line), "unsure": {}, "weights": {}}
    levels = [list(codes.values()) for codes in checklist.units.values()]
    unsure = _unsure(repository, papers, basis)
    for name in raters:
        table = tables[name]
        points = total_points(table, checklist)
        rated = points.dropna().index
        is_unsure = (
            unsure.get(name, pd.DataFrame(False, index=papers, columns=table.units.columns)).loc[rated].to_numpy()
        )
        span, drawn = stability.opened(table.units.loc[rated].to_numpy(), is_unsure, levels, **options)
        one = stability.summary(drawn, points[rated], line)
        one["papers"] = dict(zip(rated, one["papers"], strict=True))
        for paper, ends in zip(rated, span.tolist(), strict=True):
            one["papers"][paper]["range"] = ends
        certain = int(((span[:, 0] >= line) | (span[:, 1] < line)).sum())
        found["unsure"][name] = {**one, "n_unsure": int(is_unsure.sum()), "verdict_certain": certain}
    scored = np.isfinite(centre)
    for concentration in stability.CONCENTRATIONS:
        drawn = np.full((options["draws"], len(papers)), np.nan)
        drawn[:, scored] = stability.reweighted(mean.units.to_numpy()[scored], best, concentration, **options)
        share = 1 / sum(best)  # weight of an item of one unit
        sd = checklist.total_points * float(np.sqrt(share * (1 - share) / (concentration + 1)))
        found["weights"][f"{concentration:g}"] = {**stability.summary(drawn, centre, line), "sd_of_one_unit": sd}
    return found


def _unsure(repository: Repository, papers: pd.Index, basis: str) -> dict[str, pd.DataFrame]:
    """Return by rater which answers were given with low confidence."""
    found: dict[str, pd.DataFrame] = {}
    for paper in papers:
        for rating in on_basis(repository.ratings_of[paper], basis):
            table = found.setdefault(
                rating.rater, pd.DataFrame(False, index=papers, columns=list(repository.checklist.items))
            )
            for number, answer in rating.answers.items():
                table.loc[paper, number] = answer.confidence == UNSURE
    return found
