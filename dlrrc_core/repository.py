"""Reads all records of a checkout, checks them against schema and checklist, and reports every problem at once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import pandas as pd

from dlrrc_core import checklist as checklists
from dlrrc_core import record_checks
from dlrrc_core.checklist import Checklist, Question, Questions
from dlrrc_core.entries import Entry, Model, merged, read_entry, read_raters
from dlrrc_core.fields import FieldInfo, Published, Rater, Raters
from dlrrc_core.problems import DataError, Problem, UsageError, one_of
from dlrrc_core.records import Paper, Rating

CHECKLIST_ID = "dlrrc-1.0"


@dataclass(frozen=True)
class Reading:
    """What could be read of a checkout; a record that breaks its schema is missing here and stands in ``problems``.

    Attributes
    ----------
    root : Path
    checklist : Checklist or None
    questions : Entry of Questions, or None
    papers : dict of str to Entry of Paper
        By folder, sorted.
    ratings : tuple of Entry of Rating
        Sorted by paper and file.
    fields, published : dict of str to Entry
        By folder.
    raters : Entry of Raters, or None
        The shared file.
    own_raters : dict of str to Entry of Rater
        Raters with a file of their own, by its name.
    journals : pandas.DataFrame
    problems : tuple of Problem
        Sorted by file and line.
    """

    root: Path
    checklist: Checklist | None
    questions: Entry[Questions] | None
    papers: dict[str, Entry[Paper]]
    ratings: tuple[Entry[Rating], ...]
    fields: dict[str, Entry[FieldInfo]]
    published: dict[str, Entry[Published]]
    raters: Entry[Raters] | None
    own_raters: dict[str, Entry[Rater]]
    journals: pd.DataFrame
    problems: tuple[Problem, ...]


@dataclass(frozen=True)
class Repository:
    """Everything under ``data/``, validated.

    Attributes
    ----------
    root : Path
        Root of the checkout.
    checklist : Checklist
    questions : dict of int to Question
        What the guidance leaves open, by item.
    papers : dict of str to Paper
        By id, sorted.
    ratings : tuple of Rating
        Sorted by paper and rater; a ``consensus.yaml`` is a rating of kind ``consensus``.
    fields : dict of str to FieldInfo
        Fields that rebuild a printed review come first, then by id.
    published : dict of str to Published
        Only for fields that rebuild a printed review.
    raters : dict of str to Rater
        Of ``data/raters.yaml``, then of ``data/raters/<id>.yaml``.
    journals : pandas.DataFrame
        ``data/journals.csv`` indexed by journal; ``percentile`` in 0-100 or NaN.
    """

    root: Path
    checklist: Checklist
    questions: dict[int, Question]
    papers: dict[str, Paper]
    ratings: tuple[Rating, ...]
    fields: dict[str, FieldInfo]
    published: dict[str, Published]
    raters: dict[str, Rater]
    journals: pd.DataFrame

    @cached_property
    def ratings_of(self) -> dict[str, tuple[Rating, ...]]:
        """Ratings by paper id; papers without a rating have an empty tuple."""
        found: dict[str, list[Rating]] = {paper: [] for paper in self.papers}
        for rating in self.ratings:
            found[rating.paper].append(rating)
        return {paper: tuple(ratings) for paper, ratings in found.items()}

    def select(self, field: str | None = None, paper: str | None = None) -> list[str]:
        """Return the ids of papers of a field, of one paper, or of all papers (practice set included).

        Raises
        ------
        UsageError
            When the field or the paper does not exist.
        """
        ids = list(self.papers)
        if field is not None:
            one_of(field, self.fields, "field")
            ids = [i for i in ids if field in self.papers[i].fields]
        if paper is not None:
            one_of(paper, self.papers, "paper")
            ids = [i for i in ids if i == paper]
        return ids

    def journal_percentile(self, paper: str) -> float:
        """Return the percentile of a paper's journal (0-100), NaN when it is not known."""
        journal = self.papers[paper].journal
        if journal is None or journal not in self.journals.index:
            return float("nan")
        return float(self.journals.loc[journal, "percentile"])


