"""The chapter on how sure the statements of a field are: correlations, trends of items, power, and the stability of scores."""

from __future__ import annotations

from dataclasses import dataclass

from IPython.display import Markdown

from dlrrc_core import figures, repository, tables
from dlrrc_core.chapters.overview import paper_link
from dlrrc_core.chapters.overview_tables import CORRELATIONS
from dlrrc_core.repository import Repository
from dlrrc_core.stability import STABLE
from dlrrc_core.tables import Cell, Column, Html, Numbers, Row
from dlrrc_core.uncertainty import LEVEL, uncertainty
from dlrrc_core.unittables import MEAN

PLAIN = ("journal", "year")


@dataclass(frozen=True)
class Uncertainty:
    """One field on one basis, with every number of its chapter on uncertainty.

    Attributes
    ----------
    repo : Repository
    n : Numbers
        The same dictionary as ``dlrrc uncertainty --format json``.
    """

    repo: Repository
    n: Numbers

    @property
    def groups(self) -> list[str]:
        """Raters and their mean."""
        return list(self.n.value("groups"))

    @property
    def papers(self) -> list[str]:
        """Rated papers."""
        return list(self.n.value("papers"))

    def sample_sentence(self) -> Markdown:
        """Return what a sample of this size can show."""
        at = f"groups.{MEAN}.correlations.year"
        if self.n.value(f"{at}.design.detectable_r") is None:
            return Markdown("Too few papers of this field are rated to say anything about correlations.")
        return Markdown(
            f"With {self.n(f'{at}.n')} papers a correlation is significant at the 5 % level only when it is at least "
            f"{self.n(f'{at}.design.critical_r', '.2f')}, and a true correlation must be {self.n(f'{at}.design.detectable_r', '.2f')} or more to be "
            "found in four of five such samples. Anything weaker cannot be told from none with the papers rated so far."
        )

    def interval_table(self) -> Html:
        """Return every correlation with two intervals and two P values."""
        columns = [Column("Correlation"), Column("Ratings"), Column("r", True), Column("n", True)]
        columns += [Column("Interval (Fisher)", True), Column("Interval (BCa bootstrap)", True)]
        columns += [Column("P (t test)", True), Column("P (permutation)", True)]
        rows: list[Row] = []
        for key, label in CORRELATIONS.items():
            for group in self.groups:
                at = f"groups.{group}.correlations.{key}"
                rows.append(
                    [
                        label,
                        Cell(group, badge="own"),
                        self.n.cell(f"{at}.r", ".3f"),
                        self.n.cell(f"{at}.n"),
                        self.n.interval_cell(f"{at}.ci", ".2f"),
                        self.n.interval_cell(f"{at}.bca_ci", ".2f"),
                        self.n.cell(f"{at}.p", ".3f"),
                        self.n.cell(f"{at}.permutation_p", ".3f"),
                    ]
                )
        return tables.table(
            columns, rows, "Correlations with intervals and P values", "uncertainty-intervals", filters=True
        )

    def robust_table(self) -> Html:
        """Return ranks, the Theil-Sen slope, attenuation and influence for the plain correlations."""
        columns = [Column("Correlation"), Column("Ratings"), Column("Pearson r", True), Column("Spearman", True)]
        columns += [
            Column("Kendall tau-b", True),
            Column("Theil-Sen slope, points", True),
            Column("95 % interval", True),
        ]
        columns += [Column("r without rater noise", True), Column("Largest r possible", True)]
        columns += [Column("r without one paper", True), Column("Most influential paper")]
        rows: list[Row] = []
        for key in PLAIN:
            for group in self.groups:
                at = f"groups.{group}.correlations.{key}"
                most = self.n.value(f"{at}.influence.paper")
                low, high = (self.n.value(f"{at}.influence.{end}") for end in ("lowest", "highest"))
                span = f"{tables.format_number(low, '.2f')} to {tables.format_number(high, '.2f')}"
                rows.append(
                    [
                        CORRELATIONS[key],
                        Cell(group, badge="own"),
                        self.n.cell(f"{at}.r", ".3f"),
                        self.n.cell(f"{at}.spearman.r", ".3f"),
                        self.n.cell(f"{at}.kendall.r", ".3f"),
                        self.n.cell(f"{at}.theil_sen.slope", ".2f"),
                        self.n.interval_cell(f"{at}.theil_sen.ci", ".2f"),
                        self.n.cell(f"{at}.corrected", ".2f"),
                        self.n.cell(f"{at}.ceiling", ".2f"),
                        Cell(span, sort="" if low is None else low),
                        Cell(most, href=paper_link(most)) if most else Cell(tables.NOTHING),
                    ]
                )
        return tables.table(columns, rows, "Other measures of the same relations", "uncertainty-robust")

    def sample_table(self) -> Html:
        """Return what sample each correlation would need: published ones first."""
        columns = [Column("Correlation"), Column("From"), Column("r", True), Column("n", True), Column("P", True)]
        columns += [Column("Smallest significant r", True), Column("Smallest r found with 80 % power", True)]
        columns += [Column("Power for this r", True), Column("n for P < 0.05", True), Column("n for 80 % power", True)]

        def row(label: str, source: Cell, at: str, design: str) -> Row:
            cells = [self.n.cell(f"{at}.r", ".3f"), self.n.cell(f"{at}.n"), self.n.cell(f"{at}.p", ".3f")]
            cells += [self.n.cell(f"{design}.{key}", ".2f") for key in ("critical_r", "detectable_r", "power")]
            return [
                label,
                source,
                *cells,
                *(self.n.cell(f"{design}.{key}", ".0f") for key in ("n_significant", "n_needed")),
            ]

        rows = []
        for key, label in CORRELATIONS.items():
            if key in (self.n.value("published") or {}):
                at = f"published.{key}"
                rows.append(row(label, Cell("published", badge="published"), at, at))
            at = f"groups.{MEAN}.correlations.{key}"
            rows.append(row(label, Cell(MEAN, badge="own"), at, f"{at}.design"))
        return tables.table(columns, rows, "What a sample can show, and what it would need", "uncertainty-sample")

    def published_sentence(self) -> Markdown:
        """Return what the printed correlation with year would need; empty without a printed review."""
        if not self.n.value("published") or "year" not in self.n.value("published"):
            return Markdown("")
        at = "published.year"
        return Markdown(
            f"The seed review printed r = {self.n(f'{at}.r', '.3f')} between score and year for {self.n(f'{at}.n')} papers, with P = "
            f"{self.n(f'{at}.p', '.3f')}. If the true correlation were of that size, such a sample would find it significant with a chance of "
            f"{self.n(f'{at}.power', '.2f')}; {self.n(f'{at}.n_significant', '.0f')} papers would make this very r significant, and "
            f"{self.n(f'{at}.n_needed', '.0f')} would give 80 % power. So the absence of significance there is no evidence of absence."
        )

    def trend_sentence(self) -> Markdown:
        """Return how many items changed over the years, before and after adjustment."""
        if not self.n.value("significant.tested"):
            return Markdown("No item has answers that vary, so no trend can be tested.")
        return Markdown(
            f"{self.n('significant.tested')} items have answers that vary. Taken alone, {self.n('significant.p')} of them have P below "
            f"{LEVEL:g} for a trend over the years; after Holm's adjustment {self.n('significant.holm')}, after Benjamini and Hochberg's "
            f"{self.n('significant.bh')}."
        )

    def trend_table(self) -> Html:
        """Return the trend of every item over the years."""
        columns = [Column("Item", True), Column("Title"), Column("Papers", True), Column("Spearman", True)]
        columns += [Column("P (permutation)", True), Column("P, Holm", True), Column("P, Benjamini-Hochberg", True)]
        rows: list[Row] = []
        for i, (number, item) in enumerate(self.repo.checklist.items.items()):
            at = f"trends.{i}"
            cells = [self.n.cell(f"{at}.{key}", ".3f") for key in ("rho", "p", "holm", "bh")]
            rows.append([Cell(str(number), sort=number), item.title, self.n.cell(f"{at}.n"), *cells])
        return tables.table(
            columns, rows, "Trend of each item over the years, mean of the raters", "uncertainty-trends", filters=True
        )

    def stability_sentence(self) -> Markdown:
        """Return for how many papers the verdict stays."""
        if self.n.value("stability.raters.n") == 0:
            return Markdown("No paper has a total score yet.")
        certain = "; ".join(
            f"{self.n(f'stability.unsure.{rater}.verdict_certain')} of {self.n(f'stability.unsure.{rater}.n')} ratings of {rater} "
            f"({self.n(f'stability.unsure.{rater}.n_unsure')} answers with low confidence)"
            for rater in self.n.value("stability.unsure")
        )
        weights = ", ".join(
            f"{self.n(f'stability.weights.{c}.verdict_stable')} with concentration {c}"
            for c in self.n.value("stability.weights")
        )
        return Markdown(
            f"{self.n('stability.raters.n')} papers have a score. The verdict (at or above {self.repo.checklist.acceptable_points:g} points or not) "
            f"is the same in {100 * STABLE:g} % of the draws or more for {self.n('stability.raters.verdict_stable')} of them when each answer comes "
            f"from a rater chosen by chance, and for {weights} when the weights of the items vary. Whatever the right answers to the low-confidence "
            f"items are, the verdict cannot change for {certain}."
        )

    def weights_sentence(self) -> Markdown:
        """Return how far the weights vary."""
        spread = " and ".join(
            f"{self.n(f'stability.weights.{c}.sd_of_one_unit', '.1f')} points at a concentration of {c}"
            for c in self.n.value("stability.weights")
        )
        return Markdown(
            f"An item of {self.repo.checklist.unit_points:g} points then has a standard deviation of {spread}."
        )

    def stability_figure(self) -> Html:
        """Return the points of every paper with their range under three ways of shaking them."""
        scored = [(i, paper) for i, paper in enumerate(self.papers) if self.n.value(f"stability.raters.papers.{i}")]
        if not scored:
            return tables.not_rated()
        figure, axes = figures.canvas(height=1.4 + 0.3 * len(scored))
        kinds = {"stability.raters.papers": "other rater"}
        kinds |= {f"stability.weights.{c}.papers": f"other weights ({c})" for c in self.n.value("stability.weights")}
        colours = [figures.COLOURS[name] for name in ("own", "mean", "own-2")]
        for k, (at, label) in enumerate(kinds.items()):
            spans = [self.n.value(f"{at}.{i}.points") for i, _ in scored]
            y = [row + 0.22 * (k - 1) for row in range(len(scored))]
            errors = [[s[1] - s[0] for s in spans], [s[2] - s[1] for s in spans]]
            axes.errorbar(
                [span[1] for span in spans],
                y,
                xerr=errors,
                linestyle="none",
                marker=figures.MARKERS[k],
                markersize=4,
                color=colours[k],
                elinewidth=1,
                label=label,
            )
        axes.axvline(self.repo.checklist.acceptable_points, linestyle=":", color=figures.COLOURS["line"], linewidth=1)
        axes.set_yticks(range(len(scored)), [paper for _, paper in scored], fontsize=8)
        axes.invert_yaxis()
        axes.set(xlim=(0, 100), xlabel="DLRRC points")
        figures.legend(axes, y=1 + 0.5 / (1.4 + 0.3 * len(scored)))
        alt = f"Median points and 95 % range of {len(scored)} papers when raters and weights vary, with the line of acceptable reproducibility."
        caption = (
            "Points of each paper when every answer comes from a rater chosen by chance, and when the weights of the items vary. Marks are "
            "medians, bars hold 95 % of the draws; the dotted line is the mark of acceptable reproducibility."
        )
        return figures.static(figure, "figure-stability", alt, caption, self.stability_table())

    def stability_table(self) -> Html:
        """Return range, chance of the verdict and rank of every paper, and the exact range of the unsure answers."""
        weights = list(self.n.value("stability.weights"))
        raters = list(self.n.value("stability.unsure"))
        columns = [
            Column("Paper"),
            Column("Other rater: points", True),
            Column("share at the line", True),
            Column("rank", True),
        ]
        for c in weights:
            columns += [Column(f"Weights ({c}): points", True), Column("share at the line", True), Column("rank", True)]
        columns += [Column(f"{rater}: points if unsure answers are open", True) for rater in raters]
        rows: list[Row] = []
        for i, paper in enumerate(self.papers):
            cells: Row = [Cell(paper, href=paper_link(paper))]
            for at in ("stability.raters", *(f"stability.weights.{c}" for c in weights)):
                cells += self._drawn(f"{at}.papers.{i}")
            for rater in raters:
                known = self.n.value(f"stability.unsure.{rater}.papers").get(paper)
                at = f"stability.unsure.{rater}.papers.{paper}.range"
                cells.append(self.n.interval_cell(at, ".1f") if known else Cell(tables.NOTHING))
            rows.append(cells)
        return tables.table(columns, rows, "Stability of points, verdict and rank", "uncertainty-stability")

    def _drawn(self, at: str) -> Row:
        """Return range of the points, share of draws at the line and range of the rank of a paper."""
        if self.n.value(at) is None:
            return [Cell(tables.NOTHING)] * 3
        points, rank = self.n.value(f"{at}.points"), self.n.value(f"{at}.rank")
        return [
            Cell(f"{points[0]:.1f} to {points[2]:.1f}", sort=points[1]),
            self.n.cell(f"{at}.at_line", ".2f"),
            Cell(f"{rank[0]:.1f} to {rank[2]:.1f}", sort=rank[1]),
        ]


def open_chapter(field: str, basis: str, draws: int, permutations: int, seed: int) -> Uncertainty:
    """Load the records around the working directory and compute the uncertainty of a field's statements."""
    repo = repository.here()
    return Uncertainty(repo, Numbers(uncertainty(repo, field, basis, draws, permutations, seed)))
