"""Which ratings of a paper count: a consensus before people, people before machines."""

from __future__ import annotations

from collections.abc import Iterable

from dlrrc_core.problems import one_of
from dlrrc_core.records import Rating

BASES = ("best", "consensus", "human", "machine")
PREFERENCE = ("consensus", "human", "machine")  # what "best" takes first


def on_basis(ratings: Iterable[Rating], basis: str) -> tuple[Rating, ...]:
    """Return the ratings of one paper that a basis uses.

    Parameters
    ----------
    ratings : iterable of Rating
        All ratings of one paper.
    basis : {"best", "consensus", "human", "machine"}
        ``best`` takes the consensus, else the human ratings, else the machine ratings; the others take one kind only.

    Raises
    ------
    UsageError
        When the basis does not exist.
    """
    one_of(basis, BASES, "basis")
    found = tuple(ratings)
    for kind in PREFERENCE if basis == "best" else (basis,):
        chosen = tuple(rating for rating in found if rating.kind == kind)
        if chosen:
            return chosen
    return ()
