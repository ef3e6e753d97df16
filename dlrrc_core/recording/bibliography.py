"""References of all papers, made from their records: BibTeX for the book and for readers, RIS for reference managers."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pybtex.database import Person

from dlrrc_core.recording import latex
from dlrrc_core.records import Paper
from dlrrc_core.repository import Repository

SERIES = ("Proceedings of Machine Learning Research", "Lecture Notes in Computer Science")
MEETING = re.compile(r"\b(conference|symposium|workshop)\b", re.IGNORECASE)


def bibliography(repo: Repository, field: str | None = None) -> str:
    """Return the BibTeX entries of all papers.

    Parameters
    ----------
    repo : Repository
        All records.
    field : str, optional
        Only papers of this field.

    Returns
    -------
    str
        One entry per paper, sorted by id, which is the key.

    Raises
    ------
    UsageError
        When the field does not exist.

    Notes
    -----
    Nothing but ``paper.yaml`` is read, so that a new paper needs no edit of a shared file.
    """
    return "\n".join(entry(repo.papers[paper]) for paper in repo.select(field))


def entry(paper: Paper) -> str:
    """Return the BibTeX entry of a paper; what was not seen is left out.

    Parameters
    ----------
    paper : Paper
        The record.

    Returns
    -------
    str
        ``@article``, ``@inproceedings`` (journal named as conference, symposium or workshop, or with a known series after
        it) or ``@misc`` (preprints, and places without volume, issue and pages). A URL stands only where there is no DOI.
    """
    kind, fields = "misc", {}
    names = [latex.name(author) for author in paper.authors]
    if names:
        fields["author"] = " and ".join(names if paper.authors_complete else [*names, "others"])
    fields["title"] = "{" + latex.escape(paper.title) + "}"
    if paper.journal is not None:
        kind, place = _place(paper)
        fields |= {key: latex.escape(value) for key, value in place.items()}
    for key, value in (("volume", paper.volume), ("number", paper.issue)):
        if value is not None:
            fields[key] = latex.escape(value)
    if paper.pages is not None:
        fields["pages"] = re.sub(r"\s*[-–]+\s*", "--", latex.escape(paper.pages))
    if paper.year is not None:
        fields["year"] = str(paper.year)
    if paper.doi is not None:
        fields["doi"] = latex.address(paper.doi)
    elif paper.url is not None:
        fields["url"] = latex.address(paper.url)
    lines = [f"  {key} = {{{value}}}," for key, value in fields.items()]
    return "\n".join([f"@{kind}{{{paper.id},", *lines, "}"]) + "\n"


def _place(paper: Paper) -> tuple[str, dict[str, str]]:
    """Return kind of the entry and the fields that say where the paper appeared."""
    journal = paper.journal or ""
    for series in SERIES:
        if journal.endswith(f", {series}"):
            return "inproceedings", {"booktitle": journal.removesuffix(f", {series}"), "series": series}
    numbered = any(value is not None for value in (paper.volume, paper.issue, paper.pages))
    if "preprint" in journal.lower():
        return "misc", {"howpublished": journal}
    if MEETING.search(journal):
        return "inproceedings", {"booktitle": journal}
    return ("article", {"journal": journal}) if numbered else ("misc", {"howpublished": journal})


def ris(papers: Iterable[Paper]) -> str:
    """Return papers in the RIS format that reference managers read.

    Parameters
    ----------
    papers : iterable of Paper
        The records.

    Returns
    -------
    str
        One record per paper, ``TY`` to ``ER``; what was not seen is left out. ``ID`` is the paper's id.

    Notes
    -----
    Tags as in the specification of Research Information Systems (2011); kinds ``JOUR``, ``CPAPER`` and ``GEN``.
    """
    return "\n".join(_ris(paper) for paper in papers)


def _ris(paper: Paper) -> str:
    """Return one paper in RIS."""
    kind, place = _place(paper) if paper.journal is not None else ("misc", {})
    tags: list[tuple[str, str | None]] = [
        ("TY", {"article": "JOUR", "inproceedings": "CPAPER"}.get(kind, "GEN")),
        ("ID", paper.id),
        *(("AU", _surname_first(author)) for author in paper.authors),
        ("TI", paper.title),
        ("T2", next(iter(place.values()), None)),
        ("T3", place.get("series")),
        ("VL", paper.volume),
        ("IS", paper.issue),
    ]
    if paper.pages is not None:
        first, *last = re.split(r"\s*[-–]+\s*", paper.pages, maxsplit=1)
        tags += [("SP", first), ("EP", last[0] if last else None)]
    tags += [
        ("PY", None if paper.year is None else str(paper.year)),
        ("DA", None if paper.published is None else paper.published.strftime("%Y/%m/%d")),
        ("DO", paper.doi),
        ("UR", paper.url),
    ]
    lines = [f"{tag}  - {' '.join(value.split())}" for tag, value in tags if value is not None]
    return "\n".join([*lines, "ER  - ", ""])


def _surname_first(author: str) -> str:
    """Return ``Zuo, Teng`` for ``Teng Zuo``, split as BibTeX splits names."""
    shown = latex.name(author)
    if shown.startswith("{"):
        return author
    person = Person(shown)
    last = " ".join([*person.prelast_names, *person.last_names])
    given = " ".join([*person.first_names, *person.middle_names])
    return latex.plain(", ".join(part for part in (last, " ".join(person.lineage_names), given) if part))
