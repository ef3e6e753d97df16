"""Reads all records of a checkout, checks them against schema and checklist, and reports every problem at once."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import pandas as pd
from pydantic import BaseModel

from dlrrc_core import checklist as checklists
from dlrrc_core import strict_yaml
from dlrrc_core.checklist import SPECIAL_CODES, Checklist
from dlrrc_core.fields import FieldInfo, Published, Rater, Raters
from dlrrc_core.problems import DataError, Problem, UsageError, nearest, one_of, relative
from dlrrc_core.records import Paper, Rating

CORRELATIONS = ("journal", "journal-partial", "year", "year-partial")  # the four of the seed review
CHECKLIST_ID = "dlrrc-1.0"
JOURNAL_COLUMNS = ("journal", "issn", "metric", "metric_year", "category", "rank", "of", "percentile", "source")
Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True)
class Repository:
    """Everything under ``data/``, validated.

    Attributes
    ----------
    root : Path
        Root of the checkout.
    checklist : Checklist
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
    raters = dict(raters_file[0].raters) if raters_file else {}
    fields, published = {}, {}
    known = sorted(path.parent.name for path in data.glob("fields/*/field.yaml"))
    for path in sorted(data.glob("fields/*/field.yaml")):
        if found := read(path, FieldInfo):
            fields[path.parent.name] = found[0]
            problems += _same(found[1], ("id",), found[0].id, path.parent.name, "the folder's name")
    for path in sorted(data.glob("fields/*/published.yaml")):
        if printed := read(path, Published):
            published[path.parent.name] = printed[0]
            problems += _published_problems(printed[0], printed[1], instrument)
    papers: dict[str, Paper] = {}
    ratings: list[Rating] = []
    for folder in sorted(path for path in data.glob("papers/*") if path.is_dir()):
        if entry := read(folder / "paper.yaml", Paper):
            papers[folder.name] = entry[0]
            problems += _same(entry[1], ("id",), entry[0].id, folder.name, "the folder's name")
            problems += _unknown_fields(entry[0], entry[1], known)
        for path in sorted([*folder.glob("ratings/*.yaml"), *folder.glob("consensus.yaml")]):
            if rated := read(path, Rating):
                ratings.append(rated[0])
                problems += _rating_problems(rated[0], rated[1], path, instrument, raters)
    journals = _journals(data / "journals.csv", root, problems)
    if problems:
        raise DataError(problems)
    fields = {name: fields[name] for name in sorted(fields, key=lambda name: (name not in published, name))}
    return Repository(root, instrument, papers, tuple(ratings), fields, published, raters, journals)


def _same(
    document: strict_yaml.Document, at: strict_yaml.Location, found: str, wanted: str, what: str
) -> list[Problem]:
    """Return a problem when an id differs from the name it has to carry."""
    return [] if found == wanted else [document.problem(at, f"{at[-1]} is '{found}'", f"'{wanted}' ({what})")]


def _unknown_fields(paper: Paper, document: strict_yaml.Document, fields: list[str]) -> list[Problem]:
    """Return a problem for each field of a paper that has no folder."""
    return [
        document.problem(("fields", i), f"the field '{field}'", f"one of {', '.join(fields)}", nearest(field, fields))
        for i, field in enumerate(paper.fields)
        if field not in fields
    ]


def _published_problems(printed: Published, document: strict_yaml.Document, instrument: Checklist) -> list[Problem]:
    """Return a problem for each printed item, part or correlation that does not exist or stands twice."""
    problems: list[Problem] = []
    lists: tuple[tuple[str, str, list[object], list[object]], ...] = (
        ("items", "item", [entry.item for entry in printed.items], list(instrument.items)),
        ("parts", "part", [entry.part for entry in printed.parts], [part.id for part in instrument.parts]),
        ("correlations", "id", [entry.id for entry in printed.correlations], list(CORRELATIONS)),
    )
    for key, name, found, allowed in lists:
        for i, value in enumerate(found):
            if value not in allowed or value in found[:i]:
                what = f"{key}.{i}.{name} is {value!r}" + ("" if value not in allowed else " for the second time")
                problems.append(document.problem((key, i, name), what, f"each of {', '.join(map(str, allowed))} once"))
    return problems


