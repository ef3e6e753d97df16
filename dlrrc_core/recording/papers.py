"""New papers: a folder with a record that holds every key, and null where nothing was seen."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from dlrrc_core import files
from dlrrc_core.problems import UsageError, one_of, relative
from dlrrc_core.recording import yaml_text
from dlrrc_core.records import Paper

BARE = "bibliographic record only"
UNREAD = "Not read yet: task, modality and all other facts of the study are still to be entered."
DOI_LINE = re.compile(r"^doi:\s*['\"]?(10\.\S+?)['\"]?\s*$", re.MULTILINE | re.IGNORECASE)
BIBTEX_KEY = re.compile(r"^\s*@\w+\s*\{\s*([^\s,]+)\s*,", re.MULTILINE)


def record(paper: str, field: str, facts: dict[str, Any]) -> Paper:
    """Return the record of a paper of which only the reference is known.

    Parameters
    ----------
    paper, field : str
        Ids of paper and field.
    facts : dict
        Keys of :class:`dlrrc_core.records.Paper`; ``title`` at least. ``None`` where nothing was seen.

    Returns
    -------
    Paper
        ``study.task`` is ``other`` until somebody has read the paper, because the schema knows no empty task; ``doubts`` says so.

    Raises
    ------
    UsageError
        With every fact that the schema does not take.
    """
    blank = {
        "id": paper,
        "authors": (),
        "authors_complete": False,
        "year": None,
        "journal": None,
        "fields": (field,),
        "evidence_level": BARE,
        "study": {"task": "other", "modality": {"type": None}},
        "doubts": (UNREAD,),
    }
    try:
        return Paper.model_validate(blank | facts)
    except ValidationError as error:
        wrong = [
            f"{'.'.join(map(str, detail['loc']))} is {detail['input']!r}; allowed: {detail['msg']}"
            for detail in error.errors(include_url=False)
        ]
        raise UsageError("\n".join(wrong)) from error


def new_paper(root: Path, paper: str, field: str, facts: dict[str, Any]) -> Path:
    """Write ``data/papers/<id>/paper.yaml``.

    Parameters
    ----------
    root : Path
        Root of the checkout.
    paper, field : str
        Id of the new paper, id of a field that exists.
    facts : dict
        See :func:`record`.

    Returns
    -------
    Path
        The new file.

    Raises
    ------
    UsageError
        When :func:`free` objects, or a fact does not fit the schema; nothing is written.
    """
    free(root, paper, field, facts.get("doi"))
    path = root / "data" / "papers" / paper / "paper.yaml"
    made = record(paper, field, facts)
    files.write(path, yaml_text.proved(yaml_text.dump(made.model_dump(mode="json")), made, relative(path, root)))
    return path


def free(root: Path, paper: str, field: str, doi: str | None = None) -> None:
    """Refuse an id or a DOI that is taken, and a field that does not exist.

    Parameters
    ----------
    root : Path
        Root of the checkout.
    paper, field : str
        Id that is wanted, field of the paper.
    doi : str, optional
        DOI of the paper; upper and lower case are the same.

    Raises
    ------
    UsageError
        With every reason.
    """
    yaml_text.identifier(paper, "id of the paper")
    one_of(field, sorted(path.parent.name for path in (root / "data/fields").glob("*/field.yaml")), "field")
    wrong = []
    folder = root / "data" / "papers" / paper
    if folder.is_symlink() or (folder.exists() and (not folder.is_dir() or any(folder.iterdir()))):
        wrong.append(f"data/papers/{paper} is there already; choose another id")
    background = root / "book" / "references.bib"
    if background.exists() and paper in background_keys(background.read_text(encoding="utf-8")):
        wrong.append(f"'{paper}' is a key of book/references.bib; choose another id")
    if doi is not None:
        for path in sorted((root / "data/papers").glob("*/paper.yaml")):
            found = DOI_LINE.search(path.read_text(encoding="utf-8"))
            if found and found[1].lower() == doi.lower():
                wrong.append(f"data/papers/{path.parent.name} has the DOI {doi} already")
    if wrong:
        raise UsageError("\n".join(wrong))


def background_keys(bibtex: str) -> set[str]:
    """Return the keys of the entries of a BibTeX file."""
    return set(BIBTEX_KEY.findall(bibtex))
