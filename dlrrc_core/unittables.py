"""Tables of units, papers by items: one per rater and one of their mean."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

from dlrrc_core.checklist import Checklist
from dlrrc_core.scoring import OPEN, OUTSIDE

MEAN = "mean"  # name of the group that averages the raters of each paper


class UnitTable(NamedTuple):
    """Units of some papers: papers as index, items 1 ... 31 as columns.

    ``units`` is NaN where an item is open or not applicable; ``outside`` is True where it is not applicable.
    """

    units: pd.DataFrame
    outside: pd.DataFrame


def unit_tables(scores: pd.DataFrame, checklist: Checklist) -> dict[str, UnitTable]:
    """Return one table of units per rater, and one with the mean over the raters of each paper.

    Parameters
    ----------
    scores : pandas.DataFrame
        Result of :func:`dlrrc_core.scoring.score_papers`.
    checklist : Checklist
        The instrument.

    Returns
    -------
    dict of str to UnitTable
        Keyed by rater, then ``"mean"``. In the mean an item is open when it is open for one rater, and not applicable when it
        is so for every rater.
    """
    columns = {f"item_{n}": n for n in checklist.items}
    table = scores.set_index(["rater", "paper"])[list(columns)].rename(columns=columns).astype(float)
    units, outside, is_open = table.where(table >= 0), table == OUTSIDE, table == OPEN
    raters = sorted(scores["rater"].unique())
    tables = {rater: UnitTable(units.loc[rater], outside.loc[rater]) for rater in raters}
    if table.empty:
        return {MEAN: UnitTable(units.droplevel("rater"), outside.droplevel("rater"))}
    by_paper = {"level": "paper"}
    mean = units.groupby(**by_paper).mean().mask(is_open.groupby(**by_paper).any())
    return {**tables, MEAN: UnitTable(mean, outside.groupby(**by_paper).all())}


def total_points(table: UnitTable, checklist: Checklist) -> pd.Series:
    """Return points out of 100 by paper; NaN for papers with an open item or no applicable one.

    Parameters
    ----------
    table : UnitTable
        Units of some papers.
    checklist : Checklist
        The instrument.
    """
    return points_percent(table.units, ~table.outside, pd.Series(checklist.max_units))


def points_percent(units: pd.DataFrame, applicable: pd.DataFrame, best: pd.Series) -> pd.Series:
    """Return the percentage of points by paper; NaN for papers with an open item or no applicable one.

    Parameters
    ----------
    units : pandas.DataFrame, shape (papers, items)
        Units; NaN where an item is open or not applicable.
    applicable : pandas.DataFrame of bool, shape (papers, items)
        False where an item is not applicable; it leaves the denominator.
    best : pandas.Series, shape (items,)
        Units of the best answer.
    """
    is_open = (units.isna() & applicable).any(axis=1)
    whole = (applicable * best).sum(axis=1)
    return (100 * units.where(applicable, 0.0).sum(axis=1) / whole.where(whole > 0)).mask(is_open)
