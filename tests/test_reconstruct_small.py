"""Bounds, conflicts and draws of tiny made-up reviews against a search of all answer matrices; printed numbers as exact windows."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import combinations, product
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as sps

from dlrrc_core.chunks import Checkpoint
from dlrrc_core.reconstruct import chains, report, sampler
from dlrrc_core.reconstruct.aggregates import Aggregates, correlation_window, sums_that_round_to
from dlrrc_core.reconstruct.bounds import bounds, extreme_counts
from dlrrc_core.reconstruct.conflicts import conflict, smallest_conflict
from dlrrc_core.reconstruct.program import Goal, Program

# papers, units of each item, parts: at most 50 000 answer matrices
SHAPES: list[tuple[int, list[tuple[int, ...]], dict[str, tuple[int, ...]]]] = [
    (2, [(0, 1), (0, 1), (0, 2), (0, 1, 2), (0, 2, 3, 4)], {"I": (0, 1, 3), "V": (2, 4)}),
    (3, [(0, 1), (0, 1), (0, 1, 2), (0, 2)], {"I": (0, 1), "V": (2, 3)}),
    (3, [(0, 2, 3, 4), (0, 1), (0, 1, 2)], {"I": (0,), "V": (1, 2)}),
    (4, [(0, 1), (0, 1, 2), (0, 1)], {"I": (0, 1), "V": (2,)}),
]


def all_matrices(papers: int, levels: list[tuple[int, ...]]) -> npt.NDArray[np.int64]:
    """Return every answer matrix, shape (matrices, papers, items)."""
    rows = np.array(list(product(*levels)))
    return rows[np.array(list(product(range(len(rows)), repeat=papers)))]


@dataclass(frozen=True)
class Review:
    """A made-up review: what it printed, every answer matrix, and which of them meets each printed number."""

    a: Aggregates
    matrices: npt.NDArray[np.int64]
    meets: dict[str, npt.NDArray[np.bool_]]

    @property
    def possible(self) -> npt.NDArray[np.int64]:
        """Every matrix that meets all printed numbers."""
        return self.matrices[np.all(list(self.meets.values()), axis=0)]


MATRICES = [all_matrices(papers, levels) for papers, levels, _ in SHAPES]


def review(number: int, seed: int, wrong: int = 0) -> Review:
    """Return a review of one shape that printed some numbers of a random matrix; ``wrong`` of them moved."""
    papers, levels, parts = SHAPES[number]
    x, rng = MATRICES[number], np.random.default_rng(seed)
    truth = x[rng.integers(len(x))]
    years = rng.integers(2018, 2023, papers)
    totals, line = x.sum(axis=2), int(rng.integers(2, 5))
    meets: dict[str, npt.NDArray[np.bool_]] = {}

    def window(middle: float) -> tuple[int, int]:
        return int(middle) - int(rng.integers(0, 2)), int(middle) + int(rng.integers(0, 3)) // 2

    def between(values: Any, ends: tuple[float, float]) -> npt.NDArray[np.bool_]:
        return (values >= ends[0]) & (values <= ends[1])

    moved = set(rng.choice(6, wrong, replace=False).tolist()) if wrong else set()
    items, part_sums, total, at_line, before, r = {}, {}, None, None, None, None
    for column in np.flatnonzero(rng.random(len(levels)) < 0.5).tolist():
        items[column] = window(truth[:, column].sum() + (2 if 0 in moved else 0))
        meets[f"item {column + 1}"] = between(x[:, :, column].sum(axis=1), items[column])
    for part in [p for p in parts if rng.random() < 0.6]:
        columns = list(parts[part])
        part_sums[part] = window(truth[:, columns].sum() - (3 if 1 in moved else 0))
        meets[f"part {part}"] = between(x[:, :, columns].sum(axis=(1, 2)), part_sums[part])
    if rng.random() < 0.6 or 2 in moved:
        total = (int(truth.sum()) + (4 if 2 in moved else 0),) * 2
        meets["total"] = between(totals.sum(axis=1), total)
    if rng.random() < 0.5 or 3 in moved:
        at_line = int((truth.sum(axis=1) >= line).sum())
        at_line = (at_line + 1) % (papers + 1) if 3 in moved else at_line
        meets["papers at the line"] = (totals >= line).sum(axis=1) == at_line
    if rng.random() < 0.5 or 4 in moved:
        below = years[truth.sum(axis=1) < line]
        before = int(below.max(initial=2018)) + (0 if 4 in moved else 1)
        meets["year of the papers below the line"] = ~((totals < line) & (years >= before)).any(axis=1)
    spread = truth.sum(axis=1).std() * years.std()
    if spread > 0:
        middle = float(np.corrcoef(truth.sum(axis=1), years)[0, 1]) * (-1 if 5 in moved else 1)
        r = middle - 0.0513, middle + 0.0471  # no correlation of small whole numbers lies on an end
        deviation = totals - totals.mean(axis=1, keepdims=True)
        size = np.sqrt((deviation**2).sum(axis=1) * ((years - years.mean()) ** 2).sum())
        found = np.divide(deviation @ (years - years.mean()), size, out=np.full(len(x), np.nan), where=size > 0)
        meets["correlation with year"] = between(found, r)
    a = Aggregates(
        papers=tuple(f"paper-{i}" for i in range(papers)),
        years=years,
        levels=tuple(levels),
        parts=parts,
        access=parts["V"],
        access_line=2.0,
        items=items,
        part_sums=part_sums,
        total=total,
        line=line,
        at_line=at_line,
        others_before=before,
        correlations={} if r is None else {"year": r},
    )
    assert sorted(meets) == sorted(a.names)
    return Review(a, x, {name: meets[name] for name in a.names})


# -------------------------------------------------------------------- bounds


@settings(max_examples=40, deadline=None)
@given(st.integers(0, len(SHAPES) - 1), st.integers(0, 2**32), st.data())
def test_bounds_are_those_of_all_matrices(number: int, seed: int, data: st.DataObject) -> None:
    small = review(number, seed)
    size = len(small.a.levels)
    columns = tuple(sorted(data.draw(st.sets(st.integers(0, size - 1), min_size=1))))
    sums = small.possible[:, :, list(columns)].sum(axis=(1, 2))
    assert bounds(small.a, columns) == (sums.min(), sums.max())
    # totals that are known to be possible save time and change nothing
    totals = [matrix.sum(axis=1) for matrix in small.possible[:: max(1, len(small.possible) // 3)]]
    assert bounds(small.a, columns, totals) == (sums.min(), sums.max())


@settings(max_examples=40, deadline=None)
@given(st.integers(0, len(SHAPES) - 1), st.integers(0, 2**32), st.integers(0, 3))
def test_the_program_finds_a_matrix_exactly_when_there_is_one(number: int, seed: int, wrong: int) -> None:
    small = review(number, seed, wrong)
    found = Program(small.a).best()
    possible = {matrix.tobytes() for matrix in small.possible}
    assert (found is None) == (not possible)
    if found is not None:
        assert found.tobytes() in possible
    else:
        assert bounds(small.a, (0,)) is None


@settings(max_examples=20, deadline=None)
@given(st.integers(0, len(SHAPES) - 1), st.integers(0, 2**32))
def test_a_witness_reaches_the_bound(number: int, seed: int) -> None:
    small = review(number, seed)
    possible = {matrix.tobytes() for matrix in small.possible}
    for sign in (-1, 1):
        best = max(sign * int(m[:, [0, 2]].sum()) for m in small.possible)
        witness = Program(small.a).best(Goal((0, 2), sign))
        assert witness is not None
        assert witness.tobytes() in possible
        assert sign * witness[:, [0, 2]].sum() == best
        assert Program(small.a).best(Goal((0, 2), sign), best + 1) is None


@settings(max_examples=30, deadline=None)
@given(st.integers(0, len(SHAPES) - 1), st.integers(0, 2**32), st.integers(0, 2))
def test_extreme_counts_meet_the_sums(number: int, seed: int, wrong: int) -> None:
    small = review(number, seed, wrong)
    names = [name for name in small.meets if name.startswith(("item", "part")) or name == "total"]
    meets = np.all([small.meets[name] for name in names], axis=0) if names else np.ones(len(small.matrices), dtype=bool)
    weights = np.random.default_rng(seed).normal(size=len(small.a.levels))
    counts = extreme_counts(small.a, weights)
    assert (counts is None) == (not meets.any())
    if counts is not None:
        reached = sum(w * np.dot(small.a.levels[i], counts[i]) for i, w in enumerate(weights))
        best = (small.matrices[meets].sum(axis=1) @ weights).max()
        assert reached == pytest.approx(best, abs=1e-6)
        assert [counts[i].sum() for i in range(len(counts))] == [len(small.a.papers)] * len(counts)


# -------------------------------------------------------------------- conflicts


@settings(max_examples=25, deadline=None)
@given(st.integers(0, len(SHAPES) - 1), st.integers(0, 2**32), st.integers(1, 4))
def test_a_conflict_is_smallest(number: int, seed: int, wrong: int) -> None:
    small = review(number, seed, wrong)

    def possible(names: Any) -> bool:
        return bool(np.all([small.meets[name] for name in names], axis=0).any()) if names else True

    def smallest(names: list[str]) -> int | None:
        sizes = range(1, len(names) + 1)
        return next((k for k in sizes if not all(possible(c) for c in combinations(names, k))), None)

    found = conflict(small.a)
    names = list(small.meets)
    sums = smallest([name for name in names if name.startswith(("item", "part")) or name == "total"])
    wanted = smallest(names) if sums is None else sums  # sums first, because they are quick to prove
    assert (None if found is None else len(found)) == wanted
    if found is not None:
        assert found == [name for name in names if name in found]
        assert not possible(found)
        for name in found:  # without any one of them, there is a matrix
            assert possible([other for other in found if other != name])


@given(st.lists(st.sets(st.sampled_from("abcdefg"), min_size=1), max_size=6))
def test_smallest_conflict_of_given_contradictions(contradictions: list[set[str]]) -> None:
    names = list("abcdefg")
    found = smallest_conflict(names, lambda chosen: not any(c <= set(chosen) for c in contradictions))
    if not contradictions:
        assert found is None
    else:
        assert found is not None
        assert set(found) in contradictions
        assert len(found) == min(len(c) for c in contradictions)


def test_one_paper_on_each_side() -> None:
    # two papers, one item of one unit: both have it, yet one paper is below the line
    a = Aggregates(
        papers=("one", "two"),
        years=np.array([2020, 2021]),
        levels=((0, 1),),
        parts={"I": (0,), "V": ()},
        access=(),
        access_line=0.0,
        items={0: (2, 2)},
        part_sums={},
        total=None,
        line=1,
        at_line=1,
        others_before=None,
        correlations={},
    )
    assert conflict(a) == ["item 1", "papers at the line"]
    assert conflict(replace(a, items={0: (2, 1)})) == ["item 1"]
    assert conflict(replace(a, at_line=2)) is None
    assert bounds(replace(a, items={}), (0,)) == (1, 1)
    # the later paper cannot be below the line, and with one paper at the line r is 1
    assert bounds(replace(a, items={}, others_before=2021, correlations={"year": (0.99, 1.0)}), (0,)) == (1, 1)
    assert bounds(replace(a, items={}, others_before=2021, correlations={"year": (-1.0, -0.99)}), (0,)) is None


# -------------------------------------------------------------------- draws


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fit the chains to tiny reviews: they forget their start soon, and one unit moves a correlation far."""
    monkeypatch.setattr(sampler, "BURN_IN", 100)
    monkeypatch.setattr(chains, "PRICE_OF_R", 0.5)


