"""The numbers on the built chapters of the baseline are those of the stored runs, as ``dlrrc baseline show`` prints them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from functools import lru_cache
from typing import Any

import jupytext
import pytest
import yaml
from book_site import HTML
from bs4 import BeautifulSoup
from test_numbers import ROOT, look_up, shown

PAGES = [
    each for each in yaml.safe_load((ROOT / "notebooks/pages.yaml").read_text())["pages"] if each["reads"] == "baseline"
]
NAMES = [each["output"].rpartition("/")[2] for each in PAGES]
NO_RESULT = r"\b[23]D\b|2\.5D|\bTCGA\b"  # dimensions


@lru_cache
def statistics(name: str) -> dict[str, Any]:
    """Return what the command line prints, from a process of its own."""
    command = [sys.executable, "-m", "dlrrc_core.cli", "baseline", "show", name, "--format", "json"]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout)


@pytest.mark.browser
@pytest.mark.parametrize("name", NAMES)
def test_every_marked_number_is_that_of_the_stored_run(name: str) -> None:
    page = BeautifulSoup((HTML / f"book/baseline/{name}.html").read_text(encoding="utf-8"), "html.parser")
    marked = page.select("article [data-stat]")
    assert len(marked) > 20
    values = statistics(name)
    found = [
        (tag["data-stat"], tag.get_text(), shown(look_up(values, tag["data-stat"]), tag["data-format"]))
        for tag in marked
    ]
    assert [entry for entry in found if entry[1] != entry[2]] == []


@pytest.mark.browser
@pytest.mark.parametrize("name", NAMES)
def test_the_page_says_from_where_its_numbers_come(name: str) -> None:
    page = BeautifulSoup((HTML / f"book/baseline/{name}.html").read_text(encoding="utf-8"), "html.parser")
    banner = page.select_one("article .dlrrc-banner")
    assert banner is not None
    assert re.search(r"simulation, no patients|Public collections", banner.get_text())
    run = statistics(name)["run"]
    links = {link["href"].rpartition("baseline/")[2] for link in page.select("article a[download]")}
    assert f"{run['id']}/run.json" in links
    for link in links:
        assert (HTML / "_static/downloads/baseline" / link).is_file(), link


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_markdown_of_the_template_holds_no_result(page: dict[str, str]) -> None:
    """Numbers in prose are computed; the few that stand in the text are of the method or of a heading's subject."""
    cells = jupytext.read(ROOT / f"notebooks/{page['template']}.py").cells
    text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    text = re.sub(r"(?m)^#.*", "", text)  # a heading may name the number that it asks about
    text = re.sub(r"\{\w+\}`[^`]*`|`[^`]*`|\([A-Z][^()]*\d{4}\)", "", text)  # citations, code
    assert re.findall(r"[^\n]*\d\s?%[^\n]*", text) == []
    assert re.findall(r"\d+\.\d+", re.sub(NO_RESULT, "", text)) == []
