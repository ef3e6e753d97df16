"""The tables of the overview chapter: scores, correlations, shares and the check of the published P values."""

from __future__ import annotations

from dlrrc_core import tables
from dlrrc_core.chapters.overview import Overview, paper_link
from dlrrc_core.tables import Cell, Column, Html, Row
from dlrrc_core.unittables import MEAN

CORRELATIONS = {
    "journal": "Score and journal percentile",
    "journal-partial": "Score and journal percentile, year held fixed",
    "year": "Score and year",
    "year-partial": "Score and year, journal percentile held fixed",
}


def points_table(chapter: Overview, name: str) -> Html:
    """Return the score of each paper with its covariates."""
    columns = [Column("Paper"), Column("Year", True), Column("Journal percentile", True)]
    columns += [Column(f"Points, {rater}", True) for rater in chapter.raters] + [Column("Points, mean", True)]
    rows: list[Row] = []
    for i, point in enumerate(chapter.stats["points"]):
        cells: Row = [Cell(point["paper"], href=paper_link(point["paper"]))]
        cells += [chapter.n.cell(f"points.{i}.year"), chapter.n.cell(f"points.{i}.percentile", ".1f")]
        cells += [
            chapter.n.cell(f"points.{i}.points.{rater}", ".1f") if rater in point["points"] else Cell(tables.NOTHING)
            for rater in chapter.raters
        ]
        rows.append([*cells, chapter.n.cell(f"points.{i}.mean", ".2f")])
    return tables.table(columns, rows, "Score of each rated paper", name)


def correlation_table(chapter: Overview) -> Html:
    """Return the four correlations: published beside ours, with n, P value and interval."""
    published = chapter.stats["published"]
    columns = [
        Column("Correlation"),
        Column("Ratings"),
        Column("r", True),
        Column("95 % interval", True),
        Column("P", True),
        Column("n", True),
        Column("Papers left out", True),
    ]
    rows: list[Row] = []
    for key, label in CORRELATIONS.items():
        if published and key in published["correlations"]:
            at = f"published.correlations.{key}"
            cells = [
                chapter.n.cell(f"{at}.r", ".3f"),
                chapter.n.interval_cell(f"{at}.ci", ".2f"),
                chapter.n.cell(f"{at}.p", ".3f"),
                chapter.n.cell(f"{at}.n"),
            ]
            rows.append([label, Cell("published", badge="published"), *cells, Cell(tables.NOTHING)])
        for group in [*chapter.raters, MEAN]:
            at = f"groups.{group}.correlations.{key}"
            cells = [
                chapter.n.cell(f"{at}.r", ".3f"),
                chapter.n.interval_cell(f"{at}.ci", ".2f"),
                chapter.n.cell(f"{at}.p", ".3f"),
                chapter.n.cell(f"{at}.n"),
            ]
            rows.append([label, Cell(group, badge="own"), *cells, chapter.n.cell(f"{at}.dropped")])
    return tables.table(
        columns, rows, "Correlation of the score with year and journal percentile", "correlations", filters=True
    )


def share_table(chapter: Overview) -> Html:
    """Return the shares of papers at or above the lines, published beside ours."""
    columns = [
        Column("Share of papers"),
        Column("Ratings"),
        Column("Papers", True),
        Column("Of", True),
        Column("%", True),
        Column("95 % interval (Wilson)", True),
    ]
    line, access = (
        f"{chapter.repo.checklist.acceptable_points:g}",
        f"{chapter.repo.checklist.accessibility_pass_percent:g}",
    )
    labels = {"acceptable": f"Score of at least {line}", "accessible": f"Part V at {access} % or more"}
    rows: list[Row] = []
    for key, label in labels.items():
        if key == "acceptable" and chapter.stats["published"] and chapter.stats["published"]["acceptable"]:
            rows.append([label, Cell("published", badge="published"), *_share_cells(chapter, "published.acceptable")])
        rows += [
            [label, Cell(g, badge="own"), *_share_cells(chapter, f"groups.{g}.{key}")] for g in [*chapter.raters, MEAN]
        ]
    for key, label in {
        "open_code": "Open code",
        "open_data": "Open data",
        "open_weights": "Open trained weights",
    }.items():
        for who, words in {"every_rater": "every rater", "some_rater": "at least one rater"}.items():
            rows.append([label, Cell(words, badge="own"), *_share_cells(chapter, f"openness.{key}.{who}")])
    return tables.table(columns, rows, "Shares of papers at or above a line, and openness", "shares")


def _share_cells(chapter: Overview, at: str) -> list[Cell]:
    """Return the cells of a proportion."""
    return [
        chapter.n.cell(f"{at}.count"),
        chapter.n.cell(f"{at}.of"),
        chapter.n.cell(f"{at}.percent", ".1f"),
        chapter.n.interval_cell(f"{at}.ci", ".1f"),
    ]


def p_value_table(chapter: Overview) -> Html:
    """Return, for each published correlation, the P values that it allows within its rounding; nothing without a printed review."""
    if not chapter.stats["published"]:
        return Html("")
    columns = [
        Column("Correlation"),
        Column("r as printed", True),
        Column("n", True),
        Column("P as printed", True),
        Column("P from r", True),
        Column("P that r allows", True),
        Column("Agree"),
    ]
    rows: list[Row] = []
    for key, label in CORRELATIONS.items():
        if key not in chapter.stats["published"]["correlations"]:
            continue
        at = f"published.correlations.{key}"
        agree = tables.yes_no(chapter.n.value(f"{at}.p_agrees"))
        cells = [
            chapter.n.cell(f"{at}.r", ".3f"),
            chapter.n.cell(f"{at}.n"),
            chapter.n.cell(f"{at}.p", ".3f"),
            chapter.n.cell(f"{at}.p_from_r", ".4f"),
        ]
        rows.append([label, *cells, chapter.n.interval_cell(f"{at}.p_range", ".4f"), agree])
    return tables.table(columns, rows, "Published P values from r and n alone", "published-p-values")
