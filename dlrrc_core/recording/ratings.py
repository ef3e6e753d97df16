"""Ratings as files: empty ones to fill in, reading one alone, and raters who bring a file of their own."""

from __future__ import annotations

from pathlib import Path
from textwrap import wrap
from typing import Literal

from dlrrc_core import checklist as checklists
from dlrrc_core import entries, files, record_checks, strict_yaml
from dlrrc_core.checklist import SPECIAL_CODES, Checklist
from dlrrc_core.fields import Rater
from dlrrc_core.problems import DataError, Problem, UsageError, one_of, relative
from dlrrc_core.recording import yaml_text
from dlrrc_core.records import Answer, Rating
from dlrrc_core.repository import CHECKLIST_ID

KINDS = ("human", "machine")
READ = ("full text", "full text and code", "abstract")
HEAD_NOTES = {
    "read": "what you read: full text, full text and code, or abstract",
    "blinded": "false if you saw another rating of this paper before you finished",
    "date": "day on which the rating was finished, in quotes: '2024-01-31'",
    "status": "complete when every item has an answer",
    "conflict_of_interest": "null, or in a sentence what ties you to the paper or its authors",
}


def instrument(root: Path) -> Checklist:
    """Return the checklist in force of a checkout."""
    return checklists.load(root / "data" / "checklist" / f"{CHECKLIST_ID}.yaml", root)


def read_raters(root: Path) -> tuple[dict[str, Rater], list[Problem]]:
    """Read the raters of a checkout: the shared file, and one file per rater beside it.

    Parameters
    ----------
    root : Path
        Root of the checkout; ``data/raters.yaml`` and ``data/raters/<id>.yaml`` are read.

    Returns
    -------
    raters : dict of str to Rater
        By id, those of the shared file first.
    problems : list of Problem
        Files that cannot be read, names that are no id, and raters that stand in both places.

    Notes
    -----
    A file of one's own lets two new raters join at the same time: their branches touch no common file.
    """
    problems: list[Problem] = []
    shared, own = entries.read_raters(root, problems)
    return entries.merged(shared, own), problems


def read_rating(root: Path, paper: str, rater: str) -> Rating:
    """Read and check one rating, and no other.

    Parameters
    ----------
    root : Path
        Root of the checkout.
    paper, rater : str
        Their ids; the rater ``consensus`` means ``consensus.yaml``.

    Returns
    -------
    Rating

    Raises
    ------
    UsageError
        When there is no such rating.
    DataError
        With every problem of the file.
    """
    path = rating_path(root, paper, rater)
    if not path.exists():
        raise UsageError(f"'{rater}' has no rating of '{paper}' ({relative(path, root)})")
    document = strict_yaml.load(path, root)
    rating = strict_yaml.validate(document, Rating)
    raters, problems = read_raters(root)
    problems += record_checks.rating_problems(rating, document, path, instrument(root), raters)
    if problems:
        raise DataError(problems)
    return rating


def rating_path(root: Path, paper: str, rater: str) -> Path:
    """Return where a rating stands, or would stand."""
    folder = yaml_text.paper_folder(root, paper)
    yaml_text.identifier(rater, "id of the rater")
    return folder / "consensus.yaml" if rater == "consensus" else folder / "ratings" / f"{rater}.yaml"


def empty_rating(
    paper: str, rater: str, kind: Literal["human", "machine"], checklist: Checklist, read: str, blinded: bool
) -> Rating:
    """Return a draft in which nothing is answered."""
    return Rating.model_validate(
        {
            "paper": paper,
            "rater": rater,
            "kind": kind,
            "checklist": checklist.id,
            "read": one_of(read, READ, "kind of reading"),
            "blinded": blinded,
            "status": "draft",
            "answers": dict.fromkeys(checklist.items, Answer(answer=None)),
        }
    )