def _rating_problems(
    rating: Rating, document: strict_yaml.Document, path: Path, instrument: Checklist, raters: dict[str, Rater]
) -> list[Problem]:
    """Return everything in a rating that the checklist or its place in the folder does not allow."""
    consensus = path.name == "consensus.yaml"
    folder = path.parent if consensus else path.parent.parent
    problems = _same(document, ("paper",), rating.paper, folder.name, "the folder's name")
    if consensus != (rating.kind == "consensus"):
        problems.append(
            document.problem(("kind",), f"kind is '{rating.kind}'", "'consensus' in consensus.yaml, and only there")
        )
    if not consensus:
        problems += _same(document, ("rater",), rating.rater, path.stem, "the file's name")
        if rating.rater not in raters:
            fix = "add the rater to data/raters.yaml"
            problems.append(
                document.problem(("rater",), f"the rater '{rating.rater}'", f"one of {', '.join(raters)}", fix)
            )
        elif raters[rating.rater].kind != rating.kind:
            problems.append(
                document.problem(
                    ("kind",), f"kind is '{rating.kind}'", f"'{raters[rating.rater].kind}', as in data/raters.yaml"
                )
            )
    problems += _same(document, ("checklist",), rating.checklist, instrument.id, "the checklist in force")
    for number, answer in rating.answers.items():
        if number not in instrument.items:
            at = ("answers", number)
            problems.append(document.problem(at, f"unknown item {number}", f"items 1 to {len(instrument.items)}"))
            continue
        allowed = [*instrument.units[number], *SPECIAL_CODES]
        if answer.answer is not None and answer.answer not in allowed:
            at_answer = ("answers", number, "answer")
            found = f"item {number} ({instrument.items[number].title}) has the answer '{answer.answer}'"
            problems.append(
                document.problem(at_answer, found, f"{', '.join(allowed)} or null", nearest(answer.answer, allowed))
            )
    missing = [number for number in instrument.items if number not in rating.answers]
    unanswered = missing + [number for number, answer in rating.answers.items() if answer.answer is None]
    if rating.status == "complete" and unanswered:
        items = ", ".join(str(number) for number in sorted(unanswered))
        fix = "answer them, write 'unclear', or set 'status: draft'"
        problems.append(
            document.problem(("status",), f"status is complete, but items {items} are not answered", "31 answers", fix)
        )
    return problems


def _journals(path: Path, root: Path, problems: list[Problem]) -> pd.DataFrame:
    """Read ``journals.csv``; add a problem for a wrong header, a repeated journal or a percentile that is none."""
    file, rows = relative(path, root), []
    seen: dict[str, int] = {}
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            reader = csv.DictReader(stream)
            if tuple(reader.fieldnames or ()) != JOURNAL_COLUMNS:
                problems.append(Problem(file, 1, 1, f"the columns {reader.fieldnames}", ", ".join(JOURNAL_COLUMNS)))
                return pd.DataFrame()
            for row in reader:
                line, name = reader.line_num, row["journal"]
                if name in seen:
                    problems.append(
                        Problem(
                            file,
                            line,
                            1,
                            f"the journal '{name}' again (first in line {seen[name]})",
                            "each journal once",
                        )
                    )
                seen.setdefault(name, line)
                rows.append({**row, "percentile": _percentile(row["percentile"], file, line, problems)})
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        problems.append(Problem(file, 0, 0, f"cannot be read ({error})", "a CSV file in UTF-8"))
    return pd.DataFrame(rows, columns=list(JOURNAL_COLUMNS)).set_index("journal")


def _percentile(text: str | None, file: str, line: int, problems: list[Problem]) -> float:
    """Return a percentile, NaN for an empty cell; add a problem for anything outside 0-100."""
    if not text:
        return float("nan")
    try:
        value = float(text)
        if 0 <= value <= 100:
            return value
    except ValueError:
        pass
    problems.append(Problem(file, line, 1, f"the percentile '{text}'", "a number from 0 to 100, or an empty cell"))
    return float("nan")


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
