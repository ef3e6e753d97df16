"""The chapter on leakage: accuracy when the images of one patient lie on both sides of the split."""

from __future__ import annotations

from IPython.display import Markdown

from dlrrc_core import figures, tables
from dlrrc_core.chapters.baseline import LEVELS, Baseline, open_run, percent_cells
from dlrrc_core.tables import Cell, Column, Html, Row

CONDITIONS = {
    "image": "split by image",
    "copies": "augmented, then split by image",
    "patient": "split by patient",
}
SETS = {"held_out": "held out", "new_patients": "new patients"}
NONE, WHOLE = "effect_0", "effect_100"


class Leakage(Baseline):
    """Numbers, tables and figure of the chapter on leakage."""

    @property
    def places(self) -> list[tuple[str, str, str]]:
        """Every condition, effect and test set that was run."""
        found = self.n.value("conditions")
        return [
            (condition, effect, name)
            for condition in CONDITIONS
            if condition in found
            for effect in found[condition]
            for name in SETS
        ]

    def _said(self, condition: str, effect: str, name: str, level: str) -> str:
        """Return an accuracy with its interval as words."""
        at = f"conditions.{condition}.{effect}.{name}.pooled.{level}.accuracy"
        return f"{self.n(f'{at}.percent', '.1f')} % (95 % interval {self.n.interval(f'{at}.interval', '.1f')})"

    def no_effect_sentence(self) -> Markdown:
        """Return what was found where the images hold no sign of the class."""
        said = {
            (condition, name): self._said(condition, NONE, name, "image")
            for condition in ("image", "patient")
            for name in SETS
        }
        return Markdown(
            "In these images the class cannot be told: both classes look the same. Split by image, the network is nevertheless right on "
            f"{said['image', 'held_out']} of the held out images. The same networks, asked about patients they never saw, are right on "
            f"{said['image', 'new_patients']}. Split by patient, {said['patient', 'held_out']} of the held out images are right, and "
            f"{said['patient', 'new_patients']} of those of new patients."
        )

    def votes_sentence(self) -> Markdown:
        """Return whether votes of the slices of a case change that."""
        return Markdown(
            f"Letting the images of a case vote does not mend it: after a split by image {self._said('image', NONE, 'held_out', 'votes')} of "
            f"the held out cases are right, on new patients {self._said('image', NONE, 'new_patients', 'votes')}."
        )

    def copies_sentence(self) -> Markdown:
        """Return what copies made before the split do."""
        at = f"conditions.copies.{NONE}.selected"
        return Markdown(
            f"Making augmented copies of all images first and splitting these gives {self._said('copies', NONE, 'held_out', 'image')} of the held "
            f"out copies and {self._said('copies', NONE, 'held_out', 'votes')} of the cases, against "
            f"{self._said('copies', NONE, 'new_patients', 'image')} of the images of new patients. Rotated, flipped and blurred copies are harder to "
            f"learn by heart than plain images: after these rounds the highest validation accuracy was still {self.n(f'{at}.highest', '.1f')} %."
        )

    def selected_sentence(self) -> Markdown:
        """Return the highest validation accuracy, which is what the seed paper prints for validation."""
        at = f"conditions.{{}}.{NONE}.selected"
        image, patient = at.format("image"), at.format("patient")
        return Markdown(
            f"The highest validation accuracy of a training, the kind of number that a table of validation results holds, was "
            f"{self.n(f'{image}.lowest', '.1f')} to {self.n(f'{image}.highest', '.1f')} % with a split by image and "
            f"{self.n(f'{patient}.lowest', '.1f')} to {self.n(f'{patient}.highest', '.1f')} % with a split by patient. Choosing the best round "
            "out of many lifts the second, too: the validation patients are few, and they chose."
        )

    def effect_sentence(self) -> Markdown:
        """Return what was found where the classes differ."""
        return Markdown(
            f"Where the classes differ as much as published enhancement values say, the split by patient finds it: "
            f"{self._said('patient', WHOLE, 'new_patients', 'image')} of the images and "
            f"{self._said('patient', WHOLE, 'new_patients', 'votes')} of the cases of new patients are right. The split by image promises "
            f"{self._said('image', WHOLE, 'held_out', 'image')} of the images and keeps {self._said('image', WHOLE, 'new_patients', 'image')}."
        )

    def table(self) -> Html:
        """Return the accuracy of every condition, effect, test set and level."""
        columns = [Column("Split"), Column("Classes differ"), Column("Tested on"), Column("Level")]
        columns += [Column("Accuracy, %", True), Column("95 % interval over patients", True)]
        columns += [
            Column("Lowest seed", True),
            Column("Highest seed", True),
            Column("n", True),
            Column("Patients", True),
        ]
        rows: list[Row] = []
        for condition, effect, name in self.places:
            at = f"conditions.{condition}.{effect}.{name}"
            for level in self.n.value(f"{at}.pooled"):
                seeds = [each[level]["accuracy"]["percent"] for each in self.n.value(f"{at}.seeds")]
                rows.append(
                    [
                        CONDITIONS[condition],
                        tables.yes_no(effect != NONE),
                        SETS[name],
                        LEVELS[level],
                        *percent_cells(self.n, f"{at}.pooled.{level}.accuracy"),
                        *(Cell(tables.format_number(value, ".1f"), sort=value) for value in (min(seeds), max(seeds))),
                        self.n.cell(f"{at}.pooled.{level}.accuracy.n"),
                        self.n.cell(f"{at}.pooled.{level}.accuracy.patients"),
                    ]
                )
        return tables.table(columns, rows, "Accuracy by split", "leakage-accuracy", filters=True)

    def figure(self) -> Html:
        """Return the accuracy on images of every condition, held out and on new patients."""
        figure, axes = figures.canvas(height=1.6 + 0.42 * len(self.places))
        labels = []
        for y, (condition, effect, name) in enumerate(self.places):
            at = f"conditions.{condition}.{effect}.{name}"
            value, (low, high) = (
                self.n.value(f"{at}.pooled.image.accuracy.{part}") for part in ("percent", "interval")
            )
            kind = list(SETS).index(name)
            colour = figures.COLOURS[("own-2", "own")[kind]]
            seeds = [each["image"]["accuracy"]["percent"] for each in self.n.value(f"{at}.seeds")]
            axes.plot(seeds, [y + 0.22] * len(seeds), "|", color=colour, markersize=7)
            ends = [[0 if low is None else value - low], [0 if high is None else high - value]]
            axes.errorbar([value], [y], xerr=ends, color=colour, marker=figures.MARKERS[kind], markersize=5, capsize=3)
            labels.append(f"{CONDITIONS[condition]}, {'signal' if effect != NONE else 'no signal'}: {SETS[name]}")
        axes.axvline(50, linestyle=":", color=figures.COLOURS["line"], linewidth=1)
        axes.set_yticks(range(len(labels)), labels, fontsize=8)
        axes.invert_yaxis()
        axes.set(xlim=(20, 102), xlabel="Images answered rightly, %")
        alt = (
            "Accuracy on images under each way of splitting. Without signal, held out images of a split by image are answered rightly far above "
            "chance while images of new patients are at chance."
        )
        caption = (
            "Share of right answers on images. Squares: patients that the network never saw. Circles: images held out by the same split. Bars are "
            "95 % intervals over patients, strokes single seeds, the dotted line is chance."
        )
        return figures.static(figure, "figure-leakage", alt, caption, self.table())


def open_chapter(run: str = "best") -> Leakage:
    """Return the chapter of a stored run, see :func:`dlrrc_core.chapters.baseline.open_run`."""
    return Leakage(*open_run("leakage", run))
