"""The items chapter of a field: how many papers pass each item, over time and by task."""

from __future__ import annotations

import pandas as pd

from dlrrc_core import figures, repository, stats, tables
from dlrrc_core.fieldstats import review_statistics
from dlrrc_core.repository import Repository
from dlrrc_core.scoring import score_papers
from dlrrc_core.tables import Cell, Column, Html, Numbers, Row
from dlrrc_core.unittables import MEAN, unit_tables


class Items:
    """Pass rates of one field on one basis.

    Parameters
    ----------
    repo : Repository
        All records.
    field, basis : str
        What to show.
    """

    def __init__(self, repo: Repository, field: str, basis: str) -> None:
        self.repo, self.field = repo, field
        papers = repo.select(field=field)
        found = unit_tables(score_papers(repo, papers, basis), repo.checklist)
        self.units = {name: table.units for name, table in found.items()}
        nothing = pd.Series(dtype=float)
        groups = {
            name: review_statistics(table.units, nothing, nothing, repo.checklist, table.outside)
            for name, table in found.items()
        }
        self.n = Numbers({"groups": groups})
        self.raters = [name for name in self.units if name != MEAN]

    def pass_table(self) -> Html:
        """Return, per item and rater, how many papers reach all points, with the Wilson interval."""
        columns = [Column("Item", numeric=True), Column("Part", facet=True), Column("Title")]
        for rater in self.raters:
            columns += [
                Column(f"{rater}: pass", True),
                Column("of", True),
                Column("%", True),
                Column("95 % interval", True),
            ]
        rows: list[Row] = []
        for number, item in self.repo.checklist.items.items():
            cells: Row = [Cell(str(number), sort=number), self.repo.checklist.part_of[number], item.title]
            for rater in self.raters:
                at = f"groups.{rater}.passes.{number}"
                cells += [
                    self.n.cell(f"{at}.count"),
                    self.n.cell(f"{at}.of"),
                    self.n.cell(f"{at}.percent", ".0f"),
                    self.n.interval_cell(f"{at}.ci", ".0f"),
                ]
            rows.append(cells)
        return tables.table(columns, rows, "Papers that reach all points of an item", "item-passes", filters=True)

    def pass_figure(self) -> Html:
        """Return the pass rates with their intervals as a figure."""
        if not self.raters:
            return tables.not_rated()
        figure, axes = figures.canvas(height=8.2)
        numbers = list(self.repo.checklist.items)
        for i, rater in enumerate(self.raters):
            rates = [self.n.value(f"groups.{rater}.passes.{number}") for number in numbers]
            middle = [rate["percent"] for rate in rates]
            low = [max(rate["percent"] - rate["ci"][0], 0) for rate in rates]
            high = [max(rate["ci"][1] - rate["percent"], 0) for rate in rates]
            y = [number + 0.3 * (i - (len(self.raters) - 1) / 2) for number in numbers]
            colour = (figures.COLOURS["own"], figures.COLOURS["own-2"], figures.COLOURS["mean"])[i % 3]
            axes.errorbar(
                middle,
                y,
                xerr=[low, high],
                linestyle="none",
                marker=figures.MARKERS[i % 4],
                markersize=4,
                color=colour,
                elinewidth=1,
                label=rater,
            )
        labels = [f"{number} {self.repo.checklist.items[number].title}" for number in numbers]
        axes.set_yticks(numbers, labels, fontsize=8)
        axes.invert_yaxis()
        axes.set(xlim=(-2, 102), xlabel="Papers with all points of the item, %")
        axes.grid(axis="x", alpha=0.3)
        figures.legend(axes, y=1.05)
        alt = "For each item and rater, the percentage of papers that reach all points of the item, with its interval."
        caption = "Papers that reach all points of an item, with 95 % Wilson intervals. The table below the figure holds the same numbers."
        return figures.static(figure, "figure-passes", alt, caption, self.pass_table())

    def by(self, what: str) -> Html:
        """Return pass rates split by year or by task.

        Parameters
        ----------
        what : {"year", "task"}
            How to split the papers.

        Returns
        -------
        Html
            One row per item; one column per group with count and number of papers, over all raters (a paper counts once per rater).
        """
        group_of = {
            paper: str(self.repo.papers[paper].year or "unknown")
            if what == "year"
            else self.repo.papers[paper].study.task
            for paper in self.repo.select(field=self.field)
        }
        units = pd.concat([self.units[rater] for rater in self.raters]) if self.raters else self.units[MEAN]
        groups = units.groupby([group_of[str(paper)] for paper in units.index])
        names = sorted(groups.groups)
        best = self.repo.checklist.max_units
        columns = [Column("Item", numeric=True), Column("Title"), *(Column(str(name), numeric=True) for name in names)]
        rows: list[Row] = []
        for number, item in self.repo.checklist.items.items():
            cells: Row = [Cell(str(number), sort=number), item.title]
            for name in names:
                answered = groups.get_group(name)[number].dropna()
                rate = stats.proportion(int((answered == best[number]).sum()), len(answered))
                cells.append(
                    Cell(
                        f"{rate.count}/{rate.of} ({tables.format_number(rate.percent, '.0f')} %)",
                        sort=rate.percent if rate.of else "",
                    )
                )
            rows.append(cells)
        return tables.table(
            columns, rows, f"Ratings that give all points of an item, by {what}", f"items-by-{what}", filters=True
        )


def open_chapter(field: str, basis: str) -> Items:
    """Load the records around the working directory and compute the pass rates of a field."""
    return Items(repository.here(), field, basis)
