"""The chapter on test sets of ten cases: how often they show 100 %, how wide their intervals are, and what choosing on them does."""

from __future__ import annotations

from IPython.display import Markdown

from dlrrc_core import figures, tables
from dlrrc_core.baseline.findings.small_test import HALVES, METHODS
from dlrrc_core.chapters.baseline import Baseline, open_run
from dlrrc_core.tables import Cell, Column, Html, Row

WAYS = {"together": "one test set for all", "apart": "a test set for each"}
COLOURS = ("own", "own-2", "mean", "line")


class SmallTest(Baseline):
    """Numbers, tables and figures of the chapter on small test sets."""

    @property
    def effects(self) -> list[str]:
        """Every effect that was run, from the smallest."""
        return sorted(self.n.value("effects"), key=lambda each: float(self.n.value(f"effects.{each}.effect")))

    @property
    def highest(self) -> str:
        """The effect with the highest true accuracy."""
        return max(self.effects, key=lambda each: float(self.n.value(f"effects.{each}.mean.case.percent")))

    @property
    def lowest(self) -> str:
        """The effect with the lowest true accuracy."""
        return min(self.effects, key=lambda each: float(self.n.value(f"effects.{each}.mean.case.percent")))

    def published_sentence(self) -> Markdown:
        """Return what the seed paper printed for its test set."""
        return Markdown(
            f"The test set of {{cite}}`zuo2021` had {self.n('design.all_cases')} cases, {self.n('design.cases')} of each class, with "
            f"{self.n('design.images')} images each. Printed are {self.n('published.case', 'g')} % of the cases and "
            f"{self.n('published.image', '.1f')} % of the images; {self.n('published.networks_tried')} networks were tried, and "
            f"{self.n('published.networks_compared')} have a printed accuracy on this test set."
        )

    def design_sentence(self) -> Markdown:
        """Return what was simulated."""
        classes = " and ".join(self.n.value("classes"))
        networks = len(self.n.value(f"effects.{self.highest}.networks"))
        return Markdown(
            f"Here {networks} networks per size of the difference were trained on simulated masses of two classes ({classes}; the simulator makes "
            f"this pair differ most, so that high accuracies can be reached) and answered {self.n('patients')} new patients. From these answers test "
            f"sets of {self.n('design.all_cases')} cases were drawn: the distribution of what they show is computed exactly, and "
            f"{self.n('draws', ',')} drawn test sets serve as a check and for the choice among networks."
        )

    def perfect_sentence(self) -> Markdown:
        """Return how often test sets show 100 %."""
        said = "; ".join(
            f"{self.n(f'effects.{each}.mean.case.percent', '.1f')} % of all cases, then {self.n(f'effects.{each}.mean.perfect', '.1f')} % of the "
            "test sets"
            for each in self.effects
        )
        return Markdown(
            "How often a test set is answered without one error, by the share of cases that a network really answers rightly (means over "
            f"networks): {said}."
        )

    def spread_sentence(self) -> Markdown:
        """Return how far apart test sets of one network lie."""
        at = f"effects.{self.highest}"
        return Markdown(
            f"The networks with the highest true accuracy answer {self.n(f'{at}.mean.case.percent', '.1f')} % of the cases rightly (95 % interval "
            f"{self.n.interval(f'{at}.mean.case.interval', '.1f')}). The central 95 % of their test sets show "
            f"{self.n(f'{at}.shown.cases.0', '.0f')} to {self.n(f'{at}.shown.cases.1', '.0f')} % of the cases and "
            f"{self.n(f'{at}.shown.images.0', '.0f')} to {self.n(f'{at}.shown.images.1', '.0f')} % of the images. All cases right with no more than "
            f"{self.n('published.images_right')} of {self.n('design.all_images')} images right, as printed, comes in "
            f"{self.n(f'{at}.like_printed', '.1f')} % of the test sets."
        )

    def clustering_sentence(self) -> Markdown:
        """Return what the images of a test set are worth."""
        at = f"effects.{self.highest}.clustering"
        return Markdown(
            f"The images of a patient are answered alike (intraclass correlation {self.n(f'{at}.icc', '.2f')}), so that the "
            f"{self.n('design.all_images')} images of a test set are worth about {self.n(f'{at}.effective_images', '.0f')} independent ones. "
            "Counting images does not make a test set large."
        )

    def interval_sentence(self) -> Markdown:
        """Return the interval of a test set without an error."""
        return Markdown(
            f"{self.n('design.all_cases')} right answers of {self.n('design.all_cases')} have a 95 % interval of "
            f"{self.n.interval('interval.clopper_pearson', '.1f')} % (Clopper-Pearson) or {self.n.interval('interval.wilson', '.1f')} % (Wilson). "
            "Nothing but these ten answers enters these intervals: they know nothing of a choice among networks, or of how the cases were chosen."
        )

    def best_sentence(self) -> Markdown:
        """Return what choosing the best network on the test set does."""
        at = f"effects.{self.highest}.best_of"
        last = len(self.n.value(f"{at}.together")) - 1
        if last < 1:
            return Markdown("Only one network was trained, so there is nothing to choose from.")
        alike = self.n.value(f"effects.{self.highest}.correlation")
        words = (
            ""
            if alike is None
            else f" (their errors are correlated by {self.n(f'effects.{self.highest}.correlation', '.2f')})"
        )
        return Markdown(
            f"One network taken blindly shows on average {self.n(f'{at}.together.0.shown', '.1f')} % and has "
            f"{self.n(f'{at}.together.0.true', '.1f')} %. The best of {self.n(f'{at}.together.{last}.k')} on the same test set shows "
            f"{self.n(f'{at}.together.{last}.shown', '.1f')} %, {self.n(f'{at}.together.{last}.too_high', '.1f')} points more than it has, and shows "
            f"100 % in {self.n(f'{at}.together.{last}.perfect', '.1f')} % of the test sets instead of "
            f"{self.n(f'{at}.together.0.perfect', '.1f')} %. The networks answer the same cases{words}; were their errors independent, the best "
            f"would show {self.n(f'{at}.apart.{last}.shown', '.1f')} %, {self.n(f'{at}.apart.{last}.too_high', '.1f')} points too much, and 100 % in "
            f"{self.n(f'{at}.apart.{last}.perfect', '.1f')} % of the test sets."
        )

    def check_sentence(self) -> Markdown:
        """Return how well drawn and exact shares agree."""
        worst = max(self.effects, key=lambda each: float(self.n.value(f"effects.{each}.difference")))
        return Markdown(
            f"The largest difference between a drawn and an exact share is {self.n(f'effects.{worst}.difference', '.2f')} percentage points. "
            "The exact shares come from generating functions of the hypergeometric counts of each patient; the intervals are BCa bootstraps "
            "over patients and take the networks as they are. Few networks were trained, and they share their training patients."
        )

    def table(self) -> Html:
        """Return true accuracy and what test sets show, by effect."""
        columns = [Column("Size of the difference", True), Column("Networks", True), Column("Cases right, %", True)]
        columns += [
            Column("95 % interval over patients", True),
            Column("Lowest network", True),
            Column("Highest network", True),
        ]
        columns += [Column("Images right, %", True), Column("Test sets with 100 %, %", True)]
        columns += [Column("95 % interval, many patients", True), Column("Formula, %", True)]
        rows: list[Row] = []
        for each in self.effects:
            at = f"effects.{each}"
            cases = [network["case"] for network in self.n.value(f"{at}.networks")]
            accuracy = self.n.value(f"{at}.mean.case.percent") / 100
            formula = 100 * accuracy ** self.n.value("design.all_cases")
            rows.append(
                [
                    self.n.cell(f"{at}.effect", "g"),
                    tables.number_cell(len(cases)),
                    self.n.cell(f"{at}.mean.case.percent", ".1f"),
                    self.n.interval_cell(f"{at}.mean.case.interval", ".1f"),
                    *(tables.number_cell(value, ".1f") for value in (min(cases), max(cases))),
                    self.n.cell(f"{at}.mean.image.percent", ".1f"),
                    self.n.cell(f"{at}.mean.perfect", ".1f"),
                    self.n.interval_cell(f"{at}.mean.perfect_of_many.interval", ".1f"),
                    tables.number_cell(formula, ".1f"),
                ]
            )
        return tables.table(columns, rows, "What networks have and what test sets show", "small-test-perfect")

    def figure(self) -> Html:
        """Return the probability of 100 % against the true accuracy."""
        figure, axes = figures.canvas(height=3.8)
        curve = self.n.value("formula")
        axes.plot(
            [each["accuracy"] for each in curve],
            [each["perfect"] for each in curve],
            color=figures.COLOURS["line"],
            linewidth=1,
        )
        for k, each in enumerate(self.effects):
            networks = self.n.value(f"effects.{each}.networks")
            axes.plot(
                [network["case"] for network in networks],
                [network["perfect"] for network in networks],
                linestyle="none",
                marker=figures.MARKERS[k % len(figures.MARKERS)],
                markersize=5,
                color=figures.COLOURS[COLOURS[k % len(COLOURS)]],
                label=f"difference {self.n.value(f'effects.{each}.effect'):g}",
            )
        axes.set(
            xlim=(48, 101),
            ylim=(-2, 102),
            xlabel="Cases really answered rightly, %",
            ylabel="Test sets without an error, %",
        )
        figures.legend(axes)
        alt = (
            "Probability that a test set of ten cases is answered without an error against the true case accuracy: close to 0 below 70 per cent, "
            "rising steeply above 85 per cent."
        )
        caption = (
            "Each mark is one trained network: its accuracy on all new patients, and the exact share of test sets of ten cases that show 100 %. "
            "The line is the tenth power of the accuracy, for cases that are all equally hard and classes that are answered equally well."
        )
        return figures.static(figure, "figure-small-test", alt, caption, self.table())

    def best_table(self) -> Html:
        """Return what the best of k networks shows and has."""
        columns = [Column("Size of the difference", True), Column("Tested on", facet=True), Column("Best of", True)]
        columns += [Column("Shown, %", True), Column("True, %", True), Column("Too high, points", True)]
        columns += [Column("Shows 100 %, % of test sets", True)]
        rows: list[Row] = []
        for each in self.effects:
            for way, words in WAYS.items():
                for i in range(len(self.n.value(f"effects.{each}.best_of.{way}"))):
                    at = f"effects.{each}.best_of.{way}.{i}"
                    cells = [self.n.cell(f"{at}.{name}", ".1f") for name in ("shown", "true", "too_high", "perfect")]
                    rows.append([self.n.cell(f"effects.{each}.effect", "g"), words, self.n.cell(f"{at}.k"), *cells])
        return tables.table(
            columns, rows, "The best of several networks on one small test set", "small-test-best", filters=True
        )

    def best_figure(self) -> Html:
        """Return how far the accuracy of the chosen network is too high, by how many it was chosen from."""
        figure, axes = figures.canvas(height=3.8)
        for k, each in enumerate(self.effects):
            colour = figures.COLOURS[COLOURS[k % len(COLOURS)]]
            accuracy = self.n.value(f"effects.{each}.mean.case.percent")
            for way, line in (("together", "-"), ("apart", ":")):
                found = self.n.value(f"effects.{each}.best_of.{way}")
                axes.plot(
                    [row["k"] for row in found],
                    [row["too_high"] for row in found],
                    linestyle=line,
                    marker=figures.MARKERS[k % len(figures.MARKERS)],
                    markersize=4,
                    color=colour,
                    label=f"true {accuracy:.0f} %" if way == "together" else None,
                )
        axes.axhline(0, linestyle="-", color=figures.COLOURS["line"], linewidth=0.5)
        axes.set(xlabel="Networks from which the best was chosen", ylabel="Shown less true accuracy, points")
        most = max(len(self.n.value(f"effects.{each}.best_of.together")) for each in self.effects)
        axes.set_xticks(range(1, most + 1))
        figures.legend(axes)
        alt = (
            "Shown minus true case accuracy of the best network on a test set of ten cases: zero for one network, rising with the number of "
            "networks, more where the errors are independent."
        )
        caption = (
            "How much higher the case accuracy of the chosen network is on the test set that chose it than on all patients. Solid lines: networks "
            "that answer the same cases; dotted lines: as if each had a test set of its own, so that their errors are independent."
        )
        return figures.static(figure, "figure-small-test-best", alt, caption, self.best_table())

    def needed_table(self) -> Html:
        """Return how many cases make an interval narrow."""
        columns = [Column("Accuracy found, %", True)]
        columns += [
            Column(f"Cases for +-{half} points, {method}", True) for half in HALVES for method in METHODS.values()
        ]
        rows: list[Row] = []
        for i, row in enumerate(self.n.value(f"needed.half_{HALVES[0]}")):
            cells: list[Cell] = [
                self.n.cell(f"needed.half_{half}.{i}.{method}") for half in HALVES for method in METHODS
            ]
            rows.append([tables.number_cell(row["accuracy"], "g"), *cells])
        return tables.table(columns, rows, "Cases that make the 95 % interval narrow", "small-test-needed")


def open_chapter(run: str = "best") -> SmallTest:
    """Return the chapter of a stored run, see :func:`dlrrc_core.chapters.baseline.open_run`."""
    return SmallTest(*open_run("small-test", run))
