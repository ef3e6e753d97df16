"""What a change does to the records: scores, answers, the statistics of the fields, and findings of the validator.

Only data is read, with the library that is installed: nothing of the change is imported or run.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from dlrrc_core import repository, scoring
from dlrrc_core.pr_sources import READ, UNREAD, Side, side
from dlrrc_core.pr_statistics import moved
from dlrrc_core.problems import UsageError, relative
from dlrrc_core.records import Answer, Rating
from dlrrc_core.repository import Reading
from dlrrc_core.validation import Finding, validate

DUPLICATES = ("DLRRC-DOI-002", "DLRRC-PAPER-001", "DLRRC-PAPER-002", "DLRRC-PAPER-003")
EVIDENCE = "DLRRC-EVID-"  # rules about evidence and place
PAPER_FILE = re.compile(r"data/papers/([^/]+)/paper\.yaml")
RATING_FILE = re.compile(r"data/papers/([^/]+)/(?:ratings/([^/]+)\.yaml|consensus\.yaml)")


def pr_report(base: str, head: str, here: Path) -> dict[str, Any]:
    """Compare the records of two checkouts or revisions.

    Parameters
    ----------
    base, head : str
        Folder of a checkout, or a revision of git: before and after the change.
    here : Path
        Checkout whose history holds the revisions.

    Returns
    -------
    dict
        See :func:`compare`.

    Raises
    ------
    UsageError
        When a side does not exist.
    """
    with side(base, here) as before, side(head, here) as after:
        return compare(before, after)


def compare(before: Side, after: Side) -> dict[str, Any]:
    """Compare the records of two sides.

    Parameters
    ----------
    before, after : Side
        The checkouts.

    Returns
    -------
    dict
        ``base``, ``head``; ``files`` (file -> new, changed or removed); ``papers``, ``ratings`` and ``fields``, one entry for each one
        that is touched; ``evidence`` and ``duplicates`` (findings of the change about those); ``strict`` (all findings of the change:
        in its files, or anywhere else when they were not there before); ``others`` (findings that were there before); ``errors``
        (number of strict findings that are errors). Broken records give findings; nothing is raised for them.

    Notes
    -----
    Totals are intervals while an item is open. The statistics of a field are those of :func:`dlrrc_core.fieldstats.field_statistics`;
    broken records are left out of them.
    """
    old, new = repository.read(before.root), repository.read(after.root)
    files = changed_files(before.root, after.root)
    known = Counter(_key(finding) for finding in validate(before.root).findings)
    strict: list[Finding] = [Finding(problem) for problem in after.refused]
    others: list[Finding] = []
    for finding in validate(after.root).findings:
        key = _key(finding)
        was_there = known[key] > 0
        known[key] -= was_there
        (others if was_there and finding.problem.file not in files else strict).append(finding)
    return {
        "base": before.name,
        "head": after.name,
        "files": files,
        "papers": _papers(files, old, new),
        "ratings": _ratings(files, old, new),
        "fields": moved(old, new),
        "evidence": _as_data(one for one in strict if one.problem.rule.startswith(EVIDENCE)),
        "duplicates": _as_data(one for one in strict if one.problem.rule in DUPLICATES),
        "strict": _as_data(strict),
        "others": _as_data(others),
        "errors": sum(one.severity == "error" for one in strict),
    }


def changed_files(before: Path, after: Path) -> dict[str, str]:
    """Return the files of the records that differ between two checkouts.

    Parameters
    ----------
    before, after : Path
        Roots of checkouts.

    Returns
    -------
    dict of str to {"new", "changed", "removed"}
        By file, relative to the root, sorted. A link counts as its target's name and is never followed.
    """
    old, new = _digests(before), _digests(after)
    found = {name: "new" if name not in old else "removed" if name not in new else "changed" for name in old | new}
    return {name: found[name] for name in sorted(found) if old.get(name) != new.get(name)}


def _digests(root: Path) -> dict[str, str]:
    """Return a hash for each file that the validator reads."""
    found = {}
    for place in READ:
        top = root / place
        for path in [top] if top.is_symlink() or top.is_file() else sorted(top.rglob("*")):
            name = path.relative_to(root).as_posix()
            if name.startswith(UNREAD):
                continue
            if path.is_symlink():
                found[name] = f"link {path.readlink()}"
            elif path.is_file():
                with path.open("rb") as stream:
                    found[name] = hashlib.file_digest(stream, "sha256").hexdigest()
    return found


def _key(finding: Finding) -> tuple[str, str, str]:
    """Return what makes a finding the same one after lines have moved."""
    return finding.problem.file, finding.problem.rule, finding.problem.found


def _as_data(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """Return findings as plain data, errors first; notes are left out."""
    chosen = [finding for finding in findings if finding.severity != "info"]
    return [finding.as_data() for finding in sorted(chosen, key=lambda one: (one.severity != "error", one))]


def _papers(files: dict[str, str], old: Reading, new: Reading) -> list[dict[str, Any]]:
    """Return what happened to the records of papers; a record that cannot be read is missing on its side."""
    found = []
    for file, status in files.items():
        place = PAPER_FILE.fullmatch(file)
        if place is None:
            continue
        before, after = (side.papers[place[1]].record if place[1] in side.papers else None for side in (old, new))
        last, was, now = after or before, before and before.model_dump(), after and after.model_dump()
        found.append(
            {
                "paper": place[1],
                "status": _status(status, after),
                "title": last.title if last else None,
                "doi": last.doi if last else None,
                "keys": [key for key in now if was[key] != now[key]] if was and now else [],
            }
        )
    return found


def _ratings(files: dict[str, str], old: Reading, new: Reading) -> list[dict[str, Any]]:
    """Return what happened to the ratings; one that cannot be read is missing on its side."""
    before, after = ({relative(entry.path, side.root): entry.record for entry in side.ratings} for side in (old, new))
    found = []
    for file, status in files.items():
        place = RATING_FILE.fullmatch(file)
        if place is None:
            continue
        was, now = before.get(file), after.get(file)
        changes, reworded = _answers(was, now, old) if was and now else ([], [])
        found.append(
            {
                "file": file,
                "paper": place[1],
                "rater": place[2] or "consensus",
                "kind": last.kind if (last := now or was) else None,
                "status": _status(status, now),
                "before": total(was, old),
                "after": total(now, new),
                "items": changes,
                "reworded": reworded,
            }
        )
    return found


def _answers(was: Rating, now: Rating, old: Reading) -> tuple[list[dict[str, Any]], list[int]]:
    """Return the answers that became others, and the items of which only evidence, place or confidence changed."""
    titles = {number: item.title for number, item in old.checklist.items.items()} if old.checklist else {}
    changes: list[dict[str, Any]] = []
    reworded: list[int] = []
    for number in sorted(was.answers.keys() | now.answers.keys()):
        before, after = was.answers.get(number, Answer(answer=None)), now.answers.get(number, Answer(answer=None))
        if before.answer != after.answer:
            change = {"item": number, "title": titles.get(number), "from": before.answer, "to": after.answer}
            changes.append({**change, "evidence": after.evidence, "where": after.where})
        elif before != after:
            reworded.append(number)
    return changes, reworded


def _status(status: str, record: object) -> str:
    """Return the status of a file, or that it cannot be read."""
    return status if record is not None or status == "removed" else "cannot be read"


def total(rating: Rating | None, reading: Reading) -> dict[str, Any] | None:
    """Return the total of a rating.

    Parameters
    ----------
    rating : Rating or None
        The rating.
    reading : Reading
        The side it belongs to, with its checklist.

    Returns
    -------
    dict or None
        ``points`` (None while an item is open), ``low`` and ``high`` (points out of 100), ``open`` (number of open items); None when there
        is no rating, no checklist, or an answer that does not exist.
    """
    if rating is None or reading.checklist is None:
        return None
    try:
        score = scoring.score({number: one.answer for number, one in rating.answers.items()}, reading.checklist)
    except UsageError:  # an unknown item or code: the validator says which
        return None
    return {"points": score.points, "low": score.interval[0], "high": score.interval[1], "open": score.n_open}
