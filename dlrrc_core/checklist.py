"""The instrument: items, parts, options and points, read from ``data/checklist/<id>.yaml``.

Points live in that file only. Loading fails unless items, parts and total add up.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from dlrrc_core import strict_yaml
from dlrrc_core.problems import DataError, Problem
from dlrrc_core.records import Identifier, Record, Text

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{2,40}$")]
Points = Annotated[float, Field(ge=0, allow_inf_nan=False)]
UNCLEAR = "unclear"
NOT_APPLICABLE = "not-applicable"
SPECIAL_CODES = (UNCLEAR, NOT_APPLICABLE)


class Option(Record):
    """One answer that may be chosen, with its points."""

    code: Text
    label: Text
    points: Points


class Scale(Record):
    """The options of an item, best first. ``open_code`` is the option under which code, data or weights are open."""

    ordered: bool
    open_code: str | None = None
    options: tuple[Option, ...] = Field(min_length=2)


class Item(Record):
    """One of the 31 questions."""

    id: int
    slug: Slug
    title: Text
    scale: str
    asks: Text
    guidance: Text


class Question(Record):
    """What the guidance of an item leaves open, and papers whose raters answered it differently."""

    text: Text
    seen_in: tuple[Identifier, ...] = Field(min_length=1)


class Questions(Record):
    """``data/checklist/<id>-questions.yaml``: open questions by item."""

    checklist: Text
    questions: dict[int, Question]


class Part(Record):
    """A part of the checklist with its items."""

    id: Literal["I", "II", "III", "IV", "V"]
    title: Text
    points: Points
    items: tuple[Item, ...] = Field(min_length=1)


class Checklist(Record):
    """The whole instrument.

    Attributes
    ----------
    unit_points : float
        Size of one unit in points (2.5); scores are whole numbers of units.
    total_points : float
        Points of a paper that reaches everything (100).
    acceptable_points : float
        Line of "acceptable reproducibility" (50).
    accessibility_part, accessibility_pass_percent
        Part V, and the percentage of its points that passes (50).
    """

    id: Annotated[str, StringConstraints(pattern=r"^[a-z]+-\d+\.\d+$")]
    title: Text
    source: Identifier
    unit_points: Annotated[float, Field(gt=0)]
    total_points: Points
    acceptable_points: Points
    accessibility_part: str
    accessibility_pass_percent: Annotated[float, Field(ge=0, le=100)]
    scales: dict[str, Scale]
    parts: tuple[Part, ...]

    @cached_property
    def items(self) -> dict[int, Item]:
        """Items by number, in order."""
        return {item.id: item for part in self.parts for item in part.items}

    @cached_property
    def part_of(self) -> dict[int, str]:
        """Part of each item."""
        return {item.id: part.id for part in self.parts for item in part.items}

    @cached_property
    def units(self) -> dict[int, dict[str, int]]:
        """Units of each option code, by item: ``units[29]["partial"] == 3``."""
        return {
            number: {option.code: round(option.points / self.unit_points) for option in self.scale(number).options}
            for number, item in self.items.items()
        }

    @cached_property
    def max_units(self) -> dict[int, int]:
        """Units of the best option, by item."""
        return {number: max(codes.values()) for number, codes in self.units.items()}

    @cached_property
    def ordered_items(self) -> tuple[int, ...]:
        """Items with more than two ordered options (14, 26, 29, 30)."""
        return tuple(number for number in self.items if self.scale(number).ordered)

    @cached_property
    def open_items(self) -> dict[int, str]:
        """Items about open code, data and weights, with the option code that means "open"."""
        return {number: code for number in self.items if (code := self.scale(number).open_code) is not None}

    def scale(self, number: int) -> Scale:
        """Return the scale of an item."""
        return self.scales[self.items[number].scale]

    def label(self, number: int, code: str | None) -> str:
        """Return the words for an answer code of an item, for readers."""
        special = {None: "Not answered", UNCLEAR: "Unclear", NOT_APPLICABLE: "Not applicable"}
        if code in special:
            return special[code]
        return {option.code: option.label for option in self.scale(number).options}[str(code)]


def load(path: Path, root: Path) -> Checklist:
    """Read a checklist and prove that it adds up.

    Parameters
    ----------
    path : Path
        ``data/checklist/<id>.yaml``.
    root : Path
        Root of the repository, for messages.

    Returns
    -------
    Checklist

    Raises
    ------
    DataError
        When the schema is broken, ids repeat, a scale is unknown, points are no whole units, or items, parts and total
        do not add up; all problems at once.
    """
    document = strict_yaml.load(path, root)
    checklist = strict_yaml.validate(document, Checklist)
    problems = _problems(checklist, document)
    if problems:
        raise DataError(problems)
    return checklist


def _problems(checklist: Checklist, document: strict_yaml.Document) -> list[Problem]:
    """Return everything in a checklist that does not add up."""
    problems: list[Problem] = []

    def add(location: strict_yaml.Location, found: str, allowed: str) -> None:
        problems.append(document.problem(location, found, allowed))

    for name, scale in checklist.scales.items():
        codes = [option.code for option in scale.options]
        if len(set(codes)) != len(codes) or set(codes) & set(SPECIAL_CODES):
            add(
                ("scales", name),
                f"scale {name} has the codes {codes}",
                f"each code once, none of {list(SPECIAL_CODES)}",
            )
        if scale.open_code is not None and scale.open_code not in codes:
            add(("scales", name, "open_code"), f"open_code is '{scale.open_code}'", f"one of {codes}")
        for i, option in enumerate(scale.options):
            if option.points % checklist.unit_points:
                add(("scales", name, "options", i), f"{option.points} points", f"a multiple of {checklist.unit_points}")
    numbers, slugs = [], []
    for p, part in enumerate(checklist.parts):
        points = 0.0
        for i, item in enumerate(part.items):
            numbers.append(item.id)
            slugs.append(item.slug)
            if item.scale in checklist.scales:
                points += max(option.points for option in checklist.scales[item.scale].options)
            else:
                add(
                    ("parts", p, "items", i, "scale"),
                    f"item {item.id} has the scale '{item.scale}'",
                    f"one of {sorted(checklist.scales)}",
                )
        if points != part.points:
            add(
                ("parts", p, "points"),
                f"the items of part {part.id} add up to {points:g} points",
                f"{part.points:g} as stated",
            )
    if numbers != list(range(1, len(numbers) + 1)):
        add(("parts",), f"the items are numbered {numbers}", "1, 2, 3, ... without gaps")
    if len(set(slugs)) != len(slugs):
        add(("parts",), "two items share a slug", "a slug of its own for each item")
    if sum(part.points for part in checklist.parts) != checklist.total_points:
        add(
            ("total_points",),
            f"the parts add up to {sum(part.points for part in checklist.parts):g} points",
            f"{checklist.total_points:g}",
        )
    if checklist.acceptable_points > checklist.total_points:
        add(("acceptable_points",), f"acceptable_points is {checklist.acceptable_points:g}", "at most total_points")
    if not problems and len(checklist.open_items) != 3:
        add(
            ("scales",),
            f"{len(checklist.open_items)} items have an open_code",
            "three: code, data and weights, in that order",
        )
    if checklist.accessibility_part not in [part.id for part in checklist.parts]:
        add(("accessibility_part",), f"accessibility_part is '{checklist.accessibility_part}'", "the id of a part")
    return problems
