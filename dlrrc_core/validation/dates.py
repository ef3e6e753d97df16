"""Rules about dates: none in the future, none before what it is about."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from dlrrc_core.entries import Entry
from dlrrc_core.problems import Problem
from dlrrc_core.records import Paper, Rating
from dlrrc_core.repository import Reading

OTHER_ZONES = datetime.timedelta(days=1)  # it may be tomorrow already where the record was written


def check(reading: Reading, today: datetime.date) -> Iterator[Problem]:
    """Yield dates that cannot be right.

    Parameters
    ----------
    reading : Reading
        All records.
    today : datetime.date
        Day that is not yet the future.

    Yields
    ------
    Problem
        Rules DATE-002 to 004.
    """
    for entry in reading.papers.values():
        yield from _paper(entry, today)
    for field in reading.fields.values():
        at = ("coverage", "last_updated")
        yield from _not_future(field, at, field.record.coverage.last_updated, today)
    for rating in reading.ratings:
        yield from _not_future(rating, ("date",), rating.record.date, today)
        yield from _rating(rating, reading.papers.get(rating.record.paper))


def _paper(entry: Entry[Paper], today: datetime.date) -> Iterator[Problem]:
    paper = entry.record
    yield from _not_future(entry, ("published",), paper.published, today)
    for kind in ("code", "data", "weights"):
        artefact = getattr(paper.artefacts, kind)
        yield from _not_future(entry, ("artefacts", kind, "accessed"), artefact.accessed, today)
    if paper.year is not None and paper.year > today.year + 1:  # an issue may be dated next year
        found, allowed = f"year is {paper.year}", f"at most {today.year + 1}"
        yield entry.document.problem(("year",), found, allowed, rule="DLRRC-DATE-002")


def _not_future(
    entry: Entry, at: tuple[str, ...], day: datetime.date | None, today: datetime.date
) -> Iterator[Problem]:
    if day is not None and day > today + OTHER_ZONES:
        found = f"{'.'.join(at)} is {day}, in the future"
        yield entry.document.problem(at, found, f"a day up to {today}", rule="DLRRC-DATE-002")


def _rating(entry: Entry[Rating], paper: Entry[Paper] | None) -> Iterator[Problem]:
    day = entry.record.date
    if day is None:
        found = "the rating does not say when it was made"
        yield entry.document.problem(("date",), found, "a date, or null", rule="DLRRC-DATE-004")
        return
    if paper is None:
        return
    published, year = paper.record.published, paper.record.year
    if published is not None and day < published:
        allowed = f"{published}, the date of the paper, or later"
    elif published is None and year is not None and day.year < year - 1:  # online a year before its issue
        allowed = f"a day from {year - 1}; the paper is of {year}"
    else:
        return
    yield entry.document.problem(("date",), f"date is {day}, before the paper", allowed, rule="DLRRC-DATE-003")
