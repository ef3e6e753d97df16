"""What four printed correlations say about the one that was not printed, and printed numbers of the review that contradict each other."""

from __future__ import annotations

import math
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import yaml
from conftest import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as sps
from test_scoring import PARTS, TABLE_2

from dlrrc_core import repository
from dlrrc_core.problems import UsageError
from dlrrc_core.reconstruct import report
from dlrrc_core.reconstruct.aggregates import Aggregates, from_published
from dlrrc_core.reconstruct.conflicts import conflict, smallest_conflict
from dlrrc_core.reconstruct.consistency import Triple, agrees, extreme, interval, possible
from dlrrc_core.reconstruct.percentiles import percentiles
from dlrrc_core.repository import Repository

Floats = npt.NDArray[np.float64]
PRINTED = yaml.safe_load((ROOT / "data/fields/rcc/published.yaml").read_text(encoding="utf-8"))
CORRELATIONS = {entry["id"]: entry for entry in PRINTED["correlations"]}


def partial(xs: Floats, ys: Floats, xy: Floats) -> Floats:
    """Return the partial correlation of x and s with y held fixed (Fisher 1924)."""
    return (xs - ys * xy) / np.sqrt((1 - ys**2) * (1 - xy**2))


def printed_alike(r: Floats, name: str) -> npt.NDArray[np.bool_]:
    """Return where r and its P value round to what was printed; a half may go either way."""
    entry = CORRELATIONS[name]
    df = entry["n"] - 2 - (entry["controlling"] is not None)
    p = 2 * sps.t.sf(np.abs(r) * np.sqrt(df / np.maximum(1 - r**2, 1e-12)), df)
    return (np.abs(r - float(entry["r"])) <= 0.0005) & (np.abs(p - float(entry["p"])) <= 0.0005)


def grid(journal: Floats, year: Floats, between: Floats) -> Floats:
    """Return the r(journal, year) of grid points that agree with all eight printed numbers."""
    js, ys = np.meshgrid(journal[printed_alike(journal, "journal")], year[printed_alike(year, "year")], indexing="ij")
    js, ys = js.ravel()[:, None], ys.ravel()[:, None]
    good = printed_alike(partial(js, ys, between), "journal-partial")
    good &= printed_alike(partial(ys, js, between), "year-partial")
    return np.broadcast_to(between, good.shape)[good]


@pytest.fixture(scope="module")
def printed() -> Aggregates:
    """Return the aggregates of the seed review."""
    return from_published(repository.load(ROOT), "rcc")


# -------------------------------------------------------------------- the correlation of journal and year


def test_interval_of_journal_and_year_against_a_grid(printed: Aggregates) -> None:
    low, high = interval(printed.correlations) or (math.nan, math.nan)
    assert (round(low, 7), round(high, 7)) == (0.0713011, 0.0729034)
    journal, year = np.linspace(-0.0855, -0.0845, 201), np.linspace(0.4015, 0.4025, 201)
    # far away: nothing agrees outside the interval
    coarse = np.linspace(-0.999, 0.999, 1999)
    far = grid(journal[::5], year[::5], coarse)
    assert far.size == 0 or (far.min() >= low - 1e-6 and far.max() <= high + 1e-6)
    # close by: points that agree lie inside, and come near both ends (seen: 1.5e-5, 1.0e-5)
    near = grid(journal, year, np.linspace(low - 2e-4, high + 2e-4, 401))
    assert near.size > 1000
    assert low - 1e-8 <= near.min() < low + 2e-5
    assert high - 2e-5 < near.max() <= high + 1e-8


