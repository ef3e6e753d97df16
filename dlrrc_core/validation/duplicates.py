"""Rules across papers: one paper, one record."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator

from dlrrc_core.entries import Entry
from dlrrc_core.problems import Problem
from dlrrc_core.records import Paper
from dlrrc_core.repository import Reading
from dlrrc_core.strict_yaml import Location

NEAR = 0.9  # words in common of all words of two titles
FEWEST_WORDS = 5  # shorter titles are alike by chance


def check(reading: Reading) -> Iterator[Problem]:
    """Yield papers that share a title, DOI, PMID, PMCID or number in the seed review with an earlier one.

    Parameters
    ----------
    reading : Reading
        All records.

    Yields
    ------
    Problem
        Rules PAPER-001 to 003, PAPER-007 and DOI-002, at the later of the two records.
    """
    papers = list(reading.papers.values())
    yield from _same(papers, ("doi",), lambda paper: paper.doi and paper.doi.lower(), "DLRRC-DOI-002")
    yield from _same(papers, ("pmid",), lambda paper: paper.pmid, "DLRRC-PAPER-003")
    yield from _same(papers, ("pmcid",), lambda paper: paper.pmcid, "DLRRC-PAPER-003")
    yield from _same(papers, ("title",), lambda paper: normal_title(paper.title) or None, "DLRRC-PAPER-001")
    at = ("seed_review", "reference")
    yield from _same(papers, at, lambda p: str(p.seed_review.reference) if p.seed_review else None, "DLRRC-PAPER-007")
    yield from _similar_titles(papers)


def normal_title(title: str) -> str:
    """Return a title without case, accents and signs, the words separated by one space.

    Parameters
    ----------
    title : str
        As printed.

    Returns
    -------
    str
    """
    plain = "".join(sign for sign in unicodedata.normalize("NFKD", title) if not unicodedata.combining(sign))
    return " ".join(re.findall(r"\w+", plain.casefold().replace("_", " ")))


def _same(papers: list[Entry[Paper]], at: Location, key: Callable[[Paper], str | None], rule: str) -> Iterator[Problem]:
    first: dict[str, Entry[Paper]] = {}
    for entry in papers:
        value = key(entry.record)
        if value is None:
            continue
        if value in first:
            other = first[value]
            found = f"the same {' '.join(str(part) for part in at)} as {other.document.file}"
            yield entry.document.problem(at, found, "one record for one paper", rule=rule)
        else:
            first[value] = entry


def _similar_titles(papers: list[Entry[Paper]]) -> Iterator[Problem]:
    titles = [normal_title(entry.record.title) for entry in papers]
    words = [frozenset(title.split()) for title in titles]
    for i, entry in enumerate(papers):
        for j in range(i):
            shared, together = len(words[i] & words[j]), len(words[i] | words[j])
            if together >= FEWEST_WORDS and shared >= NEAR * together and titles[i] != titles[j]:
                found = f"{shared} of {together} words of the title are those of {papers[j].document.file}"
                yield entry.document.problem(("title",), found, "one record for one paper", rule="DLRRC-PAPER-002")
