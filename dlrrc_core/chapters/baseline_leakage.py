"""The chapter on leakage: accuracy when the images of one patient lie on both sides of the split."""

from __future__ import annotations

from IPython.display import Markdown

from dlrrc_core import figures, tables
from dlrrc_core.baseline.findings.common import side
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
        """Return an accuracy with its interval over patients as words."""
        at = f"conditions.{condition}.{effect}.{name}.pooled.{level}.accuracy"
        return f"{self.n(f'{at}.percent', '.1f')} % ({self.n.interval(f'{at}.interval', '.1f')})"

    def _each(self, at: str, fmt: str = ".1f") -> str:
        """Return every number of a list as words."""
        return ", ".join(self.n(f"{at}.{k}", fmt) for k in range(len(self.n.value(at))))

    def no_effect_sentence(self) -> Markdown:
        """Return what was found where the images hold no sign of the class."""
        said = {
            (condition, name): self._said(condition, NONE, name, "image")
            for condition in ("image", "patient")
            for name in SETS
        }
        return Markdown(
            "In these images the class cannot be told: both classes look the same. Split by image, the networks are "
            f"{'nevertheless ' if self._apart('image', 'image') else ''}right on "
            f"{said['image', 'held_out']} of the held out images. The same networks, asked about patients they never saw, are right on "
            f"{said['image', 'new_patients']}. Split by patient, {said['patient', 'held_out']} of the held out images are right, and "
            f"{said['patient', 'new_patients']} of those of new patients. Intervals in brackets are 95 % intervals over patients. They take the "
            f"{len(self.n.value('seeds'))} trained networks as given; another training would give another number."
        )

    def _apart(self, condition: str, level: str) -> bool:
        """Return whether, without a signal, held out images lie above new patients with no overlap of the intervals."""
        low, high = (
            self.n.value(f"conditions.{condition}.{NONE}.{name}.pooled.{level}.accuracy.interval")[end]
            for name, end in (("held_out", 0), ("new_patients", 1))
        )
        return low is not None and high is not None and low > high

    def votes_sentence(self) -> Markdown:
        """Return whether votes of the slices of a case change that."""
        verdict = "does not mend it" if self._apart("image", "votes") else "leaves no difference that shows here"
        return Markdown(
            f"Letting the images of a case vote {verdict}: after a split by image {self._said('image', NONE, 'held_out', 'votes')} of "
            f"the held out cases are right, on new patients {self._said('image', NONE, 'new_patients', 'votes')}."
        )

    def copies_sentence(self) -> Markdown:
        """Return what copies made before the split do."""
        at, other = (f"conditions.{condition}.{NONE}.selected" for condition in ("copies", "image"))
        spread = f"conditions.copies.{NONE}.held_out.trainings.image"
        lower = self.n.value(f"{at}.highest") < self.n.value(f"{other}.lowest")
        harder = (
            "Rotated, flipped and blurred copies were harder to learn by heart than plain images. " if lower else ""
        )
        return Markdown(
            f"Making augmented copies of all images first and splitting these gives {self._said('copies', NONE, 'held_out', 'image')} of the held "
            f"out copies (single trainings {self.n(f'{spread}.lowest', '.1f')} to {self.n(f'{spread}.highest', '.1f')} %) and "
            f"{self._said('copies', NONE, 'held_out', 'votes')} of the cases, against "
            f"{self._said('copies', NONE, 'new_patients', 'image')} of the images of new patients. {harder}"
            f"The highest validation accuracy was {self.n(f'{at}.highest', '.1f')} % for copies and {self.n(f'{other}.highest', '.1f')} % for "
            "plain images."
        )

    def selected_sentence(self) -> Markdown:
        """Return the highest validation accuracy, which is what the seed paper prints for validation."""
        at = f"conditions.{{}}.{NONE}.selected"
        image, patient = at.format("image"), at.format("patient")
        lifted = self.n.value(f"{patient}.mean") > self.n.value("coin")
        why = (
            f" With a split by patient their mean is {self.n(f'{patient}.mean', '.1f')} %, though the class cannot be told: the round was chosen "
            "for being the best of many on few validation patients."
        )
        return Markdown(
            f"The highest validation accuracy of a training, the kind of number that a table of validation results holds, was "
            f"{self.n(f'{image}.lowest', '.1f')} to {self.n(f'{image}.highest', '.1f')} % with a split by image and "
            f"{self.n(f'{patient}.lowest', '.1f')} to {self.n(f'{patient}.highest', '.1f')} % with a split by patient.{why if lifted else ''}"
        )

    def effect_sentence(self) -> Markdown:
        """Return what was found where the classes differ, by training, and whether that is more than tossing a coin."""
        pooled, given = (f"conditions.{c}.{WHOLE}.new_patients.pooled.image.accuracy" for c in ("image", "patient"))
        image, at = (f"conditions.{c}.{WHOLE}.new_patients.trainings.image" for c in ("image", "patient"))
        coin = f"{self.n('coin', '.0f')} %, what tossing a coin gives"
        verdict = {
            "above": f"The interval lies above {coin}: on average, networks trained like this find the difference.",
            "below": f"The interval lies below {coin}.",
            "open": f"The interval holds {coin}: these trainings do not show that networks trained like this find the difference.",
            "unknown": "One training does not say what another would give.",
        }[side(self.n.value(f"{at}.interval"), self.n.value("coin"))]
        return Markdown(
            "Here the classes differ by published mean corticomedullary enhancement and by assumed spreads, textures and features; most of what a "
            f"network could use is assumed. Split by patient, the {self.n(f'{at}.n')} networks are right on {self._each(f'{at}.values')} % of the "
            f"images of new patients, on average {self.n(f'{given}.percent', '.1f')} % (95 % t interval over trainings "
            f"{self.n.interval(f'{at}.interval', '.1f')}). {verdict} The interval over patients, {self.n.interval(f'{given}.interval', '.1f')}, "
            "takes these networks as given and says nothing about others. The split by image promises "
            f"{self._said('image', WHOLE, 'held_out', 'image')} of the images and keeps {self.n(f'{pooled}.percent', '.1f')} % on new patients "
            f"(t interval over trainings {self.n.interval(f'{image}.interval', '.1f')})."
        )

    def splits_sentence(self) -> Markdown:
        """Return how the two splits differ on new patients where the classes differ, and that they learned from different sets."""
        at = f"splits.{WHOLE}"
        verdict = {
            "above": "more than chance explains",
            "below": "more than chance explains",
            "open": "not told apart from no difference",
            "unknown": "about which one pair says nothing",
        }[side(self.n.value(f"{at}.interval"))]
        said = (
            f"On images of new patients, accuracy after the split by image less that after the split by patient is {self.n(f'{at}.mean', '+.1f')} "
            f"points (paired by seed, 95 % t interval {self.n.interval(f'{at}.interval', '+.1f')}), {verdict}."
        )
        image, patient = (f"conditions.{condition}.{WHOLE}.learned" for condition in ("image", "patient"))
        if self.n.value(image) is None or self.n.value(patient) is None:
            return Markdown(said)
        return Markdown(
            f"{said} This cannot be read as a gain from leakage: the networks also learned from different sets. Split by image, training had "
            f"{self.n(f'{image}.train.images')} images of {self.n(f'{image}.train.patients')} patients; split by patient, "
            f"{self.n(f'{patient}.train.images')} images of {self.n(f'{patient}.train.patients')} patients, and "
            f"{self.n(f'{patient}.valid.patients')} other patients decided which round was kept: {self._each(f'{patient}.kept', '')}, "
            f"against {self._each(f'{image}.kept', '')} after the split by image."
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
        held, new = (
            self.n.value(f"conditions.image.{NONE}.{name}.pooled.image.accuracy.percent")
            for name in ("held_out", "new_patients")
        )
        alt = (
            "Accuracy on images under each way of splitting, held out and on new patients. Without signal and split by image it is "
            f"{held:.1f} % held out and {new:.1f} % on new patients."
        )
        caption = (
            "Share of right answers on images. Squares: patients that the network never saw. Circles: images held out by the same split. Bars are "
            "95 % intervals over patients, which take the networks as given; strokes are single trainings, the dotted line is chance."
        )
        return figures.static(figure, "figure-leakage", alt, caption, self.table())


def open_chapter(run: str = "best") -> Leakage:
    """Return the chapter of a stored run, see :func:`dlrrc_core.chapters.baseline.open_run`."""
    return Leakage(*open_run("leakage", run))
