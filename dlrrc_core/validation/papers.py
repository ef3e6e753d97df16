"""Rules about one paper: can it be found again, does it belong somewhere, is its journal spelt as in the table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches

from dlrrc_core.entries import Entry
from dlrrc_core.problems import Problem
from dlrrc_core.records import Paper
from dlrrc_core.repository import Reading

STRAY_END = ".,;:'\")]}"


def check(reading: Reading) -> Iterator[Problem]:
    """Yield what is wrong with each paper, and with open questions about papers.

    Parameters
    ----------
    reading : Reading
        All records.

    Yields
    ------
    Problem
        Rules PAPER-004 to 006, DOI-003, FIELD-002 and 003, JOUR-005, QUES-002.
    """
    journals = [str(name) for name in reading.journals.index]
    near: dict[str, str | None] = {}
    for entry in reading.papers.values():
        yield from _found_again(entry)
        yield from _belongs(entry)
        yield from _journal(entry, journals, near)
    yield from _questions(reading)


def _found_again(entry: Entry[Paper]) -> Iterator[Problem]:
    paper, at = entry.record, entry.document.problem
    if not (paper.doi or paper.pmid or paper.pmcid or paper.url):
        found = "no DOI, PMID, PMCID and URL"
        yield at(("doi",), found, "at least one of them", "add the one that you have seen", "DLRRC-PAPER-004")
    if not paper.sources:
        found = "no source of the facts"
        yield at(("sources",), found, "a list of sources", "add where you saw them", "DLRRC-PAPER-005")
    if paper.year and paper.published and abs(paper.year - paper.published.year) > 1:
        found = f"year is {paper.year}, but published is {paper.published}"
        allowed = f"{paper.published.year - 1} to {paper.published.year + 1}"
        yield at(("year",), found, allowed, "correct the one that is wrong", "DLRRC-PAPER-006")
    if paper.doi and paper.doi[-1] in STRAY_END and not _balanced(paper.doi):
        found, fix = f"doi ends in '{paper.doi[-1]}'", f"did you mean '{paper.doi.rstrip(STRAY_END)}'?"
        yield at(("doi",), found, "a DOI without the sign that followed it", fix, "DLRRC-DOI-003")


def _balanced(doi: str) -> bool:
    """Return whether a DOI ends in a bracket that it opened itself, as 10.1016/0005-2736(90)90011-(2) may."""
    opened = {")": "(", "]": "[", "}": "{"}.get(doi[-1])
    return opened is not None and doi.count(opened) == doi.count(doi[-1])


def _belongs(entry: Entry[Paper]) -> Iterator[Problem]:
    paper, at = entry.record, entry.document.problem
    if not paper.fields and not paper.practice:
        found = "the paper belongs to no field, and not to the practice set"
        yield at(("fields",), found, "a field, or practice: true", "name its field", "DLRRC-FIELD-002")
    if paper.fields and paper.practice:
        found = f"practice is true, but the paper belongs to {', '.join(paper.fields)}"
        yield at(("practice",), found, "one of the two", "empty fields, or set practice to false", "DLRRC-FIELD-003")


def _journal(entry: Entry[Paper], journals: Sequence[str], near: dict[str, str | None]) -> Iterator[Problem]:
    name = entry.record.journal
    if name is None or name in journals:
        return
    if name not in near:  # comparing is slow, and papers share journals
        folded = {_folded(journal): journal for journal in journals}
        found = get_close_matches(_folded(name[:200]), list(folded), n=1, cutoff=0.93)
        near[name] = folded[found[0]] if found else None
    if near[name]:
        what, allowed = f"the journal '{name}'", "the spelling of data/journals.csv"
        yield entry.document.problem(("journal",), what, allowed, f"did you mean '{near[name]}'?", "DLRRC-JOUR-005")


def _folded(journal: str) -> str:
    return " ".join(journal.casefold().replace("&", "and").split("(")[0].split())


def _questions(reading: Reading) -> Iterator[Problem]:
    if reading.questions is None:
        return
    folder = reading.root / "data" / "papers"
    known = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    for number, question in reading.questions.record.questions.items():
        for i, paper in enumerate(question.seen_in):
            if paper not in known:
                near = get_close_matches(paper, known, n=1)
                hint = f"did you mean '{near[0]}'?" if near else ""
                at = ("questions", number, "seen_in", i)
                found = f"the paper '{paper}'"
                yield reading.questions.document.problem(at, found, "a folder of data/papers", hint, "DLRRC-QUES-002")
