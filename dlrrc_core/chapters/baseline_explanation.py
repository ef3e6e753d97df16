"""The chapter on heat maps: how often they point to the tumour, by what the network had learned."""

from __future__ import annotations

from typing import Any

from IPython.display import Markdown

from dlrrc_core import figures, tables
from dlrrc_core.baseline.findings.explanation import CONDITIONS, SETS
from dlrrc_core.chapters.baseline import Baseline, open_run, percent_cells
from dlrrc_core.tables import Cell, Column, Html, Row

LABELS = {
    "signal": "difference between the classes",
    "leak": "patients (split by image)",
    "scanner": "scanner (class goes with centre)",
}
WORDS = {
    "signal": "learned from classes that differ",
    "leak": "learned from classes that do not differ, split by image",
    "scanner": "learned from classes that do not differ but come from different centres",
}
ANSWERS = {"right": "right answers", "wrong": "wrong answers"}


class Explanation(Baseline):
    """Numbers, tables, figure and pictures of the chapter on heat maps."""

    @property
    def layers(self) -> list[dict[str, Any]]:
        """The layers whose maps were weighed, with key, name, cells and whether they are able to point to a tumour."""
        found: list[dict[str, Any]] = self.n.value("layers")
        return found

    @property
    def told(self) -> list[tuple[int, str]]:
        """Number and key of the layers that are able to point to a tumour."""
        return [(k, layer["key"]) for k, layer in enumerate(self.layers) if layer["able"]]

    @property
    def shown(self) -> str:
        """Key of the layer that the pictures show."""
        return str(self.layers[0]["key"])

    def at(self, condition: str, where: str = "new_patients", layer: str | None = None) -> str:
        """Return where the numbers of a condition stand."""
        return f"conditions.{condition}.{where}.{layer or self.shown}"

    def _said(self, path: str) -> str:
        """Return a share with its interval as words."""
        interval = self.n.value(f"{path}.interval")
        words = "" if interval[0] is None else f" (95 % interval {self.n.interval(f'{path}.interval', '.1f')})"
        return f"{self.n(f'{path}.percent', '.1f')} %{words}"

    def _layer(self, k: int) -> str:
        """Return a layer as words."""
        cells = self.n(f"layers.{k}.cells")
        return f"maps of {cells} x {cells} cells"

    def learned_sentence(self) -> Markdown:
        """Return what the networks had learned."""
        said = "; ".join(
            f"networks that {WORDS[each]} are right on {self._said(self.at(each, 'held_out') + '.accuracy')} of the held out images and on "
            f"{self._said(self.at(each) + '.accuracy')} of those of new patients"
            for each in CONDITIONS
        )
        sizes = "; ".join(
            f"{self.n(f'training.{each}.images')} images of {self.n(f'training.{each}.patients')} patients in {self.n(f'training.{each}.rounds')} "
            f"rounds ({LABELS[each]})"
            for each in CONDITIONS
        )
        return Markdown(
            f"With {len(self.n.value('seeds'))} networks of each kind: {said}. Each learned from {sizes}. "
            "New patients of the third kind come from the same two centres, "
            "the class again going with the centre; what is left where it does not stands in the chapter on centres."
        )

    def pointing_sentence(self) -> Markdown:
        """Return how often the maps point to the tumour."""
        said = "; ".join(
            f"{self._said(self.at(each) + '.hit')} for networks that {WORDS[each]}, and "
            f"{self.n(self.at(each) + '.chance.percent', '.1f')} % for the same maps with their cells in random places"
            for each in CONDITIONS
        )
        return Markdown(
            f"The highest point of the map ({self._layer(0)}) lies in the tumour in so many slices of new patients: {said}. Random places are not a "
            f"random point: the tumour is {self.n(self.at('signal') + '.area.percent', '.1f')} % of the image, and coarse maps cannot point "
            f"everywhere. A map that always points to the middle of the image would hit in "
            f"{self.n(self.at('signal') + '.middle.percent', '.1f')} %: the images are cut around the tumour. "
            "All intervals here are over patients and take the trained networks as given."
        )

    def above_sentence(self) -> Markdown:
        """Return whether maps of networks that learned nothing true are above chance."""
        said, above = [], 0
        for each in ("leak", "scanner"):
            for k, layer in self.told:
                path = f"{self.at(each, layer=layer)}.above"
                low, high = self.n.value(f"{path}.interval")
                kind = (
                    "no interval"
                    if low is None
                    else "above"
                    if low > 0
                    else "below"
                    if high < 0
                    else "not told apart from chance"
                )
                above += kind == "above"
                said.append(
                    f"{LABELS[each]}, {self._layer(k)}: {self.n(f'{path}.percent', '+.1f')} points, {kind}"
                    + ("" if low is None else f" ({self.n.interval(f'{path}.interval', '.1f')})")
                )
        read = (
            " Where it is above, the maps can be read as attention to the tumour, though nothing in the tumour's biology belongs to the class."
            if above
            else " None is above."
        )
        return Markdown(
            "Share of hits less that of the same maps with their cells in random places, for the networks that had nothing true to learn: "
            f"{'; '.join(said) or 'no layer is able to hit'}.{read if said else ''}{self._left_out()}"
        )

    def _left_out(self) -> str:
        """Return which layers the sentences leave out, and why."""
        said = [
            f"{self._layer(k)} ({self.n(self.at('signal', layer=layer['key']) + '.chance.percent', '.1f')} % by chance)"
            for k, layer in enumerate(self.layers)
            if not layer["able"]
        ]
        if not said:
            return ""
        return (
            f" Left out: {', '.join(said)}. Their highest point lies at a border or in a corner, away from the tumour, whatever a network "
            "has learned: they miss by arithmetic."
        )

    def less_sentence(self) -> Markdown:
        """Return how much better the maps of the networks with signal point."""
        said = []
        for each in ("leak", "scanner"):
            for k, layer in self.told:
                path = f"less.{each}.{layer}"
                said.append(
                    f"{LABELS[each]}, {self._layer(k)}: {self.n(f'{path}.percent', '+.1f')} points "
                    f"({self.n.interval(f'{path}.interval', '.1f')})"
                )
        sizes = " and ".join(f"{self.n(f'training.{each}.seen')} ({LABELS[each]})" for each in CONDITIONS)
        return Markdown(
            f"Hits of the networks that learned a true difference, less those of the others: {'; '.join(said) or 'no layer is able to hit'}. The "
            f"networks differ in the size of their training too: images in all rounds were {sizes}. With one picture in hand "
            "nobody has this comparison."
        )

    def answers_sentence(self) -> Markdown:
        """Return whether maps of right and wrong answers differ."""
        said = []
        for each in CONDITIONS:
            known = [name for name in ANSWERS if self.n.value(f"{self.at(each)}.{name}") is not None]
            parts = " and ".join(
                f"{self._said(f'{self.at(each)}.{name}.hit')} of the {ANSWERS[name]}" for name in known
            )
            said.append(f"{LABELS[each]}: {parts}")
        return Markdown("Hits by answer, new patients. " + "; ".join(said) + ".")

    def pictures(self) -> Html:
        """Return the stored pictures of every condition."""
        return Html("".join(self.picture(each, *self._words(each)).html for each in CONDITIONS))

    def _words(self, condition: str) -> tuple[str, str]:
        """Return alternative text and caption of a picture."""
        hits = self.n.value(f"{self.at(condition)}.hit.percent")
        alt = (
            f"Four simulated slices with the outline of the tumour, below them the same with a heat map, for a network that {WORDS[condition]}. "
            f"Over all slices of new patients {hits:.0f} per cent of the maps have their highest point in the tumour."
        )
        caption = (
            f"Network that {WORDS[condition]}; the first new patients with right and with wrong answers, not the best looking ones. White: true "
            "outline. Red: speaks most for the given answer, blue: least; each map is scaled by its own maximum."
        )
        return alt, caption

    def table(self) -> Html:
        """Return every condition, test set and layer."""
        columns = [Column("What could be learned", facet=True), Column("Tested on", facet=True), Column("Cells", True)]
        columns += [Column("Accuracy, %", True), Column("95 % interval", True), Column("Points to the tumour, %", True)]
        columns += [
            Column("95 % interval", True),
            Column("Cells in random places, %", True),
            Column("Tumour in the image, %", True),
            Column("Middle of the image, %", True),
        ]
        columns += [Column("Share of the map in the tumour, %", True), Column("95 % interval", True)]
        columns += [
            Column("Lowest seed", True),
            Column("Highest seed", True),
            Column("Images", True),
            Column("Patients", True),
        ]
        rows: list[Row] = []
        for condition in CONDITIONS:
            for where, label in SETS.items():
                for layer in self.layers:
                    at = self.at(condition, where, layer["key"])
                    seeds = [each["hit"] for each in self.n.value(f"{at}.seeds")]
                    cells: list[Cell] = [
                        tables.number_cell(layer["cells"]),
                        *percent_cells(self.n, f"{at}.accuracy"),
                        *percent_cells(self.n, f"{at}.hit"),
                        self.n.cell(f"{at}.chance.percent", ".1f"),
                        self.n.cell(f"{at}.area.percent", ".1f"),
                        self.n.cell(f"{at}.middle.percent", ".1f"),
                        *percent_cells(self.n, f"{at}.mass"),
                        *(tables.number_cell(value, ".1f") for value in (min(seeds), max(seeds))),
                        self.n.cell(f"{at}.hit.n"),
                        self.n.cell(f"{at}.hit.patients"),
                    ]
                    rows.append([LABELS[condition], label, *cells])
        return tables.table(columns, rows, "Where heat maps point", "explanation-pointing", filters=True)

    def figure(self) -> Html:
        """Return how often maps point to the tumour, by condition and layer, on new patients."""
        places = [(condition, k) for condition in CONDITIONS for k in range(len(self.layers))]
        figure, axes = figures.canvas(height=1.6 + 0.42 * len(places))
        labels = []
        for y, (condition, k) in enumerate(places):
            place = self.n.value(self.at(condition, layer=self.layers[k]["key"]))
            low, high = place["hit"]["interval"]
            colour = figures.COLOURS[("own", "own-2", "mean")[CONDITIONS.index(condition)]]
            if low is not None and high is not None:
                axes.plot([low, high], [y, y], color=colour, linewidth=1.2)
            marker = figures.MARKERS[CONDITIONS.index(condition)]
            axes.plot([place["hit"]["percent"]], [y], marker, color=colour, markersize=5)
            chance, middle = place["chance"]["percent"], place["middle"]["percent"]
            word = "cells in random places" if y == 0 else None
            axes.plot([chance], [y], "|", color=figures.COLOURS["line"], markersize=13, label=word)
            axes.plot(
                [middle],
                [y],
                "x",
                color=figures.COLOURS["line"],
                markersize=5,
                label="middle of the image" if y == 0 else None,
            )
            seeds = [each["hit"] for each in place["seeds"]]
            axes.plot(seeds, [y + 0.24] * len(seeds), "|", color=colour, markersize=6)
            cells = self.layers[k]["cells"]
            labels.append(f"{LABELS[condition]}, {cells} x {cells} cells")
        axes.set_yticks(range(len(labels)), labels, fontsize=8)
        axes.invert_yaxis()
        axes.set(xlim=(-3, 103), xlabel="Maps whose highest point lies in the tumour, %")
        figures.legend(axes)
        alt = (
            "Share of heat maps that point to the tumour, by what the network could learn and by the size of the maps, with chance and the share of "
            "a map that always points to the middle. The numbers are in the table below."
        )
        caption = (
            "Pointing game on slices of new patients: share of maps whose highest point lies in the tumour, with 95 % intervals over patients; "
            "strokes below: single seeds. Grey strokes: the same maps with their cells in random places; grey crosses: the middle of the image."
        )
        return figures.static(figure, "figure-explanation", alt, caption, self.table())


def open_chapter(run: str = "best") -> Explanation:
    """Return the chapter of a stored run, see :func:`dlrrc_core.chapters.baseline.open_run`."""
    return Explanation(*open_run("explanation", run))
