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

    def likeness_sentence(self) -> Markdown:
        """Return how alike the slices of a patient are, and that effect 0 leaves nothing to learn."""
        none, whole = "likeness.effect_0", "likeness.effect_100"
        same, class_ = (self.n(f"{none}.{name}_percent", ".1f") for name in ("same_patient", "same_class"))
        return Markdown(
            f"Of {self.n(f'{none}.slices')} slices without any difference between the classes, {same} % have the most similar other slice in the "
            "same patient: this is what a split by image gives away. Among other patients the most similar slice has the same class in "
            f"{class_} %, no better than chance. The mean grey value of the tumour tells the classes apart with an area under the curve of "
            f"{self.n(f'{none}.auc', '.2f')} without and {self.n(f'{whole}.auc', '.2f')} with the published difference."
        )

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
