"""Printed aggregates as exact conditions on whole numbers of units."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil, floor

import numpy as np
import numpy.typing as npt
from scipy import stats as sps

from dlrrc_core.checklist import Checklist
from dlrrc_core.fields import Published
from dlrrc_core.problems import UsageError
from dlrrc_core.reconstruct.consistency import Window, interval
from dlrrc_core.repository import Repository


@dataclass(frozen=True)
class Aggregates:
    """What a printed review says about the answers of its papers.

    Attributes
    ----------
    papers : tuple of str
        Ids of the papers of the review.
    years : numpy.ndarray of int, shape (papers,)
    levels : tuple of tuple of int
        Units that each item can give, ascending.
    parts : dict of str to tuple of int
        Columns (from 0) of the items of each part.
    access, access_line : tuple of int, float
        Columns of the accessibility part, and the units at which it passes.
    items : dict of int to (int, int)
        By column: smallest and largest sum of units over all papers that round to the printed percentage.
    part_sums : dict of str to (int, int)
        The same by part.
    total : (int, int) or None
        The same for all items.
    line : int or None
        Units at which a paper counts as acceptable.
    at_line : int or None
        How many papers reach the line.
    others_before : int or None
        Every paper below the line appeared before this year.
    correlations : dict of str to (float, float)
        By id: the correlations that round to the printed r and whose P value rounds to the printed P. The one with the year is
        narrowed to what the correlations with the journal allow.
    """

    papers: tuple[str, ...]
    years: npt.NDArray[np.int64]
    levels: tuple[tuple[int, ...], ...]
    parts: dict[str, tuple[int, ...]]
    access: tuple[int, ...]
    access_line: float
    items: dict[int, tuple[int, int]]
    part_sums: dict[str, tuple[int, int]]
    total: tuple[int, int] | None
    line: int | None
    at_line: int | None
    others_before: int | None
    correlations: dict[str, Window]

    @property
    def names(self) -> list[str]:
        """Names of the printed conditions on the answers, in words; the correlations with journals are not among them."""
        found = [f"item {column + 1}" for column in self.items] + [f"part {part}" for part in self.part_sums]
        found += ["total"] if self.total is not None else []
        found += ["papers at the line"] if self.at_line is not None else []
        found += ["year of the papers below the line"] if self.others_before is not None else []
        return found + (["correlation with year"] if "year" in self.correlations else [])

    def only(self, names: Collection[str]) -> Aggregates:
        """Return the same review with some of its conditions alone.

        Parameters
        ----------
        names : collection of str
            Some of :attr:`names`.
        """
        keep = set(names)
        lines = "papers at the line" in keep, "year of the papers below the line" in keep
        return replace(
            self,
            items={c: window for c, window in self.items.items() if f"item {c + 1}" in keep},
            part_sums={p: window for p, window in self.part_sums.items() if f"part {p}" in keep},
            total=self.total if "total" in keep else None,
            at_line=self.at_line if lines[0] else None,
            others_before=self.others_before if lines[1] else None,
            correlations={k: v for k, v in self.correlations.items() if k != "year" or "correlation with year" in keep},
        )


def sums_that_round_to(printed: str, whole: int) -> tuple[int, int]:
    """Return the smallest and the largest count whose percentage rounds to a printed one.

    Parameters
    ----------
    printed : str
        Percentage as printed, for instance ``"64.8"``.
    whole : int
        What 100 % is, at least 1.

    Returns
    -------
    tuple of int
        Empty (the first larger than the second) when no whole number gives the percentage. Either way of rounding a half is allowed.
    """
    value = Fraction(printed)
    decimals = len(printed.partition(".")[2])
    half = Fraction(1, 2 * 10**decimals)
    low, high = ceil((value - half) * whole / 100), floor((value + half) * whole / 100)
    return max(low, 0), min(high, whole)


def correlation_window(r: str, p: str, n: int, controlling: int = 0) -> Window:
    """Return the correlations that round to a printed r and whose P value rounds to a printed P.

    Parameters
    ----------
    r, p : str
        As printed.
    n, controlling : int
        Number of papers, number of variables held fixed.

    Returns
    -------
    tuple of float
        Smallest and largest r; empty (first larger than second) when r and P cannot both be right.

    Notes
    -----
    ``|r| = t / sqrt(t^2 + df)`` with t the quantile of Student's t at 1 - P/2.
    """
    df = n - 2 - controlling
    value, half = float(r), 0.5 * 10.0 ** -len(r.partition(".")[2])
    low_p, high_p = (float(p) + s * 0.5 * 10.0 ** -len(p.partition(".")[2]) for s in (-1, 1))
    t = [sps.t.isf(min(max(q, 0.0), 1.0) / 2, df) for q in (high_p, low_p)]
    size = [float(np.sqrt(x * x / (x * x + df))) if np.isfinite(x) else 1.0 for x in t]
    low, high = (size[0], size[1]) if value > 0 else (-size[1], -size[0])
    if abs(value) <= half:  # printed as zero: either sign
        low, high = -size[1], size[1]
    return max(low, value - half, -1.0), min(high, value + half, 1.0)


def from_published(repository: Repository, field: str) -> Aggregates:
    """Return the aggregates that the seed review of a field printed.

    Parameters
    ----------
    repository : Repository
        All records.
    field : str
        Id of a field with a ``published.yaml``.

    Returns
    -------
    Aggregates

    Raises
    ------
    UsageError
        When the field rebuilds no printed review, or the papers of that review or their years are not all known.
    """
    papers = [p for p in repository.select(field=field) if (s := repository.papers[p].seed_review) and s.included]
    printed = repository.published.get(field)
    if printed is None:
        fields = ", ".join(repository.published) or "none"
        raise UsageError(f"the field '{field}' rebuilds no printed review; allowed: {fields}")
    years = {paper: repository.papers[paper].year for paper in papers}
    missing = [paper for paper, year in years.items() if year is None]
    if len(papers) != printed.n_papers or missing:
        raise UsageError(
            f"the review of '{field}' scored {printed.n_papers} papers; recorded are {len(papers)}, without a year: {', '.join(missing) or 'none'}"
        )
    return from_printed(printed, repository.checklist, {paper: int(year or 0) for paper, year in years.items()})


def from_printed(printed: Published, checklist: Checklist, years: Mapping[str, int]) -> Aggregates:
    """Return printed aggregates as exact conditions.

    Parameters
    ----------
    printed : Published
        The printed numbers.
    checklist : Checklist
        The instrument.
    years : mapping of str to int
        Year by paper, for every paper of the review.

    Returns
    -------
    Aggregates
    """
    n = len(years)
    numbers = list(checklist.items)
    column = {number: i for i, number in enumerate(numbers)}
    parts: dict[str, tuple[int, ...]] = {
        part.id: tuple(column[item.id] for item in part.items) for part in checklist.parts
    }
    best = list(checklist.max_units.values())

    def whole(columns: Sequence[int]) -> int:
        return n * sum(best[c] for c in columns)

    line, access = printed.acceptable, parts[checklist.accessibility_part]
    windows = {c.id: correlation_window(c.r, c.p, c.n, 0 if c.controlling is None else 1) for c in printed.correlations}
    if "year" in windows and (joint := interval(windows, coordinate=1)) is not None:
        windows["year"] = joint
    return Aggregates(
        papers=tuple(years),
        years=np.array(list(years.values())),
        levels=tuple(tuple(sorted(set(codes.values()))) for codes in checklist.units.values()),
        parts=parts,
        access=access,
        access_line=checklist.accessibility_pass_percent * sum(best[c] for c in access) / 100,
        items={column[i.item]: sums_that_round_to(i.percent, whole([column[i.item]])) for i in printed.items},
        part_sums={p.part: sums_that_round_to(p.percent, whole(parts[p.part])) for p in printed.parts},
        total=sums_that_round_to(printed.total.percent, whole(range(len(numbers)))) if printed.total else None,
        line=round(line.threshold / checklist.unit_points) if line else None,
        at_line=line.count if line else None,
        others_before=line.others_before if line else None,
        correlations=windows,
    )
