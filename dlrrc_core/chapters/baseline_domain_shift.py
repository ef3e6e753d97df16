"""The chapter on domain shift: accuracy at centres that a network never saw, remedies, and class and centre that go together."""

from __future__ import annotations

from IPython.display import Markdown

from dlrrc_core import figures, tables
from dlrrc_core.baseline.findings.domain_shift import NEVER_SEEN, TESTS, TRAININGS
from dlrrc_core.chapters.baseline import Baseline, open_run, percent_cells
from dlrrc_core.tables import Cell, Column, Html, Row

COLOURS = ("own", "own-2", "mean", "line")
WORDS = {
    "internal": "new patients, class and centre go together as in training",
    "apart": "new patients of the same centres, classes spread evenly",
    "turned_round": "new patients of the same centres, the other way round",
    "external": "new patients of other centres",
}


class DomainShift(Baseline):
    """Numbers, tables and figures of the chapter on domain shift."""

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

    def _said(self, path: str, metric: str = "accuracy") -> str:
        """Return a value with its interval as words."""
        return f"{self.n(f'{path}.{metric}.percent', '.1f')} % (95 % interval {self.n.interval(f'{path}.{metric}.interval', '.1f')})"

    def _points(self, path: str) -> str:
        """Return a difference with its interval as words."""
        return f"{self.n(f'{path}.points', '+.1f')} points (95 % interval {self.n.interval(f'{path}.interval', '.1f')})"

    def design_sentence(self) -> Markdown:
        """Return what was simulated."""
        classes = " and ".join(self.n.value("classes"))
        return Markdown(
            f"The networks of this chapter tell {classes} masses apart; the simulator makes this pair differ most, so that there is accuracy to "
            f"lose. {self.n('patients')} new patients per seed ({len(self.n.value('seeds'))} seeds) are scanned again at each centre: same patient, "
            "same tumour, another scanner. Centre A, where the networks learned, has a medium kernel; B is softer and C sharper and noisier; D is "
            "noisier and shows more enhancement. All four are assumed."
        )

    def shift_sentence(self) -> Markdown:
        """Return what a network of one centre keeps elsewhere."""
        others = [each for each in self.centres if each != "A"]
        kept = "; ".join(
            f"{self._said(self.at('one', each))} at {each}, a loss of {self._points(self.at('one', each) + '.lost')}"
            for each in others
        )
        areas = ", ".join(
            f"{self.n(self.at('one', each) + '.roc_auc.percent', '.1f')} at {each}" for each in self.centres
        )
        return Markdown(
            f"At its own centre the network is right on {self._said(self.at('one', 'A'))} of new patients. The same patients, scanned elsewhere: "
            f"{kept}. The area under the ROC curve, in per cent: {areas}. Where the area stays and the accuracy goes, the network still ranks the "
            "patients, and its threshold no longer fits."
        )

    def confidence_sentence(self) -> Markdown:
        """Return whether the network notices."""
        said = "; ".join(
            f"{each}: {self.n(self.at('one', each) + '.confidence.percent', '.1f')} % sure, "
            f"{self.n(self.at('one', each) + '.accuracy.percent', '.1f')} % right, calibration error "
            f"{self.n(self.at('one', each) + '.ece.percent', '.1f')} %"
            for each in self.centres
        )
        return Markdown(
            f"Mean probability of the given answer against the share of right answers, by centre: {said}. A reader who sees only probabilities "
            "is not warned when the first number stays while the second falls."
        )

    def remedy_sentence(self) -> Markdown:
        """Return what the remedies change at the centre that no training saw."""
        said = "; ".join(
            f"{TRAININGS[key][0]}: {self._said(self.at(key, NEVER_SEEN))}, {self._points(f'shift.trainings.{key}.gained.never_seen')} against one "
            "centre alone"
            for key in TRAININGS
            if key != "one"
        )
        return Markdown(
            f"Centre {NEVER_SEEN} is in no training set. The networks have as many patients and see as many images as the one of centre A alone. "
            f"{said}. An interval that holds 0 leaves open whether the remedy helped there; the intervals are over patients and take the "
            "trained networks as they are."
        )

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

    def confounding_sentence(self) -> Markdown:
        """Return what a network keeps whose class and centre went together."""
        said = []
        for effect, together in self.confounded:
            at = f"confounding.{effect}.{together}"
            if not self.n.value(f"{at}.confounding"):
                continue
            said.append(
                f"With a difference between the classes of {self.n(f'{at}.effect', 'g')} and the class deciding about the centre in "
                f"{self.n(f'{at}.confounding', '.0%')} of the patients, {self._said(f'{at}.internal')} of new patients of the same kind are right, "
                f"{self._said(f'{at}.apart')} where the same centres have both classes evenly, {self._said(f'{at}.turned_round')} where they have "
                f"them the other way round, and {self._said(f'{at}.external')} at other centres"
            )
        return Markdown(". ".join(said) + ".") if said else Markdown("No confounded training was run.")

    def fair_sentence(self) -> Markdown:
        """Return what the same training gives where class and centre are apart."""
        said = [
            f"at a difference of {self.n(f'confounding.{effect}.{together}.effect', 'g')}: {self._said(f'confounding.{effect}.{together}.internal')} "
            f"internally and {self._said(f'confounding.{effect}.{together}.external')} at other centres"
            for effect, together in self.confounded
            if not self.n.value(f"confounding.{effect}.{together}.confounding")
        ]
        if not said:
            return Markdown("No training with class and centre apart was run beside them.")
        return Markdown(f"The same training on centres that hold both classes evenly gives, {'; '.join(said)}.")

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


def open_chapter(run: str = "best") -> DomainShift:
    """Return the chapter of a stored run, see :func:`dlrrc_core.chapters.baseline.open_run`."""
    return DomainShift(*open_run("domain-shift", run))