@pytest.mark.slow
@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(("number", "seed"), [(0, 2), (1, 8), (2, 6), (3, 2)])
def test_every_possible_matrix_is_drawn_equally_often(number: int, seed: int) -> None:
    # chi-square test against equal shares; smallest P seen: 0.066
    start = seed
    while not 20 <= len((small := review(number, start)).possible) <= 150:
        start += 10
    place = {matrix.tobytes(): i for i, matrix in enumerate(small.possible)}
    draws = sampler.draw(small.a, 20 * len(place), np.random.default_rng(seed))
    counts = np.bincount([place[matrix.tobytes()] for matrix in draws], minlength=len(place))
    assert counts.min() > 0
    assert sps.chisquare(counts).pvalue > 1e-3


@pytest.mark.usefixtures("quick")
def test_the_same_generator_gives_the_same_draws() -> None:
    a = review(3, 2).a
    first, again, other = (sampler.draw(a, 40, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()


@pytest.mark.usefixtures("quick")
def test_contradictions_end_the_search(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampler, "DOUBT", 20)
    small = review(1, 5)
    with pytest.raises(sampler.NothingFoundError, match="no answers give the printed sums"):
        sampler.draw(replace(small.a, total=(1000, 1000)), 5, np.random.default_rng(1))
    line = replace(small.a, items={}, part_sums={}, total=None, line=1, at_line=0, others_before=1900)
    with pytest.raises(sampler.NothingFoundError, match="some of them contradict each other"):
        sampler.draw(line, 5, np.random.default_rng(1))


@pytest.mark.usefixtures("quick")
def test_a_stopped_run_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "PIECE", 16)
    small = review(3, 2)
    whole = report._draw(small.a, 60, 7, None)
    calls, real = [], sampler.draw

    def stopped(*words: Any) -> Any:
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(*words)

    monkeypatch.setattr(sampler, "draw", stopped)
    keep = Checkpoint(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        report._draw(small.a, 60, 7, keep)
    assert len(list(tmp_path.iterdir())) == 2
    again = report._draw(small.a, 60, 7, keep)
    assert len(calls) == 3 + 2  # two of four pieces were kept
    assert whole is not None
    assert again is not None
    assert (again == whole).all()
    assert len(list(tmp_path.iterdir())) == 4
    report._draw(replace(small.a, access_line=9.0), 60, 7, keep)  # other printed numbers: nothing is taken over
    assert len(calls) == 5 + 4


# -------------------------------------------------------------------- printed numbers as windows


@given(st.integers(1, 2000), st.integers(0, 3), st.data())
def test_sums_that_round_to_a_percentage(whole: int, decimals: int, data: st.DataObject) -> None:
    count = data.draw(st.integers(0, whole))
    scaled = Fraction(100 * count, whole) * 10**decimals
    for nearest in {
        math.floor(scaled + Fraction(1, 2)),
        math.ceil(scaled - Fraction(1, 2)),
    }:  # a half may go either way
        digits = str(nearest).zfill(decimals + 1)
        printed = f"{digits[:-decimals]}.{digits[-decimals:]}" if decimals else digits
        low, high = sums_that_round_to(printed, whole)
        fits = [
            c for c in range(whole + 1) if abs(Fraction(100 * c, whole) - Fraction(printed)) * 2 * 10**decimals <= 1
        ]
        assert count in fits
        assert (low, high) == (fits[0], fits[-1])


@pytest.mark.parametrize(("printed", "whole"), [("18.3", 22), ("0.1", 22), ("101.0", 22), ("99.9", 44)])
def test_a_percentage_that_no_count_gives(printed: str, whole: int) -> None:
    low, high = sums_that_round_to(printed, whole)
    assert low > high


def p_of(r: float, n: int, controlling: int) -> float:
    """Return the P value of a correlation from the beta distribution, as scipy.stats.pearsonr does."""
    half = (n - controlling) / 2 - 1
    return float(2 * sps.beta(half, half, loc=-1, scale=2).sf(abs(r)))


@given(st.floats(-0.97, 0.97), st.integers(6, 60), st.sampled_from([0, 1]))
def test_a_correlation_lies_in_its_window(r: float, n: int, controlling: int) -> None:
    low, high = correlation_window(f"{r:.3f}", f"{p_of(r, n, controlling):.3f}", n, controlling)
    assert low - 1e-9 <= r <= high + 1e-9
    if abs(float(f"{r:.3f}")) <= 0.0005:  # the two signs of a correlation printed as zero make one window
        return
    assert high - low <= 0.001 + 1e-12
    for end in (low, high):  # both ends round to what was printed
        assert abs(end - float(f"{r:.3f}")) <= 0.0005 + 1e-9
        assert abs(p_of(end, n, controlling) - float(f"{p_of(r, n, controlling):.3f}")) <= 0.0005 + 1e-9


def test_r_and_p_that_do_not_belong_together() -> None:
    low, high = correlation_window("-0.085", "0.717", 22)  # P is 0.707
    assert low > high
