"""The four figures of the overview chapter, after Figures 1-4 of the seed review, drawn from our own ratings."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import seaborn as sns

from dlrrc_core import figures, tables
from dlrrc_core.chapters.overview import Overview
from dlrrc_core.chapters.overview_tables import points_table
from dlrrc_core.tables import Cell, Column, Html, Row
from dlrrc_core.unittables import MEAN


def journal(chapter: Overview) -> Html:
    """Return Figure 1: score against the journal's percentile."""
    if not chapter.raters:
        return tables.not_rated()
    rows = [p for p in chapter.stats["points"] if p["percentile"] is not None]
    alt = f"Scatter of DLRRC points against journal percentile for {len(rows)} papers, one mark per rater and paper."
    caption = (
        "Score against the percentile of the journal. The dotted line is the mark of acceptable reproducibility. "
        "Papers whose journal has no known percentile are not drawn."
    )
    figure = _scatter(chapter, rows, "percentile", "Journal percentile")
    figure.update_xaxes(range=[0, 103])
    return figures.interactive(figure, "figure-journal", alt, caption, points_table(chapter, "figure-journal-numbers"))


def year(chapter: Overview) -> Html:
    """Return Figure 2: score by year of publication."""
    if not chapter.raters:
        return tables.not_rated()
    rows = [p for p in chapter.stats["points"] if p["year"] is not None]
    alt = f"DLRRC points by year of publication for {len(rows)} papers, one mark per rater and paper, with the mean of each year as a line."
    caption = "Score by year. The line joins the yearly means over papers and raters; the dotted line is the mark of acceptable reproducibility."
    figure = _scatter(chapter, rows, "year", "Year of publication")
    means = pd.DataFrame(rows).groupby("year")["mean"].mean()
    figure.add_scatter(
        x=[int(y) for y in means.index],
        y=means.tolist(),
        mode="lines",
        name="mean of the year",
        line={"color": figures.COLOURS["mean"]},
    )
    figure.update_xaxes(dtick=1)
    return figures.interactive(figure, "figure-year", alt, caption, points_table(chapter, "figure-year-numbers"))


def _scatter(chapter: Overview, rows: list[dict[str, Any]], x: str, title: str) -> go.Figure:
    """Return points against a covariate, one trace per rater."""
    figure = go.Figure()
    for i, rater in enumerate(chapter.raters):
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
    line = chapter.repo.checklist.acceptable_points
    figure.add_hline(y=line, line={"dash": "dot", "color": figures.COLOURS["line"]})
    figure.update_layout(legend={"orientation": "h", "y": 1.08}, xaxis_title=title, yaxis_title="DLRRC points")
    figure.update_yaxes(range=[0, chapter.repo.checklist.total_points])
    return figure


def parts(chapter: Overview) -> Html:
    """Return Figure 3: average percentage of points in total and per part."""
    if not chapter.raters:
        return tables.not_rated()
    parts = [part.id for part in chapter.repo.checklist.parts]
    labels = ["Total", *(f"Part {part}" for part in parts)]
    heights = {
        name: [group["total"]["mean"], *(group["parts"][part]["mean"] for part in parts)]
        for name, group in chapter.stats["groups"].items()
    }
    published = chapter.stats["published"]
    printed = [published["total"], *(published["parts"].get(part) for part in parts)] if published else None
    alt = "Bars of the average percentage of points in total and in the five parts, one bar per rater" + (
        ", with the published values as diamonds where they were printed." if printed else "."
    )
    figure = _bars(chapter, labels, heights, printed, 3.6)
    columns = [
        Column("Part"),
        *(Column(f"{rater}, %", True) for rater in chapter.raters),
        Column("Mean, %", True),
        Column("95 % interval of the mean", True),
    ]
    columns += [Column("Published, %", True)] if published else []
    rows: list[Row] = []
    for i, label in enumerate(labels):
        key = "total" if i == 0 else f"parts.{parts[i - 1]}"
        cells: Row = [label, *(chapter.n.cell(f"groups.{g}.{key}.mean", ".1f") for g in [*chapter.raters, MEAN])]
        cells.append(chapter.n.interval_cell(f"groups.{MEAN}.{key}.ci", ".1f"))
        if published:
            known = i == 0 or parts[i - 1] in published["parts"]
            cells.append(chapter.n.cell(f"published.{key}", ".1f") if known else Cell(tables.NOTHING))
        rows.append(cells)
    numbers = tables.table(columns, rows, "Average percentage of points in total and per part", "figure-parts-numbers")
    return figures.static(
        figure, "figure-parts", alt, "Average percentage of points in total and per part." + _overlay(chapter), numbers
    )


