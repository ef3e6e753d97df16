"""The papers of a field as CSV, BibTeX or RIS."""

from __future__ import annotations

from typing import Any

import pandas as pd

from dlrrc_core import downloads
from dlrrc_core.problems import one_of
from dlrrc_core.recording.bibliography import bibliography, ris
from dlrrc_core.repository import Repository
from dlrrc_core.scoring import score_papers

FORMATS = ("csv", "bibtex", "ris")
#: A spreadsheet takes a cell that begins so for a formula, or for one after a character that it drops.
FORMULA_START = ("=", "+", "-", "@", "\t", "\r")
SCORES = ("points", "low", "high", "open_code", "open_data", "open_weights")


def export(repo: Repository, field: str, format: str) -> str:
    """Return the papers of a field as text.

    Parameters
    ----------
    repo : Repository
        All records.
    field : str
        Id of the field.
    format : {"csv", "bibtex", "ris"}
        CSV has one row per paper and rating on the basis ``best``; a paper without a rating has one row.

    Returns
    -------
    str

    Raises
    ------
    UsageError
        When field or format does not exist.
    """
    one_of(format, FORMATS, "format")
    papers = repo.select(field)
    if format == "bibtex":
        return bibliography(repo, field)
    if format == "ris":
        return ris(repo.papers[paper] for paper in papers)
    return str(csv_table(repo, papers).to_csv(index=False, lineterminator="\n"))


def csv_table(repo: Repository, papers: list[str]) -> pd.DataFrame:
    """Return the facts of papers with the scores of their ratings, guarded for spreadsheets.

    Parameters
    ----------
    repo : Repository
        All records.
    papers : list of str
        Ids.

    Returns
    -------
    pandas.DataFrame
        Columns of ``data/dictionary/papers.yaml``, then ``rater``, ``kind``, ``status`` and those of :data:`SCORES`.
    """
    facts = downloads.papers_table(repo)
    scores = score_papers(repo, papers, "best")[["paper", "rater", "kind", "status", *SCORES]]
    table = facts[facts["paper"].isin(papers)].merge(scores, on="paper", how="left")
    return guarded(table)


def guarded(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose text cells no spreadsheet takes for formulas.

    Parameters
    ----------
    table : pandas.DataFrame
        Any table.

    Returns
    -------
    pandas.DataFrame
        The same with an apostrophe before text that begins with ``=``, ``+``, ``-``, ``@``, tab or carriage return.

    Notes
    -----
    Numbers stay as they are; a printed negative number is text and gets the apostrophe, which a reader of the CSV file removes.
    Rule of the OWASP Foundation, "CSV Injection" (https://owasp.org/www-community/attacks/CSV_Injection).
    """
    return table.map(_guard)


def _guard(value: Any) -> Any:
    """Return a cell that is no formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA_START) else value
