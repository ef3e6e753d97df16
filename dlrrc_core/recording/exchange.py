"""Ratings into workbooks and back."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from dlrrc_core import files, strict_yaml
from dlrrc_core.problems import UsageError
from dlrrc_core.recording import ratings, workbook, workbook_read, yaml_text
from dlrrc_core.records import Answer, Paper, Rating


def export_xlsx(root: Path, paper: str, rater: str, file: Path, replace: bool = False) -> Path:
    """Write a rating into a workbook of the authors' layout.

    Parameters
    ----------
    root : Path
        Root of the checkout.
    paper, rater : str
        Their ids; the rater ``consensus`` means the consensus.
    file : Path
        Workbook to write, ending in ``.xlsx``.
    replace : bool, default False
        Whether a file that is there may be replaced.

    Returns
    -------
    Path
        The workbook.

    Raises
    ------
    UsageError
        When there is no such rating, the file has another ending, or it is there already.
    DataError
        When the rating is broken.
    """
    if file.suffix.lower() != ".xlsx":
        raise UsageError(f"'{file.name}' does not end in .xlsx; allowed: a workbook without macros")
    rating = ratings.read_rating(root, paper, rater)
    if file.exists() and not replace:
        raise UsageError(f"{file} is there already; choose another name, or say --replace")
    record = strict_yaml.validate(strict_yaml.load(yaml_text.paper_folder(root, paper) / "paper.yaml", root), Paper)
    heading = f"{record.first_author} - {record.year if record.year is not None else 'no date'}"
    files.write(file, workbook.workbook(rating, ratings.instrument(root), heading))
    return file


def import_xlsx(
    root: Path, file: Path, paper: str, rater: str, kind: Literal["human", "machine"] = "human", replace: bool = False
) -> list[Path]:
    """Write the answers of a workbook into a rating.

    Parameters
    ----------
    root : Path
        Root of the checkout.
    file : Path
        Workbook in the authors' layout; see :func:`dlrrc_core.recording.workbook_read.answers`.
    paper, rater : str
        Their ids.
    kind : {"human", "machine"}, default "human"
        Kind of a rater who has no rating of this paper yet.
    replace : bool, default False
        Whether answers that a rating holds already may be replaced. A rating in which nothing is answered is always filled in.

    Returns
    -------
    list of Path
        Files that were written.

    Raises
    ------
    UsageError
        When the workbook is refused, the paper does not exist, or answers would be lost.
    DataError
        When the rating that is there is broken.

    Notes
    -----
    A rating that is there keeps its head (what was read, blinded, date). Where the workbook has no column for evidence, an answer
    that did not change keeps evidence, place and confidence. The status is ``complete`` when every item has an answer and the
    rating was complete before, else ``draft``: a person declares a rating complete.
    """
    path = ratings.rating_path(root, paper, rater)
    checklist = ratings.instrument(root)
    new: Path | None = None
    if path.exists():
        before = ratings.read_rating(root, paper, rater)
        if not replace and any(answer.answer is not None for answer in before.answers.values()):
            raise UsageError(
                f"the rating of '{paper}' by '{rater}' holds answers already; say --replace to replace them"
            )
        found, evidence = workbook_read.answers(file, checklist)
    else:
        found, evidence = workbook_read.answers(file, checklist)
        before = ratings.empty_rating(paper, rater, kind, checklist, "full text", True)
        new = ratings.register(root, rater, kind, None)
    if not evidence:
        found = {number: _kept(before.answers.get(number), answer) for number, answer in found.items()}
    complete = before.status == "complete" and all(answer.answer is not None for answer in found.values())
    status: Literal["complete", "draft"] = "complete" if complete else "draft"
    rating = Rating.model_validate({**dict(before), "status": status, "answers": found})
    return [ratings.save(root, rating, checklist, questions=True, replace=True), *([new] if new else [])]


def _kept(before: Answer | None, after: Answer) -> Answer:
    """Return the answer of before, with its evidence, when a workbook without evidence says the same."""
    return before if before is not None and before.answer == after.answer else after
