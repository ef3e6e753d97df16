"""Rules about totals: whatever is claimed has to be what its parts add up to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from dlrrc_core import scoring
from dlrrc_core.checklist import Checklist
from dlrrc_core.entries import Entry
from dlrrc_core.fields import FieldInfo, Published
from dlrrc_core.problems import Problem, UsageError
from dlrrc_core.records import Paper, Rating
from dlrrc_core.repository import Reading

ROUNDED = 0.051  # claims are rounded to a tenth of a point at worst
SELECTION = ("identified", "screened", "assessed", "included")
CLAIM = re.compile(
    r"(?<![\d.,])(\d{1,3}(?:\.\d{1,2})?)\s?(?:/|of|out of)\s?100(?:\.0)?\s(?:points|pts)\b", re.IGNORECASE
)


def check(reading: Reading) -> Iterator[Problem]:
    """Yield totals that differ from the computed ones.

    Parameters
    ----------
    reading : Reading
        All records.

    Yields
    ------
    Problem
        Rules TOTAL-001 to 003 and FIELD-004.
    """
    for paper in reading.papers.values():
        yield from _class_counts(paper)
    for name, field in reading.fields.items():
        yield from _selection(field)
        if name in reading.published:
            yield from _papers_of_review(name, reading)
    if reading.checklist is not None:
        for rating in reading.ratings:
            yield from _claimed_points(rating, reading.checklist)


def _class_counts(entry: Entry[Paper]) -> Iterator[Problem]:
    counts = entry.record.study.class_counts or {}
    groups: dict[tuple[str, ...], Mapping[str, Any]] = {("study", "class_counts"): counts}
    groups |= {("study", "class_counts", name): group for name, group in counts.items() if isinstance(group, dict)}
    for at, group in groups.items():
        total = group.get("total")
        parts = [value for key, value in group.items() if key != "total" and isinstance(value, int)]
        if isinstance(total, int) and len(parts) > 1 and sum(parts) != total:
            found = f"total is {total}, but the counts beside it add up to {sum(parts)}"
            yield entry.document.problem((*at, "total"), found, str(sum(parts)), rule="DLRRC-TOTAL-001")


def _selection(entry: Entry[FieldInfo]) -> Iterator[Problem]:
    known = [(name, value) for name in SELECTION if (value := getattr(entry.record.prisma, name)) is not None]
    for (before, more), (after, fewer) in pairwise(known):
        if fewer > more:
            found = f"{after} is {fewer}, but {before} is {more}"
            yield entry.document.problem(("prisma", after), found, f"at most {more}", rule="DLRRC-FIELD-004")


def _papers_of_review(name: str, reading: Reading) -> Iterator[Problem]:
    printed: Entry[Published] = reading.published[name]
    wanted = printed.record.n_papers
    counts = printed.record.acceptable
    allowed = f"{wanted}, the n_papers of {printed.document.file}"
    if counts is not None and counts.of != wanted:
        at = ("acceptable", "of")
        yield printed.document.problem(at, f"acceptable.of is {counts.of}", allowed, rule="DLRRC-TOTAL-002")
    field = reading.fields[name]
    included = field.record.prisma.included
    if included is not None and included != wanted:
        at = ("prisma", "included")
        yield field.document.problem(at, f"prisma.included is {included}", allowed, rule="DLRRC-TOTAL-002")
    papers = [entry.record for entry in reading.papers.values() if name in entry.record.fields]
    marked = sum(paper.seed_review is not None and paper.seed_review.included for paper in papers)
    folders = sum(path.is_dir() for path in (reading.root / "data" / "papers").glob("*"))
    if marked != wanted and len(reading.papers) == folders:  # a broken record may be the one that is not counted
        found = f"n_papers is {wanted}, but {marked} papers of the field are marked as included"
        yield printed.document.problem(("n_papers",), found, str(marked), rule="DLRRC-TOTAL-002")


def _claimed_points(entry: Entry[Rating], instrument: Checklist) -> Iterator[Problem]:
    texts = {
        at: written for at, (_, _, written) in entry.document.places.items() if at and at[-1] in ("evidence", "where")
    }
    claims = [(at, claim) for at, text in texts.items() for claim in CLAIM.findall(text)]
    if not claims:
        return
    try:
        answers = {number: answer.answer for number, answer in entry.record.answers.items()}
        low, high = scoring.score(answers, instrument).interval
    except UsageError:  # an unknown item or code is reported already, and has no score
        return
    for at, claim in claims:
        if not low - ROUNDED <= float(claim) <= high + ROUNDED:
            computed = f"{low:g}" if low == high else f"{low:g} to {high:g}"
            found = f"the claim of {claim} of 100 points"
            yield entry.document.problem(at, found, f"{computed}, as computed", rule="DLRRC-TOTAL-003")
