"""The chapter on the rebuilt baseline: which runs are stored, what the recipe gives, and what the checklist says to our own record."""

from __future__ import annotations

from IPython.display import Markdown

from dlrrc_core import figures, repository, tables
from dlrrc_core.baseline import store
from dlrrc_core.baseline.findings.common import side
from dlrrc_core.chapters.baseline import LEVELS, Baseline, bin_cells, open_run, percent_cells
from dlrrc_core.tables import Cell, Column, Html, Row

SEED_PAPER = "zuo2021"
WORDS = {  # where the name of a parameter does not say it
    "size": "pixels along each side of an image",
    "slices_per_patient": "images per patient",
    "epochs": "rounds at most",
    "patience": "rounds without a better one before the end",
    "best_by": "kept round chosen by validation",
    "variants_per_epoch": "augmented variants of an image per round",
    "train": "share for training",
    "valid": "share for validation",
    "draws": "bootstrap samples",
    "seeds": "trainings",
}
CURVES = {"loss": "Loss (cross-entropy)", "accuracy": "Accuracy"}


class Recipe(Baseline):
    """Numbers, tables and figures of the chapter on the recipe."""

    def runs_table(self) -> Html:
        """Return every stored run of every experiment with its question, set, device and date."""
        columns = [
            Column("Experiment"),
            Column("Question"),
            Column("Set"),
            Column("Device"),
            Column("Date"),
            Column("Minutes", True),
        ]
        rows: list[Row] = []
        for each in store.runs(repository.find_root()):
            record = each.record
            device = str(record.hardware.get("gpu") or record.hardware.get("cpu"))
            minutes = Cell(f"{record.seconds / 60:.1f}", sort=record.seconds)
            rows.append([each.about.title, each.about.question, record.scale, device, record.date, minutes])
        return tables.table(columns, rows, "Stored runs", "baseline-runs")

    def departures_sentence(self) -> Markdown:
        """Return in what the stored run departs from the full recipe."""
        found = self.n.value("departures")
        said = [
            f"{WORDS.get(each['name'], each['name'].replace('_', ' '))} {self.n(f'departures.{i}.used')} (not {self.n(f'departures.{i}.full')})"
            for i, each in enumerate(found)
        ]
        if not said:
            return Markdown(
                "The stored run departs in nothing from the full recipe, which follows what the paper prints where it prints it."
            )
        return Markdown(
            "The full recipe follows what the paper prints where it prints it, image size, number of images and augmentation among it. The stored "
            f"run departs from it in {len(said)} settings: {'; '.join(said)}."
        )

    def accuracy_sentence(self) -> Markdown:
        """Return the accuracy of each training, and whether their mean differs from tossing a coin."""
        coin = f"{self.n('coin', '.0f')} %, what tossing a coin gives"
        said = []
        for level, words in (("image", "images"), ("mean_probability", "cases, by mean probability")):
            at = f"accuracy.{level}"
            each = ", ".join(self.n(f"{at}.values.{k}", ".1f") for k in range(self.n.value(f"{at}.n")))
            verdict = {
                "above": f"above {coin}",
                "below": f"below {coin}",
                "open": f"not told apart from {coin}",
                "unknown": "about which one training says nothing",
            }[side(self.n.value(f"{at}.interval"), self.n.value("coin"))]
            said.append(
                f"{each} % of {words}, on average {self.n(f'{at}.mean', '.1f')} % (95 % t interval over trainings "
                f"{self.n.interval(f'{at}.interval', '.1f')}), {verdict}"
            )
        return Markdown(
            f"The {self.n('accuracy.image.n')} trainings were right on {'; and on '.join(said)}. The intervals in the tables below are over "
            "patients and take the trained networks as given."
        )

    def printed_table(self) -> Html:
        """Return the accuracies that the seed paper prints for MobileNetV2, a number that is printed twice once."""
        columns = [Column("Number"), Column("Set"), Column("Level"), Column("Accuracy, %", True)]
        rows: dict[tuple[str, str, str], Row] = {}
        for row in repository.here().papers[SEED_PAPER].results:
            if row.model == "MobileNetV2" and row.level and "accuracy" in row.values:
                value = row.values["accuracy"].removesuffix("%")
                part = str(row.split).partition(" (")[0]  # validation, and validation (best)
                number = Cell(value, sort=float(value))
                rows[part, str(row.level), value] = [
                    Cell("published", badge="published"),
                    str(row.split),
                    str(row.level),
                    number,
                ]
        caption = "Accuracy as the paper prints it, on its own patients"
        return tables.table(columns, rows.values(), caption, "recipe-printed")

    def accuracy_table(self) -> Html:
        """Return our accuracies on simulated patients."""
        columns = [
            Column("Number"),
            Column("Set"),
            Column("Level"),
            Column("Accuracy, %", True),
            Column("95 % interval", True),
        ]
        ours = Cell("our simulation", badge="own")
        rows: list[Row] = [
            [ours, "new simulated patients", words, *percent_cells(self.n, f"pooled.{level}.accuracy")]
            for level, words in LEVELS.items()
        ]
        return tables.table(
            columns, rows, "Accuracy of the stored run on simulated patients: not a replication", "recipe-accuracy"
        )

    def metrics_table(self) -> Html:
        """Return every metric at every level with interval and method."""
        columns = [
            Column("Level"),
            Column("Metric"),
            Column("Value, %", True),
            Column("95 % interval", True),
            Column("n", True),
        ]
        columns += [Column("Patients", True), Column("Method of the interval")]
        rows: list[Row] = []
        for level, words in LEVELS.items():
            for metric in self.n.value(f"pooled.{level}"):
                at = f"pooled.{level}.{metric}"
                cells = [*percent_cells(self.n, at), self.n.cell(f"{at}.n"), self.n.cell(f"{at}.patients")]
                rows.append([words, metric.replace("_", " "), *cells, self.n.value(f"{at}.method")])
        caption = "Every metric on the test patients of all seeds; areas are means over their networks"
        return tables.table(columns, rows, caption, "recipe-metrics", filters=True)

    def workload_sentence(self) -> Markdown:
        """Return what one training took."""
        first = "trainings.0"
        return Markdown(
            f"The first of {len(self.n.value('trainings'))} trainings ran for {self.n(f'{first}.epochs')} rounds in "
            f"{self.n(f'{first}.minutes', '.1f')} minutes, at {self.n(f'{first}.images_per_second', '.0f')} images per second, did "
            f"{self.n(f'{first}.teraflops', '.1f')} teraFLOPs in all, and kept the weights of round {self.n(f'{first}.best_epoch')}."
        )

    def curves_figure(self) -> Html:
        """Return loss and accuracy over the rounds, training and validation, one line per seed."""
        figure, panels = figures.panels(2, 3.4)
        seeds = list(self.n.value("curves"))
        for panel, (kind, label) in zip(panels, CURVES.items(), strict=True):
            for part, colour, style in (("train", "own", "-"), ("valid", "own-2", "--")):
                for k, seed in enumerate(seeds):
                    values = self.n.value(f"curves.{seed}.{part}_{kind}")
                    words = {"train": "training", "valid": "validation"}[part] if k == 0 else None
                    panel.plot(
                        range(1, len(values) + 1),
                        values,
                        style,
                        color=figures.COLOURS[colour],
                        linewidth=1.2,
                        label=words,
                    )
            panel.set(xlabel="Round through the training images", ylabel=label)
        figures.legend(panels[0], x=1.0, y=1.18)
        columns = [
            Column("Seed"),
            Column("Round", True),
            *(Column(name) for name in ("training loss", "training accuracy")),
        ]
        columns += [Column("validation loss"), Column("validation accuracy")]
        rows: list[Row] = []
        for seed in seeds:
            found = self.n.value(f"curves.{seed}")
            for k in range(len(found["train_loss"])):
                names = ("train_loss", "train_accuracy", "valid_loss", "valid_accuracy")
                rows.append([seed, Cell(str(k + 1), sort=k + 1), *(f"{found[name][k]:.3f}" for name in names)])
        numbers = tables.table(columns, rows, "Learning curves", "recipe-curves")
        alt = f"Learning curves of {len(seeds)} seeds: loss and accuracy of training and validation images over the rounds."
        caption = "Learning curves of every seed. Full lines: training images, augmented, while they are learned. Broken lines: validation images."
        return figures.static(figure, "figure-curves", alt, caption, numbers)

    def calibration_figure(self) -> Html:
        """Return the reliability diagram of the images."""
        figure, axes = figures.canvas(4.6, 4.2)
        bins = [each for each in self.n.value("calibration.bins") if each["n"]]
        axes.plot([0, 1], [0, 1], ":", color=figures.COLOURS["line"], linewidth=1)
        axes.plot(
            [b["confidence"] for b in bins],
            [b["observed"] for b in bins],
            "o-",
            color=figures.COLOURS["own"],
            markersize=5,
        )
        axes.set(
            xlim=(0, 1), ylim=(0, 1), xlabel="Predicted probability of papillary", ylabel="Share that is papillary"
        )
        columns = [
            Column("Bin"),
            Column("Images", True),
            Column("Mean probability", True),
            Column("Share of papillary", True),
        ]
        rows: list[Row] = [bin_cells(each) for each in bins]
        numbers = tables.table(columns, rows, "Reliability of the probabilities", "recipe-calibration")
        alt = "Reliability diagram: share of papillary images against predicted probability, in ten bins, with the diagonal of perfect calibration."
        caption = "Reliability of the probabilities on images of new simulated patients, all seeds. On the dotted line they would mean what they say."
        return figures.static(figure, "figure-calibration", alt, caption, numbers)

    def calibration_sentence(self) -> Markdown:
        """Return the expected calibration error and the Brier score."""
        at = "calibration"
        return Markdown(
            f"Expected calibration error {self.n(f'{at}.error.value', '.3f')} ({self.n.interval(f'{at}.error.interval', '.3f')}), Brier score "
            f"{self.n(f'{at}.brier.value', '.3f')} ({self.n.interval(f'{at}.brier.interval', '.3f')}), both with 95 % intervals over patients."
        )

    def checklist_sentence(self) -> Markdown:
        """Return what our own record would score."""
        items = self.n.value("checklist.items")
        return Markdown(
            f"Items {items[0]} to {items[-1]} of the checklist ask what a paper says about software, hardware and training. Our own run records "
            f"answer them with {self.n('checklist.units')} of {self.n('checklist.most')} units. The record is checked by code; a person "
            "would still have to judge whether the model fits the task."
        )

    def checklist_table(self) -> Html:
        """Return the items on training with the evidence that our run record holds."""
        columns = [
            Column("Item", True),
            Column("Title"),
            Column("Answer"),
            Column("Units", True),
            Column("Evidence in the run record"),
        ]
        instrument = repository.here().checklist
        table = self.run.tables["checklist"]
        rows: list[Row] = [
            [
                Cell(str(row["item"]), sort=row["item"]),
                instrument.items[row["item"]].title,
                row["answer"],
                f"{row['units']} of {row['most']}",
                row["evidence"],
            ]
            for row in table[table["seed"] == table["seed"].min()].to_dict("records")
        ]
        return tables.table(
            columns, rows, "The checklist's items on training, applied to our own run", "recipe-checklist"
        )


def open_chapter(run: str = "best") -> Recipe:
    """Return the chapter of a stored run, see :func:`dlrrc_core.chapters.baseline.open_run`."""
    return Recipe(*open_run("recipe", run))
