"""HTML tables and numbers for the pages. Everything a record holds is escaped here; nothing else writes HTML from records.

A table is plain HTML that works without JavaScript; ``book/_static/tables.js`` adds sorting and filters.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

NOTHING = "–"  # shown where a value is not known


@dataclass(frozen=True)
class Html:
    """A piece of safe HTML that a notebook can show."""

    html: str = field(repr=False)

    def _repr_html_(self) -> str:
        return self.html


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes
    ----------
    header : str
        Text of the head cell.
    numeric : bool, default False
        Right-aligned and sorted as numbers.
    facet : bool, default False
        Offered as a drop-down filter.
    wide : bool, default False
        Holds sentences, so it gets room.
    """

    header: str
    numeric: bool = False
    facet: bool = False
    wide: bool = False


@dataclass(frozen=True)
class Cell:
    """A cell of a table.

    Attributes
    ----------
    text : str
        Shown text, escaped on output.
    sort : str or float or None
        Value to sort by where it differs from the text.
    href : str or None
        Link target; only http, https and relative links are written.
    badge : str or None
        Kind of badge around the text (``machine``, ``published``, ``open`` ...).
    stat, fmt : str or None
        Path of the number in the statistics of the page and its format, so that a test can compare the two.
    details : tuple of (str, tuple of str)
        Headings with lines, folded below the text.
    """

    text: str
    sort: str | float | None = None
    href: str | None = None
    badge: str | None = None
    stat: str | None = None
    fmt: str | None = None
    details: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def html(self) -> str:
        """Return the inside of the cell."""
        inner = escape(self.text)
        if self.badge:
            inner = badge(self.text, self.badge)
        if self.stat:
            inner = f'<span data-stat="{escape(self.stat)}" data-format="{escape(self.fmt or "")}">{inner}</span>'
        if self.href and safe_link(self.href):
            inner = f'<a href="{escape(self.href)}">{inner}</a>'
        return inner + "".join(
            f"<details><summary>{escape(heading)}</summary><ul>{''.join(f'<li>{escape(line)}</li>' for line in lines)}</ul></details>"
            for heading, lines in self.details
            if lines
        )


