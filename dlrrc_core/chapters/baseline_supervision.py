"""The chapter on strong and weak supervision: who wins when, and what the rule from slices to cases does by itself."""

from __future__ import annotations

from typing import Any

from IPython.display import Markdown

from dlrrc_core import figures, repository, tables
from dlrrc_core.baseline.findings.supervision import PAPER, SLICES
from dlrrc_core.chapters import baseline
from dlrrc_core.chapters.baseline import METRICS, Baseline, open_run, percent_cells
from dlrrc_core.tables import Cell, Column, Html, Row

ARMS = {
    "strong": "strong: 3D, cube around the tumour",
    "box": "box: 2D, slices of the cube",
    "kidney": "kidney: 2D, region of the kidney",
    "weak": "weak: 2D, whole slices",
}
LEVELS = {"cube": "case, one cube", **baseline.LEVELS}
SIZES = {"small": "up to 4 cm", "large": "above 4 cm"}
STRATA = {"up_to_3": "3 or fewer", "4_to_5": "4 or 5", "6_to_8": "6 to 8", "9_or_more": "9 or more"}
SAYS = {"one": "class 1 only", "zero": "class 0 only", "both": "both", "neither": "neither"}


class Supervision(Baseline):
    """Numbers, tables and figures of the chapter on supervision."""

    @property
    def places(self) -> list[tuple[str, str]]:
        """Every effect and training cohort that was run, weakest and smallest first."""
        found = self.n.value("arms")
        return [(effect, cohort) for effect in found for cohort in found[effect]]

    def arms(self, effect: str, cohort: str) -> list[str]:
        """Return the arms that were run there."""
        found = self.n.value(f"arms.{effect}.{cohort}")
        return [arm for arm in ARMS if arm in found]

    @property
    def last(self) -> str:
        """The strongest effect with the largest cohort."""
        effect, cohort = self.places[-1]
        return f"{effect}.{cohort}"

    def _area(self, place: str, arm: str) -> str:
        """Return an area as words with its interval."""
        at = f"arms.{place}.{arm}.levels.{self.n.value(f'arms.{place}.{arm}.decision')}.roc_auc"
        return f"{self.n(f'{at}.percent', '.1f')} % ({self.n.interval(f'{at}.interval', '.1f')})"

    def areas_sentence(self) -> Markdown:
        """Return the areas of every arm in the largest cohort."""
        *_, cohort = self.last.split("_")
        said = [f"{self._area(self.last, arm)} ({ARMS[arm]})" for arm in self.arms(*self.places[-1])]
        return Markdown(
            f"With {cohort} training patients and the larger difference between the classes that was run, the area under the ROC curve of "
            f"patients was {'; '.join(said)}: means over {len(self.n.value('seeds'))} networks, each with its own new patients. Intervals are "
            "95 % over these patients and take the trained networks as given; the single seeds stand in the figure."
        )

    def _each(self, at: str, name: str, fmt: str = "") -> str:
        """Return a number of every seed as words."""
        return ", ".join(self.n(f"{at}.{k}.{name}", fmt) for k in range(len(self.n.value(at))))

    def training_sentence(self) -> Markdown:
        """Return how much every arm was trained on the largest cohort, and whether it learned by validation."""
        said, short = [], []
        for arm in self.arms(*self.places[-1]):
            at = f"training.{self.last}.{arm}"
            said.append(
                f"*{arm}* {self.n(f'{at}.images')} images in {self.n(f'{at}.rounds')} rounds, {self.n(f'{at}.steps')} gradient steps; kept "
                f"round {self._each(f'{at}.seeds', 'kept')}; {self.n(f'{at}.learned')} of {self.n(f'{at}.networks')} networks learned"
            )
            short += [f"*{arm}*"] if self.n.value(f"{at}.learned") < self.n.value(f"{at}.networks") else []
        failed = f" Not all did in {', '.join(short)}: a difference to such an arm is partly one to networks that know nothing."
        return Markdown(
            f"Training on the largest cohort, mean over the networks, with the kept round of each: {'. '.join(said)}. A network counts as having "
            "learned when in that round its validation loss is lower than that of naming the shares of the classes for every image, and its "
            f"validation accuracy higher than that of naming the commoner class.{failed if short else ''}"
        )

    def paired_sentence(self) -> Markdown:
        """Return the paired difference of strong and every other arm, over patients and over trainings."""
        said = []
        for arm in self.n.value(f"paired.{self.last}"):
            at = f"paired.{self.last}.{arm}"
            area, seeds = f"{at}.mean_probability.roc_auc", f"{at}.trainings.interval"
            words = f"{self._over(area + '.interval')} over patients; {self._over(seeds)} over trainings"
            single = self._each(f"{at}.trainings.seeds", "percent", "+.1f")
            said.append(f"{self.n(f'{area}.percent', '+.1f')} against *{arm}* ({words}; single trainings {single})")
        return Markdown(
            f"On the same new patients the area of the strong arm less that of another was, in points, {', '.join(said)}. The interval over patients "
            f"(DeLong's test for pairs) takes the trained networks as given, that over trainings (t) does not.{self._weights()}"
        )

    def _over(self, path: str) -> str:
        """Return an interval of strong less another arm with what it says."""
        low, high = self.n.value(path)
        verdict = "no interval" if low is None else "ahead" if low > 0 else "behind" if high < 0 else "holds 0"
        return verdict if low is None else f"{self.n.interval(path, '+.1f')}, {verdict},"

    def _weights(self) -> str:
        """Return in what the arms strong and box differ beside the third dimension."""
        if not {"strong", "box"} <= set(self.arms(*self.places[-1])):
            return ""
        box, strong = (self.n.value(f"training.{self.last}.{arm}.weights") / 1e6 for arm in ("box", "strong"))
        return (
            f" *Box* and *strong* see the same outlined cube but differ in more than the third dimension: {box:.1f} and {strong:.1f} million "
            "weights, the mean over slices and one answer. No difference here belongs to one cause alone."
        )

    def power_sentence(self) -> Markdown:
        """Return how wide an interval of the difference the printed number of test patients allows."""
        at = f"paired.{self.last}.weak.mean_probability"
        return Markdown(
            f"The preprint compares the two on {self.n('printed_n')} test patients and reports no significant difference. With answers that "
            f"disagree as often as ours, a 95 % interval for a difference in accuracy on so many patients reaches "
            f"{self.n(f'{at}.half_width_printed_n', '.1f')} points to either side: a comparison of that size cannot tell a small difference "
            "from none. No significant difference is not the same as no difference."
        )

    def perfect_sentence(self) -> Markdown:
        """Return what the rule costs a network that is always right."""
        at = f"rule.{self.last}.weak"
        return Markdown(
            "The rule needs more than three consecutive slices of one grade. A tumour that lies in three slices cannot meet it. If every slice "
            f"were answered rightly, sensitivity by this rule would be {self.n(f'{at}.perfect', '.1f')} %, and specificity 100 %, in these "
            "patients, whose slices are as thick as their scanner makes them."
        )

    def asymmetry_sentence(self) -> Markdown:
        """Return how the rule moves sensitivity and specificity of the very same answers."""
        weak, box = f"rule.{self.last}.weak", f"rule.{self.last}.box"
        chosen = box if "box" in self.n.value(f"rule.{self.last}") else weak
        words = {"positive": "the rule", "mirrored": "the rule turned round", "mean_probability": "mean probability"}
        said = [
            f"{self.n(f'{chosen}.{name}.sensitivity', '.1f')} % and {self.n(f'{chosen}.{name}.specificity', '.1f')} % by {label}"
            for name, label in words.items()
        ]
        return Markdown(
            f"The same answers on slices (arm *{ARMS[chosen.rsplit('.', 1)[1]]}*) give as sensitivity and specificity {'; '.join(said)}. The rule "
            "counts a patient without a run of class 1 as class 0; turned round, a patient without a run of class 0 counts as class 1. "
            f"{self.n(f'{chosen}.says.neither', '.1f')} % of the patients have a run of neither class and {self.n(f'{chosen}.says.both', '.1f')} % "
            "one of both: for these the printed rule does not say what to answer, and what is chosen decides who is called sick."
        )

    def table(self) -> Html:
        """Return every metric of every arm, cohort and level."""
        columns = [Column("Classes differ, %", True), Column("Training patients", True), Column("Arm", facet=True)]
        columns += [Column("Level", facet=True), Column("Metric", facet=True), Column("Value, %", True)]
        columns += [Column("95 % interval over patients", True), Column("n", True)]
        rows: list[Row] = []
        for effect, cohort in self.places:
            for arm in self.arms(effect, cohort):
                levels = f"arms.{effect}.{cohort}.{arm}.levels"
                for level in self.n.value(levels):
                    for metric, label in METRICS.items():
                        at = f"{levels}.{level}.{metric}"
                        cells = [*percent_cells(self.n, at), self.n.cell(f"{at}.n")]
                        rows.append([*_place(effect, cohort), ARMS[arm], LEVELS[level], label, *cells])
        return tables.table(columns, rows, "Every arm on new patients", "supervision-metrics", filters=True)

    def training_table(self) -> Html:
        """Return how much every arm was trained, and whether it learned by validation."""
        columns = [Column("Classes differ, %", True), Column("Training patients", True), Column("Arm")]
        columns += [Column(name, True) for name in ("Images of a round", "Steps in all")]
        columns += [Column(name) for name in ("Kept round", "Validation accuracy", "Learned")]
        formats = {"kept": "d", "accuracy": ".0%"}
        rows: list[Row] = []
        for effect, cohort in self.places:
            for arm in self.arms(effect, cohort):
                at = f"training.{effect}.{cohort}.{arm}"
                seeds = self.n.value(f"{at}.seeds")
                texts = [", ".join(format(each[name], fmt) for each in seeds) for name, fmt in formats.items()]
                texts.append(f"{self.n.value(f'{at}.learned')} of {self.n.value(f'{at}.networks')}")
                numbers = [self.n.cell(f"{at}.{name}") for name in ("images", "steps")]
                rows.append([*_place(effect, cohort), arm, *numbers, *texts])
        return tables.table(columns, rows, "Trainings of every arm", "supervision-trainings")

    def sizes_table(self) -> Html:
        """Return accuracy, sensitivity and specificity for small and large tumours."""
        columns = [Column("Training patients", True), Column("Arm"), Column("Decision"), Column("Tumour")]
        columns += [Column(f"{METRICS[metric]}, %", True) for metric in METRICS] + [Column("Patients", True)]
        rows: list[Row] = []
        for effect, cohort in self.places[-1:]:
            for arm in self.arms(effect, cohort):
                for size, words in SIZES.items():
                    at = f"arms.{effect}.{cohort}.{arm}.sizes.{size}"
                    for level in self.n.value(at) or ():
                        values = [self.n.cell(f"{at}.{level}.{metric}.percent", ".1f") for metric in METRICS]
                        patients = self.n.cell(f"{at}.{level}.accuracy.patients")
                        rows.append([_place(effect, cohort)[1], ARMS[arm], LEVELS[level], words, *values, patients])
        return tables.table(columns, rows, "Small and large tumours", "supervision-sizes")

    def rule_table(self) -> Html:
        """Return sensitivity and specificity of the rule and of the mean probability by number of slices."""
        columns = [Column("Arm"), Column("Slices of the patient"), Column("Patients", True)]
        columns += [Column(f"{metric}, {name}, %", True) for name in ("rule", "mean") for metric in ("Sens.", "Spec.")]
        rows: list[Row] = []
        for arm in self.n.value(f"rule.{self.last}"):
            for stratum in SLICES:
                at = f"rule.{self.last}.{arm}.by_slices.{stratum}"
                values = [
                    self.n.cell(f"{at}.{name}_{metric}", ".1f")
                    for name in ("positive", "mean_probability")
                    for metric in ("sensitivity", "specificity")
                ]
                rows.append([ARMS[arm], STRATA[stratum], self.n.cell(f"{at}.patients"), *values])
        return tables.table(columns, rows, "The rule by number of slices", "supervision-rule")

    def says_table(self) -> Html:
        """Return for how many patients the rule speaks."""
        columns = [Column("Training patients", True), Column("Arm")]
        columns += [Column(f"Run of {words}, %", True) for words in SAYS.values()]
        rows: list[Row] = []
        for effect, cohort in self.places:
            for arm in self.n.value(f"rule.{effect}.{cohort}"):
                values = [self.n.cell(f"rule.{effect}.{cohort}.{arm}.says.{name}", ".1f") for name in SAYS]
                rows.append([_place(effect, cohort)[1], ARMS[arm], *values])
        return tables.table(columns, rows, "Patients with more than three consecutive slices of a class", "rule-says")

    def printed_table(self) -> Html:
        """Return what the preprint prints for its test set, as printed."""
        names = {"accuracy": "Accuracy", "sensitivity": "Sensitivity", "specificity": "Specificity", "auc": "AUC"}
        columns = [Column("Number"), Column("Model"), Column("Level"), *(Column(name) for name in names.values())]
        rows: list[Row] = []
        for row in repository.here().papers[PAPER].results:
            if row.split == "testing" and row.model and "accuracy" in row.values and str(row.where).startswith("Table"):
                values = [str(row.values.get(name, tables.NOTHING)) for name in names]
                rows.append([Cell("published", badge="published"), row.model, row.level or tables.NOTHING, *values])
        return tables.table(columns, rows, "Printed results of the test set, as printed", "supervision-printed")

    def figure(self) -> Html:
        """Return the area under the ROC curve of every arm over the size of the training cohort."""
        effects = list(self.n.value("arms"))
        figure, panels = figures.panels(len(effects), 3.6, share_y=True)
        for panel, effect in zip(panels, effects, strict=True):
            cohorts = list(self.n.value(f"arms.{effect}"))
            for k, arm in enumerate(arm for arm in ARMS if arm in self.arms(effect, cohorts[0])):
                self._line(panel, effect, cohorts, arm, k)
            panel.axhline(50, linestyle=":", color=figures.COLOURS["line"], linewidth=1)
            panel.set(xlabel="Training patients", title=f"Classes differ by {effect.rsplit('_', 1)[1]} %")
        panels[0].set(ylabel="AUC of new patients, %")
        panels[0].legend(loc="best", frameon=False, labelcolor=figures.INK, fontsize=8)
        alt = "Area under the ROC curve on new patients against the number of training patients, one line per arm; the numbers are in the table."
        caption = (
            "Area under the ROC curve of patients by size of the training cohort. Bars are 95 % intervals over new patients, strokes single seeds, "
            "the dotted line is chance."
        )
        return figures.static(figure, "figure-supervision", alt, caption, self._area_table())

    def _line(self, panel: Any, effect: str, cohorts: list[str], arm: str, k: int) -> None:
        """Draw one arm."""
        colour = list(figures.COLOURS.values())[(0, 1, 4, 2)[k]]
        x = [int(cohort.rsplit("_", 1)[1]) for cohort in cohorts]
        shift = 0.012 * (max(x) or 1) * (k - 1)
        values, ends = [], []
        for place, cohort in zip(x, cohorts, strict=True):
            at = f"arms.{effect}.{cohort}.{arm}"
            found = self.n.value(f"{at}.levels.{self.n.value(f'{at}.decision')}.roc_auc")
            low, high = (found["percent"] if end is None else end for end in found["interval"])
            values.append(found["percent"])
            ends.append([found["percent"] - low, high - found["percent"]])
            seeds = [each["roc_auc"] for each in self.n.value(f"{at}.seeds")]
            panel.plot([place + shift] * len(seeds), seeds, "_", color=colour, markersize=6)
        look = {"color": colour, "marker": figures.MARKERS[k], "markersize": 5, "capsize": 3, "linewidth": 1}
        bars = [list(each) for each in zip(*ends, strict=True)]
        panel.errorbar([place + shift for place in x], values, yerr=bars, label=ARMS[arm].partition(":")[0], **look)

    def _area_table(self) -> Html:
        """Return the areas that the figure draws."""
        columns = [Column("Classes differ, %", True), Column("Training patients", True), Column("Arm")]
        columns += [Column("AUC, %", True), Column("95 % interval", True), Column("Seeds, %")]
        rows: list[Row] = []
        for effect, cohort in self.places:
            for arm in self.arms(effect, cohort):
                at = f"arms.{effect}.{cohort}.{arm}"
                level = self.n.value(f"{at}.decision")
                seeds = ", ".join(f"{each['roc_auc']:.1f}" for each in self.n.value(f"{at}.seeds"))
                cells = percent_cells(self.n, f"{at}.levels.{level}.roc_auc")
                rows.append([*_place(effect, cohort), ARMS[arm], *cells, seeds])
        return tables.table(columns, rows, "Area under the ROC curve of patients", "supervision-areas")


def _place(effect: str, cohort: str) -> list[Cell]:
    """Return effect and cohort as cells."""
    return [Cell(text, sort=float(text)) for text in (each.rsplit("_", 1)[1] for each in (effect, cohort))]


def open_chapter(run: str = "best") -> Supervision:
    """Return the chapter of a stored run, see :func:`dlrrc_core.chapters.baseline.open_run`."""
    return Supervision(*open_run("supervision", run))
