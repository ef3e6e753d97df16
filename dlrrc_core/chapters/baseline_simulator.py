"""The chapter on the simulator: pictures, what is set, what is measured, and what is left out."""

from __future__ import annotations

from IPython.display import Markdown

from dlrrc_core import tables
from dlrrc_core.chapters.baseline import Baseline, open_run
from dlrrc_core.tables import Column, Html, Row

PHASES = ("unenhanced", "corticomedullary", "nephrographic")


class Simulator(Baseline):
    """Numbers, tables and pictures of the chapter on the simulator."""

    def subtypes(self) -> Html:
        """Return the subtypes in three phases."""
        return self.picture(
            "subtypes",
            "Nine simulated slices of the abdomen: chromophobe, papillary and clear-cell carcinoma, each before contrast, in the corticomedullary "
            "and in the nephrographic phase.",
            "One simulated patient of each subtype in three phases, window width 400 HU, level 40 HU.",
        )

    def patients(self) -> Html:
        """Return neighbouring slices of three patients."""
        return self.picture(
            "patients",
            "Three rows of five slices. The slices of a row, all of one simulated patient, look alike; the rows differ.",
            "Five slices through the tumour of three simulated patients, one patient per row.",
        )

    def scanners(self) -> Html:
        """Return one tumour on four scanners."""
        return self.picture(
            "scanners",
            "The same simulated tumour on four scanners: medium, soft and sharp kernel with more or less noise, and a lower tube voltage.",
            "The same patient on the four scanners of the simulator.",
        )

    def difference_sentence(self) -> Markdown:
        """Return what the classes differ by, and how much of it is assumed."""
        one, other = self.n.value("difference.classes")
        features, attenuation = (self.n.value(f"difference.{name}") for name in ("features", "attenuation"))
        verdict = (
            "Most of what a network could use is assumed."
            if features > attenuation
            else "The attenuation tells more than these features, and its spread, too, is assumed or made up from ranges."
        )
        return Markdown(
            "With the full difference the classes differ by published mean corticomedullary enhancement, and by spreads, textures and features "
            f"that are assumed or of the size of printed ranges. Between {one} and {other} carcinoma, whether necrosis, cysts, calcification and a "
            "wheel are present (all four assumed) tells the classes apart with an area under the ROC curve of "
            f"{self.n('difference.features', '.2f')}, the attenuation that is drawn in that phase (means published, spreads assumed or from "
            f"ranges) with {self.n('difference.attenuation', '.2f')}. "
            f"{verdict}"
        )

    def likeness_sentence(self) -> Markdown:
        """Return how alike the slices of a patient are, and whether slices and tumours tell the class without and with a difference."""
        none, whole = "likeness.effect_0", "likeness.effect_100"
        given = (
            ": this is what a split by image gives away" if self.n.value(f"{none}.same_patient_percent") > 50 else ""
        )
        one, other = self.n.value("difference.classes")
        return Markdown(
            f"Of {self.n(f'{none}.slices')} slices without any difference between the classes, {self.n(f'{none}.same_patient_percent', '.1f')} % "
            f"have the most similar other slice in the same patient{given}. Among other patients the most similar slice has the same class in "
            f"{self._same_class(none)}. With the full difference the share is {self._same_class(whole)}. In brackets is where 95 % of the shares lie "
            f"when the classes are dealt to the patients at random. The mean grey value of the tumour was "
            f"compared in a direction fixed beforehand, {one} brighter than {other}. Its area under the ROC curve is {self._area(none)} without "
            f"and {self._area(whole)} with the full difference."
        )

    def _same_class(self, at: str) -> str:
        """Return the share of the same class with what chance would give, and the verdict."""
        share, (low, high) = self.n.value(f"{at}.same_class_percent"), self.n.value(f"{at}.chance")
        verdict = "less than" if share < low else "more than" if share > high else "no different from"
        return f"{self.n(f'{at}.same_class_percent', '.1f')} %, {verdict} chance ({self.n.interval(f'{at}.chance', '.1f')} %)"

    def _area(self, at: str) -> str:
        """Return an area with its interval and whether that holds one half."""
        low, high = self.n.value(f"{at}.interval")
        if low is None or high is None:
            return f"{self.n(f'{at}.auc', '.2f')} (no interval)"
        verdict = "better than chance" if low > 0.5 else "below chance" if high < 0.5 else "no different from chance"
        return f"{self.n(f'{at}.auc', '.2f')} (95 % interval {self.n.interval(f'{at}.interval', '.2f')}, {verdict})"

    def tissues_sentence(self) -> Markdown:
        """Return which tissues are measured as they were set, and why others are not."""
        every, away = len(self.n.value("tissues")), self.n.value("away")
        words = f"Mean measured and mean set attenuation differ by at most {self.n('near', 'g')} HU in {every - len(away)} of {every} tissues."
        if not away:
            return Markdown(words)
        near = self.n.value("near")
        scanned = [name for name in away if self.n.value(f"tissues.{name}.worst") <= near]
        said = "; ".join(
            f"{name.replace('_', ' ')}, set {self.n(f'tissues.{name}.set', '.1f')}, measured {self.n(f'tissues.{name}.measured', '.1f')} HU"
            for name in away
        )
        words += f" Further apart: {said}."
        if scanned:
            names = " and ".join(name.replace("_", " ") for name in scanned)
            words += (
                f" Before the scanner no patient's mean of {names} is further off than "
                f"{', '.join(self.n(f'tissues.{name}.worst', '.1f') for name in scanned)} HU, so the difference comes with slice thickness and "
                "kernel: thin layers mix with air and fat."
            )
        if rest := [name.replace("_", " ") for name in away if name not in scanned]:
            words += f" In {' and '.join(rest)} it is there before the scanner."
        return Markdown(words)

    def tumours_table(self) -> Html:
        """Return set and measured attenuation of the tumours."""
        columns = [Column("Subtype"), Column("Phase"), Column("Set, HU", True), Column("Measured, HU", True)]
        columns += [Column("SD over patients, HU", True), Column("Patients", True)]
        rows: list[Row] = []
        for subtype in self.n.value("tumours"):
            for phase in PHASES:
                at = f"tumours.{subtype}.{phase}"
                numbers = [self.n.cell(f"{at}.{key}", ".1f") for key in ("set", "measured", "sd")]
                rows.append([subtype.replace("_", " "), phase, *numbers, self.n.cell(f"{at}.patients")])
        return tables.table(columns, rows, "Attenuation of the tumours", "simulator-tumours")

    def tissues_table(self) -> Html:
        """Return set and measured attenuation of every tissue."""
        columns = [Column("Tissue"), Column("Set, mean HU", True), Column("Measured, mean HU", True)]
        columns += [Column("Largest difference before the scanner, HU", True), Column("Patients", True)]
        rows: list[Row] = []
        for tissue in self.n.value("tissues"):
            at = f"tissues.{tissue}"
            numbers = [self.n.cell(f"{at}.{key}", ".1f") for key in ("set", "measured", "worst")]
            rows.append([tissue.replace("_", " "), *numbers, self.n.cell(f"{at}.patients")])
        return tables.table(columns, rows, "Attenuation of every tissue", "simulator-tissues")

    def physics_sentence(self) -> Markdown:
        """Return how many of the numbers are assumed."""
        return Markdown(
            f"The simulator has {self.n('physics.numbers')} numbers; {self.n('physics.assumed')} of them, or their spread, are assumed, and say so. "
            "What is said to come from a publication was taken from abstracts and secondary sources; check the publisher's copy."
        )

    def physics_table(self) -> Html:
        """Return every number of the simulator with its source."""
        names = ["group", "name", "quantity", "value", "unit", "source"]
        rows: list[Row] = [
            [str(row[name]) for name in names]
            for row in self.run.tables["physics"][names].fillna("").to_dict("records")
        ]
        columns = [Column(name.capitalize()) for name in names]
        return tables.table(columns, rows, "Every number of the simulator", "simulator-physics", filters=True)


def open_chapter(run: str = "best") -> Simulator:
    """Return the chapter of a stored run, see :func:`dlrrc_core.chapters.baseline.open_run`."""
    return Simulator(*open_run("simulator", run))
