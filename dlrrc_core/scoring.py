"""From answers to scores.

Everything is counted in whole units of 2.5 points, so that totals are exact. An item that is unclear or not answered is
open: it gives the score an interval, never a silent 0. An item that is not applicable leaves the denominator.

:func:`score` reads like the checklist and handles one rating; :func:`score_table` does the same for many at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from dlrrc_core.bases import on_basis
from dlrrc_core.checklist import NOT_APPLICABLE, UNCLEAR, Checklist
from dlrrc_core.problems import UsageError, nearest
from dlrrc_core.repository import Repository

OPEN = -1  # unclear or not answered
OUTSIDE = -2  # not applicable


@dataclass(frozen=True)
class Score:
    """The score of one rating.

    Attributes
    ----------
    units : int or None
        Units reached; None while an item is open.
    points : float or None
        Points out of 100, None while an item is open.
    interval : tuple of float
        Lowest and highest points that the open items still allow; both equal ``points`` when none is open.
    parts : dict of str to float or None
        Points by part; None while an item of the part is open.
    n_open, n_outside : int
        Number of open and of not applicable items.
    acceptable : bool or None
        Whether the paper reaches the line of acceptable reproducibility; None when the interval holds the line.
    accessible : bool or None
        Whether Part V reaches its pass line; None when that is open.
    open_code, open_data, open_weights : bool or None
        Facts of their own: whether code, data and trained weights are open.
    """

    units: int | None
    points: float | None
    interval: tuple[float, float]
    parts: dict[str, float | None]
    n_open: int
    n_outside: int
    acceptable: bool | None
    accessible: bool | None
    open_code: bool | None
    open_data: bool | None
    open_weights: bool | None


def score(answers: Mapping[int, str | None], checklist: Checklist) -> Score:
    """Score one rating.

    Parameters
    ----------
    answers : mapping of int to str or None
        Answer code by item number. A missing item and None both mean "not answered".
    checklist : Checklist
        The instrument that holds the points.

    Returns
    -------
    Score

    Raises
    ------
    UsageError
        When an item or an answer code does not exist; the message names the item and what is allowed.

    Notes
    -----
    With reached units ``u``, open units ``o`` and applicable units ``m``, the interval is
    ``[100 u / m, 100 (u + o) / m]``. Source: Zuo et al. (2023), Table 2; intervals and denominators are this project's.
    """
    _refuse_unknown(answers, checklist)
    reached: dict[str, int] = {part.id: 0 for part in checklist.parts}
    still_open, applicable = dict(reached), dict(reached)
    n_open = n_outside = 0
    for number, part in checklist.part_of.items():
        answer = answers.get(number)
        if answer == NOT_APPLICABLE:
            n_outside += 1
            continue
        applicable[part] += checklist.max_units[number]
        if answer is None or answer == UNCLEAR:
            n_open += 1
            still_open[part] += checklist.max_units[number]
        else:
            reached[part] += checklist.units[number][answer]

    def interval(low: int, spare: int, whole: int, full: float) -> tuple[float, float]:
        return (full * low / whole, full * (low + spare) / whole) if whole else (0.0, full)

    low, high = interval(
        sum(reached.values()), sum(still_open.values()), sum(applicable.values()), checklist.total_points
    )
    complete = n_open == 0 and any(applicable.values())
    part_v = checklist.accessibility_part
    v_low, v_high = interval(reached[part_v], still_open[part_v], applicable[part_v], 100.0)
    openness = [
        None if answers.get(n) in (None, UNCLEAR, NOT_APPLICABLE) else answers[n] == code
        for n, code in checklist.open_items.items()
    ]
    return Score(
        units=sum(reached.values()) if complete else None,
        points=low if complete else None,
        interval=(low, high),
        parts={
            part.id: reached[part.id] * checklist.unit_points
            if still_open[part.id] == 0 and applicable[part.id]
            else None
            for part in checklist.parts
        },
        n_open=n_open,
        n_outside=n_outside,
        acceptable=_verdict(low, high, checklist.acceptable_points),
        accessible=_verdict(v_low, v_high, checklist.accessibility_pass_percent),
        open_code=openness[0],
        open_data=openness[1],
        open_weights=openness[2],
    )


def _verdict(low: float, high: float, line: float) -> bool | None:
    """Return whether an interval reaches a line; None when it may or may not."""
    return True if low >= line else False if high < line else None


def _refuse_unknown(answers: Mapping[int, str | None], checklist: Checklist) -> None:
    """Raise a UsageError that names every unknown item and answer code."""
    wrong = [
        f"unknown item {number}; allowed: 1 to {len(checklist.items)}"
        for number in answers
        if number not in checklist.items
    ]
    for number, answer in answers.items():
        if number in checklist.items and answer is not None and answer not in (UNCLEAR, NOT_APPLICABLE):
            allowed = list(checklist.units[number])
            if answer not in allowed:
                wrong.append(
                    f"item {number} has the answer '{answer}'; allowed: {', '.join(allowed)}; {nearest(answer, allowed)}".rstrip(
                        "; "
                    )
                )
    if wrong:
        raise UsageError("\n".join(wrong))


def encode(ratings: Iterable[Mapping[int, str | None]], checklist: Checklist) -> npt.NDArray[np.int8]:
    """Turn answers into a matrix of units.

    Parameters
    ----------
    ratings : iterable of mapping
        One mapping of item number to answer code per rating, as in :func:`score`.
    checklist : Checklist
        The instrument.

    Returns
    -------
    numpy.ndarray of int8, shape (ratings, items)
        Units 0-4; ``OPEN`` (-1) for unclear and not answered, ``OUTSIDE`` (-2) for not applicable.

    Raises
    ------
    UsageError
        As :func:`score`.
    """
    tables = [{None: OPEN, UNCLEAR: OPEN, NOT_APPLICABLE: OUTSIDE, **codes} for codes in checklist.units.values()]
    numbers = list(checklist.items)
    rows = []
    for answers in ratings:
        try:
            if len(answers.keys() - checklist.items.keys()):
                raise KeyError
            rows.append([table[answers.get(number)] for number, table in zip(numbers, tables, strict=True)])
        except KeyError:
            _refuse_unknown(answers, checklist)
    return np.array(rows, dtype=np.int8).reshape(len(rows), len(numbers))


def score_table(units: npt.NDArray[np.integer], checklist: Checklist) -> pd.DataFrame:
    """Score many ratings at once.

    Parameters
    ----------
    units : numpy.ndarray of int, shape (ratings, items)
        Result of :func:`encode`.
    checklist : Checklist
        The instrument.

    Returns
    -------
    pandas.DataFrame, one row per rating
        ``units`` (Int64) and ``points`` (missing while an item is open), ``low`` and ``high`` (points), ``part_I`` ... ``part_V``
        (points), ``n_open``, ``n_outside``, and the nullable booleans ``acceptable``, ``accessible``, ``open_code``, ``open_data``,
        ``open_weights``. Row by row the same as :func:`score`.

    Raises
    ------
    UsageError
        When the matrix does not have one column per item, or holds units that an item cannot have.
    """
    matrix = np.asarray(units)
    best = np.array(list(checklist.max_units.values()))
    if matrix.ndim != 2 or matrix.shape[1] != best.size:
        raise UsageError(f"units have the shape {matrix.shape}; allowed: (ratings, {best.size})")
    allowed = np.zeros((best.size, best.max() - OUTSIDE + 1), dtype=bool)
    for row, codes in enumerate(checklist.units.values()):
        allowed[row, [value - OUTSIDE for value in (OUTSIDE, OPEN, *codes.values())]] = True
    inside = (matrix >= OUTSIDE) & (matrix <= best.max())
    if not (inside & allowed[np.arange(best.size), np.where(inside, matrix, OUTSIDE) - OUTSIDE]).all():
        raise UsageError(
            "units that an item cannot give; allowed: -2 (not applicable), -1 (open) and the units of the item's options"
        )
    is_open, applicable = matrix == OPEN, (matrix != OUTSIDE) * best
    reached, spare = np.where(matrix > 0, matrix, 0), is_open * best
    part_of = np.array(list(checklist.part_of.values()))

    def bounds(columns: npt.NDArray[np.bool_], full: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        whole = applicable[:, columns].sum(axis=1)
        low, more = reached[:, columns].sum(axis=1), spare[:, columns].sum(axis=1)
        safe = np.maximum(whole, 1)
        return np.where(whole, full * low / safe, 0.0), np.where(whole, full * (low + more) / safe, full), whole

    low, high, whole = bounds(np.ones(best.size, dtype=bool), checklist.total_points)
    complete = ~is_open.any(axis=1) & (whole > 0)
    table = pd.DataFrame(
        {"units": pd.array(reached.sum(axis=1), dtype="Int64"), "points": low, "low": low, "high": high}
    )
    table.loc[~complete, "units"] = pd.NA
    table.loc[~complete, "points"] = np.nan
    for part in checklist.parts:
        columns = part_of == part.id
        points = reached[:, columns].sum(axis=1) * checklist.unit_points
        closed = ~is_open[:, columns].any(axis=1) & (applicable[:, columns].sum(axis=1) > 0)
        table[f"part_{part.id}"] = np.where(closed, points, np.nan)
    table["n_open"], table["n_outside"] = is_open.sum(axis=1), (matrix == OUTSIDE).sum(axis=1)
    table["acceptable"] = _verdicts(low, high, checklist.acceptable_points)
    v_low, v_high, _ = bounds(part_of == checklist.accessibility_part, 100.0)
    table["accessible"] = _verdicts(v_low, v_high, checklist.accessibility_pass_percent)
    for name, (number, code) in zip(
        ("open_code", "open_data", "open_weights"), checklist.open_items.items(), strict=True
    ):
        column = matrix[:, number - 1]
        table[name] = pd.array(np.where(column < 0, None, column == checklist.units[number][code]), dtype="boolean")
    return table


def _verdicts(low: np.ndarray, high: np.ndarray, line: float) -> pd.api.extensions.ExtensionArray:
    """Return :func:`_verdict` for arrays."""
    return pd.array([_verdict(*bounds, line) for bounds in zip(low, high, strict=True)], dtype="boolean")


def score_papers(repository: Repository, papers: Iterable[str], basis: str = "best") -> pd.DataFrame:
    """Score every rating that a basis uses for some papers.

    Parameters
    ----------
    repository : Repository
        All records.
    papers : iterable of str
        Paper ids; papers without a rating on this basis give no row.
    basis : str, default "best"
        See :func:`dlrrc_core.bases.on_basis`.

    Returns
    -------
    pandas.DataFrame
        Columns ``paper``, ``rater``, ``kind``, ``status``, those of :func:`score_table`, and ``item_1`` ... ``item_31`` (units, -1 open,
        -2 not applicable).
    """
    chosen = [rating for paper in papers for rating in on_basis(repository.ratings_of[paper], basis)]
    matrix = encode(({n: a.answer for n, a in rating.answers.items()} for rating in chosen), repository.checklist)
    head = pd.DataFrame(
        [(rating.paper, rating.rater, rating.kind, rating.status) for rating in chosen],
        columns=["paper", "rater", "kind", "status"],
    )
    items = pd.DataFrame(matrix, columns=[f"item_{number}" for number in repository.checklist.items])
    return pd.concat([head, score_table(matrix, repository.checklist), items], axis=1)