def items(chapter: Overview) -> Html:
    """Return Figure 4: average percentage of points per item."""
    if not chapter.raters:
        return tables.not_rated()
    items = list(chapter.repo.checklist.items)
    heights = {
        name: [group["items"][str(i)]["percent"] for i in items] for name, group in chapter.stats["groups"].items()
    }
    published = chapter.stats["published"]
    printed = [published["items"].get(str(i)) for i in items] if published else None
    alt = "Columns of the average percentage of points for each of the items, one column per rater" + (
        ", with the published values as diamonds where they were printed." if printed else "."
    )
    figure = _bars(chapter, [str(i) for i in items], heights, printed, 4.0)
    columns = [
        Column("Item", True),
        Column("Title"),
        *(Column(f"{rater}, %", True) for rater in chapter.raters),
        Column("Mean, %", True),
    ]
    columns += [Column("Published, %", True)] if published else []
    rows: list[Row] = []
    for i in items:
        cells: Row = [Cell(str(i), sort=i), chapter.repo.checklist.items[i].title]
        cells += [chapter.n.cell(f"groups.{g}.items.{i}.percent", ".1f") for g in [*chapter.raters, MEAN]]
        if published:
            cells.append(
                chapter.n.cell(f"published.items.{i}", ".1f") if str(i) in published["items"] else Cell(tables.NOTHING)
            )
        rows.append(cells)
    numbers = tables.table(columns, rows, "Average percentage of points per item", "figure-items-numbers")
    return figures.static(
        figure, "figure-items", alt, "Average percentage of points per item." + _overlay(chapter), numbers
    )


def _overlay(chapter: Overview) -> str:
    """Return the sentence of a caption that tells our bars from published marks."""
    if not chapter.stats["published"]:
        return ""
    return " Bars are our own ratings; grey diamonds are the values that the seed review printed for its own set of papers."


def _bars(
    chapter: Overview,
    labels: list[str],
    heights: dict[str, list[float | None]],
    printed: list[float | None] | None,
    height: float,
) -> Any:
    """Return grouped bars, one group per label and one bar per rater, with printed values as diamonds."""
    figure, axes = figures.canvas(height=height)
    frame = pd.DataFrame(
        [(label, rater, y) for rater in chapter.raters for label, y in zip(labels, heights[rater], strict=True)],
        columns=["label", "rater", "percent"],
    ).astype({"percent": float})
    colours = [_colour(i) for i in range(len(chapter.raters))]
    sns.barplot(
        frame,
        x="label",
        y="percent",
        hue="rater",
        palette=colours,
        saturation=1,
        edgecolor="white",
        linewidth=0.4,
        ax=axes,
    )
    x = range(len(labels))
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
    axes.set(ylim=(0, 104), xlabel="", ylabel="Points reached, %", xlim=(-0.6, len(labels) - 0.4))
    axes.set_xticks(x, labels, fontsize=8 if len(labels) > 12 else 10)
    patches = [handle for handle in figures.legend(axes).legend_handles if hasattr(handle, "set_hatch")]
    for patch, bars, hatch in zip(patches, axes.containers, ("", "///", "...", "xx"), strict=False):
        for shape in (patch, *bars):  # told apart without colour, in the legend too
            shape.set_hatch(hatch)
    return figure


def _colour(i: int) -> str:
    """Return the colour of the i-th rater."""
    return (figures.COLOURS["own"], figures.COLOURS["own-2"], figures.COLOURS["mean"], "#CC79A7")[i % 4]