def test_both_ends_are_reached_by_correlations_that_exist(printed: Aggregates) -> None:
    for sign in (-1, 1):
        end = extreme(printed.correlations, 2, sign)
        assert end is not None
        matrix = np.array(
            [[1, end.journal, end.year], [end.journal, 1, end.journal_year], [end.year, end.journal_year, 1]]
        )
        assert np.linalg.eigvalsh(matrix).min() > 0
        inverse = -np.linalg.inv(matrix)  # partial correlations from the precision matrix
        scale = np.sqrt(np.diag(-inverse))
        found = inverse / np.outer(scale, scale)
        assert abs(found[0, 1] - float(CORRELATIONS["journal-partial"]["r"])) <= 0.0005 + 1e-9
        assert abs(found[0, 2] - float(CORRELATIONS["year-partial"]["r"])) <= 0.0005 + 1e-9


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.floats(0.0005, 0.005))  # two or three printed digits
def test_the_interval_holds_the_truth_and_no_less(seed: int, width: float) -> None:
    rng = np.random.default_rng(seed)
    s, j, y = rng.normal(size=(3, 12)) @ rng.normal(size=(12, 12))
    truth = Triple(*(float(np.corrcoef(u, v)[0, 1]) for u, v in ((j, s), (y, s), (j, y))))
    exact = {"journal": truth.journal, "year": truth.year}
    exact |= {
        "journal-partial": float(partial(*map(np.float64, (truth.journal, truth.year, truth.journal_year)))),
        "year-partial": float(partial(*map(np.float64, (truth.year, truth.journal, truth.journal_year)))),
    }
    windows = {name: (r - width * rng.random(), r + width * rng.random()) for name, r in exact.items()}
    assert agrees(truth, windows)
    assert possible(windows)
    found = interval(windows, tolerance=1e-6)
    assert found is not None
    assert found[0] - 1e-6 <= truth.journal_year <= found[1] + 1e-6
    # random triples around the truth that agree lie inside
    points = np.array([truth.journal, truth.year, truth.journal_year]) + rng.uniform(-2, 2, (4000, 3)) * width
    points = points[(np.abs(points) < 0.999).all(axis=1)]
    for point in points:
        if agrees(Triple(*map(float, point)), windows):
            assert found[0] - 1e-6 <= point[2] <= found[1] + 1e-6


def test_windows_that_contradict_each_other() -> None:
    exact = {"journal": (0.5, 0.5001), "year": (0.0, 0.0001)}
    assert interval(exact | {"journal-partial": (0.3, 0.4)}) is None  # with r(y, s) = 0 a partial is never nearer to 0
    assert interval({"year": (0.4, 0.3)}) is None
    assert not possible(exact | {"journal-partial": (0.3, 0.4)})
    assert not possible({"year": (0.4, 0.3)})
    assert possible({})
    free = interval({"journal": (0.6, 0.6), "year": (0.8, 0.8)}, tolerance=1e-6)
    # a correlation matrix with 0.6 and 0.8: 0.48 -+ sqrt((1 - 0.36) (1 - 0.64)) = 0 to 0.96, if partials lie in [-1, 1]
    assert free == pytest.approx((0.0, 0.96), abs=1e-5)


# -------------------------------------------------------------------- journal percentiles


def test_percentiles_that_cannot_be(printed: Aggregates) -> None:
    totals = np.arange(22) + 10
    with pytest.raises(UsageError, match="contradict a correlation"):
        percentiles(printed, list(printed.papers), totals, np.random.default_rng(1))


# -------------------------------------------------------------------- changed copies of published.yaml


def changed(checkout: Path, *pairs: tuple[str, str]) -> Repository:
    """Return a copied repository whose review printed something else."""
    path = checkout / "data/fields/rcc/published.yaml"
    text = path.read_text(encoding="utf-8")
    for old, new in pairs:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")
    return repository.load(checkout)


def sums_possible(review: dict[str, Any], names: list[str]) -> bool:
    """Return whether answers can give the printed percentages that are named, by sets of sums (bits of a whole number)."""
    n = review["n_papers"]

    def within(sums: int, whole: int, percent: str) -> int:
        half = 0.5 * 10.0 ** -len(percent.partition(".")[2]) + 1e-9
        return sum(1 << k for k in range(whole + 1) if sums >> k & 1 and abs(100 * k / whole - float(percent)) <= half)

    def plus(a: int, b: int) -> int:
        return sum_of_shifts([a << k for k in range(b.bit_length()) if b >> k & 1])

    def sum_of_shifts(shifted: list[int]) -> int:
        found = 0
        for bits in shifted:
            found |= bits
        return found

    everything = 1
    for part, numbers in PARTS.items():
        of_part = 1
        for i in numbers:
            units = [round(points / 2.5) for points in TABLE_2[i].values()]
            sums = 1
            for _ in range(n):
                sums = sum_of_shifts([sums << u for u in units])
            for entry in review["items"]:
                if entry["item"] == i and f"item {i}" in names:
                    sums = within(sums, n * max(units), entry["percent"])
            of_part = plus(of_part, sums)
        for entry in review["parts"]:
            if entry["part"] == part and f"part {part}" in names:
                most = sum(max(round(points / 2.5) for points in TABLE_2[i].values()) for i in numbers)
                of_part = within(of_part, n * most, entry["percent"])
        everything = plus(everything, of_part)
    return bool(within(everything, n * 40, review["total"]["percent"]) if "total" in names else everything)


