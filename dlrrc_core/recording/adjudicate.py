"""Where the raters of a paper differ, and the consensus that people decide on."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from dlrrc_core import strict_yaml
from dlrrc_core.checklist import SPECIAL_CODES, Checklist
from dlrrc_core.problems import DataError, Problem, UsageError, nearest
from dlrrc_core.recording import ratings, yaml_text
from dlrrc_core.records import Answer, Rating, Record, Text

Name = Annotated[str, Field(min_length=1, max_length=200)]


class Decision(Record):
    """What was decided on one item, why, and by whom."""

    answer: Text
    reason: Annotated[str, Field(min_length=1, max_length=3000)]
    who: Name
    where: Text | None = None


class Decisions(Record):
    """A file of decisions by item number."""

    decisions: dict[int, Decision] = Field(min_length=1)


@dataclass(frozen=True)
class Disagreement:
    """One item on which raters differ.

    Attributes
    ----------
    item : int
    title : str
    question : str
        What the item asks.
    answers : dict of str to dict
        By rater: ``answer``, ``evidence``, ``where``, ``confidence``.
    """

    item: int
    title: str
    question: str
    answers: dict[str, dict[str, str | None]]


def raters_of(root: Path, paper: str) -> tuple[Rating, ...]:
    """Return the ratings of a paper, without its consensus.

    Raises
    ------
    UsageError
        When there are fewer than two, or one is a draft.
    """
    folder = yaml_text.paper_folder(root, paper)
    found = [ratings.read_rating(root, paper, path.stem) for path in sorted((folder / "ratings").glob("*.yaml"))]
    drafts = [rating.rater for rating in found if rating.status == "draft"]
    complete = tuple(rating for rating in found if rating.status == "complete")
    if len(complete) < 2:
        left = f" ({', '.join(drafts)} not complete)" if drafts else ""
        raise UsageError(f"'{paper}' has {len(complete)} complete rating(s){left}; adjudication needs at least 2")
    return complete


def disagreements(found: tuple[Rating, ...], checklist: Checklist) -> list[Disagreement]:
    """Return the items on which ratings differ, with every rater's answer, evidence and place.

    Parameters
    ----------
    found : tuple of Rating
        Complete ratings of one paper.
    checklist : Checklist
        The instrument.

    Returns
    -------
    list of Disagreement
        In the order of the items.
    """
    listed = []
    for number, item in checklist.items.items():
        answers = {rating.rater: rating.answers[number] for rating in found}
        if len({answer.answer for answer in answers.values()}) > 1:
            shown = {rater: answer.model_dump() for rater, answer in answers.items()}
            listed.append(Disagreement(number, item.title, " ".join(item.asks.split()), shown))
    return listed


def as_dicts(listed: list[Disagreement]) -> list[dict[str, Any]]:
    """Return disagreements as plain data for JSON."""
    return [asdict(entry) for entry in listed]


def as_text(paper: str, listed: list[Disagreement]) -> str:
    """Return disagreements for reading."""
    if not listed:
        return f"{paper}: the raters agree on every item"
    lines = [f"{paper}: {len(listed)} item(s) on which the raters differ"]
    for entry in listed:
        lines += ["", f"{entry.item}. {entry.title}: {entry.question}"]
        for rater, answer in entry.answers.items():
            sure = f", confidence {answer['confidence']}" if answer["confidence"] else ""
            lines.append(f"   {rater}: {answer['answer']}{sure}")
            lines.append(f"      {answer['evidence'] or 'no evidence given'} [{answer['where'] or 'no place given'}]")
    return "\n".join(lines)


def read_decisions(file: Path, checklist: Checklist) -> dict[int, Decision]:
    """Read decisions.

    Parameters
    ----------
    file : Path
        YAML: item number to ``answer``, ``reason``, ``who`` and, where wanted, ``where``.
    checklist : Checklist
        The instrument.

    Returns
    -------
    dict of int to Decision

    Raises
    ------
    DataError
        With every problem of the file.
    """
    document = strict_yaml.load(file, file.parent)
    places = {("decisions", *place): value for place, value in document.places.items()}
    inside = strict_yaml.Document(document.file, {"decisions": document.data}, places)
    found = strict_yaml.validate(inside, Decisions).decisions
    problems: list[Problem] = []
    for number, decision in found.items():
        if number not in checklist.items:
            allowed = f"items 1 to {len(checklist.items)}"
            problems.append(inside.problem(("decisions", number), f"unknown item {number}", allowed))
            continue
        codes = [*checklist.units[number], *SPECIAL_CODES]
        if decision.answer not in codes:
            at = ("decisions", number, "answer")
            said = f"item {number} has the answer '{decision.answer}'"
            problems.append(inside.problem(at, said, ", ".join(codes), nearest(decision.answer, codes)))
    if problems:
        raise DataError(problems)
    return found


def consensus(paper: str, found: tuple[Rating, ...], decisions: dict[int, Decision], checklist: Checklist) -> Rating:
    """Return the consensus of ratings.

    Parameters
    ----------
    paper : str
        Id of the paper.
    found : tuple of Rating
        Complete ratings of the paper.
    decisions : dict of int to Decision
        At least for every item on which they differ; one on an item on which they agree changes it.
    checklist : Checklist
        The instrument.

    Returns
    -------
    Rating
        Of the kind ``consensus``, not blinded, read what all raters read at least. Items without a decision keep the answer
        and the evidence of the first rater who gave any.

    Raises
    ------
    UsageError
        With every item that still needs a decision.

    Notes
    -----
    The schema has no place for reason and deciders, so the evidence of a decided item has the form
    ``<reason> [decided by <who>; before: <rater> <answer>, <rater> <answer>]``.
    """
    if missing := [entry.item for entry in disagreements(found, checklist) if entry.item not in decisions]:
        items = ", ".join(map(str, missing))
        raise UsageError(f"the raters of '{paper}' differ on items {items}, and no decision is given for them")
    answers = {}
    for number in checklist.items:
        given = {rating.rater: rating.answers[number] for rating in found}
        if number in decisions:
            decision = decisions[number]
            before = ", ".join(f"{rater} {answer.answer}" for rater, answer in given.items())
            evidence = f"{' '.join(decision.reason.split())} [decided by {decision.who}; before: {before}]"
            answers[number] = Answer(answer=decision.answer, evidence=evidence, where=decision.where)
        else:
            first = next((a for a in given.values() if a.evidence is not None), next(iter(given.values())))
            answers[number] = Answer(answer=first.answer, evidence=first.evidence, where=first.where)
    reads = ("abstract", "full text", "full text and code")
    versions = {rating.paper_version for rating in found}
    return Rating.model_validate(
        {
            "paper": paper,
            "rater": "consensus",
            "kind": "consensus",
            "checklist": checklist.id,
            "paper_version": versions.pop() if len(versions) == 1 else None,
            "read": min((rating.read for rating in found), key=reads.index),
            "blinded": False,
            "status": "complete",
            "answers": answers,
        }
    )


def adjudicate(root: Path, paper: str, decisions: Path, replace: bool = False) -> Path:
    """Write the consensus of a paper from a file of decisions.

    Parameters
    ----------
    root : Path
        Root of the checkout.
    paper : str
        Id of the paper.
    decisions : Path
        See :func:`read_decisions`.
    replace : bool, default False
        Whether a consensus that is there may be replaced.

    Returns
    -------
    Path
        ``data/papers/<id>/consensus.yaml``.

    Raises
    ------
    UsageError, DataError
        As :func:`raters_of`, :func:`read_decisions` and :func:`consensus`, and when there is a consensus already.
    """
    checklist = ratings.instrument(root)
    made = consensus(paper, raters_of(root, paper), read_decisions(decisions, checklist), checklist)
    return ratings.save(root, made, checklist, questions=False, replace=replace)
