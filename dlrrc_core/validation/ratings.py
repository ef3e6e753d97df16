"""Rules about one rating: who rated what, and is it said."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from dlrrc_core import strict_yaml
from dlrrc_core.entries import Entry
from dlrrc_core.fields import Rater
from dlrrc_core.problems import Problem
from dlrrc_core.records import Rating
from dlrrc_core.repository import Reading

# words that only machines are called by; Claude and Mistral alone are names of people too
MACHINE = re.compile(
    r"\b(machine|language[- ]model|llm|(?:chat)?gpt|chatbot|gemini|copilot"
    r"|(?:claude|llama|mistral)[- ]?(?:\d|opus|sonnet|haiku|large|small))",
    re.IGNORECASE,
)


def check(reading: Reading) -> Iterator[Problem]:
    """Yield what ratings and raters leave unsaid.

    Parameters
    ----------
    reading : Reading
        All records.

    Yields
    ------
    Problem
        Rules RATE-005 to 011.
    """
    yield from _raters(reading)
    number = Counter(entry.path.parent.parent.name for entry in reading.ratings if entry.record.kind != "consensus")
    for entry in reading.ratings:
        yield from _rating(entry)
        if entry.record.kind == "consensus" and number[entry.path.parent.name] < 2:
            found = f"a consensus of {number[entry.path.parent.name]} rating(s)"
            yield entry.document.problem(("kind",), found, "at least two ratings of the paper", rule="DLRRC-RATE-011")


def _raters(reading: Reading) -> Iterator[Problem]:
    places: list[tuple[strict_yaml.Document, strict_yaml.Location, str, Rater]] = [
        (e.document, ("kind",), name, e.record) for name, e in reading.own_raters.items()
    ]
    if shared := reading.raters:
        places += [(shared.document, ("raters", name, "kind"), name, r) for name, r in shared.record.raters.items()]
    for document, at, name, rater in places:
        word = MACHINE.search(f"{name} {rater.name}")
        if rater.kind == "human" and word:
            found = f"the rater '{name}' is called human, but its id or name says '{word[0]}'"
            yield document.problem(at, found, "machine", rule="DLRRC-RATE-005")
        if rater.kind == "machine" and not rater.note:
            found = f"the machine rater '{name}' has no note"
            yield document.problem(at, found, "a note: which machine, used how", rule="DLRRC-RATE-010")


def _rating(entry: Entry[Rating]) -> Iterator[Problem]:
    rating, at = entry.record, entry.document.problem
    if rating.status != "complete":
        return
    if rating.paper_version is None:
        found, allowed = "the rating does not say which version of the paper was read", "for instance 'publisher PDF'"
        yield at(("paper_version",), found, allowed, rule="DLRRC-RATE-006")
    if rating.conflict_of_interest is None:
        found = "conflicts of interest are not stated"
        rule = "DLRRC-RATE-008" if rating.kind == "machine" else "DLRRC-RATE-007"
        yield at(("conflict_of_interest",), found, "'none', or what they are", rule=rule)
    if rating.read == "abstract":
        found, allowed = "status is complete, but only the abstract was read", "draft, or 'read: full text'"
        yield at(("status",), found, allowed, rule="DLRRC-RATE-009")
