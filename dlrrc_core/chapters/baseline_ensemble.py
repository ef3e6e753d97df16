"""The chapter on ensembles: what a second sequence, clinical variables and a trained combiner add, optimism, calibration."""

from __future__ import annotations

from typing import Any

from IPython.display import Markdown

from dlrrc_core import figures, repository, tables
from dlrrc_core.baseline.findings.common import side
from dlrrc_core.chapters.baseline import METRICS, Baseline, bin_cells, open_run, percent_cells
from dlrrc_core.tables import Cell, Column, Html, Row

PAPER = "xi2020"
LABELS = {
    "first_sequence": "first sequence",
    "second_sequence": "second sequence",
    "clinical": "clinical variables",
    "mean_of_sequences": "mean of both sequences",
    "mean_of_three": "mean of all three",
    "bagging_training": "bagging, fitted to training answers",
    "bagging_validation": "bagging, fitted to validation answers",
    "regression_training": "logistic regression, fitted to training answers",
    "regression_validation": "logistic regression, fitted to validation answers",
}
SETS = {"training": "training", "validation": "validation", "test": "test", "new_patients": "new patients"}
METHODS = {"none": "as it is", "temperature": "temperature", "platt": "Platt"}
DRAWN = ("mean_of_sequences", "bagging_validation", "bagging_training")
COMBINERS = {"bagging": "bagging", "regression": "logistic regression"}
VOTE = {
    "below": " Where these variables tell nothing, their vote in the mean lowered the area.",
    "open": " Where these variables tell nothing, their vote in the mean changed the area by no more than chance explains.",
    "above": " Where these variables tell nothing, the area rose all the same.",
    "unknown": "",
}


LEARNED = {
    "explained": "Networks are surer on cases they learned from; a combiner fitted there may trust them too much, which would explain this.",
    "mixed": "That a combiner fitted to cases the networks learned from trusts them too much does not explain all of this.",
    "not": "So these numbers do not show that a combiner fitted to cases the networks learned from trusts them too much.",
}


