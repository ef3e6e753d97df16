"""Numbers, missing values, intervals and links in tables; hostile text stays text whatever it is."""

from __future__ import annotations

import numpy as np
import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st

from dlrrc_core import tables
from dlrrc_core.tables import Cell, Column, Html, Numbers

NAN = float("nan")


@pytest.mark.parametrize(
    ("value", "fmt", "text"),
    [(None, ".1f", "–"), (NAN, ".1f", "–"), (np.float64("nan"), "", "–"), (0, ".1f", "0.0"), (0.0, "", "0.0"), (58.4677, ".1f", "58.5"), (31, "", "31"), (0.064, ".3f", "0.064")],
)  # fmt: skip
def test_numbers_and_what_is_not_known(value: object, fmt: str, text: str) -> None:
    assert tables.format_number(value, fmt) == text
    assert tables.number_cell(value, fmt).text == text


def test_zero_is_a_number_and_unknown_values_have_nothing_to_sort_by() -> None:
    html = tables.table(
        [Column("n", numeric=True)], [[tables.number_cell(v)] for v in (0, None, NAN, 1 / 3)], "c", "t"
    ).html
    cells = BeautifulSoup(html, "html.parser").select("td")
    assert [cell["data-sort"] for cell in cells] == ["0.0", "", "", str(1 / 3)]
    assert [cell["class"] for cell in cells] == [["number"]] * 4


@pytest.mark.parametrize(
    ("value", "word"), [(True, "yes"), (False, "no"), (None, "–"), (NAN, "–"), (np.True_, "yes"), (np.False_, "no")]
)
def test_yes_no_and_unknown(value: object, word: str) -> None:
    assert tables.yes_no(value) == word


def test_numbers_follow_paths_and_name_a_wrong_one() -> None:
    n = Numbers({"a": {"31": [1.0, 2.5]}, "p": 0.0639, "none": None})
    assert (n.value("a.31.1"), n.cell("p", ".2f").text, n.interval_cell("a.31", ".1f").text) == (
        2.5,
        "0.06",
        "1.0 to 2.5",
    )
    assert BeautifulSoup(n.interval("a.31", ".1f"), "html.parser").get_text() == "1.0 to 2.5"
    assert n.cell("p", ".2f").sort == 0.0639  # sorts by the full value, not by what is shown
    for path in ("a.32", "b", "a.31.2"):
        with pytest.raises((KeyError, IndexError)):
            n(path)


def test_table_is_readable_without_scripts() -> None:
    html = tables.table(
        [Column("A", facet=True), Column("B", numeric=True), Column("C", wide=True)],
        [["x", "1", "words"]],
        "What it shows",
        "t1",
        filters=True,
    ).html
    soup = BeautifulSoup(html, "html.parser")
    assert soup.caption.get_text() == "What it shows"
    assert [(th["scope"], th["data-type"], th.has_attr("data-facet")) for th in soup.select("thead th")] == [
        ("col", "text", True),
        ("col", "number", False),
        ("col", "text", False),
    ]
    assert soup.select_one("#t1")["data-filter"] == "true"
    assert tables.table([Column("A")], [], "empty", "t2").html.count("<td") == 0


@pytest.mark.parametrize(
    "href", ["https://doi.org/10.1/x", "http://x.org/?a=1&b=2", "../papers/zuo2021.html", "./x.html", "#items"]
)
def test_good_links_are_written_whole(href: str) -> None:
    assert BeautifulSoup(Cell("t", href=href).html(), "html.parser").a["href"] == href


some_text = st.text(min_size=1, max_size=40) | st.text("<>\"'&= /ax", min_size=1, max_size=12)


@given(some_text, some_text, some_text)
def test_any_text_stays_text(text: str, caption: str, href: str) -> None:
    row = [
        Cell(text, sort=text),
        Cell(text, badge=caption),
        Cell(text, stat=caption, fmt=href),
        Cell(text, href="https://x.org/" + href),
    ]
    html = tables.table([Column(text), *[Column("x")] * 3], [row], caption, href).html
    # the same tags and attributes as for harmless text: nothing of the text became markup
    row = [Cell("a", sort="a"), Cell("a", badge="b"), Cell("a", stat="b", fmt="c"), Cell("a", href="https://x.org/c")]
    plain = tables.table([Column("a"), *[Column("x")] * 3], [row], "b", "c").html
    assert _structure(html) == _structure(plain)


def _structure(html: str) -> list[tuple[str, list[str]]]:
    """Return the tags of some HTML with the names of their attributes."""
    return [(tag.name, sorted(tag.attrs)) for tag in BeautifulSoup(html, "html.parser").find_all(True)]


def test_html_shows_itself_in_a_notebook() -> None:
    assert Html("<b>x</b>")._repr_html_() == "<b>x</b>"
    assert "<b>" not in repr(Html("<b>x</b>"))
