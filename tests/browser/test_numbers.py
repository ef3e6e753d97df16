"""The numbers on the built chapters are those of the command line's JSON, and none is typed by hand."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from book_site import HTML
from bs4 import BeautifulSoup

FIELDS = ("rcc", "brain-tumour-mri")
ROOT = Path(__file__).parents[2]
# chapter, command that prints its numbers, least count of marked numbers
CHAPTERS = [
    *(pytest.param(field, "overview", ("stats",), 200, id=f"{field}-overview") for field in FIELDS),
    *(pytest.param(field, "agreement", ("agreement",), 300, id=f"{field}-agreement") for field in FIELDS),
    *(pytest.param(field, "uncertainty", ("uncertainty",), 250, id=f"{field}-uncertainty") for field in FIELDS),
    pytest.param(
        "rcc", "reconstruction", ("reconstruct", "--draws", "200", "--seed", "1"), 150, id="rcc-reconstruction"
    ),
]
# names of methods, parts and levels, not results
ALLOWED = (
    "95 %",
    "95\xa0%",
    "5 % level",
    "80 % power",
    "50 % or more",
    "n − 3",
    "Part V",
    "Part II",
    "AC1",
    "AC2",
    "ICC(A,1)",
    "ICC(C,1)",
)
ALLOWED += (
    "of 100 points",
    "at or above 50 points",
    "below 0.05",
    "An item of 2.5 points",
    "concentration 100",
    "concentration 400",
)
ALLOWED += ("concentration of 100", "concentration of 400")


@lru_cache
def statistics(field: str, words: tuple[str, ...]) -> dict[str, Any]:
    """Return what the command line prints, from a process of its own."""
    command = [sys.executable, "-m", "dlrrc_core.cli", *words, "--field", field, "--format", "json"]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout)


def article(field: str, chapter: str) -> BeautifulSoup:
    """Return the main article of a built chapter."""
    page = BeautifulSoup((HTML / f"book/fields/{field}/{chapter}.html").read_text(encoding="utf-8"), "html.parser")
    found = page.find("article")
    assert found is not None
    return found


def look_up(values: Any, path: str) -> Any:
    """Return the value at a dotted path of nested dictionaries and lists."""
    for key in path.split("."):
        values = values[key] if isinstance(values, Mapping) else values[int(key)]
    return values


def shown(value: Any, fmt: str) -> str:
    """Return how a page has to show a value; of a list, for instance a range with its middle, the ends."""
    if value is None:
        return "–"
    if isinstance(value, list):
        return "–" if None in value else f"{plain(value[0], fmt)} to {plain(value[-1], fmt)}"
    return plain(value, fmt)


def plain(value: Any, fmt: str) -> str:
    """Return a number in a format, without a sign when all digits are 0."""
    text = format(value, fmt)
    return text if text.strip("-0.") else text.lstrip("-")


@pytest.mark.browser
@pytest.mark.parametrize(("field", "chapter", "words", "least"), CHAPTERS)
def test_every_marked_number_on_the_page_equals_the_json(
    field: str, chapter: str, words: tuple[str, ...], least: int
) -> None:
    values = statistics(field, words)
    marked = article(field, chapter).select("[data-stat]")
    assert len(marked) > least
    found = [
        (tag["data-stat"], tag.get_text(), shown(look_up(values, tag["data-stat"]), tag["data-format"]))
        for tag in marked
    ]
    assert [entry for entry in found if entry[1] != entry[2]] == []


def paths_of(values: Any, path: str = "") -> list[str]:
    """Return the dotted paths of all numbers."""
    if isinstance(values, Mapping | list):
        entries = values.items() if isinstance(values, Mapping) else enumerate(values)
        return [found for key, value in entries for found in paths_of(value, f"{path}.{key}" if path else str(key))]
    return [path] if isinstance(values, int | float) and not isinstance(values, bool) else []


def overview_paths(values: dict[str, Any]) -> list[str]:
    """Return what the overview has to show: every mean, percentage and correlation of every rater."""
    parts = [f"parts.{part}.mean" for part in ("I", "II", "III", "IV", "V")]
    items = [f"items.{item}.percent" for item in range(1, 32)]
    names = ("journal", "journal-partial", "year", "year-partial")
    correlations = [f"correlations.{key}.{what}" for key in names for what in ("r", "p", "n", "dropped")]
    return [
        f"groups.{group}.{path}" for group in values["groups"] for path in ("total.mean", *parts, *items, *correlations)
    ]


# the chapter shows every number of the JSON but these: draws, seeds, what another table of the page or another chapter holds
NOT_SHOWN = {
    "agreement": r"draws|items\.\d+\.(item|kappa_linear|kappa_quadratic|ac2|alpha_interval)(_ci\.\d)?|.*_linear.*|.*_quadratic.*|.*\.ac2.*|.*\.alpha_interval.*"
    r"|totals\.n|totals\.sd_difference|totals\.pairs\.\d+\.(n|raw|kappa)",
    "reconstruction": r"seed|n_draws|draws\..*|years\..*|percentiles\..*|diagnostics\..*|determined\.\d+\.items.*|summary\.(accessible_percent\.1|sd_points|lowest_points|highest_points).*",
}


@pytest.mark.browser
@pytest.mark.parametrize(("field", "chapter", "words", "least"), CHAPTERS)
def test_every_number_of_the_json_is_on_the_page(field: str, chapter: str, words: tuple[str, ...], least: int) -> None:
    on_page = {tag["data-stat"] for tag in article(field, chapter).select("[data-stat]")}
    values = statistics(field, words)
    if chapter == "overview":
        wanted = [path for path in overview_paths(values) if look_up(values, path) is not None]
    elif chapter == "uncertainty":
        wanted = [path for path in paths_of(values["trends"], "trends") if not path.endswith("item")]
        wanted += [
            f"groups.{g}.correlations.{key}.{what}"
            for g in values["groups"]
            for key in ("year", "journal")
            for what in ("r", "bca_ci")
        ]
        wanted = [path for path in wanted if look_up(values, path) not in (None, [None, None])]
    else:
        wanted = [path for path in paths_of(values) if not re.fullmatch(NOT_SHOWN[chapter], path)]
    missing = [
        path for path in wanted if path not in on_page and path.rpartition(".")[0] not in on_page
    ]  # or as an interval
    assert missing == []


@pytest.mark.browser
@pytest.mark.parametrize(("field", "chapter", "words", "least"), CHAPTERS)
def test_prose_holds_no_number_that_is_not_computed(
    field: str, chapter: str, words: tuple[str, ...], least: int
) -> None:
    text_of = article(field, chapter)
    for tag in text_of.select("[data-stat], code, a.reference, figcaption, table, .dlrrc-disputed"):
        tag.decompose()
    typed = []
    for paragraph in text_of.select("p, li"):
        text = paragraph.get_text()
        for name in ALLOWED:
            text = text.replace(name, "")
        typed += re.findall(r"\d[\d.,]*", text)
    assert typed == []
