"""One BibTeX entry as the facts of a new paper."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from pybtex.database import Entry, Person, parse_string
from pybtex.exceptions import PybtexError

from dlrrc_core.problems import UsageError
from dlrrc_core.recording import latex

MAX_BYTES = 1_000_000
DOI = re.compile(r"10\.\d{4,9}/\S+")


def facts(file: Path, key: str) -> dict[str, Any]:
    """Read the facts of a paper from a BibTeX file.

    Parameters
    ----------
    file : Path
        File with one entry, or with several of which one has the wanted key.
    key : str
        Id of the paper, the key that is looked for among several entries.

    Returns
    -------
    dict
        Keys of :class:`dlrrc_core.records.Paper`; only what the entry says.

    Raises
    ------
    UsageError
        When the file cannot be read, is no BibTeX, holds no entry or several without the key, or has no title.
    """
    try:
        if file.stat().st_size > MAX_BYTES:
            raise UsageError(f"{file} has more than {MAX_BYTES} bytes; allowed: a file with the entry of the paper")
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{file} cannot be read ({error.strerror}); allowed: a BibTeX file") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{file} is not UTF-8 text; save it as UTF-8") from error
    return {**parse(text, key, file.name), "sources": ({"where": f"BibTeX entry in {file.name}", "gave": "reference"},)}


def parse(text: str, key: str, file: str) -> dict[str, Any]:
    """Return the facts of one entry of a BibTeX text; see :func:`facts`."""
    try:
        entries = parse_string(text, "bibtex").entries
        entry = entries[key] if key in entries else next(iter(entries.values()), None)
        if entry is None or (len(entries) > 1 and key not in entries):
            found = f"{len(entries)} entries ({', '.join(list(entries)[:10])})" if entries else "no entry"
            raise UsageError(f"{file} holds {found}; allowed: one entry, or one with the key '{key}'")
        return _facts(entry, file)
    except PybtexError as error:
        raise UsageError(f"{file} is no BibTeX that can be read: {' '.join(str(error).split())}") from error


def _facts(entry: Entry, file: str) -> dict[str, Any]:
    """Return what an entry says, under the keys of a record."""
    fields = {name.lower(): latex.plain(value) for name, value in entry.fields.items()}
    fields = {name: value for name, value in fields.items() if value}
    if "title" not in fields:
        raise UsageError(f"the entry in {file} has no title; allowed: an entry with a title")
    people = [author(person) for person in entry.persons.get("author", [])]
    year = re.fullmatch(r"\D*(\d{4})\D*", fields.get("year", fields.get("date", "")[:4]))
    doi = DOI.search(entry.fields.get("doi", "") or "")
    url = re.search(r"https?://[^\s<>\"'}]+", entry.fields.get("url", "") or "")
    place = fields.get("journal") or fields.get("journaltitle") or fields.get("booktitle") or fields.get("howpublished")
    if place is None and "eprint" in fields:
        place = f"{fields.get('archiveprefix', fields.get('eprinttype', 'arXiv'))} preprint {fields['eprint']}"
    if place is not None and "booktitle" in fields and "series" in fields:
        place = f"{place}, {fields['series']}"
    return {
        "title": fields["title"],
        "authors": tuple(name for name in people if name != "others"),
        "authors_complete": bool(people) and "others" not in people,
        "year": int(year[1]) if year else None,
        "journal": place,
        "volume": fields.get("volume"),
        "issue": fields.get("number", fields.get("issue")),
        "pages": re.sub(r"\s*[-–—]+\s*", "-", fields["pages"]) if "pages" in fields else None,
        "doi": doi[0] if doi else None,
        "url": url[0] if url else None,
        "pmid": _matching(r"\d{1,9}", fields.get("pmid")),
        "pmcid": _matching(r"PMC\d+", fields.get("pmcid")),
    }


def _matching(pattern: str, text: str | None) -> str | None:
    """Return text of the right form, else None."""
    return text if text is not None and re.fullmatch(pattern, text) else None


def author(person: Person) -> str:
    """Return an author in the form of the records.

    Parameters
    ----------
    person : pybtex.database.Person
        Name split by BibTeX's rules.

    Returns
    -------
    str
        ``Teng Zuo``; ``van der Berg A`` for a surname of several words, which could not be told from given names otherwise.
    """
    surname = latex.plain(" ".join([*person.prelast_names, *person.last_names]))
    given = latex.plain(" ".join([*person.first_names, *person.middle_names]))
    return full_name(surname, given)


def full_name(surname: str, given: str) -> str:
    """Return surname and given names as one text from which :attr:`Paper.first_author` finds the surname again."""
    if given and surname.isupper() and len(surname) <= 3:
        surname = surname.title()  # else it would read as initials
    initials = "".join(word[0] for word in re.split(r"[\s.\-]+", given) if word)[:3].upper()
    only_initials = bool(given) and given.isupper() and len(re.sub(r"[\s.\-]", "", given)) <= 3
    if initials and (" " in surname or only_initials):
        return f"{surname} {initials}"
    return f"{given} {surname}".strip()
