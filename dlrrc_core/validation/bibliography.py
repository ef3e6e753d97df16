"""Rules about ``book/references.bib``: it can be read, and agrees with the records."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dlrrc_core.entries import Entry
from dlrrc_core.problems import DataError, Problem
from dlrrc_core.records import Paper
from dlrrc_core.repository import Reading
from dlrrc_core.text_files import read_text
from dlrrc_core.validation.duplicates import normal_title

FILE = "book/references.bib"
START = re.compile(
    r"^[ \t]{0,20}@(?!string|comment|preamble)(\w{1,30})\s{0,20}\{\s{0,20}([^\s,{}]{1,100})\s{0,20},", re.M | re.I
)
LISTED = re.compile(r"^\s{1,20}-\s{1,5}([\w./-]{1,200}\.bib)\s{0,20}$", re.MULTILINE)


@dataclass(frozen=True)
class Cited:
    """One entry: where it starts, and its fields as plain text."""

    line: int
    fields: dict[str, str]


def check(reading: Reading) -> Iterator[Problem]:
    """Yield what is wrong with the bibliography, and where it differs from the records.

    Parameters
    ----------
    reading : Reading
        All records.

    Yields
    ------
    Problem
        Rules BIB-001 to 006. Papers need no entry of their own where ``_config.yml`` lists a second file, because their entries
        are then made from the records.
    """
    try:
        text = read_text(reading.root / FILE, reading.root)
    except DataError as error:
        yield from error.problems
        return
    entries: dict[str, Cited] = {}
    yield from _read(text, entries)
    made = _others(reading.root)
    for paper in reading.papers.values():
        if cited := entries.get(paper.record.id):
            yield from _agrees(paper, cited)
        elif not made:
            found = f"no entry '{paper.record.id}' in {FILE}"
            yield paper.document.problem(("id",), found, "an entry with the id as key", rule="DLRRC-BIB-001")
    for printed in reading.published.values():
        if printed.record.review not in entries:
            found = f"no entry '{printed.record.review}' in {FILE}"
            yield printed.document.problem(("review",), found, "the key of an entry", rule="DLRRC-BIB-001")


def _others(root: Path) -> bool:
    """Return whether the book has another bibliography file, into which the entries of papers are written."""
    try:
        return any(name != FILE for name in LISTED.findall(read_text(root / "_config.yml", root)))
    except DataError:
        return False


def _read(text: str, entries: dict[str, Cited]) -> Iterator[Problem]:
    """Fill in the entries that can be read; yield a problem for each of the others."""
    from pybtex.database.input.bibtex import Parser  # not parse_string, which looks for plugins every time
    from pybtex.exceptions import PybtexError

    starts = list(START.finditer(text))
    for i, found in enumerate(starts):
        end = starts[i + 1].start() if i + 1 < len(starts) else len(text)
        line, key = text.count("\n", 0, found.start()) + 1, found[2]
        if key in entries:
            what = f"the key '{key}' for the second time (first in line {entries[key].line})"
            yield Problem(FILE, line, 1, what, "each key once", "", "DLRRC-BIB-005", key)
            continue
        try:
            read = Parser().parse_string(text[found.start() : end]).entries
            fields = {name.lower(): value for name, value in read[key].fields.items()} if key in read else None
        except (PybtexError, ValueError, KeyError, RecursionError) as error:
            reason = " ".join(str(error).split())[:200]
            yield Problem(FILE, line, 1, f"the entry '{key}' cannot be read ({reason})", "BibTeX", "", "DLRRC-BIB-005")
            continue
        entries[key] = Cited(line, fields or {})


def plain(value: str) -> str:
    """Return the value of a field as plain text."""
    if "\\" not in value and "$" not in value:
        return " ".join(
            value.replace("{", "").replace("}", "").split()
        )  # all there is to do, at a hundredth of the time
    from dlrrc_core.recording import latex

    return re.sub(r"\\[A-Za-z]{1,30}\s?", "", latex.plain(value))  # commands that only set the type, such as \emph


def _agrees(paper: Entry[Paper], cited: Cited) -> Iterator[Problem]:
    record, fields = paper.record, cited.fields

    def differs(found: str, allowed: str, rule: str) -> Problem:
        what = f"the entry '{record.id}' {found}"
        return Problem(FILE, cited.line, 1, what, allowed, f"compare {paper.document.file}", f"DLRRC-BIB-{rule}")

    year = re.search(r"\d{4}", fields.get("year", fields.get("date", "")))
    if (int(year[0]) if year else None) != record.year:
        yield differs(f"has {f'the year {year[0]}' if year else 'no year'}", f"{record.year}, as in the record", "002")
    doi = re.sub(r"^https?://(dx\.)?doi\.org/", "", plain(fields.get("doi", ""))).lower()
    wanted = (record.doi or "").lower()
    if doi and wanted and doi != wanted:
        yield differs(f"has the DOI {doi}", f"{record.doi}, as in the record", "003")
    elif doi != wanted:
        yield differs(
            f"has {'the DOI ' + doi if doi else 'no DOI'}", f"{record.doi or 'none'}, as in the record", "006"
        )
    title = plain(fields.get("title", ""))
    if normal_title(title) != normal_title(record.title):
        yield differs(f"has the title '{title}'", f"'{record.title}', as in the record", "004")
