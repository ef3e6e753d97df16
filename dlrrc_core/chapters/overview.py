"""The overview chapter of a field: the four figures of the seed review, drawn from our own ratings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from IPython.display import Markdown

from dlrrc_core import figures, repository, tables
from dlrrc_core.fieldstats import MEAN, field_statistics
from dlrrc_core.repository import Repository
from dlrrc_core.tables import Cell, Column, Html, Numbers, Row

CORRELATIONS = {
    "journal": "Score and journal percentile",
    "journal-partial": "Score and journal percentile, year held fixed",
    "year": "Score and year",
    "year-partial": "Score and year, journal percentile held fixed",
}


@dataclass(frozen=True)
class Overview:
    """One field on one basis, with every number its chapter shows.

    Attributes
    ----------
    repo : Repository
    field, basis : str
    n : Numbers
        Statistics of the field by dotted path; the same dictionary as ``dlrrc stats --format json``.
    """

    repo: Repository
    field: str
    basis: str
    n: Numbers

    @property
    def stats(self) -> dict[str, Any]:
        """The statistics as a dictionary."""
        return dict(self.n.statistics)

    @property
    def raters(self) -> list[str]:
        """Raters of this field on this basis, sorted."""
        return [name for name in self.stats["groups"] if name != MEAN]

    def machine_notice(self) -> Html:
        """Return the label that machine ratings always carry, or nothing when there are none."""
        if "machine" not in self.stats["kinds"]:
            return Html("")
        return machine_notice()

    def seed_sentence(self) -> str:
        """Return how many of the seed review's papers are rated here; empty for a field without a printed review."""
        published = self.stats["published"]
        if not published:
            return ""
        return (
            f"Of the {self.n('published.n_papers')} papers that the seed review {{cite}}`{published['review']}` scored, "
            f"{self.n('in_seed_review_rated')} are rated here so far: those whose full text is open. The published averages below belong to the whole "
            "set of the seed review, our bars to the papers that we rated. They are shown side by side, not compared as one sample."
        )

    def missing_sentence(self) -> str:
        """Return how many rated papers have a journal with a known percentile."""
        return (
            f"A journal percentile is known for {self.n('percentile_known')} of {self.n('rated')} rated papers; the others are left out of every "
            "correlation that uses it. Proceedings and preprints have none."
        )

    def figure_journal(self) -> Html:
        """Return Figure 1: score against the journal's percentile."""
        rows = [p for p in self.stats["points"] if p["percentile"] is not None]
        alt = f"Scatter of DLRRC points against journal percentile for {len(rows)} papers, one mark per rater and paper."
        caption = (
            "Score against the percentile of the journal. The dotted line is the mark of acceptable reproducibility. "
            "Papers whose journal has no known percentile are not drawn."
        )
        figure = self._scatter(rows, "percentile", "Journal percentile")
        figure.update_xaxes(range=[0, 103])
        return figures.interactive(figure, "figure-journal", alt, caption, self._points_table("figure-journal-numbers"))

    def figure_year(self) -> Html:
        """Return Figure 2: score by year of publication."""
        rows = [p for p in self.stats["points"] if p["year"] is not None]
        alt = f"DLRRC points by year of publication for {len(rows)} papers, one mark per rater and paper, with the mean of each year as a line."
        caption = (
            "Score by year. The line joins the means over papers and raters of each year; the dotted line is the mark of acceptable reproducibility."
        )
        figure = self._scatter(rows, "year", "Year of publication")
        means = pd.DataFrame(rows).groupby("year")["mean"].mean()
        figure.add_scatter(
            x=[int(y) for y in means.index], y=means.tolist(), mode="lines", name="mean of the year", line={"color": figures.COLOURS["mean"]}
        )
        figure.update_xaxes(dtick=1)
        return figures.interactive(figure, "figure-year", alt, caption, self._points_table("figure-year-numbers"))

    def _scatter(self, rows: list[dict[str, Any]], x: str, title: str) -> go.Figure:
        """Return points against a covariate, one trace per rater."""
        figure = go.Figure()
        for i, rater in enumerate(self.raters):
            own = [p for p in rows if p["points"].get(rater) is not None]
            figure.add_scatter(
                x=[p[x] for p in own],
                y=[p["points"][rater] for p in own],
                text=[p["paper"] for p in own],
                mode="markers",
                name=rater,
                marker={"symbol": ["circle", "square", "diamond", "triangle-up"][i % 4], "size": 9, "color": _colour(i)},
                hovertemplate="%{text}<br>" + title.lower() + " %{x}<br>%{y} points<extra>" + rater + "</extra>",
            )
        line = self.repo.checklist.acceptable_points
        figure.add_hline(y=line, line={"dash": "dot", "color": figures.COLOURS["line"]})
        figure.update_layout(legend={"orientation": "h", "y": 1.08}, xaxis_title=title, yaxis_title="DLRRC points")
        figure.update_yaxes(range=[0, self.repo.checklist.total_points])
        return figure

    def _points_table(self, name: str) -> Html:
        """Return the score of each paper with its covariates."""
        columns = [Column("Paper"), Column("Year", True), Column("Journal percentile", True)]
        columns += [Column(f"Points, {rater}", True) for rater in self.raters] + [Column("Points, mean", True)]
        rows: list[Row] = []
        for i, point in enumerate(self.stats["points"]):
            cells: Row = [Cell(point["paper"], href=paper_link(point["paper"]))]
            cells += [self.n.cell(f"points.{i}.year"), self.n.cell(f"points.{i}.percentile", ".1f")]
            cells += [self.n.cell(f"points.{i}.points.{rater}", ".1f") if rater in point["points"] else Cell(tables.NOTHING) for rater in self.raters]
            rows.append([*cells, self.n.cell(f"points.{i}.mean", ".2f")])
        return tables.table(columns, rows, "Score of each rated paper", name)

    def figure_parts(self) -> Html:
        """Return Figure 3: average percentage of points in total and per part."""
        parts = [part.id for part in self.repo.checklist.parts]
        labels = ["Total", *(f"Part {part}" for part in parts)]
        heights = {name: [group["total"]["mean"], *(group["parts"][part]["mean"] for part in parts)] for name, group in self.stats["groups"].items()}
        published = self.stats["published"]
        printed = [published["total"], *(published["parts"].get(part) for part in parts)] if published else None
        alt = "Bars of the average percentage of points in total and in the five parts, one bar per rater" + (
            ", with the published values as diamonds where they were printed." if printed else "."
        )
        figure = self._bars(labels, heights, printed, 3.6)
        columns = [
            Column("Part"),
            *(Column(f"{rater}, %", True) for rater in self.raters),
            Column("Mean, %", True),
            Column("95 % interval of the mean", True),
        ]
        columns += [Column("Published, %", True)] if published else []
        rows: list[Row] = []
        for i, label in enumerate(labels):
            key = "total" if i == 0 else f"parts.{parts[i - 1]}"
            cells: Row = [label, *(self.n.cell(f"groups.{g}.{key}.mean", ".1f") for g in [*self.raters, MEAN])]
            cells.append(self.n.interval_cell(f"groups.{MEAN}.{key}.ci", ".1f"))
            if published:
                known = i == 0 or parts[i - 1] in published["parts"]
                cells.append(self.n.cell(f"published.{key}", ".1f") if known else Cell(tables.NOTHING))
            rows.append(cells)
        numbers = tables.table(columns, rows, "Average percentage of points in total and per part", "figure-parts-numbers")
        return figures.static(figure, "figure-parts", alt, "Average percentage of points in total and per part." + self._overlay(), numbers)

    def figure_items(self) -> Html:
        """Return Figure 4: average percentage of points per item."""
        items = list(self.repo.checklist.items)
        heights = {name: [group["items"][str(i)]["percent"] for i in items] for name, group in self.stats["groups"].items()}
        published = self.stats["published"]
        printed = [published["items"].get(str(i)) for i in items] if published else None
        alt = "Columns of the average percentage of points for each of the items, one column per rater" + (
            ", with the published values as diamonds where they were printed." if printed else "."
        )
        figure = self._bars([str(i) for i in items], heights, printed, 4.0)
        columns = [Column("Item", True), Column("Title"), *(Column(f"{rater}, %", True) for rater in self.raters), Column("Mean, %", True)]
        columns += [Column("Published, %", True)] if published else []
        rows: list[Row] = []
        for i in items:
            cells: Row = [Cell(str(i), sort=i), self.repo.checklist.items[i].title]
            cells += [self.n.cell(f"groups.{g}.items.{i}.percent", ".1f") for g in [*self.raters, MEAN]]
            if published:
                cells.append(self.n.cell(f"published.items.{i}", ".1f") if str(i) in published["items"] else Cell(tables.NOTHING))
            rows.append(cells)
        numbers = tables.table(columns, rows, "Average percentage of points per item", "figure-items-numbers")
        return figures.static(figure, "figure-items", alt, "Average percentage of points per item." + self._overlay(), numbers)

    def _overlay(self) -> str:
        """Return the sentence of a caption that tells our bars from published marks."""
        if not self.stats["published"]:
            return ""
        return " Bars are our own ratings; grey diamonds are the values that the seed review printed for its own set of papers."

    def _bars(self, labels: list[str], heights: dict[str, list[float | None]], printed: list[float | None] | None, height: float) -> Any:
        """Return grouped bars, one group per label and one bar per rater, with printed values as diamonds."""
        figure, axes = figures.canvas(height=height)
        x, width = np.arange(len(labels)), 0.8 / max(len(self.raters), 1)
        for i, rater in enumerate(self.raters):
            y = [np.nan if v is None else v for v in heights[rater]]
            axes.bar(
                x - 0.4 + width * (i + 0.5),
                y,
                width,
                label=rater,
                color=_colour(i),
                hatch=("", "///", "...", "xx")[i % 4],
                edgecolor="white",
                linewidth=0.4,
            )
        if printed:
            shown = [np.nan if v is None else v for v in printed]
            axes.plot(
                x,
                shown,
                linestyle="none",
                marker="D",
                markersize=5,
                color=figures.COLOURS["published"],
                markeredgecolor=figures.INK,
                label="published",
            )
        axes.axhline(50, linestyle=":", color=figures.COLOURS["line"], linewidth=1)
        axes.set(ylim=(0, 104), ylabel="Points reached, %", xlim=(-0.6, len(labels) - 0.4))
        axes.set_xticks(x, labels, fontsize=8 if len(labels) > 12 else 10)
        figures.legend(axes)
        return figure

    def correlation_table(self) -> Html:
        """Return the four correlations: published beside ours, with n, P value and interval."""
        published = self.stats["published"]
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
            if published:
                at = f"published.correlations.{key}"
                cells = [
                    self.n.cell(f"{at}.r", ".3f"),
                    self.n.interval_cell(f"{at}.ci", ".2f"),
                    self.n.cell(f"{at}.p", ".3f"),
                    self.n.cell(f"{at}.n"),
                ]
                rows.append([label, Cell("published", badge="published"), *cells, Cell(tables.NOTHING)])
            for group in [*self.raters, MEAN]:
                at = f"groups.{group}.correlations.{key}"
                cells = [
                    self.n.cell(f"{at}.r", ".3f"),
                    self.n.interval_cell(f"{at}.ci", ".2f"),
                    self.n.cell(f"{at}.p", ".3f"),
                    self.n.cell(f"{at}.n"),
                ]
                rows.append([label, Cell(group, badge="own"), *cells, self.n.cell(f"{at}.dropped")])
        return tables.table(columns, rows, "Correlation of the score with year and journal percentile", "correlations", filters=True)

    def share_table(self) -> Html:
        """Return the shares of papers at or above the lines, published beside ours."""
        columns = [
            Column("Share of papers"),
            Column("Ratings"),
            Column("Papers", True),
            Column("Of", True),
            Column("%", True),
            Column("95 % interval (Wilson)", True),
        ]
        line, access = f"{self.repo.checklist.acceptable_points:g}", f"{self.repo.checklist.accessibility_pass_percent:g}"
        labels = {"acceptable": f"Score of at least {line}", "accessible": f"Part V at {access} % or more"}
        rows: list[Row] = []
        for key, label in labels.items():
            if key == "acceptable" and self.stats["published"]:
                rows.append([label, Cell("published", badge="published"), *self._share_cells("published.acceptable")])
            rows += [[label, Cell(g, badge="own"), *self._share_cells(f"groups.{g}.{key}")] for g in [*self.raters, MEAN]]
        for key, label in {"open_code": "Open code", "open_data": "Open data", "open_weights": "Open trained weights"}.items():
            for who, words in {"every_rater": "every rater", "some_rater": "at least one rater"}.items():
                rows.append([label, Cell(words, badge="own"), *self._share_cells(f"openness.{key}.{who}")])
        return tables.table(columns, rows, "Shares of papers at or above a line, and openness", "shares")

    def _share_cells(self, at: str) -> list[Cell]:
        """Return the cells of a proportion."""
        return [self.n.cell(f"{at}.count"), self.n.cell(f"{at}.of"), self.n.cell(f"{at}.percent", ".1f"), self.n.interval_cell(f"{at}.ci", ".1f")]

    def p_value_table(self) -> Html:
        """Return, for each published correlation, the P values that it allows within its rounding; nothing without a printed review."""
        if not self.stats["published"]:
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
            at = f"published.correlations.{key}"
            agree = tables.yes_no(self.n.value(f"{at}.p_agrees"))
            cells = [self.n.cell(f"{at}.r", ".3f"), self.n.cell(f"{at}.n"), self.n.cell(f"{at}.p", ".3f"), self.n.cell(f"{at}.p_from_r", ".4f")]
            rows.append([label, *cells, self.n.interval_cell(f"{at}.p_range", ".4f"), agree])
        return tables.table(columns, rows, "Published P values from r and n alone", "published-p-values")

    def published_section(self) -> Markdown:
        """Return the words before the check of the published numbers; empty for a field without a printed review."""
        if not self.stats["published"]:
            return Markdown("No printed review of this field is being rebuilt, so there are no published numbers to set beside ours.")
        return Markdown(
            f"The seed review {{cite}}`{self.stats['published']['review']}` scored {self.n('published.n_papers')} papers and printed averages, "
            "not the scores of single papers. Its four correlations are recomputed here from r and n alone: the P value must lie in the range "
            "that the rounding of r allows."
        )


def open_chapter(field: str, basis: str) -> Overview:
    """Load the records around the working directory and compute the statistics of a field."""
    repo = repository.here()
    return Overview(repo, field, basis, Numbers(field_statistics(repo, field, basis)))


def machine_notice() -> Html:
    """Return the label of machine ratings."""
    return Html(
        '<div class="dlrrc-banner" role="note"><strong>Machine-rated, not confirmed by a person.</strong> The ratings on this page come from machine '
        "raters of one kind that worked without seeing each other. Read them as a first proposal that a person has to check.</div>"
    )


def paper_link(paper: str) -> str:
    """Return the link from a chapter of a field to the page of a paper."""
    return f"../../papers/{paper}.html"


def _colour(i: int) -> str:
    """Return the colour of the i-th rater."""
    return (figures.COLOURS["own"], figures.COLOURS["own-2"], figures.COLOURS["mean"], "#CC79A7")[i % 4]
