"""Rules about evidence: what an answer rests on, and where open code, data and weights can be found."""

from __future__ import annotations

from collections.abc import Iterator

from dlrrc_core.checklist import Checklist
from dlrrc_core.entries import Entry
from dlrrc_core.problems import Problem
from dlrrc_core.records import Artefact, Paper, Rating
from dlrrc_core.repository import Reading

ARTEFACTS = ("code", "data", "weights")  # in the order of the items about them
MAY_BE_RATED_OPEN = ("open", "on registration", None)


def check(reading: Reading) -> Iterator[Problem]:
    """Yield answers without evidence, and open artefacts without address or date of access.

    Parameters
    ----------
    reading : Reading
        All records.

    Yields
    ------
    Problem
        Rules EVID-001 to 007.
    """
    for paper in reading.papers.values():
        yield from _artefacts(paper)
    if reading.checklist is None:
        return
    for rating in reading.ratings:
        yield from _answers(rating, reading.checklist)
        if rating.record.paper in reading.papers:
            yield from _open(rating, reading.papers[rating.record.paper].record, reading.checklist)


def _artefacts(entry: Entry[Paper]) -> Iterator[Problem]:
    for kind in ARTEFACTS:
        artefact: Artefact = getattr(entry.record.artefacts, kind)
        at = ("artefacts", kind)
        if artefact.status == "open" and artefact.url is None:
            found = (
                f"{kind} are open, but without an address" if kind != "code" else "code is open, but without an address"
            )
            yield entry.document.problem((*at, "url"), found, "an http or https address", rule="DLRRC-EVID-005")
        if artefact.url is not None and artefact.accessed is None:
            found = f"the address of the {kind} has no date of access"
            yield entry.document.problem((*at, "accessed"), found, "YYYY-MM-DD", rule="DLRRC-EVID-006")


def _answers(entry: Entry[Rating], instrument: Checklist) -> Iterator[Problem]:
    for number, answer in entry.record.answers.items():
        if number not in instrument.items or answer.answer is None:
            continue
        at = ("answers", number)
        what = f"item {number} ({instrument.items[number].title}) has the answer '{answer.answer}'"
        missing = [name for name in ("evidence", "where") if getattr(answer, name) is None]
        if instrument.units[number].get(answer.answer, 0) > 0 and missing:
            found = f"{what} without {' and '.join(missing)}"
            yield entry.document.problem(at, found, "evidence and a place in the paper", rule="DLRRC-EVID-001")
        elif "evidence" in missing:
            found = f"{what} without evidence"
            yield entry.document.problem(at, found, "what was looked for, or found instead", rule="DLRRC-EVID-002")


def _open(entry: Entry[Rating], paper: Paper, instrument: Checklist) -> Iterator[Problem]:
    rule = "DLRRC-EVID-004" if entry.record.kind == "machine" else "DLRRC-EVID-003"
    for kind, (number, open_code) in zip(ARTEFACTS, sorted(instrument.open_items.items()), strict=True):
        answer = entry.record.answers.get(number)
        if answer is None or answer.answer != open_code:
            continue
        artefact: Artefact = getattr(paper.artefacts, kind)
        at = ("answers", number, "answer")
        missing = [name for name in ("url", "accessed") if getattr(artefact, name) is None]
        record = f"artefacts.{kind} of data/papers/{paper.id}/paper.yaml"
        if missing:
            found = f"item {number} is answered '{open_code}', but {record} has no {' and no '.join(missing)}"
            yield entry.document.problem(at, found, "an address and the day when it was opened", rule=rule)
        if artefact.status not in MAY_BE_RATED_OPEN:
            found = f"item {number} is answered '{open_code}', but {record} has the status '{artefact.status}'"
            yield entry.document.problem(at, found, "open or on registration", rule="DLRRC-EVID-007")
