"""Reads all records of a checkout, checks them against schema and checklist, and reports every problem at once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import pandas as pd
from pydantic import BaseModel

from dlrrc_core import checklist as checklists
from dlrrc_core import record_checks, strict_yaml
from dlrrc_core.checklist import Checklist, Question, Questions
from dlrrc_core.fields import FieldInfo, Published, Rater, Raters
from dlrrc_core.problems import DataError, Problem, UsageError, one_of, relative
from dlrrc_core.records import Paper, Rating

CHECKLIST_ID = "dlrrc-1.0"
Model = TypeVar("Model", bound=BaseModel)


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
    root = root.resolve()
    data = root / "data"
    instrument = checklists.load(data / "checklist" / f"{CHECKLIST_ID}.yaml", root)
    problems: list[Problem] = []

    def read(path: Path, model: type[Model]) -> tuple[Model, strict_yaml.Document] | None:
        try:
            document = strict_yaml.load(path, root)
            return strict_yaml.validate(document, model), document
        except DataError as error:
            problems.extend(error.problems)
            return None

    raters_file = read(data / "raters.yaml", Raters)
    raters = dict(raters_file[0].raters) if raters_file else None  # None: broken, so nothing can be said about raters
    fields, published = {}, {}
    known = sorted(path.parent.name for path in data.glob("fields/*/field.yaml"))
    for path in sorted(data.glob("fields/*/field.yaml")):
        if found := read(path, FieldInfo):
            fields[path.parent.name] = found[0]
            problems += record_checks.same(found[1], ("id",), found[0].id, path.parent.name, "the folder's name")
    for path in sorted(data.glob("fields/*/published.yaml")):
        if printed := read(path, Published):
            published[path.parent.name] = printed[0]
            problems += record_checks.published_problems(printed[0], printed[1], instrument)
    papers: dict[str, Paper] = {}
    ratings: list[Rating] = []
    for folder in sorted(path for path in data.glob("papers/*") if path.is_dir()):
        if folder.is_symlink():
            problems.append(Problem(relative(folder, root), 0, 0, "a link", "a folder of its own"))
            continue
        if entry := read(folder / "paper.yaml", Paper):
            papers[folder.name] = entry[0]
            problems += record_checks.same(entry[1], ("id",), entry[0].id, folder.name, "the folder's name")
            problems += record_checks.unknown_fields(entry[0], entry[1], known)
        for path in sorted([*folder.glob("ratings/*.yaml"), *folder.glob("consensus.yaml")]):
            if rated := read(path, Rating):
                ratings.append(rated[0])
                problems += record_checks.rating_problems(rated[0], rated[1], path, instrument, raters)
    questions: dict[int, Question] = {}
    if asked := read(data / "checklist" / f"{CHECKLIST_ID}-questions.yaml", Questions):
        questions = dict(sorted(asked[0].questions.items()))
        problems += record_checks.question_problems(asked[0], asked[1], instrument, data / "papers")
    problems += record_checks.stray_files(data, root)
    journals = record_checks.journals(data / "journals.csv", root, problems)
    if problems:
        raise DataError(problems)
    fields = {name: fields[name] for name in sorted(fields, key=lambda name: (name not in published, name))}
    return Repository(root, instrument, questions, papers, tuple(ratings), fields, published, raters or {}, journals)


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
