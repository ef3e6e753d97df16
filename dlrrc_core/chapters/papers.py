"""The papers chapter of a field: one table that sorts and filters, with a link to the page of each paper."""

from __future__ import annotations

from typing import Any

import pandas as pd

from dlrrc_core import repository, tables
from dlrrc_core.chapters.overview import paper_link
from dlrrc_core.repository import Repository
from dlrrc_core.scoring import score_papers
from dlrrc_core.tables import Cell, Column, Html


def papers_table(field: str, basis: str) -> Html:
    """Return the table of all papers of a field; papers without a rating are in it too.

    Parameters
    ----------
    field : str
        Id of the field.
    basis : str
        See :func:`dlrrc_core.bases.on_basis`.
    """
    repo = repository.here()
    papers = repo.select(field=field)
    scores = score_papers(repo, papers, basis)
    raters = sorted(scores["rater"].unique())
    columns = [
        Column("Paper", wide=True),
        Column("Year", numeric=True, facet=True),
        *(Column(f"Points, {rater}", numeric=True) for rater in raters),
        Column("Interval of points", numeric=True),
        Column("Ratings", facet=True),
        Column("Open code", facet=True),
        Column("Open data", facet=True),
        Column("Open weights", facet=True),
        Column("Task", facet=True),
        Column("Modality", facet=True),
        Column("Seed review", facet=True),
    ]
    rows = [_row(repo, paper, scores[scores["paper"] == paper], raters) for paper in papers]
    return tables.table(columns, rows, f"Papers of the field {repo.fields[field].short_title}", "papers", filters=True)


def _row(repo: Repository, paper: str, scores: pd.DataFrame, raters: list[str]) -> list[Cell | str]:
    """Return the cells of one paper."""
    record = repo.papers[paper]
    seed = record.seed_review is not None and record.seed_review.included
    points: dict[str, Any] = dict(zip(scores["rater"], scores["points"], strict=True))
    kinds = sorted(set(scores["kind"]))
    return [
        Cell(short_citation(repo, paper), sort=paper, href=paper_link(paper)),
        tables.number_cell(record.year),
        *(tables.number_cell(points.get(rater), ".1f") for rater in raters),
        interval_cell(scores),
        Cell(" and ".join(kinds), badge=kinds[0]) if kinds else "not rated",
        *(openness_cell(scores[name]) for name in ("open_code", "open_data", "open_weights")),
        record.study.task,
        record.study.modality.type or tables.NOTHING,
        "yes" if seed else "no",
    ]


def interval_cell(scores: pd.DataFrame) -> Cell:
    """Return the range from the lowest to the highest points that any rating of the paper allows."""
    if scores.empty:
        return Cell(tables.NOTHING, sort="")
    return tables.range_cell(float(scores["low"].min()), float(scores["high"].max()))


def openness_cell(answers: pd.Series) -> Cell:
    """Return what the raters of a paper found: open, not open, or that they disagree."""
    found = set(answers.dropna())
    if not found:
        return Cell(tables.NOTHING)
    if len(found) == 2:
        return Cell("raters disagree")
    return Cell("open", badge="open") if found == {True} else Cell("not open", badge="closed")


def short_citation(repo: Repository, paper: str) -> str:
    """Return ``Zuo 2021: Title`` for lists and tables."""
    record = repo.papers[paper]
    year = record.year if record.year is not None else "year not known"
    return f"{record.first_author} {year}: {record.title}"