class Ensemble(Baseline):
    """Numbers, tables and figures of the chapter on ensembles."""

    @property
    def effects(self) -> list[str]:
        """Every clinical effect that was run, weakest first."""
        return list(self.n.value("clinical"))

    @property
    def strongest(self) -> str:
        """The strongest clinical effect."""
        return f"clinical.{self.effects[-1]}"

    def _said(self, model: str, part: str = "new_patients", metric: str = "accuracy", effect: str = "") -> str:
        """Return a metric with its interval as words."""
        at = f"{effect or self.strongest}.models.{model}.{part}.{metric}"
        return f"{self.n(f'{at}.percent', '.1f')} % ({self.n.interval(f'{at}.interval', '.1f')})"

    def parts_sentence(self) -> Markdown:
        """Return what each part reaches alone, and the zero rule."""
        zero = f"{self.strongest}.zero_rule.mean_of_sequences.new_patients"
        return Markdown(
            f"On new patients the first sequence alone is right on {self._said('first_sequence')}, the second on "
            f"{self._said('second_sequence')}, the clinical variables, where they tell most, on {self._said('clinical')}. Always answering the "
            f"larger class is right on {self.n(f'{zero}.percent', '.1f')} %: the zero rule, below which a model knows nothing of use. The mean of "
            f"both sequences reaches {self._said('mean_of_sequences')}, the mean of all three {self._said('mean_of_three')}. Intervals in brackets "
            "are 95 % intervals over patients and take the trained models as given."
        )

    def clinical_sentence(self) -> Markdown:
        """Return how much the clinical variables add at each clinical effect."""
        sides = dict(zip(self.effects, self._sides([("mean of three", "mean of sequences")], "roc_auc"), strict=True))
        return Markdown(
            "Adding the clinical model to the mean moved the area under the ROC curve, a mean over the networks of "
            f"{len(self.n.value('seeds'))} seeds, by {self._by_effect('mean of three', 'mean of sequences', 'roc_auc')} of the simulator's "
            f"clinical difference (DeLong's interval for pairs).{VOTE[sides.get('clinical_0', 'unknown')]}"
        )

    def optimism_sentence(self) -> Markdown:
        """Return what fitting the combiner to the training answers does."""
        train, valid = (f"{self.strongest}.optimism.bagging_{source}" for source in ("training", "validation"))
        high = all(each["out_of_bag"] > each["new_patients"] for each in self.n.value(f"{train}.seeds"))
        seen = "Leaving a case out of a tree does not undo that the networks below saw it. " if high else ""
        return Markdown(
            f"The paper fitted its bagging classifier to the training data. Ours, fitted so, is right on {self.n(f'{train}.fitted', '.1f')} % of "
            f"the very answers it was fitted to, on {self.n(f'{train}.out_of_bag', '.1f')} % by those of its trees that did not see the case, and "
            f"on {self.n(f'{train}.new_patients', '.1f')} % of new patients. {seen}Fitted to the validation answers it is right on "
            f"{self.n(f'{valid}.fitted', '.1f')} % of these, {self.n(f'{valid}.out_of_bag', '.1f')} % out of bag, and "
            f"{self.n(f'{valid}.new_patients', '.1f')} % of new patients. All are means over {len(self.n.value('seeds'))} "
            "seeds, with all clinical variables at their strongest."
        )

    def source_sentence(self) -> Markdown:
        """Return the paired difference between fitting to validation and to training answers, at every clinical effect."""
        pairs = [(f"{kind}, validation", f"{kind}, training") for kind in COMBINERS]
        patients, trainings = self._sides(pairs, "accuracy"), self._sides(pairs, "trainings")
        told = sum(each in ("above", "below") for each in trainings)
        kind = ("mixed" if "below" in patients else "explained") if "above" in patients else "not"
        return Markdown(
            "What the choice of answers does to accuracy on new patients, fitted to validation less fitted to training: "
            f"{self._combiners(pairs, 'accuracy')} of the clinical difference. Of these {len(patients)} differences, "
            f"{patients.count('above')} lie above 0 by their intervals over patients, {patients.count('below')} below and "
            f"{patients.count('open')} are not told apart from 0; by t intervals over the {len(self.n.value('seeds'))} trainings {told} are told "
            f"apart. {LEARNED[kind]} The two sets also differ in size, {self.n('sizes.training')} training and {self.n('sizes.validation')} "
            "validation patients, so that source and number of the answers are compared together. The validation set also ended the training of "
            "the networks and is not quite untouched either."
        )

    def combiner_sentence(self) -> Markdown:
        """Return trained combiners against the plain mean, at every clinical effect."""
        pairs = [(f"{kind}, validation", "mean of three") for kind in COMBINERS]
        sides = self._sides(pairs, "roc_auc")
        return Markdown(
            "Against the plain mean of all three, the area of the trained combiners (fitted to validation answers) differed by "
            f"{self._combiners(pairs, 'roc_auc')} of the clinical difference. Of these {len(sides)} differences, "
            f"{sides.count('above')} lie above 0 by their intervals, {sides.count('below')} below."
        )

    def calibration_sentence(self) -> Markdown:
        """Return calibration before and after recalibration."""
        said = []
        for model in ("mean_of_sequences", "bagging_training"):
            at = f"{self.strongest}.calibration.{model}"
            values = [f"{self.n(f'{at}.{method}.ece.value', '.3f')} {words}" for method, words in METHODS.items()]
            said.append(f"for {LABELS[model]} {', '.join(values)}")
        first = f"{self.strongest}.calibration.first_sequence.temperature.temperature"
        return Markdown(
            f"The expected calibration error on new patients was {'; '.join(said)}. The temperatures of the first sequence, fitted to validation "
            f"patients, were {self.n(f'{first}.lowest', '.2f')} to {self.n(f'{first}.highest', '.2f')} over the seeds; above 1 the network was "
            "too sure. While the slope is above 0, neither method changes the order of the patients, so no area under a curve moves. The error "
            "is never below 0 and too large in small samples, also for a calibrated model."
        )

    def _paired(self, effect: str, first: str, second: str) -> str:
        """Return the path of a comparison."""
        at = f"clinical.{effect}.paired"
        return f"{at}.{[(each['first'], each['second']) for each in self.n.value(at)].index((first, second))}"

    def _sides(self, pairs: list[tuple[str, str]], name: str) -> list[str]:
        """Return on which side of 0 the interval of each pair and clinical effect lies."""
        return [
            side(self.n.value(f"{self._paired(effect, *pair)}.{name}.interval"))
            for pair in pairs
            for effect in self.effects
        ]

    def _combiners(self, pairs: list[tuple[str, str]], metric: str) -> str:
        """Return the differences of each combiner as words."""
        return "; ".join(
            f"{words} {self._by_effect(*pair, metric)}" for words, pair in zip(COMBINERS.values(), pairs, strict=True)
        )

    def _by_effect(self, first: str, second: str, metric: str) -> str:
        """Return the differences of two models at every clinical effect as words."""
        said = []
        for effect in self.effects:
            at = f"{self._paired(effect, first, second)}.{metric}"
            values = f"{self.n(f'{at}.percent', '+.1f')} ({self.n.interval(f'{at}.interval', '+.1f')})"
            said.append(f"{values} points at {effect.rsplit('_', 1)[1]} %")
        return ", ".join(said)

    def table(self) -> Html:
        """Return accuracy, sensitivity, specificity and area of every model, set and clinical effect."""
        columns = [Column("Clinical difference, %", True), Column("Model", facet=True), Column("Set", facet=True)]
        for label in METRICS.values():
            columns += [Column(f"{label}, %", True), Column("95 % interval", True)]
        columns += [Column("Patients", True)]
        rows: list[Row] = []
        for effect in self.effects:
            for model in LABELS:
                for part, words in SETS.items():
                    at = f"clinical.{effect}.models.{model}.{part}"
                    values = [cell for metric in METRICS for cell in percent_cells(self.n, f"{at}.{metric}")]
                    patients = self.n.cell(f"{at}.accuracy.patients")
                    rows.append([_effect(effect), LABELS[model], words, *values, patients])
        return tables.table(columns, rows, "Every model on every set", "ensemble-metrics", filters=True)

    def zero_table(self) -> Html:
        """Return each model against the zero rule, on the small test set and on new patients."""
        columns = [Column("Model"), Column("Set"), Column("Accuracy, %", True), Column("Zero rule, %", True)]
        columns += [Column("Difference, points", True), Column("P, exact binomial", True), Column("Patients", True)]
        rows: list[Row] = []
        for model in LABELS:
            for part in ("test", "new_patients"):
                at = f"{self.strongest}.zero_rule.{model}.{part}"
                accuracy = self.n.cell(f"{self.strongest}.models.{model}.{part}.accuracy.percent", ".1f")
                values = [self.n.cell(f"{at}.percent", ".1f"), self.n.cell(f"{at}.difference", "+.1f")]
                last = [self.n.cell(f"{at}.p", ".2g"), self.n.cell(f"{at}.n")]
                rows.append([LABELS[model], SETS[part], accuracy, *values, *last])
        return tables.table(columns, rows, "Against always answering the larger class", "ensemble-zero")

    def optimism_table(self) -> Html:
        """Return the accuracy on the set a model was fitted to and on others, mean over seeds."""
        columns = [Column("Clinical difference, %", True), Column("Model"), Column("Fitted to")]
        sets = ("These answers", "Out of bag", "Test set", "New patients")
        columns += [Column(f"{words}, %", True) for words in sets]
        columns += [Column(f"{words}, points", True) for words in ("Optimism", "Lowest seed", "Highest seed")]
        rows: list[Row] = []
        for effect in self.effects:
            for model in LABELS:
                at = f"clinical.{effect}.optimism.{model}"
                held = self.n.value(at)
                values = [
                    self.n.cell(f"{at}.{name}", ".1f") if name in held else Cell(tables.NOTHING, sort="")
                    for name in ("fitted", "out_of_bag", "test", "new_patients")
                ]
                gaps = [self.n.cell(f"{at}.difference.{name}", "+.1f") for name in ("mean", "lowest", "highest")]
                rows.append([_effect(effect), LABELS[model], held["fitted_to"], *values, *gaps])
        caption = "Accuracy on the set a model was fitted to and elsewhere, means over seeds"
        return tables.table(columns, rows, caption, "ensemble-optimism", filters=True)

    def printed_table(self) -> Html:
        """Return the accuracies of the paper on its three sets, as printed."""
        columns = [Column("Number"), Column("Model"), Column("Set"), Column("Lesions", True)]
        columns += [Column(name) for name in ("Accuracy", "Sensitivity", "Specificity", "AUC")]
        rows: list[Row] = []
        for row in repository.here().papers[PAPER].results:
            if row.where == "Table 2" and row.model in ("Clinical", "T1C", "T2", "Ensemble") and row.split:
                names = ("accuracy", "sensitivity", "specificity", "auc")
                values = [str(row.values.get(name, tables.NOTHING)) for name in names]
                label = Cell("published", badge="published")
                rows.append([label, row.model, row.split, tables.number_cell(row.n), *values])
        return tables.table(columns, rows, "Printed results of three sets, as printed", "ensemble-printed")

    def reliability_figure(self) -> Html:
        """Return reliability diagrams on new patients, as they are and after recalibration."""
        figure, panels = figures.panels(len(DRAWN), 3.2, share_y=True)
        styles = {"none": ("own-2", "o", "-"), "temperature": ("own", "s", "--"), "platt": ("mean", "D", ":")}
        columns = [Column("Model"), Column("Probabilities"), Column("Bin"), Column("Patients", True)]
        columns += [
            Column("Mean probability", True),
            Column("Share of class 1", True),
            Column("95 % interval (Wilson)"),
        ]
        rows: list[Row] = []
        for panel, model in zip(panels, DRAWN, strict=True):
            panel.plot([0, 1], [0, 1], ":", color=figures.COLOURS["line"], linewidth=1)
            for method, words in METHODS.items():
                bins = self.n.value(f"{self.strongest}.calibration.{model}.{method}.bins")
                colour, marker, line = styles[method]
                x, y = ([each[name] for each in bins] for name in ("confidence", "observed"))
                panel.plot(x, y, line + marker, ms=4, lw=1.1, color=figures.COLOURS[colour], label=words)
                rows += [_bin(LABELS[model], words, each) for each in bins]
            panel.set(xlim=(0, 1), ylim=(0, 1), xlabel="Predicted probability")
            panel.set_title(LABELS[model].replace(", ", ",\n"), fontsize=8)
        panels[0].set(ylabel="Share of class 1")
        figures.legend(panels[1], y=1.45)
        numbers = tables.table(columns, rows, "Reliability of the probabilities on new patients", "ensemble-bins")
        alt = (
            "Reliability diagrams of three models on new patients: share of class 1 against predicted probability in ten bins, as predicted, after "
            "temperature scaling and after Platt's scaling, with the diagonal of perfect calibration."
        )
        caption = (
            "Reliability on new simulated patients, all seeds together. On the dotted diagonal the probabilities would mean what they say. Both "
            "recalibrations were fitted to the validation set."
        )
        return figures.static(figure, "figure-reliability", alt, caption, numbers)

    def calibration_table(self) -> Html:
        """Return calibration error and Brier score of every model before and after recalibration."""
        columns = [Column("Model"), Column("Probabilities")]
        columns += [
            Column(name, True) for name in ("Calibration error", "95 % interval", "Brier score", "95 % interval")
        ]
        columns += [Column("Slope", True)]
        rows: list[Row] = []
        for model in LABELS:
            for method, words in METHODS.items():
                at = f"{self.strongest}.calibration.{model}.{method}"
                cells = []
                for name in ("ece", "brier"):
                    cells.append(self.n.cell(f"{at}.{name}.value", ".3f"))
                    cells.append(self.n.interval_cell(f"{at}.{name}.interval", ".3f"))
                rows.append([LABELS[model], words, *cells, self.n.cell(f"{at}.slope", ".2f")])
        caption = "Calibration on new patients, with bootstrap intervals over patients; slope of the log odds, mean over seeds"
        return tables.table(columns, rows, caption, "ensemble-calibration")


def _effect(effect: str) -> Cell:
    """Return a clinical effect as a cell."""
    text = effect.rsplit("_", 1)[1]
    return Cell(text, sort=float(text))


def _bin(model: str, words: str, found: dict[str, Any]) -> Row:
    """Return a bin of a reliability diagram as a row."""
    low, high = found["interval"]
    return [model, words, *bin_cells(found), f"{low:.3f} to {high:.3f}"]


def open_chapter(run: str = "best") -> Ensemble:
    """Return the chapter of a stored run, see :func:`dlrrc_core.chapters.baseline.open_run`."""
    return Ensemble(*open_run("ensemble", run))
