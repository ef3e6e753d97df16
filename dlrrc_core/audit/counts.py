"""Checks of whole numbers: percentages of counts, the grid of an AUC, totals across splits, class counts across rows."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from dlrrc_core.audit.sidecheck import (
    CONSISTENT,
    COPY,
    INCONSISTENT,
    NOT_CHECKABLE,
    NOT_REPRODUCED,
    SideCheck,
    share_window,
)
from dlrrc_core.problems import UsageError


@dataclass(frozen=True)
class AucGrid(SideCheck):
    """The values that an empirical AUC can take near a printed one.

    Attributes
    ----------
    possible : tuple of Fraction
        The possible AUCs that are printed so, at most the first and the last of them.
    n_possible : int
        How many there are.
    nearest : tuple of Fraction
        The possible AUC at or below the printed one and the one at or above it.
    """

    possible: tuple[Fraction, ...]
    n_possible: int
    nearest: tuple[Fraction, Fraction]


@dataclass(frozen=True)
class SameCounts(SideCheck):
    """Whether rows can share one number of positives and of negatives.

    Attributes
    ----------
    common : frozenset of (int, int)
        Positives and negatives that every row allows.
    conflict : tuple of str
        Fewest rows (none of them can be left out) that have no pair in common; empty where ``common`` is not.
    """

    common: frozenset[tuple[int, int]]
    conflict: tuple[str, ...]


def counts_within(low: Fraction, high: Fraction, total: int) -> range:
    """Return the counts whose proportion of a total lies in a closed interval.

    Parameters
    ----------
    low, high : Fraction
        Limits of the proportion; parts outside [0, 1] are cut off.
    total : int
        Number of units, at least 1.

    Returns
    -------
    range
        ``ceil(low * total)`` to ``floor(high * total)``, exact; empty where no count fits.

    Notes
    -----
    The granularity test of Brown and Heathers (2017), Social Psychological and Personality Science 8:363-369.
    """
    _at_least(total, 1, "total")
    return range(max(0, math.ceil(low * total)), min(total, math.floor(high * total)) + 1)


def check_percent(printed: str, count: int, total: int) -> SideCheck:
    """Check a printed percentage or proportion of a count, such as the 52.5% in ``42 (52.5%)`` of 80.

    Parameters
    ----------
    printed : str
        The percentage (with ``%``) or proportion as printed.
    count, total : int
        Count and its denominator, ``0 <= count <= total``.

    Returns
    -------
    SideCheck
        ``inconsistent`` when the count's percentage does not round, up or down at a tie, to the printed one.
    """
    _at_least(total, 1, "total")
    if not 0 <= count <= total:
        raise UsageError(f"the count {count} is not a part of the total {total}; give a count from 0 to the total")
    wanted = share_window(printed)
    share = Fraction(count, total)
    shown = f"{float(share):.6f}, or {float(share * 100):.4f}%,"
    derivation = [f"{count} / {total} = {shown.rstrip(',')}."]
    assumptions = (f"{total} is the denominator", COPY)
    if wanted.low <= share <= wanted.high:
        return SideCheck(CONSISTENT, f"{printed} is {count} of {total}.", assumptions, tuple(derivation))
    fitting = counts_within(wanted.low, wanted.high, total)
    derivation.append(_counts_sentence(fitting, total, printed))
    if abs(share - wanted.value) < wanted.unit:  # the neighbour on the wrong side: cut off, or rounded up
        way = "cutting off" if share > wanted.value else "rounding up"
        derivation.append(f"{printed} would come from {count} / {total} by {way} instead of rounding.")
    message = f"{count} of {total} is {shown} and {printed} is printed: not both can be right if {total} is the total."
    return SideCheck(INCONSISTENT, message, assumptions, tuple(derivation))


def check_percents(cells: Mapping[str, tuple[str, int]], total: int) -> SideCheck:
    """Check all printed percentages of one group, and whether they were adjusted to add up to 100%.

    Parameters
    ----------
    cells : mapping of str to (str, int)
        Percentage as printed, and count, of each category.
    total : int
        Denominator of the group.

    Returns
    -------
    SideCheck
        ``inconsistent`` when a percentage cannot come from its count; ``not reproduced`` when every such percentage is less
        than one last digit away and the printed percentages add up to 100% exactly, so that an adjustment explains them.
    """
    if not cells:
        raise UsageError("no percentages were given; give at least one category with its percentage and count")
    checks = {name: check_percent(printed, count, total) for name, (printed, count) in cells.items()}
    wrong = {name: check for name, check in checks.items() if check.verdict == INCONSISTENT}
    assumptions = (f"{total} is the denominator", COPY)
    derivation = [f"{name}: {sentence}" for name in wrong for sentence in wrong[name].derivation]
    if not wrong:
        return SideCheck(CONSISTENT, f"All {len(cells)} percentages fit their counts.", assumptions, ())
    printed_sum = sum(share_window(printed).value for printed, _ in cells.values())
    counts = sum(count for _, count in cells.values())
    derivation.append(
        f"The printed percentages add up to {float(printed_sum * 100):g}%, the counts to {counts} of {total}."
    )
    near = all(
        abs(share_window(cells[name][0]).value - Fraction(cells[name][1], total)) < _unit(cells[name][0])
        for name in wrong
    )
    message = f"{len(wrong)} of {len(cells)} percentages cannot come from their counts by rounding: {', '.join(wrong)}."
    if near and printed_sum == 1 and counts == total:
        message += " They may have been adjusted so that the column adds up to 100%."
        return SideCheck(NOT_REPRODUCED, message, assumptions, tuple(derivation))
    return SideCheck(INCONSISTENT, message, assumptions, tuple(derivation))


def check_auc(printed: str, positives: int, negatives: int) -> AucGrid:
    """Check a printed AUC against the values that the given class counts allow.

    Parameters
    ----------
    printed : str
        AUC as printed.
    positives, negatives : int
        Class counts, at least 1 each.

    Returns
    -------
    AucGrid

    Notes
    -----
    The empirical AUC is the Mann-Whitney count of pairs, a tie counting half, over ``P * Q`` pairs; it is therefore a
    multiple of ``1 / (2 P Q)``, and without ties of ``1 / (P Q)``. Source: Hanley and McNeil (1982), Radiology 143:29-36.
    An AUC of a fitted (binormal) or smoothed curve or an average of folds need not be one.
    """
    _at_least(positives, 1, "number of positives")
    _at_least(negatives, 1, "number of negatives")
    low, high, _ = share_window(printed)
    steps = 2 * positives * negatives
    fitting = counts_within(low, high, steps)
    value = min(max((low + high) / 2, Fraction(0)), Fraction(1))
    nearest = (Fraction(math.floor(value * steps), steps), Fraction(math.ceil(value * steps), steps))
    below, above = (f"{_half(v * positives * negatives)} pairs = {float(v):.6f}" for v in nearest)
    derivation = [f"{positives} * {negatives} = {positives * negatives} pairs; a step is 1/{steps} (half a pair)."]
    derivation.append(f"The possible values around {printed} are {below} and {above}.")
    assumptions = ("the AUC is the empirical one (trapezoid rule) of one set of scores", COPY)
    possible = tuple(Fraction(k, steps) for k in dict.fromkeys((fitting[0], fitting[-1]))) if fitting else ()
    classes = f"{positives} positives and {negatives} negatives"
    if fitting:
        whole = any(k % 2 == 0 for k in fitting[:2])  # of two neighbours one is even
        ties = "" if whole else " Only values with tied scores fit."
        message = f"An AUC of {printed} can come from {classes}.{ties}"
        verdict = CONSISTENT
    else:
        message = f"No empirical AUC of {classes} rounds to {printed}."
        verdict = INCONSISTENT
    return AucGrid(verdict, message, assumptions, tuple(derivation), possible, len(fitting), nearest)


def check_total(parts: Mapping[str, int], total: int, what: str = "units") -> SideCheck:
    """Check that the parts of a split add up to the printed total.

    Parameters
    ----------
    parts : mapping of str to int
        Count of each part, at least 0.
    total : int
        Printed total.
    what : str, default "units"
        What is counted, for the message.

    Returns
    -------
    SideCheck
    """
    if not parts:
        raise UsageError("no parts of the total were given; give at least one name with its count")
    for name, count in parts.items():
        _at_least(count, 0, f"count of '{name}'")
    found = sum(parts.values())
    sum_shown = " + ".join(f"{count} ({name})" for name, count in parts.items())
    derivation = (f"{sum_shown} = {found}.",)
    assumptions = (f"the parts do not overlap and leave no {what} out", COPY)
    if found == total:
        return SideCheck(CONSISTENT, f"The parts add up to the {total} {what}.", assumptions, derivation)
    message = f"The parts add up to {found} {what}, and {total} are printed: a difference of {found - total:+d}."
    return SideCheck(INCONSISTENT, message, assumptions, derivation)


def check_same_counts(rows: Mapping[str, Iterable[tuple[int, int]] | None]) -> SameCounts:
    """Check whether rows that speak of the same units allow one common pair of class counts.

    Parameters
    ----------
    rows : mapping of str to iterable of (int, int), or None
        For each row the pairs (positives, negatives) that its printed values allow; None where they are not known.

    Returns
    -------
    SameCounts
        ``inconsistent`` with the rows that exclude each other, ``not checkable`` with fewer than two known rows.
    """
    sets = {name: frozenset(pairs) for name, pairs in rows.items() if pairs is not None}
    derivation = tuple(f"{name}: {_pairs_sentence(pairs)}." for name, pairs in sets.items())
    assumptions = ("the rows are about the same units with the same reference standard", COPY)
    common = frozenset.intersection(*sets.values()) if sets else frozenset()
    if len(sets) < 2:
        message = "Fewer than two rows have known class counts."
        return SameCounts(NOT_CHECKABLE, message, assumptions, derivation, common, ())
    if common:
        message = f"One pair of class counts fits all {len(sets)} rows: {_pairs_sentence(common)}."
        return SameCounts(CONSISTENT, message, assumptions, derivation, common, ())
    conflict = _smallest_conflict(sets)
    many = f"{', '.join(conflict)} have" if len(conflict) > 1 else f"{conflict[0]} has"
    message = f"{many} no number of positives and negatives in common; the rows cannot all be about the same units."
    if len(conflict) == 1:
        message = f"No number of positives and negatives fits {conflict[0]} by itself."
    return SameCounts(INCONSISTENT, message, assumptions, derivation, common, conflict)


def _smallest_conflict(sets: Mapping[str, frozenset[tuple[int, int]]]) -> tuple[str, ...]:
    """Drop every row that is not needed for the intersection to be empty; pairs of rows are tried first."""
    names = list(sets)
    for name in names:
        if not sets[name]:
            return (name,)
    for i, first in enumerate(names):
        for second in names[i + 1 :]:
            if not sets[first] & sets[second]:
                return (first, second)
    kept = list(names)
    for name in names:
        rest = [other for other in kept if other != name]
        if not frozenset.intersection(*(sets[other] for other in rest)):
            kept = rest
    return tuple(kept)


def _pairs_sentence(pairs: frozenset[tuple[int, int]]) -> str:
    shown = ", ".join(f"{p} and {n}" for p, n in sorted(pairs)[:5])
    more = f" and {len(pairs) - 5} more" if len(pairs) > 5 else ""
    return f"positives and negatives {shown}{more}" if pairs else "no positives and negatives fit"


def _counts_sentence(fitting: range, total: int, printed: str) -> str:
    if not fitting:
        return f"No count of {total} rounds to {printed}."
    shown = str(fitting[0]) if len(fitting) == 1 else f"{fitting[0]} to {fitting[-1]}"
    return f"{printed} of {total} is a count of {shown}."


def _unit(printed: str) -> Fraction:
    return share_window(printed).unit


def _half(value: Fraction) -> str:
    return f"{float(value):.1f}" if value.denominator == 2 else str(value)


def _at_least(value: int, least: int, what: str) -> None:
    if value < least:
        raise UsageError(f"the {what} is {value}; allowed: a whole number of at least {least}")
