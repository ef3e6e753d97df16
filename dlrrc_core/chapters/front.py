"""Front pages: the start page, the comparison of fields and the checklist itself."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any

from IPython.display import Markdown

from dlrrc_core import repository, tables
from dlrrc_core.agreement import agreement, double_ratings
from dlrrc_core.fieldstats import field_statistics
from dlrrc_core.repository import Repository
from dlrrc_core.tables import Cell, Column, Html, Numbers, Row
from dlrrc_core.unittables import MEAN


@dataclass(frozen=True)
class Front:
    """All fields with their statistics."""

    repo: Repository
    n: Numbers

    def fields_table(self) -> Html:
        """Return one row per field: papers, ratings, mean score with interval and coverage."""
        columns = [
            Column("Field"),
            Column("Papers", True),
            Column("Rated", True),
            Column("Ratings", True),
            Column("Mean score", True),
        ]
        columns += [
            Column("95 % interval", True),
            Column("Score of at least 50", True),
            Column("Years", True),
            Column("Raters"),
        ]
        rows: list[Row] = []
        for name, info in self.repo.fields.items():
            kinds = " and ".join(sorted(self.n.value(f"fields.{name}.kinds"))) or "none"
            rows.append(
                [
                    Cell(info.short_title, href=f"./fields/{name}/overview.html"),
                    *(self.n.cell(f"fields.{name}.{key}") for key in ("papers", "rated", "ratings")),
                    self.n.cell(f"fields.{name}.groups.{MEAN}.total.mean", ".1f"),
                    self.n.interval_cell(f"fields.{name}.groups.{MEAN}.total.ci", ".1f"),
                    self._share(name),
                    self.n.interval_cell(f"fields.{name}.years"),
                    Cell(kinds, badge=kinds if kinds in {"machine", "human"} else None),
                ]
            )
        return tables.table(columns, rows, "Fields of the review", "fields")

    def _share(self, name: str) -> Cell:
        """Return the share of papers at or above the line as ``5/8``."""
        share = self.n.value(f"fields.{name}.groups.{MEAN}.acceptable")
        return Cell(f"{share['count']}/{share['of']}", sort=share["percent"] or 0.0)

    def parts_table(self) -> Html:
        """Return the average percentage of points per part, one column per field."""
        columns = [Column("Part"), *(Column(f"{info.short_title}, %", True) for info in self.repo.fields.values())]
        rows: list[Row] = [
            [
                f"{part.id} {part.title}",
                *(self.n.cell(f"fields.{name}.groups.{MEAN}.parts.{part.id}.mean", ".1f") for name in self.repo.fields),
            ]
            for part in self.repo.checklist.parts
        ]
        return tables.table(
            columns,
            rows,
            "Average percentage of points per part and field (mean of the raters of each paper)",
            "parts-by-field",
        )

    def items_table(self) -> Html:
        """Return the average percentage of points per item, one column per field."""
        columns = [
            Column("Item", True),
            Column("Title"),
            *(Column(f"{info.short_title}, %", True) for info in self.repo.fields.values()),
        ]
        rows: list[Row] = [
            [
                Cell(str(i), sort=i),
                item.title,
                *(self.n.cell(f"fields.{name}.groups.{MEAN}.items.{i}.percent", ".0f") for name in self.repo.fields),
            ]
            for i, item in self.repo.checklist.items.items()
        ]
        return tables.table(
            columns, rows, "Average percentage of points per item and field", "items-by-field", filters=True
        )

    def agreement_table(self) -> Html:
        """Return the agreement of the raters by field, and over all papers that were rated twice."""
        columns = [
            Column("Papers"),
            Column("Rated twice", True),
            Column("Same answer", True),
            Column("95 % interval", True),
        ]
        columns += [Column("Kappa", True), Column("95 % interval", True), Column("SD of the difference, points", True)]
        columns += [Column("ICC(A,1)", True), Column("95 % interval", True)]
        labels = {name: info.short_title for name, info in self.repo.fields.items()} | {
            "all": "all papers, practice set too"
        }
        rows: list[Row] = []
        for key, label in labels.items():
            at = f"agreement.{key}"
            cells = [self.n.cell(f"{at}.n_papers")]
            for name in ("pooled.raw", "pooled.kappa"):
                cells += [self.n.cell(f"{at}.{name}", ".4f"), self.n.interval_cell(f"{at}.{name}_ci", ".3f")]
            cells += [self.n.cell(f"{at}.totals.sd_difference", ".2f")]
            cells += [self.n.cell(f"{at}.totals.icc_a1", ".3f"), self.n.interval_cell(f"{at}.totals.icc_a1_ci", ".2f")]
            rows.append([label, *cells])
        return tables.table(columns, rows, "Agreement of the raters by field", "agreement-by-field")

    def means_sentence(self) -> Markdown:
        """Return the mean points of each rater over all papers that were rated twice."""
        means = self.n.value("agreement.all.totals.mean")
        if not means:
            return Markdown("No paper has two ratings yet.")
        shown = " and ".join(f"{self.n(f'agreement.all.totals.mean.{rater}', '.2f')} by {rater}" for rater in means)
        return Markdown(
            f"Over all {self.n('agreement.all.totals.n')} papers with a total by every rater the mean is {shown} points."
        )

    def practice_list(self) -> Html:
        """Return the papers of the practice set, which count in no field."""
        papers = [paper for paper, record in self.repo.papers.items() if record.practice]
        links = [
            f'<li><a href="./papers/{paper}.html">{escape(self.repo.papers[paper].title)}</a></li>' for paper in papers
        ]
        return Html("<ul>" + "".join(links) + "</ul>")


def open_front() -> Front:
    """Load the records around the working directory and compute the statistics of every field."""
    repo = repository.here()
    statistics: dict[str, Any] = {
        "papers": len(repo.papers),
        "rated": sum(1 for ratings in repo.ratings_of.values() if ratings),
        "ratings": len(repo.ratings),
        "human_ratings": sum(1 for rating in repo.ratings if rating.kind == "human"),
        "practice": sum(1 for paper in repo.papers.values() if paper.practice),
        "items": len(repo.checklist.items),
        "total_points": repo.checklist.total_points,
        "acceptable_points": repo.checklist.acceptable_points,
        "fields": {name: field_statistics(repo, name) for name in repo.fields},
        "most_without_openness": _most_without_openness(repo),
        "agreement": {name or "all": _agreement(repo, name) for name in [*repo.fields, None]},
    }
    return Front(repo, Numbers(statistics))


def _agreement(repo: Repository, field: str | None) -> dict[str, Any]:
    """Return the agreement of the raters of a field, or of all papers."""
    return agreement(double_ratings(repo, repo.select(field)), repo.checklist)


def _most_without_openness(repo: Repository) -> float:
    """Return the points that a paper can reach with nothing open: the trap of Part V."""
    units = 0
    for number, codes in repo.checklist.units.items():
        open_code = repo.checklist.open_items.get(number)
        units += max(value for code, value in codes.items() if code != open_code)
    return units * repo.checklist.unit_points


def part_table(part: str) -> Html:
    """Return the items of one part of the checklist with options, points and guidance."""
    checklist = repository.here().checklist
    found = next(p for p in checklist.parts if p.id == part)
    columns = [
        Column("Item", True),
        Column("Title"),
        Column("Asks", wide=True),
        Column("Answers and points", wide=True),
        Column("What counts", wide=True),
    ]
    rows: list[Row] = []
    for item in found.items:
        options = "; ".join(f"{option.label}: {option.points:g}" for option in checklist.scale(item.id).options)
        rows.append([Cell(str(item.id), sort=item.id), item.title, item.asks, options, item.guidance])
    return tables.table(columns, rows, f"Part {found.id}: {found.title} ({found.points:g} points)", f"part-{part}")


def part_words(part: str) -> Markdown:
    """Return the heading and the first sentence of the page of a part."""
    checklist = repository.here().checklist
    found = next(p for p in checklist.parts if p.id == part)
    return Markdown(
        f"Part {found.id} has {len(found.items)} items and {found.points:g} of {checklist.total_points:g} points. The checklist is that of "
        f"{{cite}}`{checklist.source}`, restated in our own words; its id here is `{checklist.id}`. An item may also be *unclear* or *not "
        "applicable*; "
        "an unclear item gives the score an interval, an item that does not apply leaves the denominator."
    )