def load(root: Path) -> Repository:
    """Read and check every record below ``root/data``.

    Parameters
    ----------
    root : Path
        Root of a checkout.

    Returns
    -------
    Repository

    Raises
    ------
    DataError
        With every problem of every file; nothing is returned half-read.
    """
    found = read(root)
    if found.problems or found.checklist is None:
        raise DataError(found.problems)
    published = {name: entry.record for name, entry in found.published.items()}
    return Repository(
        found.root,
        found.checklist,
        dict(sorted(found.questions.record.questions.items())) if found.questions else {},
        {name: entry.record for name, entry in found.papers.items()},
        tuple(entry.record for entry in found.ratings),
        {name: found.fields[name].record for name in sorted(found.fields, key=lambda n: (n not in published, n))},
        published,
        merged(found.raters, found.own_raters),
        found.journals,
    )


def read(root: Path) -> Reading:
    """Read every record below ``root/data``, the good ones beside the broken ones.

    Parameters
    ----------
    root : Path
        Root of a checkout.

    Returns
    -------
    Reading
        With every problem that schema, checklist and place in the folders give. Nothing is raised for a broken record.
    """
    root = root.resolve()
    data = root / "data"
    problems: list[Problem] = record_checks.links(data, root)

    def entry(path: Path, model: type[Model]) -> Entry[Model] | None:
        return read_entry(path, model, root, problems)

    instrument: Checklist | None = None  # where it is broken, nothing can be said about answers
    try:
        instrument = checklists.load(data / "checklist" / f"{CHECKLIST_ID}.yaml", root)
    except DataError as error:
        problems += [problem if problem.rule else replace(problem, rule="DLRRC-LIST-001") for problem in error.problems]
    shared, own = read_raters(root, problems)
    raters = merged(shared, own) if shared else None  # None: broken, so nothing can be said about raters
    fields: dict[str, Entry[FieldInfo]] = {}
    published: dict[str, Entry[Published]] = {}
    known = sorted(path.parent.name for path in data.glob("fields/*/field.yaml"))
    for path in sorted(data.glob("fields/*/field.yaml")):
        if field := entry(path, FieldInfo):
            fields[path.parent.name] = field
            problems += record_checks.same(
                field.document, ("id",), field.record.id, path.parent.name, "the folder's name"
            )
    for path in sorted(data.glob("fields/*/published.yaml")):
        if printed := entry(path, Published):
            published[path.parent.name] = printed
            if instrument:
                problems += record_checks.published_problems(printed.record, printed.document, instrument)
    papers: dict[str, Entry[Paper]] = {}
    ratings: list[Entry[Rating]] = []
    for folder in sorted(path for path in data.glob("papers/*") if path.is_dir() and not path.is_symlink()):
        if paper := entry(folder / "paper.yaml", Paper):
            papers[folder.name] = paper
            problems += record_checks.same(paper.document, ("id",), paper.record.id, folder.name, "the folder's name")
            problems += record_checks.unknown_fields(paper.record, paper.document, known)
        for path in sorted([*folder.glob("ratings/*.yaml"), *folder.glob("consensus.yaml")]):
            if rated := entry(path, Rating):
                ratings.append(rated)
                if instrument:
                    problems += record_checks.rating_problems(rated.record, rated.document, path, instrument, raters)
    asked = entry(data / "checklist" / f"{CHECKLIST_ID}-questions.yaml", Questions)
    if asked and instrument:
        problems += record_checks.question_problems(asked.record, asked.document, instrument)
    problems += record_checks.stray_files(data, root)
    journals = record_checks.journals(data / "journals.csv", root, problems)
    unique = tuple(sorted(set(problems)))  # a link is met twice
    return Reading(root, instrument, asked, papers, tuple(ratings), fields, published, shared, own, journals, unique)


def find_root(start: Path | None = None) -> Path:
    """Return the root of the checkout that holds a folder, found by walking up to ``data/checklist``.

    Parameters
    ----------
    start : Path, optional
        Folder to start from; by default the working directory.

    Raises
    ------
    UsageError
        When no folder above holds the review's data.
    """
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        if (folder / "data" / "checklist").is_dir():
            return folder
    raise UsageError(f"no data/checklist in {here} or above it; run this inside a checkout of the review")


def here() -> Repository:
    """Load the checkout that holds the working directory; see :func:`load`."""
    return load(find_root())
