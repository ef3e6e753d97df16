"""The chapter on what the printed aggregates of a field's seed review imply, and what they leave open."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar, cast

import numpy as np
from IPython.display import Markdown

from dlrrc_core import repository, tables
from dlrrc_core.chapters.overview_tables import CORRELATIONS
from dlrrc_core.fields import Published
from dlrrc_core.reconstruct.report import reconstruct
from dlrrc_core.repository import Repository
from dlrrc_core.tables import Cell, Column, Html, Numbers, Row

Shown = TypeVar("Shown", bound=Callable[..., Any])


def when_possible(show: Shown) -> Shown:
    """Make a function of a chapter say so when the printed numbers contradict each other and there is nothing to show."""

    @wraps(show)
    def guarded(chapter: Reconstruction) -> Any:
        nothing = Html("<p>The printed numbers contradict each other, so there is nothing to draw.</p>")
        return show(chapter) if chapter.possible else nothing

    return cast(Shown, guarded)


@dataclass(frozen=True)
class Reconstruction:
    """One field with every number of its chapter on the reconstruction.

    Attributes
    ----------
    repo : Repository
    printed : Published
        What the seed review printed.
    n : Numbers
        The same dictionary as ``dlrrc reconstruct --format json``.
    """

    repo: Repository
    printed: Published
    n: Numbers

    @property
    def possible(self) -> bool:
        """Whether the printed aggregates allow any answers."""
        return self.n.value("draws") is not None

    @property
    def points(self) -> np.ndarray:
        """Points out of 100, draw by paper."""
        units = np.array(self.n.value("draws")).sum(axis=2)
        return units * self.repo.checklist.unit_points

    def banner(self) -> Html:
        """Return the label that every number of this chapter carries."""
        return Html(
            '<div class="dlrrc-banner dlrrc-banner--reconstructed" role="note"><strong>Reconstructed, not the authors\' data.</strong> '
            "The scores of single papers were never published. This page shows which scores agree with every number that was printed; "
            "the true ones are one of very many possibilities. Nothing here is a statement about a single paper.</div>"
        )

    def conflict_sentence(self) -> Markdown:
        """Return whether the printed numbers can all be right together."""
        conflicts = self.n.value("conflicts")
        if not any(conflicts.values()):
            return Markdown(
                f"All printed aggregates of {{cite}}`{self.printed.review}` can be right together: answers for the {self.n('n_papers')} papers exist "
                "that give every one of them after rounding. No printed number contradicts another."
            )
        found = "; ".join(", ".join(names) for names in conflicts.values() if names)
        return Markdown(
            f"The printed values cannot all be right together. A smallest set of them that contradicts itself is: {found}. "
            "Check the publisher's copy."
        )

    def journal_year_sentence(self) -> Markdown:
        """Return what the printed correlations imply for the correlation of journal and year."""
        if self.n.value("journal_year") is None:
            return Markdown("")
        return Markdown(
            "The correlation between journal percentile and year was not printed, but two plain and two partial correlations were, and a partial "
            "correlation is a function of three plain ones. All four agree on one value: within the rounding of what was printed it lies between "
            f"{self.n('journal_year.0', '.4f')} and {self.n('journal_year.1', '.4f')}."
        )

    def window_table(self) -> Html:
        """Return what each printed correlation stands for, given its printed P value."""
        columns = [
            Column("Correlation"),
            Column("r as printed", True),
            Column("P as printed", True),
            Column("r that both allow", True),
        ]
        rows: list[Row] = []
        for c in self.printed.correlations:
            cells = [tables.number_cell(float(c.r), ".3f"), tables.number_cell(float(c.p), ".3f")]
            rows.append([CORRELATIONS[c.id], *cells, self.n.interval_cell(f"windows.{c.id}", ".5f")])
        return tables.table(columns, rows, "What the printed correlations stand for", "reconstruction-windows")

    @when_possible
    def determined_table(self) -> Html:
        """Return sums that were not printed but follow exactly."""
        columns = [Column("What"), Column("Units", True), Column("Of", True), Column("Percent of points", True)]
        rows: list[Row] = []
        for i, entry in enumerate(self.n.value("determined")):
            what = f"{'Part' if len(entry['parts']) == 1 else 'Parts'} {' and '.join(entry['parts'])}"
            what += f", items {', '.join(map(str, entry['items']))} together" if entry["items"] else " together"
            at = f"determined.{i}"
            rows.append(
                [what, self.n.cell(f"{at}.units"), self.n.cell(f"{at}.of"), self.n.cell(f"{at}.percent", ".1f")]
            )
        return tables.table(columns, rows, "Not printed, but determined", "reconstruction-determined")

    def part_table(self) -> Html:
        """Return every part: printed, or what the printed numbers leave open."""
        labels = {f"part_{part.id}_percent": f"Part {part.id}: {part.title}" for part in self.repo.checklist.parts}
        printed = {f"part_{entry.part}_percent": entry.percent for entry in self.printed.parts}
        return self._open_table(labels, printed, "bounds", "figure-reconstruction-parts-numbers", "Points by part")

    def item_table(self) -> Html:
        """Return every item: printed, or what the printed numbers leave open."""
        labels = {
            f"item_{number}_percent": f"{number} {item.title}" for number, item in self.repo.checklist.items.items()
        }
        printed = {f"item_{entry.item}_percent": entry.percent for entry in self.printed.items}
        return self._open_table(
            labels, printed, "bounds.items", "figure-reconstruction-items-numbers", "Points by item"
        )

    def _open_table(self, labels: dict[str, str], printed: dict[str, str], at: str, name: str, caption: str) -> Html:
        """Return printed value, exact bounds and range of the draws for parts or items."""
        columns = [Column("What"), Column("Printed, %", True), Column("Exact bounds, %", True)]
        columns += [
            Column("Median of the draws, %", True),
            Column("95 % of the draws, %", True),
            Column("Determined", facet=True),
        ]
        rows: list[Row] = []
        for key, label in labels.items():
            bounds = (
                f"{at}.{key.removeprefix('item_').removesuffix('_percent')}" if at.endswith("items") else f"{at}.{key}"
            )
            low, high = self.n.value(bounds)
            shown = tables.number_cell(float(printed[key])) if key in printed else Cell(tables.NOTHING, sort="")
            rows.append(
                [
                    label,
                    Cell(printed[key], badge="published", sort=shown.sort) if key in printed else shown,
                    self.n.interval_cell(bounds, ".1f"),
                    self.n.cell(f"summary.{key}.1", ".1f"),
                    self.n.interval_cell(f"summary.{key}", ".1f"),
                    tables.yes_no(low == high),
                ]
            )
        return tables.table(columns, rows, caption, name, filters=at.endswith("items"))

    @when_possible
    def open_sentence(self) -> Markdown:
        """Return how many items and parts are determined."""
        parts = [f"part_{part.id}_percent" for part in self.repo.checklist.parts]
        left = [key for key in parts if self.n.value(f"bounds.{key}.0") != self.n.value(f"bounds.{key}.1")]
        ranges = "; ".join(f"Part {key.split('_')[1]}: {self.n.interval(f'bounds.{key}', '.1f')} %" for key in left)
        return Markdown(
            f"{self.n('known.items')} of {self.n('known.of_items')} items and {self.n('known.parts')} of {self.n('known.of_parts')} parts are "
            "determined by what was printed. The bounds of "
            f"the others are exact (integer programming, each end reached by answers that agree with every printed number): {ranges}."
        )

    @when_possible
    def accessible_sentence(self) -> Markdown:
        """Return what the draws say about the printed words on accessibility."""
        return Markdown(
            "The review calls the share of reports that pass in accessibility (Part V at "
            f"{self.repo.checklist.accessibility_pass_percent:g} % or more) low in general, without a number, so this is no condition of the "
            f"reconstruction. In 95 % of the draws that share lies between {self.n('summary.accessible_percent.0', '.0f')} and "
            f"{self.n('summary.accessible_percent.2', '.0f')} %. That is what equally likely answers give; lower shares are not excluded."
        )

    def years_table(self) -> Html:
        """Return points of single papers and yearly means over the draws."""
        columns = [Column("Year", True), Column("Papers", True), Column("Points of a paper: median", True)]
        columns += [
            Column("95 % of papers and draws", True),
            Column("Mean of the year: median", True),
            Column("95 % of the draws", True),
        ]
        years = self.n.value("years")
        rows: list[Row] = []
        for year in sorted(set(years)):
            paper, mean = f"summary.years.{year}", f"summary.mean_points_{year}"
            cells = [self.n.cell(f"{paper}.1", ".1f"), self.n.interval_cell(paper, ".1f")]
            cells += [self.n.cell(f"{mean}.1", ".1f"), self.n.interval_cell(mean, ".1f")]
            rows.append([Cell(str(year), sort=year), tables.number_cell(years.count(year)), *cells])
        return tables.table(columns, rows, "Points by year over the draws", "figure-reconstruction-year-numbers")

    def ranked_table(self) -> Html:
        """Return the points of the best, second best ... paper over the draws."""
        columns = [
            Column("Place", True),
            Column("Median of the draws, points", True),
            Column("95 % of the draws", True),
        ]
        rows: list[Row] = [
            [
                tables.number_cell(i + 1),
                self.n.cell(f"summary.ranked.{i}.1", ".1f"),
                self.n.interval_cell(f"summary.ranked.{i}", ".1f"),
            ]
            for i in range(len(self.n.value("papers")))
        ]
        return tables.table(columns, rows, "Points by place", "figure-reconstruction-journal-numbers")

    @when_possible
    def diagnostics_sentence(self) -> Markdown:
        """Return how well the chains have mixed."""
        worst, least = self.n.value("diagnostics.worst_rhat"), self.n.value("diagnostics.least_ess")
        if worst is None or least is None:
            return Markdown("Too few draws to judge the mixing of the chains.")
        return Markdown(
            f"{self.n('n_draws')} draws from {self.n('diagnostics.chains')} chains, seed {self.n('seed')}. Over all quantities above that vary, "
            f"the worst R-hat is {self.n('diagnostics.worst_rhat', '.3f')} and the least effective sample size "
            f"{self.n('diagnostics.least_ess', '.0f')}. Every matrix that agrees with the printed numbers is equally likely here; that is a choice, "
            f"not knowledge. The command `dlrrc reconstruct --field {self.n.value('field')} --draws {self.n.value('n_draws')} --seed "
            f"{self.n.value('seed')} --format json` prints all draws."
        )


def open_chapter(field: str, draws: int, seed: int) -> Reconstruction:
    """Load the records around the working directory and reconstruct the field's seed review."""
    repo = repository.here()
    return Reconstruction(repo, repo.published[field], Numbers(reconstruct(repo, field, draws, seed)))
