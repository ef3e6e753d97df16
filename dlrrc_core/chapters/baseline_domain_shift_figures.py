"""Tables and figures of the chapter on domain shift."""

from __future__ import annotations

from dlrrc_core import figures, tables
from dlrrc_core.baseline.findings.domain_shift import TESTS, TRAININGS
from dlrrc_core.chapters.baseline import Baseline, percent_cells
from dlrrc_core.tables import Cell, Column, Html, Row

COLOURS = ("own", "own-2", "mean", "line")
WORDS = {
    "internal": "new patients, class and centre go together as in training",
    "apart": "new patients of the same centres, classes spread evenly",
    "turned_round": "new patients of the same centres, the other way round",
    "external": "new patients of other centres",
}


class DomainShiftFigures(Baseline):
    """Tables and figures; the sentences are in :class:`dlrrc_core.chapters.baseline_domain_shift.DomainShift`."""

    @property
    def largest(self) -> int:
        """The largest shift, per cent."""
        return int(self.n.value("largest"))

    @property
    def centres(self) -> list[str]:
        """Every centre, the home first."""
        return sorted({each["centre"] for each in self.n.value("shift.trainings.one.tests").values()})

    @property
    def confounded(self) -> list[tuple[str, str]]:
        """Every effect and confounding that was run."""
        found = self.n.value("confounding")
        return [(effect, together) for effect in found for together in found[effect]]

    def at(self, training: str, centre: str) -> str:
        """Return where the numbers of a training and a centre at the largest shift stand."""
        return f"shift.trainings.{training}.tests.{centre}_{0 if centre == 'A' else self.largest}"

    def all_table(self) -> Html:
        """Return what each training keeps over all centres."""
        columns = [Column("Trained on"), Column("Accuracy over all centres, %", True), Column("95 % interval", True)]
        columns += [
            Column("AUC, %", True),
            Column("Confidence less accuracy, points", True),
            Column("Gained, points", True),
        ]
        columns += [Column("95 % interval", True)]
        rows: list[Row] = []
        for key, (label, _) in TRAININGS.items():
            at = f"shift.trainings.{key}"
            gained: list[Cell] = [Cell(tables.NOTHING, sort=""), Cell(tables.NOTHING, sort="")]
            if key != "one":
                gained = [
                    self.n.cell(f"{at}.gained.all.points", "+.1f"),
                    self.n.interval_cell(f"{at}.gained.all.interval", ".1f"),
                ]
            rows.append(
                [
                    label,
                    *percent_cells(self.n, f"{at}.all.accuracy"),
                    self.n.cell(f"{at}.all.roc_auc.percent", ".1f"),
                    self.n.cell(f"{at}.all.over.percent", "+.1f"),
                    *gained,
                ]
            )
        return tables.table(columns, rows, "All centres together", "domain-shift-all")

    def table(self) -> Html:
        """Return every training, centre and strength of shift."""
        columns = [
            Column("Trained on", facet=True),
            Column("Tested at", facet=True),
            Column("Shift, %", True),
            Column("Seen in training"),
        ]
        columns += [
            Column("Accuracy, %", True),
            Column("95 % interval", True),
            Column("AUC, %", True),
            Column("95 % interval", True),
        ]
        columns += [
            Column("Confidence, %", True),
            Column("Calibration error, %", True),
            Column("Second class, %", True),
        ]
        columns += [
            Column("Lost, points", True),
            Column("95 % interval", True),
            Column("Lowest seed", True),
            Column("Highest seed", True),
        ]
        rows: list[Row] = []
        for key, (label, _) in TRAININGS.items():
            for name, place in self.n.value(f"shift.trainings.{key}.tests").items():
                at = f"shift.trainings.{key}.tests.{name}"
                lost: list[Cell] = [Cell(tables.NOTHING, sort=""), Cell(tables.NOTHING, sort="")]
                if "lost" in place:
                    lost = [self.n.cell(f"{at}.lost.points", ".1f"), self.n.interval_cell(f"{at}.lost.interval", ".1f")]
                rows.append(
                    [
                        label,
                        place["centre"],
                        tables.number_cell(100 * place["shift"], ".0f"),
                        tables.yes_no(place["seen"]),
                        *percent_cells(self.n, f"{at}.accuracy"),
                        *percent_cells(self.n, f"{at}.roc_auc"),
                        *(self.n.cell(f"{at}.{metric}.percent", ".1f") for metric in ("confidence", "ece", "second")),
                        *lost,
                        *self._seeds(place),
                    ]
                )
        return tables.table(columns, rows, "Accuracy by training and centre", "domain-shift-centres", filters=True)

    def confounding_table(self) -> Html:
        """Return every effect, confounding and test set."""
        columns = [Column("Difference of the classes", True), Column("Confounding, %", True), Column("Tested on")]
        columns += [
            Column("Accuracy, %", True),
            Column("95 % interval", True),
            Column("AUC, %", True),
            Column("95 % interval", True),
        ]
        columns += [Column("Confidence, %", True), Column("Lowest seed", True), Column("Highest seed", True)]
        rows: list[Row] = []
        for effect, together in self.confounded:
            at = f"confounding.{effect}.{together}"
            for key in TESTS:
                rows.append(
                    [
                        self.n.cell(f"{at}.effect", "g"),
                        tables.number_cell(100 * self.n.value(f"{at}.confounding"), ".0f"),
                        WORDS[key],
                        *percent_cells(self.n, f"{at}.{key}.accuracy"),
                        *percent_cells(self.n, f"{at}.{key}.roc_auc"),
                        self.n.cell(f"{at}.{key}.confidence.percent", ".1f"),
                        *self._seeds(self.n.value(f"{at}.{key}")),
                    ]
                )
        return tables.table(columns, rows, "Class and centre together", "domain-shift-confounding", filters=True)

    def _seeds(self, place: dict[str, list[dict[str, float]]]) -> list[Cell]:
        """Return the lowest and the highest accuracy of a seed."""
        values = [each["accuracy"] for each in place["seeds"]]
        return [tables.number_cell(value, ".1f") for value in (min(values), max(values))]

    def shift_figure(self) -> Html:
        """Return accuracy and area of the network of one centre by the strength of the shift."""
        figure, axes = figures.canvas(height=3.8)
        tests = self.n.value("shift.trainings.one.tests")
        home = tests["A_0"]
        for k, centre in enumerate(each for each in self.centres if each != "A"):
            found = sorted(
                (each for each in tests.values() if each["centre"] == centre), key=lambda each: each["shift"]
            )
            colour, marker = figures.COLOURS[COLOURS[k % 3]], figures.MARKERS[k % 4]
            places = [100 * each["shift"] + k - 1 for each in found]
            for metric, line, label in (("accuracy", "-", f"{centre}, accuracy"), ("roc_auc", ":", f"{centre}, AUC")):
                points = [home, *found]
                values = [each[metric]["percent"] for each in points]
                axes.plot([0, *places], values, line, color=colour, marker=marker, markersize=4, label=label)
                if metric == "accuracy":
                    for x, each in zip([0, *places], points, strict=True):
                        low, high = each[metric]["interval"]
                        if low is not None and high is not None:
                            axes.plot([x, x], [low, high], color=colour, linewidth=1)
        axes.axhline(50, linestyle=":", color=figures.COLOURS["line"], linewidth=1)
        axes.set(ylim=(38, 101), xlabel="Strength of the shift, % of the way from scanner A", ylabel="Per cent")
        axes.legend(
            loc="upper center", bbox_to_anchor=(0.5, 1.28), ncols=3, frameon=False, labelcolor=figures.INK, fontsize=8
        )
        alt = (
            "Accuracy and area under the ROC curve of networks of centre A, on the same patients scanned at the centres B, C and D, against the "
            "strength of the shift. The numbers are in the table below."
        )
        caption = (
            "Networks of centre A on the same new patients, scanned at other centres. Solid: share of right answers with 95 % interval over "
            "patients; dotted: area under the ROC curve. 0 is centre A itself, 100 the other scanner."
        )
        return figures.static(figure, "figure-domain-shift", alt, caption, self.table())

    def remedy_figure(self) -> Html:
        """Return the accuracy of each training at each centre."""
        figure, axes = figures.canvas(height=3.8)
        for y, key in enumerate(TRAININGS):
            for k, centre in enumerate(self.centres):
                place = self.n.value(self.at(key, centre))
                low, high = place["accuracy"]["interval"]
                colour = figures.COLOURS[COLOURS[k % 4]]
                height = y + 0.18 * (k - (len(self.centres) - 1) / 2)
                if low is not None and high is not None:
                    axes.plot([low, high], [height, height], color=colour, linewidth=1)
                axes.plot(
                    [place["accuracy"]["percent"]],
                    [height],
                    marker=figures.MARKERS[k % 4],
                    color=colour,
                    markerfacecolor=colour if place["seen"] else "none",
                    linestyle="none",
                    markersize=5,
                    label=f"at {centre}" if y == 0 else None,
                )
        axes.axvline(50, linestyle=":", color=figures.COLOURS["line"], linewidth=1)
        axes.set_yticks(range(len(TRAININGS)), [label for label, _ in TRAININGS.values()], fontsize=8)
        axes.invert_yaxis()
        axes.set(xlim=(38, 101), xlabel="Scans answered rightly, %")
        figures.legend(axes)
        alt = (
            "Accuracy of each training at each of the four centres at the largest shift, with intervals. The numbers are in the table of all "
            "trainings and centres."
        )
        caption = (
            "Share of right answers at each centre by what the network was trained on; filled where the centre was in the training. Bars are 95 % "
            "intervals over patients."
        )
        return figures.static(figure, "figure-domain-shift-remedies", alt, caption, self.all_table())

    def confounding_figure(self) -> Html:
        """Return the accuracy of confounded networks on each test set."""
        figure, axes = figures.canvas(height=1.6 + 1.0 * len(self.confounded))
        labels = []
        for y, (effect, together) in enumerate(self.confounded):
            at = f"confounding.{effect}.{together}"
            for k, key in enumerate(TESTS):
                place = self.n.value(f"{at}.{key}.accuracy")
                low, high = place["interval"]
                colour, height = figures.COLOURS[COLOURS[k]], y + 0.18 * (k - 1.5)
                if low is not None and high is not None:
                    axes.plot([low, high], [height, height], color=colour, linewidth=1)
                label = TESTS[key] if y == 0 else None
                axes.plot([place["percent"]], [height], figures.MARKERS[k], color=colour, markersize=5, label=label)
            strength, share = self.n.value(f"{at}.effect"), self.n.value(f"{at}.confounding")
            labels.append(f"difference {strength:g}, confounding {share:.0%}")
        axes.axvline(50, linestyle=":", color=figures.COLOURS["line"], linewidth=1)
        axes.set_yticks(range(len(labels)), labels, fontsize=8)
        axes.invert_yaxis()
        axes.set(xlim=(0, 101), xlabel="Scans answered rightly, %")
        figures.legend(axes)
        alt = (
            "Accuracy of networks whose class and centre went together in training, on four kinds of new patients. The numbers are in the table "
            "below."
        )
        caption = (
            "Share of right answers with 95 % intervals over patients. Internal: class and centre go together as in training; apart: the same "
            "centres with both classes evenly; turned round: the other way; external: two other centres. The dotted line is chance."
        )
        return figures.static(figure, "figure-domain-shift-confounding", alt, caption, self.confounding_table())
