"""The chapter on the size of networks: whether a parabola shows at n = 74, what the learning rate does, and what could have been seen."""

from __future__ import annotations

from typing import Any

from IPython.display import Markdown

from dlrrc_core import figures, tables
from dlrrc_core.baseline.findings.network_size_curve import TEST_SETS
from dlrrc_core.chapters.baseline import NETWORKS, Baseline, open_run
from dlrrc_core.tables import Cell, Column, Html, Row

OUTCOMES = {"image": "accuracy, images", "case": "accuracy, cases", "auc": "AUC, cases (x 100)"}
WHICH = {"all": "all trainings", "converged": "converged trainings"}
UNITS = {"seeds": "seeds as blocks", "networks": "networks as units"}
MAIN = "image"
SINGLE = {"all": "all networks", "converged": "networks of which every training converged"}


class NetworkSize(Baseline):
    """Numbers, tables and figures of the chapter on the size of networks."""

    @property
    def rates(self) -> list[str]:
        """Learning rates in the order of the run."""
        return list(self.n.value("rates"))

    @property
    def first(self) -> str:
        """Where the numbers of the learning rate of the seed paper are."""
        return f"rates.{self.n.value('first')}"

    def published_sentence(self) -> Markdown:
        """Return what the seed paper prints."""
        rows = self.n.value("published")
        shown = ", ".join(
            f"{row['model']} {self.n(f'published.{i}.validation', '.1f')} and {self.n(f'published.{i}.test', '.1f')}"
            for i, row in enumerate(rows)
            if row["converged"]
        )
        others = ", ".join(row["model"] for row in rows if not row["converged"])
        return Markdown(
            f"{{cite}}`zuo2021` compares six networks on one cohort and says that accuracy follows the number of parameters in a parabola. "
            f"Printed are accuracies of validation and test, in per cent, for {shown}; of {others} it prints that they cannot converge. "
            "A parabola goes through any three points, so these values alone can neither support nor contradict it."
        )

    def design_sentence(self) -> Markdown:
        """Return what was simulated."""
        classes = " and ".join(self.n.value("classes"))
        rates = " and ".join(self.n(f"rates.{rate}.learning_rate", "g") for rate in self.rates)
        return Markdown(
            f"Here every network was trained on the same {self.n('seeds')} simulated cohorts of {self.n('patients.training')} patients, split by "
            f"patient, at a learning rate of {rates}, and tested on {self.n('patients.new')} new patients of each cohort. "
            f"The classes are {classes}, which the simulator makes differ most. All networks saw the same images."
        )

    def answer_sentence(self) -> Markdown:
        """Return whether the parabola is visible at the learning rate of the seed paper."""
        parts = []
        for which, words in WHICH.items():
            at = f"{self.first}.fits.{MAIN}.{which}.seeds"
            if self.n.value(at) is None:
                parts.append(f"For {words} there is too little to fit a parabola.")
                continue
            seen = self.n.value(f"{at}.inverted_u")
            parts.append(
                f"For {words} ({self.n(f'{at}.n')}) an inverted U is **{'visible' if seen else 'not visible'}**: the fitted slope is "
                f"{self.n(f'{at}.low.slope', '.1f')} points per tenfold size at the smallest network and "
                f"{self.n(f'{at}.high.slope', '.1f')} at the largest, P = {self.n(f'{at}.p_inverted_u', '.3f')} for rising and then "
                f"falling; the quadratic term is {self.n(f'{at}.curvature', '.1f')} (95 % interval {self.n.interval(f'{at}.interval', '.1f')})."
            )
        return Markdown(
            " ".join(["At the learning rate of the seed paper, accuracy on images of new patients:", *parts])
        )

    def units_sentence(self) -> Markdown:
        """Return what the same fit says with the networks as units."""
        at = f"{self.first}.fits.{MAIN}.all.networks"
        if self.n.value(at) is None:
            return Markdown("")
        return Markdown(
            "That interval is about these networks. They differ in much besides their number of parameters; for a statement about size as such the "
            f"networks are the sample, all {self.n(f'{at}.n')} of them. Their means give a quadratic term of {self.n(f'{at}.curvature', '.1f')} with "
            "the interval "
            f"{self.n.interval(f'{at}.interval', '.1f')} ({self.n(f'{at}.freedom')} degrees of freedom), and an inverted U is "
            f"{'visible' if self.n.value(f'{at}.inverted_u') else 'not visible'} (P = {self.n(f'{at}.p_inverted_u', '.3f')})."
        )

    def convergence_sentence(self) -> Markdown:
        """Return which trainings did not converge, by learning rate."""
        said = []
        for rate in self.rates:
            rows = self.n.value(f"rates.{rate}.networks")
            failing = [
                f"{NETWORKS[row['network']]} {self.n(f'rates.{rate}.networks.{i}.converged')} of {self.n(f'rates.{rate}.networks.{i}.trainings')}"
                for i, row in enumerate(rows)
                if row["converged"] < row["trainings"]
            ]
            words = (
                f"not all trainings of these converged: {', '.join(failing)}" if failing else "every training converged"
            )
            said.append(f"at a learning rate of {self.n(f'rates.{rate}.learning_rate', 'g')} {words}")
        return Markdown(
            f"Each training had at most {self.n('rounds')} rounds of {self.n('steps')} steps; it counts as converged when its loss in the last round "
            f"is below {self.n('coin.converged_below', '.3f')}, 95 % of what tossing a coin gives. By this mark, {'; '.join(said)}. What has not "
            "converged by then may do so later."
        )

    def power_sentence(self) -> Markdown:
        """Return how large a difference could have been seen."""
        at = f"{self.first}.fits.{MAIN}.all.seeds"
        parts = []
        if self.n.value(at) is not None:
            parts.append(
                f"With {self.n('seeds')} seeds, a parabola whose ends lie {self.n(f'{at}.detectable_drop', '.1f')} points below its top "
                "would have been found with a chance of 80 %; a flatter one may be there unseen."
            )
        pairs = [
            f"{self.n(f'{self.first}.differences.{MAIN}.{i}.detectable', '.1f')} points against {NETWORKS[row['network']]}"
            for i, row in enumerate(self.n.value(f"{self.first}.differences.{MAIN}"))
            if row["detectable"] is not None
        ]
        if pairs:
            parts.append(f"Differences of MobileNetV2 that these seeds would find as often: {', '.join(pairs)}.")
            failing = [row for row in self.n.value(f"{self.first}.networks") if row["converged"] < row["trainings"]]
            if failing:
                names = ", ".join(NETWORKS[row["network"]] for row in failing)
                parts.append(f"Where not all trainings converged ({names}), that is in the spread.")
        parts += self._single()
        return Markdown(" ".join(parts) or "One seed says nothing about what could be seen.")

    def _single(self) -> list[str]:
        """Return what a comparison of two single trainings can see, for all networks and for those that converged."""
        parts = []
        for which, words in SINGLE.items():
            at = f"{self.first}.single.{which}"
            needed = self.n.value(f"{at}.detectable")
            told = ", ".join(
                f"{self.n(f'{at}.detectable.{i}.points', '.0f')} points with {self.n(f'{at}.detectable.{i}.patients')}"
                for i in range(len(needed))
            )
            spread = f"{self.n(f'{at}.between_trainings', '.1f')} points (standard deviation)"
            name = f"{words} ({self.n(f'{at}.networks')})"
            parts.append(
                f"Among {name}: {told} test patients. Of this, {spread} come from training to training, whatever the test patients."
                if needed
                else f"There are too few of {name} to say."
            )
        if not self.n.value(f"{self.first}.single.all.detectable"):
            return []
        return [
            "Two networks that are trained once each and tested on few patients, as is common, have to differ by more in case accuracy to be told "
            "apart with a chance of 80 %, at the learning rate of the seed paper and with trainings this short "
            f"({self.n('rounds')} rounds of {self.n('steps')} steps).",
            *parts,
            f"{self.n('seeds')} seeds tell little about this part, and among all networks it holds the failures to converge.",
        ]

    def single_table(self) -> Html:
        """Return what two single trainings have to differ by, for every learning rate."""
        columns = [Column("Learning rate", True), Column("Networks"), Column("Number", True), Column("Pairs", True)]
        columns += [Column("SD from training to training, points", True)]
        columns += [Column(f"Found with {k} patients, points", True) for k in TEST_SETS]
        rows: list[Row] = []
        for rate in self.rates:
            for which, words in SINGLE.items():
                at = f"rates.{rate}.single.{which}"
                needed = range(len(self.n.value(f"{at}.detectable")))
                points = [self.n.cell(f"{at}.detectable.{i}.points", ".1f") for i in needed]
                points += [Cell(tables.NOTHING, sort="")] * (len(TEST_SETS) - len(points))
                counts = [self.n.cell(f"{at}.{name}") for name in ("networks", "pairs")]
                spread = self.n.cell(f"{at}.between_trainings", ".1f")
                rows.append([self.n.cell(f"rates.{rate}.learning_rate", "g"), words, *counts, spread, *points])
        caption = "Difference in case accuracy of two networks, trained once each, that is found with a chance of 80 %"
        return tables.table(columns, rows, caption, "network-size-single")

    def table(self) -> Html:
        """Return the outcomes of every network and learning rate."""
        columns = [Column("Network"), Column("Parameters", True), Column("Learning rate", True)]
        for label in OUTCOMES.values():
            columns += [Column(label, True), Column("interval, patients", True), Column("interval, seeds", True)]
        columns += [Column("Converged", True), Column("Trainings", True)]
        rows: list[Row] = []
        for rate in self.rates:
            for i, network in enumerate(self.n.value(f"rates.{rate}.networks")):
                at = f"rates.{rate}.networks.{i}"
                row: Row = [NETWORKS[network["network"]], self.n.cell(f"{at}.parameters", ",")]
                row.append(self.n.cell(f"rates.{rate}.learning_rate", "g"))
                for outcome in OUTCOMES:
                    ends = [f"{at}.{outcome}.{name}" for name in ("interval", "seed_interval")]
                    row += [
                        self.n.cell(f"{at}.{outcome}.mean", ".1f"),
                        *(self.n.interval_cell(end, ".1f") for end in ends),
                    ]
                rows.append([*row, self.n.cell(f"{at}.converged"), self.n.cell(f"{at}.trainings")])
        caption = "New patients: means over seeds, per cent, with 95 % intervals (over patients by bootstrap or DeLong; t over seeds)"
        return tables.table(columns, rows, caption, "network-size-accuracy", filters=True)

    def fit_table(self) -> Html:
        """Return every fitted parabola."""
        columns = [Column("Learning rate", True), *(Column(name) for name in ("Outcome", "Trainings", "Unit"))]
        columns += [Column(name, True) for name in ("n", "Quadratic term", "95 % interval", "Slope, smallest")]
        columns += [Column(name, True) for name in ("Slope, largest", "P, inverted U", "Drop found in 80 %, points")]
        rows: list[Row] = []
        for rate in self.rates:
            for outcome, label in OUTCOMES.items():
                for which, words in WHICH.items():
                    for unit, of in UNITS.items():
                        at = f"rates.{rate}.fits.{outcome}.{which}.{unit}"
                        start: Row = [self.n.cell(f"rates.{rate}.learning_rate", "g"), label, words, of]
                        if self.n.value(at) is None:
                            rows.append([*start, *[Cell(tables.NOTHING, sort="")] * 7])
                            continue
                        row: Row = [*start, self.n.cell(f"{at}.n"), self.n.cell(f"{at}.curvature", ".2f")]
                        row.append(self.n.interval_cell(f"{at}.interval", ".2f"))
                        row += [self.n.cell(f"{at}.{end}.slope", ".2f") for end in ("low", "high")]
                        row += [self.n.cell(f"{at}.p_inverted_u", ".3f"), self.n.cell(f"{at}.detectable_drop", ".1f")]
                        rows.append(row)
        caption = "Parabolas in the logarithm (base 10) of the number of parameters; slopes and terms in points"
        return tables.table(columns, rows, caption, "network-size-fits", filters=True)

    def difference_table(self) -> Html:
        """Return how much better MobileNetV2 is than each other network."""
        columns = [Column("Learning rate", True), Column("Outcome"), Column("MobileNetV2 less"), Column("Points", True)]
        columns += [Column(name, True) for name in ("95 % interval over seeds", "P", "Found in 80 %, points")]
        rows: list[Row] = []
        for rate in self.rates:
            for outcome, label in OUTCOMES.items():
                for i, row in enumerate(self.n.value(f"rates.{rate}.differences.{outcome}")):
                    at = f"rates.{rate}.differences.{outcome}.{i}"
                    first = self.n.cell(f"rates.{rate}.learning_rate", "g")
                    told = [self.n.cell(f"{at}.mean", ".1f"), self.n.interval_cell(f"{at}.interval", ".1f")]
                    rows.append(
                        [
                            first,
                            label,
                            NETWORKS[row["network"]],
                            *told,
                            self.n.cell(f"{at}.p", ".3f"),
                            self.n.cell(f"{at}.detectable", ".1f"),
                        ]
                    )
        caption = "Differences by seed (paired t, not adjusted for their number)"
        return tables.table(columns, rows, caption, "network-size-differences", filters=True)

    def figure(self) -> Html:
        """Return accuracy on images against the number of parameters, with the fitted parabolas and the printed validation values."""
        figure, axes = figures.canvas(height=4.4)
        for k, rate in enumerate(self.rates):
            colour = figures.COLOURS[("own", "own-2", "mean")[k % 3]]
            found = [row for row in self.n.value(f"rates.{rate}.networks") if row[MAIN]["mean"] is not None]
            shift = 0.03 * (k - (len(self.rates) - 1) / 2)
            for row in found:
                seeds = [each for each in row[MAIN]["seeds"] if each is not None]
                axes.plot([row["log10"] + shift] * len(seeds), seeds, "_", color=colour, markersize=6)
            x, y = [row["log10"] + shift for row in found], [row[MAIN]["mean"] for row in found]
            both = [(row[MAIN]["mean"], row[MAIN]["interval"]) for row in found]
            ends = [[0 if each[side] is None else abs(mean - each[side]) for mean, each in both] for side in (0, 1)]
            label = f"learning rate {self.n.value(f'rates.{rate}.learning_rate'):g}"
            look: dict[str, Any] = {"linestyle": "none", "marker": figures.MARKERS[k % 4], "color": colour}
            axes.errorbar(x, y, yerr=ends, markersize=5, capsize=3, label=label, **look)
            curve = self.n.value(f"rates.{rate}.fits.{MAIN}.all.seeds")
            if curve is not None:
                axes.plot(*zip(*curve["line"], strict=True), linestyle="--", linewidth=1, color=colour)
        shown = [row for row in self.n.value("published") if row["validation"] is not None]
        x, y = ([row[name] for row in shown] for name in ("log10", "validation"))
        look = {"linestyle": "none", "marker": "x", "color": figures.COLOURS["published"]}
        axes.plot(x, y, label="published, validation", **look)
        axes.axhline(50, linestyle=":", color=figures.COLOURS["line"], linewidth=1)
        axes.set(ylim=(40, 102), xlabel="Parameters", ylabel="Images answered rightly, %")
        found = self.n.value(f"{self.first}.networks")
        axes.set_xticks(
            [row["log10"] for row in found],
            [
                "\n\n" * (i % 2)
                + f"{NETWORKS[row['network']]}\n{row['parameters'] / 1e6:.1f} M"  # neighbours in two rows
                for i, row in enumerate(found)
            ],
            fontsize=7,
        )
        figures.legend(axes)
        alt = (
            f"Accuracy on images of new patients for {len(found)} networks by number of parameters, at {len(self.rates)} learning rates, with fitted "
            "parabolas; the strokes are single seeds."
        )
        caption = (
            "Marks are means over seeds with 95 % intervals over patients, strokes are single seeds, dashed lines are fitted parabolas (all "
            "trainings, seeds as blocks), the dotted line is chance. Crosses are the accuracies of validation that zuo2021 "
            "prints; they are from other data and stand here for their order only."
        )
        return figures.static(figure, "figure-network-size", alt, caption, self.table())


def open_chapter(run: str = "best") -> NetworkSize:
    """Return the chapter of a stored run, see :func:`dlrrc_core.chapters.baseline.open_run`."""
    return NetworkSize(*open_run("network-size", run))