def inert(data: Any, name: str) -> str:
    """Return data as a JSON script that no browser runs.

    Parameters
    ----------
    data : dict, list, str, int, float, bool or None
        Plain data; texts may hold anything.
    name : str
        Id of the script element.
    """
    text = json.dumps(data, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    return f'<script type="application/json" id="{name}">{text}</script>'


def safe_link(href: str) -> bool:
    """Return whether a link may be written: http, https or a relative path, nothing that can run."""
    return href.startswith(("http://", "https://", "../", "./", "#"))


def badge(text: str, kind: str) -> str:
    """Return text as a badge of a kind (``machine``, ``published``, ``reconstructed``, ``own``, ``open``, ``closed``)."""
    return f'<span class="dlrrc-badge dlrrc-badge--{escape(kind)}">{escape(text)}</span>'


def not_rated() -> Html:
    """Return what stands in the place of a figure while no paper of a field is rated."""
    return Html("<p>No paper of this field has been rated yet.</p>")


def machine_notice() -> Html:
    """Return the label of machine ratings."""
    return Html(
        '<div class="dlrrc-banner" role="note"><strong>Machine-rated, not confirmed by a person.</strong> The ratings on this page come from machine '
        "raters of one kind that worked without seeing each other. Read them as a first proposal that a person has to check.</div>"
    )


def downloads(field: str) -> Html:
    """Return the links to the files behind a field's chapters; :mod:`dlrrc_core.downloads` writes them."""
    folder = "../../../_static/downloads"
    files = {
        f"{field}-statistics.json": "every number of this page (JSON)",
        "ratings.csv": "all answers of all raters (CSV)",
        "papers.csv": "facts of all papers (CSV)",
        "results.csv": "all printed results (CSV)",
        "dictionary-ratings.yaml": "what the columns of the ratings mean",
        "dictionary-papers.yaml": "what the columns of the papers mean",
        "dictionary-results.yaml": "what the columns of the results mean",
    }
    links = "".join(
        f'<li><a href="{folder}/{escape(name)}" download>{escape(name)}</a>: {escape(words)}</li>'
        for name, words in files.items()
    )
    return Html(f"<ul>{links}</ul>")


def yes_no(value: object, yes: str = "yes", no: str = "no") -> str:
    """Return words for True, False and unknown."""
    return NOTHING if value is None or value != value else yes if value else no  # NaN differs from itself


def format_number(value: Any, fmt: str = "") -> str:
    """Return a number in a format, a dash where it is not known."""
    if value is None or value != value:
        return NOTHING
    text = format(value, fmt)
    return text[1:] if text.startswith("-") and not text.strip("-0.") else text  # no "-0.00"


def table(
    columns: Sequence[Column], rows: Iterable[Sequence[Cell | str]], caption: str, name: str, filters: bool = False
) -> Html:
    """Return an HTML table.

    Parameters
    ----------
    columns : sequence of Column
        Head cells.
    rows : iterable of sequence of Cell or str
        One sequence per row, as long as ``columns``; text is escaped.
    caption : str
        Says what the table shows; read by screen readers.
    name : str
        Id of the table on its page.
    filters : bool, default False
        Whether a filter box is offered.

    Returns
    -------
    Html
    """
    head = "".join(
        f'<th scope="col" data-type="{"number" if column.numeric else "text"}"{" data-facet" if column.facet else ""}>{escape(column.header)}</th>'
        for column in columns
    )
    body = []
    for row in rows:
        cells = [cell if isinstance(cell, Cell) else Cell(cell) for cell in row]
        if len(cells) != len(columns):
            raise ValueError(f"table {name}: a row has {len(cells)} cells; allowed: {len(columns)}")
        body.append("<tr>" + "".join(_td(cell, column) for cell, column in zip(cells, columns, strict=True)) + "</tr>")
    return Html(
        f'<div class="dlrrc-table" id="{escape(name)}" data-filter="{str(filters).lower()}"><table class="dlrrc">'
        f"<caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>\n"
        + "\n".join(body)
        + "\n</tbody></table></div>"
    )


def _td(cell: Cell, column: Column) -> str:
    """Return one body cell."""
    sort = "" if cell.sort is None else f' data-sort="{escape(str(cell.sort))}"'
    kind = ' class="number"' if column.numeric else ' class="wide"' if column.wide else ""
    return f"<td{kind}{sort}>{cell.html()}</td>"


def number_cell(value: Any, fmt: str = "", stat: str | None = None) -> Cell:
    """Return a numeric cell that sorts by its full value; unknown values sort last."""
    known = value is not None and value == value
    return Cell(format_number(value, fmt), sort=float(value) if known else "", stat=stat, fmt=fmt if stat else None)


Row = list[Cell | str]


def range_cell(low: float, high: float) -> Cell:
    """Return a range of points, one number when both ends are the same; sorted by the lower end."""
    return Cell(f"{low:.1f}" if low == high else f"{low:.1f} to {high:.1f}", sort=low)


class Numbers:
    """Looks numbers up in nested statistics and writes them so that a test can find them again.

    Parameters
    ----------
    statistics : mapping
        Nested dictionaries and lists, for instance the result of :func:`dlrrc_core.fieldstats.field_statistics`.
    """

    def __init__(self, statistics: Mapping[str, Any]) -> None:
        self.statistics = statistics

    def value(self, path: str) -> Any:
        """Return the value at a dotted path, for instance ``groups.mean.total.mean``."""
        at: Any = self.statistics
        for key in path.split("."):
            at = at[int(key)] if isinstance(at, list) else at[key]
        return at

    def __call__(self, path: str, fmt: str = "") -> str:
        """Return the number as inline HTML that carries its path and format."""
        text = escape(format_number(self.value(path), fmt))
        return f'<span data-stat="{escape(path)}" data-format="{escape(fmt)}">{text}</span>'

    def interval(self, path: str, fmt: str = "") -> str:
        """Return a two-sided interval as inline HTML: ``low to high``."""
        return f"{self(path + '.0', fmt)} to {self(path + '.1', fmt)}"

    def cell(self, path: str, fmt: str = "") -> Cell:
        """Return the number as a table cell."""
        return number_cell(self.value(path), fmt, stat=path)

    def interval_cell(self, path: str, fmt: str = "") -> Cell:
        """Return an interval, or the ends of a range that is given with its middle, as a table cell sorted by the lower end."""
        low, *_, high = self.value(path)
        if low is None or high is None:
            return Cell(NOTHING, sort="")
        text = f"{format_number(low, fmt)} to {format_number(high, fmt)}"
        return Cell(text, sort=float(low), stat=path, fmt=fmt)