@pytest.mark.parametrize(
    ("pairs", "size"),
    [
        ((("total:\n  percent: '52.4'", "total:\n  percent: '82.4'"),), None),
        ((("percent: '18.2'\n    where: section 6, 2)", "percent: '18.4'\n    where: section 6, 2)"),), 1),
        ((("part: I\n    percent: '64.8'", "part: I\n    percent: '90.9'"),), 2),
        ((("part: III\n    percent: '60.2'", "part: III\n    percent: '60.5'"),), 1),
        ((("part: IV\n    percent: '42.6'", "part: IV\n    percent: '16.9'"),), None),
    ],
)
def test_percentages_that_contradict_each_other(
    checkout: Path, pairs: tuple[tuple[str, str], ...], size: int | None
) -> None:
    found = conflict(from_published(changed(checkout, *pairs), "rcc"))
    review = yaml.safe_load((checkout / "data/fields/rcc/published.yaml").read_text(encoding="utf-8"))
    assert found is not None
    assert size is None or len(found) == size
    assert not sums_possible(review, found)
    for name in found:  # without any one of them the others can hold
        assert sums_possible(review, [other for other in found if other != name])
    # and no pair, and none alone, says it with fewer
    names = [f"item {e['item']}" for e in review["items"]] + [f"part {e['part']}" for e in review["parts"]] + ["total"]
    for k in (1, 2):
        if k < len(found):
            assert all(sums_possible(review, list(c)) for c in combinations(names, k))


def test_the_line_and_the_years_contradict_each_other(checkout: Path) -> None:
    # three of the papers are older than 2020, so 19 or more would reach the line, not 16
    repo = changed(checkout, ("others_before: 2021", "others_before: 2020"))
    a = from_published(repo, "rcc")
    assert (a.years < 2020).sum() == 3
    names = ["papers at the line", "year of the papers below the line"]
    assert conflict(a.only([*names, "total", "item 4"])) == names
    for name in names:
        assert conflict(a.only([name, "total", "item 4"])) is None


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        ("r: '-0.085'\n    p: '0.707'", "r: '-0.085'\n    p: '0.607'", ["journal"]),  # r and P do not belong together
        # each r belongs to its P, but the four do not belong together
        ("r: '-0.125'\n    p: '0.590'", "r: '-0.425'\n    p: '0.055'", None),
        ("r: '0.411'\n    p: '0.064'", "r: '0.311'\n    p: '0.170'", None),
    ],
)
def test_correlations_that_contradict_each_other(checkout: Path, old: str, new: str, wanted: list[str] | None) -> None:
    found = report.reconstruct(changed(checkout, (old, new)), "rcc", 1)
    names = found["conflicts"]["correlations"]
    assert found["conflicts"]["answers"] is None
    assert (found["draws"], found["bounds"], found["journal_year"]) == (None, None, None)
    if wanted is not None:
        assert names == wanted
        return
    windows = found["windows"]
    assert not possible({k: tuple(windows[k]) for k in names})
    assert all(possible({k: tuple(windows[k]) for k in names if k != name}) for name in names)
    # a search over random correlations finds none that agree with all, and some that agree with all but one
    rng = np.random.default_rng(1)
    js, ys = rng.uniform(-0.6, 0.6, (2, 2_000_000))
    for name, values in (("journal", js), ("year", ys)):
        if name in names:  # most points where it matters
            half = len(values) // 2
            values[:half] = rng.uniform(*windows[name], half)
    rng.shuffle(ys)
    jy = rng.uniform(-0.95, 0.95, len(js))
    values = {"journal": js, "year": ys, "journal-partial": partial(js, ys, jy), "year-partial": partial(ys, js, jy)}
    exist = np.abs(jy - js * ys) < np.sqrt((1 - js**2) * (1 - ys**2))
    slack = 2e-3  # windows are a thousandth wide, points are not that dense
    near = {k: (values[k] >= windows[k][0] - slack) & (values[k] <= windows[k][1] + slack) & exist for k in names}
    for name in names:
        assert np.all([near[k] for k in names if k != name], axis=0).any(), name
    exact = [(values[k] >= windows[k][0]) & (values[k] <= windows[k][1]) & exist for k in names]
    assert not np.all(exact, axis=0).any()


def test_the_printed_numbers_hold_together(printed: Aggregates) -> None:
    names = list(printed.correlations)
    for size in range(1, 5):
        for chosen in combinations(names, size):
            assert possible({k: printed.correlations[k] for k in chosen})
    assert smallest_conflict(names, lambda chosen: True) is None
    assert all(low <= high for low, high in printed.items.values())
    assert all(a < b for levels in printed.levels for a, b in pairwise(levels))