def rating_text(rating: Rating, checklist: Checklist, questions: bool) -> str:
    """Return a rating as YAML text.

    Parameters
    ----------
    rating : Rating
        The rating.
    checklist : Checklist
        The instrument.
    questions : bool
        Whether part titles, questions and allowed answers stand above the items as comments.

    Returns
    -------
    str
    """
    facts = rating.model_dump(mode="json")
    answers = {number: facts["answers"][str(number)] for number in rating.answers}
    del facts["answers"]
    lines = []
    for key, value in facts.items():
        note = f"  # {HEAD_NOTES[key]}" if questions and key in HEAD_NOTES else ""
        text = yaml_text.dump({key: value}).rstrip("\n")
        lines.append(text + note if "\n" not in text else text)
    lines.append("answers:")
    for part in checklist.parts:
        if questions:
            lines += ["", f"  # Part {part.id}: {part.title}"]
        for item in part.items:
            if item.id not in answers:
                continue
            if questions:
                allowed = ", ".join(f"'{code}'" for code in (*checklist.units[item.id], *SPECIAL_CODES))
                lines += ["", f"  # {item.id}. {item.title}"]
                lines += wrap(" ".join(item.asks.split()), 100, initial_indent="  # ", subsequent_indent="  # ")
                lines.append(f"  # answer: {allowed} or null (not answered)")
            entry = yaml_text.dump({item.id: answers[item.id]})
            lines += [f"  {line}" if line else line for line in entry.rstrip("\n").split("\n")]
    return "\n".join(lines) + "\n"


def save(root: Path, rating: Rating, checklist: Checklist, questions: bool, replace: bool = False) -> Path:
    """Write a rating to its place.

    Parameters
    ----------
    root : Path
        Root of the checkout.
    rating : Rating
        What to write.
    checklist : Checklist
        The instrument.
    questions : bool
        See :func:`rating_text`.
    replace : bool, default False
        Whether a rating that is there may be replaced.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    UsageError
        When the rating is there already.
    """
    path = rating_path(root, rating.paper, rating.rater)
    if not replace and (path.exists() or path.is_symlink()):
        raise UsageError(f"{relative(path, root)} is there already; nothing was changed")
    content = yaml_text.proved(rating_text(rating, checklist, questions), rating, relative(path, root))
    files.write(path, content)
    return path


def register(root: Path, rater: str, kind: Literal["human", "machine"], name: str | None) -> Path | None:
    """Write ``data/raters/<id>.yaml`` for a rater who stands nowhere yet.

    Returns
    -------
    Path or None
        The new file; None for a known rater.

    Raises
    ------
    UsageError
        When the id is taken by the consensus, or by a rater of the other kind or of another name.
    DataError
        When the files of the raters are broken.
    """
    if yaml_text.identifier(rater, "id of the rater") == "consensus":
        raise UsageError("'consensus' is the name of every consensus; allowed: another id for a rater")
    raters, problems = read_raters(root)
    if problems:
        raise DataError(problems)
    if rater in raters:
        known = raters[rater]
        if known.kind != kind:
            raise UsageError(f"the rater '{rater}' is of the kind {known.kind}, not {kind}; choose another id")
        if name is not None and name != known.name:
            raise UsageError(f"the rater '{rater}' is '{known.name}', not '{name}'; choose another id")
        return None
    path = root / "data" / "raters" / f"{rater}.yaml"
    record = Rater(name=name or rater, kind=kind)
    files.write(path, yaml_text.proved(yaml_text.dump(record.model_dump()), record, relative(path, root)))
    return path


def new_rating(
    root: Path,
    paper: str,
    rater: str,
    kind: str,
    name: str | None = None,
    read: str = "full text",
    blinded: bool = True,
) -> list[Path]:
    """Start a rating: every item with its question, no answer.

    Nothing of another rating is read or shown.

    Parameters
    ----------
    root : Path
        Root of the checkout.
    paper, rater : str
        Their ids.
    kind : {"human", "machine"}
        Who rates.
    name : str, optional
        Name of a new rater for readers; by default the id.
    read : {"full text", "full text and code", "abstract"}, default "full text"
        What the rater reads.
    blinded : bool, default True
        Whether the rater sees no other rating of the paper.

    Returns
    -------
    list of Path
        The files that were written: the rating and, for a new rater, ``data/raters/<id>.yaml``.

    Raises
    ------
    UsageError
        When the paper does not exist, the rating is there already, or kind or rater do not fit.
    """
    chosen: Literal["human", "machine"] = "human" if one_of(kind, KINDS, "kind of rater") == "human" else "machine"
    path = rating_path(root, paper, rater)
    if path.exists() or path.is_symlink():
        raise UsageError(f"{relative(path, root)} is there already; nothing was changed")
    checklist = instrument(root)
    rating = empty_rating(paper, rater, chosen, checklist, read, blinded)
    new = register(root, rater, chosen, name)
    return [save(root, rating, checklist, questions=True), *([new] if new else [])]
