"""The chapter on the public cohorts: what they hold, and the recipe on them where their images were at hand."""

from __future__ import annotations

from IPython.display import Markdown

from dlrrc_core import repository, strict_yaml, tables
from dlrrc_core.chapters.baseline import Baseline, open_run, percent_cells
from dlrrc_core.tables import Cell, Column, Html, Row

COHORTS = "data/baseline/cohorts.yaml"


class RealCohort(Baseline):
    """Numbers and tables of the chapter on the public cohorts."""

    def notice(self) -> Html:
        """Return what kind of numbers these are."""
        trained = (
            "the recipe was run on downloaded images."
            if self.n.value("results")
            else ("no image was downloaded for this edition, so nothing was trained on patients.")
        )
        return Html(
            '<div class="dlrrc-banner" role="note"><strong>Public collections.</strong> The counts come from the offline index of the NCI Imaging '
            f"Data Commons, version {self.n('index_version')}; {trained}</div>"
        )

    def holdings_table(self) -> Html:
        """Return what each collection holds, with licence and source."""
        known = strict_yaml.load(repository.find_root() / COHORTS, repository.find_root()).data["cohorts"]
        columns = [
            Column("Collection"),
            Column("Class"),
            Column("CT patients", True),
            Column("with a segmentation", True),
        ]
        columns += [
            Column("CT series", True),
            Column("CT, GB", True),
            Column("Chosen series", True),
            Column("segmented", True),
        ]
        columns += [Column("arterial", True), Column("GB", True), Column("Licence")]
        rows: list[Row] = []
        for name, about in known.items():
            at = f"cohorts.{name.replace('-', '_')}"
            if name.replace("-", "_") not in self.n.value("cohorts"):
                continue
            rows.append(
                [
                    Cell(name.upper(), href=f"https://doi.org/{about['doi']}"),
                    about["class"] or "several, not in the index",
                    *(self.n.cell(f"{at}.{key}") for key in ("ct_patients", "segmented_patients", "ct_series")),
                    self.n.cell(f"{at}.ct_gb", ".1f"),
                    *(self.n.cell(f"{at}.{key}") for key in ("usable", "linked", "arterial")),
                    self.n.cell(f"{at}.size_gb", ".1f"),
                    about["licence"],
                ]
            )
        return tables.table(columns, rows, "What the public collections hold", "cohort-holdings")

    def patients_table(self) -> Html:
        """Return every patient of the collections whose class the index knows, with the chosen series."""
        columns = [
            Column("Collection"),
            Column("Patient"),
            Column("Class"),
            Column("Phase"),
            Column("Images", True),
            Column("MB", True),
        ]
        columns += [Column("Segmentation"), Column("Scanner"), Column("CT series", True)]
        rows: list[Row] = []
        for row in self.run.tables["patients"].fillna("").to_dict("records"):
            if not row["class"]:
                continue
            cells: Row = [row["cohort"].upper(), row["patient"], row["class"], row["phase"] or tables.NOTHING]
            cells += [tables.number_cell(row["instances"]), tables.number_cell(row["size_mb"], ".0f"), row["link"]]
            rows.append([*cells, row["manufacturer"] or tables.NOTHING, tables.number_cell(row["ct_series"])])
        return tables.table(
            columns, rows, "Patients with papillary or chromophobe carcinoma and CT", "cohort-patients", filters=True
        )

    def power_sentence(self) -> Markdown:
        """Return how small a cohort these are."""
        papillary, chromophobe = "cohorts.tcga_kirp", "cohorts.tcga_kich"
        return Markdown(
            f"For the task of {{cite}}`zuo2021` the collections hold {self.n(f'{papillary}.ct_patients')} patients with papillary and "
            f"{self.n(f'{chromophobe}.ct_patients')} with chromophobe carcinoma and CT; the tumour is segmented in "
            f"{self.n(f'{papillary}.segmented_patients')} and {self.n(f'{chromophobe}.segmented_patients')} of them. A test set cut out of so few "
            "patients cannot settle much: see the chapter on small test sets."
        )

    def results(self) -> Html | Markdown:
        """Return the metrics on the test patients, or how to get them."""
        if not self.n.value("results"):
            return Markdown(
                "To run it: `dlrrc cohort build tcga-kirp tcga-kich --folder FOLDER`, then `dlrrc baseline run real-cohort -p data=FOLDER`. The "
                "results then stand here."
            )
        columns = [
            Column("Seed", True),
            Column("Level"),
            Column("Metric"),
            Column("Value, %", True),
            Column("95 % interval", True),
        ]
        columns += [Column("n", True), Column("Patients", True)]
        rows: list[Row] = []
        for i, found in enumerate(self.n.value("results")):
            for level in ("image", "votes", "mean_probability"):
                for metric in found[level]:
                    at = f"results.{i}.{level}.{metric}"
                    cells = [*percent_cells(self.n, at), self.n.cell(f"{at}.n"), self.n.cell(f"{at}.patients")]
                    rows.append([Cell(str(found["seed"])), level.replace("_", " "), metric.replace("_", " "), *cells])
        return tables.table(columns, rows, "The recipe on the public cohorts", "cohort-results", filters=True)


def open_chapter(run: str = "best") -> RealCohort:
    """Return the chapter of a stored run, see :func:`dlrrc_core.chapters.baseline.open_run`."""
    return RealCohort(*open_run("real-cohort", run))
