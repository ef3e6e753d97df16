"""The agreement chapter of a field: coefficients, totals, and the items that raters read differently."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

import plotly.graph_objects as go
from IPython.display import Markdown

from dlrrc_core import agreement, figures, repository, tables
from dlrrc_core.agreement import Ratings
from dlrrc_core.chapters.overview import paper_link
from dlrrc_core.repository import Repository
from dlrrc_core.tables import Cell, Column, Html, Numbers, Row

COEFFICIENTS = {"raw": "Same answer", "kappa": "Kappa", "ac1": "AC1", "alpha": "Alpha"}
WEIGHTED = {
    "kappa_linear": "Kappa, linear weights",
    "kappa_quadratic": "Kappa, quadratic weights",
    "ac2": "AC2, quadratic weights",
    "alpha_interval": "Alpha, interval scale",
}
TOTALS = {
    "icc_a1": "ICC(A,1): one rater, absolute agreement",
    "icc_c1": "ICC(C,1): one rater, consistency",
    "icc_ck": "ICC(C,k): mean of the raters, consistency",
    "sdc": "Smallest detectable change, points",
}
SHOWN = 5  # items listed with their evidence


@dataclass(frozen=True)
class Agreement:
    """One field with every number of its chapter on agreement.

    Attributes
    ----------
    repo : Repository
    field : str
    ratings : Ratings
        Of all papers of the field that were rated twice or more.
    n : Numbers
        The same dictionary as ``dlrrc agreement --format json``.
    """

    repo: Repository
    field: str
    ratings: Ratings
    n: Numbers

    @property
    def possible(self) -> bool:
        """Whether any paper of the field was rated twice."""
        return bool(self.ratings.papers)

    def raters_sentence(self) -> Markdown:
        """Return who rated, and what agreement of such raters means."""
        if not self.possible:
            return Markdown("No paper of this field has two ratings yet, so there is nothing to compare.")
        kinds = set(self.ratings.kinds.values())
        words = f"{self.n('n_papers')} papers of this field were rated by two or more of: {', '.join(self.ratings.raters)}. "
        if kinds == {"machine"}:
            words += (
                "**All of these raters are machines of one kind** that worked without seeing each other. They may share habits and mistakes, so "
                "their agreement is no estimate of how well two people would agree, and high agreement does not mean that an answer is right."
            )
        elif "machine" in kinds:
            words += "Some of these raters are machines and some are people; the table of pairs says which."
        return Markdown(words)

    def coefficient_table(self) -> Html:
        """Return the coefficients over all items and by part."""
        columns = [Column("Items"), Column("Pairs of paper and item", True)]
        for label in COEFFICIENTS.values():
            columns += [Column(label, True), Column("95 % interval", True)]
        places = {"pooled": "All items", "ordered": "Items with more than two ordered answers"}
        places |= {f"parts.{part.id}": f"Part {part.id}: {part.title}" for part in self.repo.checklist.parts}
        rows: list[Row] = [[label, *self._cells(at, list(COEFFICIENTS))] for at, label in places.items()]
        return tables.table(columns, rows, "Agreement over all items and by part", "agreement-coefficients")

    def _cells(self, at: str, names: list[str]) -> Row:
        """Return the number of pairs, and each coefficient with its interval."""
        cells: Row = [self.n.cell(f"{at}.n")]
        for name in names:
            cells += [self.n.cell(f"{at}.{name}", ".3f"), self.n.interval_cell(f"{at}.{name}_ci", ".2f")]
        return cells

    def weighted_table(self) -> Html:
        """Return the weighted coefficients of the ordered items, pooled and one by one."""
        items = self.repo.checklist.items
        columns = [Column("Items"), Column("Pairs of paper and item", True)]
        for label in WEIGHTED.values():
            columns += [Column(label, True), Column("95 % interval", True)]
        rows: list[Row] = [["All four together", *self._cells("ordered", list(WEIGHTED))]]
        for number in self.repo.checklist.ordered_items:
            label = f"{number} {items[number].title}"
            rows.append([label, *self._cells(f"items.{self._index(number)}", list(WEIGHTED))])
        return tables.table(columns, rows, "Weighted agreement on the ordered items", "agreement-weighted")

    def _index(self, number: int) -> int:
        """Return the place of an item in the list of items."""
        return list(self.repo.checklist.items).index(number)

    def totals_table(self) -> Html:
        """Return the agreement of total points."""
        columns = [Column("Total points"), Column("Value", True), Column("95 % interval", True)]
        rows: list[Row] = [
            [f"Mean, {rater}", self.n.cell(f"totals.mean.{rater}", ".2f"), Cell(tables.NOTHING)]
            for rater in self.ratings.raters
        ]
        for i, pair in enumerate(self.n.value("totals.pairs")):
            names = " − ".join(pair["raters"])
            for key, label in {
                "mean_difference": f"Mean difference, {names}",
                "sd_difference": "Standard deviation of the difference",
                "lower": "Lower limit of agreement",
                "upper": "Upper limit of agreement",
            }.items():
                at = f"totals.pairs.{i}.{key}"
                rows.append([label, self.n.cell(at, ".2f"), self.n.interval_cell(f"{at}_ci", ".1f")])
        for key, label in TOTALS.items():
            rows.append([label, self.n.cell(f"totals.{key}", ".3f"), self.n.interval_cell(f"totals.{key}_ci", ".2f")])
        return tables.table(columns, rows, "Agreement of total points", "agreement-totals")

    def bland_altman(self, pair: int = 0) -> Html:
        """Return the difference of two raters' totals against their mean, with the limits of agreement.

        Parameters
        ----------
        pair : int, default 0
            Which pair of raters.
        """
        if not self.n.value("totals.pairs") or self.n.value(f"totals.pairs.{pair}.n") == 0:
            return Html("<p>No paper has total points from two raters yet.</p>")
        first, second = self.n.value(f"totals.pairs.{pair}.raters")
        columns = [self.ratings.raters.index(rater) for rater in (first, second)]
        rows = [
            (paper, *points)
            for paper, points in zip(self.ratings.papers, self.ratings.points[:, columns].tolist(), strict=True)
            if points[0] == points[0] and points[1] == points[1]  # NaN differs from itself
        ]
        figure = go.Figure()
        figure.add_scatter(
            x=[(a + b) / 2 for _, a, b in rows],
            y=[a - b for _, a, b in rows],
            text=[paper for paper, _, _ in rows],
            mode="markers",
            name="paper",
            marker={"size": 9, "color": figures.COLOURS["own"]},
            hovertemplate="%{text}<br>mean %{x}<br>difference %{y}<extra></extra>",
        )
        for key, dash in {"mean_difference": "solid", "lower": "dash", "upper": "dash"}.items():
            if (value := self.n.value(f"totals.pairs.{pair}.{key}")) is not None:
                figure.add_hline(
                    y=value, line={"dash": dash, "color": figures.COLOURS["line"]}, annotation_text=f"{value:.1f}"
                )
        figure.update_layout(
            showlegend=False, xaxis_title="Mean of both raters, points", yaxis_title=f"{first} − {second}, points"
        )
        numbers = _pairs_table(first, second, rows)
        alt = (
            f"Difference of the total points of {first} and {second} against their mean for {len(rows)} papers, "
            "with the mean difference and the limits of agreement as lines."
        )
        caption = (
            "Bland-Altman figure: each mark is a paper. Solid line: mean difference; dashed lines: limits of agreement, "
            "mean ± 1.96 standard deviations."
        )
        return figures.interactive(figure, "figure-bland-altman", alt, caption, numbers)

    def items_table(self) -> Html:
        """Return the coefficients of every item."""
        columns = [Column("Item", True), Column("Part", facet=True), Column("Title"), Column("Papers", True)]
        for label in COEFFICIENTS.values():
            columns += [Column(label, True), Column("95 % interval", True)]
        columns.append(Column("Papers with different answers", True))
        rows: list[Row] = []
        for i, (number, item) in enumerate(self.repo.checklist.items.items()):
            head: Row = [Cell(str(number), sort=number), self.repo.checklist.part_of[number], item.title]
            differ = tables.number_cell(len(self.n.value(f"items.{i}.differ")))
            rows.append([*head, *self._cells(f"items.{i}", list(COEFFICIENTS)), differ])
        return tables.table(columns, rows, "Agreement per item", "agreement-items", filters=True)

    def disputed(self) -> list[int]:
        """Return the items with the most papers whose raters answered differently, at most :data:`SHOWN`."""
        counted = [(-len(entry["differ"]), entry["item"]) for entry in self.n.value("items") if entry["differ"]]
        return [number for _, number in sorted(counted)[:SHOWN]]

    def disputed_items(self) -> Html:
        """Return these items with the guidance, what it leaves open, and both evidences side by side."""
        return Html("".join(self._disputed(number) for number in self.disputed()) or "<p>No answer differs.</p>")

    def _disputed(self, number: int) -> str:
        """Return one item with the answers that differ."""
        item, question = self.repo.checklist.items[number], self.repo.questions.get(number)
        differ = self.n.value(f"items.{self._index(number)}.differ")
        rows: list[Row] = []
        for paper in differ:
            by_rater = {rating.rater: rating.answers.get(number) for rating in self.repo.ratings_of[paper]}
            cells: Row = [Cell(paper, href=paper_link(paper))]
            for rater in self.ratings.raters:
                answer = by_rater.get(rater)
                cells.append(f"{answer.answer}: {answer.evidence or 'no evidence given'}" if answer else tables.NOTHING)
            rows.append(cells)
        columns = [Column("Paper"), *(Column(rater, wide=True) for rater in self.ratings.raters)]
        caption = f"Item {number}: papers with different answers"
        left_open = escape(question.text) if question else "Not yet written down."
        return (
            f"<details class='dlrrc-disputed'><summary>Item {number}, {escape(item.title)}: {len(differ)} of "
            f"{len(self.ratings.papers)} papers</summary><p><strong>Asks:</strong> {escape(item.asks)}</p>"
            f"<p><strong>Guidance:</strong> {escape(item.guidance)}</p><p><strong>What it leaves open:</strong> {left_open}</p>"
            f"{tables.table(columns, rows, caption, f'disputed-{number}').html}</details>"
        )


def _pairs_table(first: str, second: str, points: list[tuple[str, float, float]]) -> Html:
    """Return the totals of two raters, their means and differences."""
    columns = [Column("Paper"), Column(f"Points, {first}", True), Column(f"Points, {second}", True)]
    columns += [Column("Mean", True), Column("Difference", True)]
    rows: list[Row] = [
        [Cell(paper, href=paper_link(paper)), *(tables.number_cell(v, ".2f") for v in (a, b, (a + b) / 2, a - b))]
        for paper, a, b in points
    ]
    return tables.table(columns, rows, "Totals of both raters", "figure-bland-altman-numbers")


def open_chapter(field: str, kind: str, draws: int, seed: int) -> Agreement:
    """Load the records around the working directory and compute the agreement of a field."""
    repo = repository.here()
    ratings = agreement.double_ratings(repo, repo.select(field), kind)
    return Agreement(repo, field, ratings, Numbers(agreement.agreement(ratings, repo.checklist, draws, seed)))
