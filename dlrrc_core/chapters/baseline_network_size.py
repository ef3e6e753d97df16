"""The chapter on the size of networks: whether a parabola shows at n = 74, what the learning rate does, and what could have been seen."""

from __future__ import annotations

from IPython.display import Markdown

from dlrrc_core import figures, tables
from dlrrc_core.chapters.baseline import NETWORKS, Baseline, open_run
from dlrrc_core.tables import Cell, Column, Html, Row

OUTCOMES = {"image": "accuracy, images", "case": "accuracy, cases", "auc": "AUC, cases (x 100)"}
WHICH = {"all": "all trainings", "converged": "converged trainings"}
UNITS = {"seeds": "seeds as blocks", "networks": "networks as units"}
MAIN = "image"


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
        single = self.n.value(f"{self.first}.single.detectable")
        if single:
            said = ", ".join(
                f"{self.n(f'{self.first}.single.detectable.{i}.points', '.0f')} points with {self.n(f'{self.first}.single.detectable.{i}.patients')}"
                for i in range(len(single))
            )
            parts.append(
                "Two networks that are trained once each and tested on few patients, as is common, have to differ by more in case accuracy: "
                f"{said} test patients. Training the same two networks on another cohort changes their difference by "
                f"{self.n(f'{self.first}.single.between_trainings', '.1f')} points (standard deviation), however many test patients there are."
            )
        return Markdown(" ".join(parts) or "One seed says nothing about what could be seen.")

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
                    row += [
                        self.n.cell(f"{at}.{outcome}.mean", ".1f"),
                        *(
                            self.n.interval_cell(f"{at}.{outcome}.{name}", ".1f")
                            for name in ("interval", "seed_interval")
                        ),
                    ]
                rows.append([*row, self.n.cell(f"{at}.converged"), self.n.cell(f"{at}.trainings")])
        caption = "New patients: means over seeds, per cent, with 95 % intervals (bootstrap or DeLong over pooled patients; t over seeds)"
        return tables.table(columns, rows, caption, "network-size-accuracy", filters=True)

    def fit_table(self) -> Html:
        """Return every fitted parabola."""
        columns = [
            Column("Learning rate", True),
            Column("Outcome"),
            Column("Trainings"),
            Column("Unit"),
            Column("n", True),
        ]
        columns += [Column("Quadratic term", True), Column("95 % interval", True), Column("Slope, smallest", True)]
        columns += [
            Column("Slope, largest", True),
            Column("P, inverted U", True),
            Column("Drop found in 80 %, points", True),
        ]
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
                        rows.append(
                            [
                                *start,
                                self.n.cell(f"{at}.n"),
                                self.n.cell(f"{at}.curvature", ".2f"),
                                self.n.interval_cell(f"{at}.interval", ".2f"),
                                *(self.n.cell(f"{at}.{end}.slope", ".2f") for end in ("low", "high")),
                                self.n.cell(f"{at}.p_inverted_u", ".3f"),
                                self.n.cell(f"{at}.detectable_drop", ".1f"),
                            ]
                        )
        caption = "Parabolas in the logarithm (base 10) of the number of parameters; slopes and terms in points"
        return tables.table(columns, rows, caption, "network-size-fits", filters=True)

    def difference_table(self) -> Html:
        """Return how much better MobileNetV2 is than each other network."""
        columns = [Column("Learning rate", True), Column("Outcome"), Column("MobileNetV2 less"), Column("Points", True)]
        columns += [Column("95 % interval over seeds", True), Column("P", True), Column("Found in 80 %, points", True)]
        rows: list[Row] = []
        for rate in self.rates:
            for outcome, label in OUTCOMES.items():
                for i, row in enumerate(self.n.value(f"rates.{rate}.differences.{outcome}")):
                    at = f"rates.{rate}.differences.{outcome}.{i}"
                    rows.append(
                        [
                            self.n.cell(f"rates.{rate}.learning_rate", "g"),
                            label,
                            NETWORKS[row["network"]],
                            self.n.cell(f"{at}.mean", ".1f"),
                            self.n.interval_cell(f"{at}.interval", ".1f"),
                            self.n.cell(f"{at}.p", ".3f"),
                            self.n.cell(f"{at}.detectable", ".1f"),
                        ]
                    )
        return tables.table(
            columns,
            rows,
            "Differences by seed (paired t, not adjusted for their number)",
            "network-size-differences",
            filters=True,
        )

    def figure(self) -> Html:
        """Return accuracy on images against the number of parameters, with the fitted parabolas and the printed test values."""
        figure, axes = figures.canvas(height=4.4)
        for k, rate in enumerate(self.rates):
            colour = figures.COLOURS[("own", "own-2", "mean")[k % 3]]
            found = [row for row in self.n.value(f"rates.{rate}.networks") if row[MAIN]["mean"] is not None]
            shift = 0.03 * (k - (len(self.rates) - 1) / 2)
            for row in found:
                seeds = [each for each in row[MAIN]["seeds"] if each is not None]
                axes.plot([row["log10"] + shift] * len(seeds), seeds, "_", color=colour, markersize=6)
            x, y = [row["log10"] + shift for row in found], [row[MAIN]["mean"] for row in found]
            ends = [
                [
                    0 if row[MAIN]["interval"][side] is None else abs(row[MAIN]["mean"] - row[MAIN]["interval"][side])
                    for row in found
                ]
                for side in (0, 1)
            ]
            label = f"learning rate {self.n.value(f'rates.{rate}.learning_rate'):g}"
            axes.errorbar(
                x,
                y,
                yerr=ends,
                linestyle="none",
                marker=figures.MARKERS[k % 4],
                markersize=5,
                capsize=3,
                color=colour,
                label=label,
            )
            curve = self.n.value(f"rates.{rate}.fits.{MAIN}.all.seeds")
            if curve is not None:
                axes.plot(*zip(*curve["line"], strict=True), linestyle="--", linewidth=1, color=colour)
        shown = [row for row in self.n.value("published") if row["validation"] is not None]
        axes.plot(
            [row["log10"] for row in shown],
            [row["validation"] for row in shown],
            linestyle="none",
            marker="x",
            color=figures.COLOURS["published"],
            label="published, validation",
        )
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
