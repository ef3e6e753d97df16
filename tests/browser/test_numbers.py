"""The numbers on the built overview pages are those of ``dlrrc stats --format json``, and none is typed by hand."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from book_site import HTML
from bs4 import BeautifulSoup

FIELDS = ("rcc", "brain-tumour-mri")
ROOT = Path(__file__).parents[2]


def statistics(field: str) -> dict[str, Any]:
    """Return what the command line prints, from a process of its own."""
    command = [sys.executable, "-m", "dlrrc_core.cli", "stats", "--field", field, "--format", "json"]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout)


def overview(field: str) -> BeautifulSoup:
    """Return the main article of a field's built overview page."""
    page = BeautifulSoup((HTML / f"book/fields/{field}/overview.html").read_text(encoding="utf-8"), "html.parser")
    article = page.find("article")
    assert article is not None
    return article


def look_up(values: Any, path: str) -> Any:
    """Return the value at a dotted path of nested dictionaries and lists."""
    for key in path.split("."):
        values = values[key] if isinstance(values, Mapping) else values[int(key)]
    return values


def shown(value: Any, fmt: str) -> str:
    """Return how a page has to show a value."""
    if value is None:
        return "–"
    if isinstance(value, list):
        return "–" if None in value else f"{format(value[0], fmt)} to {format(value[-1], fmt)}"
    text = format(value, fmt)
    return text if text.strip("-0.") else text.lstrip("-")


@pytest.mark.browser
@pytest.mark.parametrize("field", FIELDS)
def test_every_marked_number_on_the_page_equals_the_json(field: str) -> None:
    values = statistics(field)
    marked = overview(field).select("[data-stat]")
    assert len(marked) > 200
    wrong = [
        (tag["data-stat"], tag.get_text(), shown(look_up(values, tag["data-stat"]), tag["data-format"]))
        for tag in marked
        if tag.get_text() != shown(look_up(values, tag["data-stat"]), tag["data-format"])
    ]
    assert wrong == []


@pytest.mark.browser
@pytest.mark.parametrize("field", FIELDS)
def test_every_mean_and_correlation_of_the_json_is_on_the_page(field: str) -> None:
    on_page = {tag["data-stat"] for tag in overview(field).select("[data-stat]")}
    values = statistics(field)
    parts = [f"parts.{part}.mean" for part in ("I", "II", "III", "IV", "V")]
    items = [f"items.{item}.percent" for item in range(1, 32)]
    correlations = [
        f"correlations.{key}.{what}"
        for key in ("journal", "journal-partial", "year", "year-partial")
        for what in ("r", "p", "n", "dropped")
    ]
    wanted = [
        f"groups.{group}.{path}" for group in values["groups"] for path in ("total.mean", *parts, *items, *correlations)
    ]
    assert [path for path in wanted if path not in on_page and look_up(values, path) is not None] == []


@pytest.mark.browser
@pytest.mark.parametrize("field", FIELDS)
def test_prose_holds_no_number_that_is_not_computed(field: str) -> None:
    article = overview(field)
    for tag in article.select("[data-stat], code, a.reference, figcaption, table"):
        tag.decompose()
    allowed = ("95 %", "n − 3", "Part V", "95\xa0%")  # names of methods and parts, not results
    typed = []
    for paragraph in article.select("p, li"):
        text = paragraph.get_text()
        for words in allowed:
            text = text.replace(words, "")
        typed += re.findall(r"\d[\d.,]*", text.replace("of 100 points", ""))
    assert typed == []
