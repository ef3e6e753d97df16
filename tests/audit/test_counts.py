"""Percentages of counts, AUC grid, totals and shared class counts against sums made independently."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu

from dlrrc_core.audit.counts import (
    check_auc,
    check_percent,
    check_percents,
    check_same_counts,
    check_total,
    counts_within,
)
from dlrrc_core.problems import UsageError


def shown(value: Fraction, decimals: int, mode: str = ROUND_HALF_UP) -> str:
    return str((Decimal(value.numerator) / Decimal(value.denominator)).quantize(Decimal(1).scaleb(-decimals), mode))


@given(
    st.integers(1, 3000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
    st.integers(0, 4),
    st.sampled_from([ROUND_HALF_UP, ROUND_HALF_EVEN]),
)
def test_a_true_percentage_is_never_called_wrong(pair: tuple[int, int], decimals: int, mode: str) -> None:
    count, total = pair
    percent = shown(Fraction(100 * count, total), decimals, mode) + "%"
    assert check_percent(percent, count, total).verdict == "consistent"
    proportion = shown(Fraction(count, total), decimals, mode)
    assert check_percent(proportion, count, total).verdict == "consistent"


@given(st.integers(1, 200), st.integers(0, 100), st.integers(1, 100))
def test_counts_within_equals_a_search(total: int, low: int, width: int) -> None:
    a, b = Fraction(low, 100), Fraction(low + width, 100)
    assert list(counts_within(a, b, total)) == [k for k in range(total + 1) if a <= Fraction(k, total) <= b]


@pytest.mark.parametrize(
    ("printed", "count", "total", "verdict"),
    [
        ("52.5%", 42, 80, "consistent"),
        ("12.5%", 1, 8, "consistent"),
        ("12%", 1, 8, "consistent"),  # a tie, half to even
        ("13%", 1, 8, "consistent"),  # a tie, half up
        ("23.1%", 152, 655, "inconsistent"),  # 23.2061
        ("83.3334%", 10, 12, "inconsistent"),  # 83.33333...
        ("0%", 0, 655, "consistent"),
        ("0.60", 3, 5, "consistent"),
    ],
)
def test_percent_of_a_count(printed: str, count: int, total: int, verdict: str) -> None:
    assert check_percent(printed, count, total).verdict == verdict


def test_cut_off_and_rounded_up_percentages_are_explained() -> None:
    assert "cutting off" in check_percent("66.6%", 2, 3).derivation[-1]
    assert "rounding up" in check_percent("83.3334%", 10, 12).derivation[-1]
    far = check_percent("70%", 2, 3)
    assert not any("instead of rounding" in sentence for sentence in far.derivation)


def test_percentages_adjusted_to_add_up_to_one_hundred() -> None:
    """35 of 655 is 5.34%; 10.1 + 46.4 + 24.4 + 5.4 + 13.7 = 100.0, with 5.3 it would be 99.9."""
    grades = {"1": ("10.1%", 66), "2": ("46.4%", 304), "3": ("24.4%", 160), "4": ("5.4%", 35), "none": ("13.7%", 90)}
    adjusted = check_percents(grades, 655)
    assert adjusted.verdict == "not reproduced"
    assert "4" in adjusted.message
    assert "add up to 100%" in adjusted.derivation[-1]
    assert check_percents(grades | {"4": ("5.3%", 35)}, 655).verdict == "consistent"
    assert check_percents(grades | {"4": ("5.6%", 35)}, 655).verdict == "inconsistent"
    assert check_percents({"4": ("5.4%", 35)}, 655).verdict == "inconsistent"


@given(st.lists(st.integers(0, 90), min_size=1, max_size=6), st.integers(0, 3))
def test_true_percentages_of_a_group_are_never_called_wrong(counts: list[int], decimals: int) -> None:
    total = max(sum(counts), 1)
    cells = {str(k): (shown(Fraction(100 * c, total), decimals) + "%", c) for k, c in enumerate(counts)}
    assert check_percents(cells, total).verdict == "consistent"


@given(
    st.lists(st.integers(0, 6), min_size=1, max_size=12),
    st.lists(st.integers(0, 6), min_size=1, max_size=12),
    st.integers(1, 5),
)
def test_an_auc_of_scores_is_always_on_the_grid(positive: list[int], negative: list[int], decimals: int) -> None:
    """The AUC is scipy's Mann-Whitney U over the number of pairs; small integer scores give ties."""
    p, q = len(positive), len(negative)
    u = Fraction(float(mannwhitneyu(positive, negative).statistic))
    found = check_auc(shown(u / (p * q), decimals), p, q)
    assert found.verdict == "consistent"
    assert found.possible[0] <= u / (p * q) <= found.possible[-1]
    assert all((value * 2 * p * q).denominator == 1 for value in (*found.possible, *found.nearest))


@given(st.integers(1, 15), st.integers(1, 15), st.integers(0, 1000))
def test_an_auc_is_refused_only_when_no_multiple_rounds_to_it(p: int, q: int, thousandths: int) -> None:
    printed = f"{thousandths / 1000:.3f}"
    values = [Fraction(k, 2 * p * q) for k in range(2 * p * q + 1)]
    near = [v for v in values if abs(v - Fraction(thousandths, 1000)) <= Fraction(1, 2000)]
    found = check_auc(printed, p, q)
    assert (found.verdict == "consistent", found.n_possible) == (bool(near), len(near))
    below = max(v for v in values if v <= Fraction(thousandths, 1000))
    above = min(v for v in values if v >= Fraction(thousandths, 1000))
    assert found.nearest == (below, above)


def test_the_auc_of_fifteen_and_fifteen_images() -> None:
    """225 pairs: 213.5 / 225 = 0.948889, the half pair being a tie; 213 / 225 = 0.946667, 214 / 225 = 0.951111."""
    found = check_auc("0.9489", 15, 15)
    assert found.verdict == "consistent"
    assert found.possible == (Fraction(427, 450),)
    assert "tied" in found.message
    assert check_auc("0.9489", 5, 5).verdict == "inconsistent"  # steps of 0.02
    assert "tied" in check_auc("0.94", 5, 5).message  # 23.5 / 25
    assert check_auc("94.9", 15, 15).verdict == "consistent"  # a percentage whose sign stands elsewhere
    assert "tied" not in check_auc("0.96", 5, 5).message  # 24 / 25


def test_totals() -> None:
    """913 + 118 + 56 + 25 + 50 = 1162 and 816 + 234 + 112 = 1162; 5 + 6 is not 12."""
    centres = {"HUP": 913, "MAY": 118, "TCIA": 56, "SXH": 25, "PHH": 50}
    assert check_total(centres, 1162, "lesions").verdict == "consistent"
    assert check_total({"train": 816, "validation": 234, "test": 112}, 1162).verdict == "consistent"
    wrong = check_total({"a": 5, "b": 6}, 12)
    assert wrong.verdict == "inconsistent"
    assert wrong.derivation == ("5 (a) + 6 (b) = 11.",)
    assert "-1" in wrong.message


def test_rows_without_a_common_pair_of_class_counts() -> None:
    """35/41 prints 0.854 and 43/51 prints 0.843; 36/42 prints 0.857 and 43/50 prints 0.860: no pair is common."""

    def pairs(sensitivity: str, specificity: str, n: int) -> set[tuple[int, int]]:
        def hits(text: str, size: int) -> bool:
            return any(f"{k / size:.3f}" == text for k in range(size + 1))

        return {(p, n - p) for p in range(1, n) if hits(sensitivity, p) and hits(specificity, n - p)}

    rows = {"strong": pairs("0.854", "0.843", 92), "weak": pairs("0.857", "0.860", 92), "unknown": None}
    found = check_same_counts(rows)
    assert (41, 51) in rows["strong"]
    assert (42, 50) in rows["weak"]
    assert found.verdict == "inconsistent"
    assert found.conflict == ("strong", "weak")


def test_one_row_known_or_impossible() -> None:
    assert check_same_counts({"a": {(1, 2)}, "b": None}).verdict == "not checkable"
    alone = check_same_counts({"a": {(1, 2)}, "b": set()})
    assert (alone.verdict, alone.conflict) == ("inconsistent", ("b",))
    assert "b by itself" in alone.message


PAIR = st.tuples(st.integers(1, 4), st.integers(1, 3))


@given(st.dictionaries(st.sampled_from("abcdef"), st.sets(PAIR, max_size=7), min_size=2))
def test_the_conflict_is_real_and_none_of_its_rows_can_be_left_out(rows: dict[str, set[tuple[int, int]]]) -> None:
    found = check_same_counts(rows)
    common = set.intersection(*rows.values())
    assert found.common == common
    if common:
        assert (found.verdict, found.conflict) == ("consistent", ())
        return
    assert found.verdict == "inconsistent"
    assert not set.intersection(*(rows[name] for name in found.conflict))
    for rest in combinations(found.conflict, len(found.conflict) - 1):
        assert not rest or set.intersection(*(rows[name] for name in rest))


@pytest.mark.parametrize(
    "call",
    [
        lambda: check_percent("1%", 3, 2),
        lambda: check_percent("1%", 0, 0),
        lambda: check_percent("1,5%", 1, 2),
        lambda: check_auc("0.5", 0, 3),
        lambda: check_auc("0.5 (0.4-0.6)", 2, 3),
        lambda: check_total({"a": -1}, 3),
        lambda: check_total({}, 3),
    ],
)
def test_wrong_arguments_are_named(call: Callable[[], object]) -> None:
    with pytest.raises(UsageError, match=r"allowed|give"):
        call()


def test_mann_whitney_peer_is_exact_enough() -> None:
    """Scipy's U is a sum of ranks in halves, exact in floating point for the sizes used above."""
    assert float(mannwhitneyu(np.arange(12), np.arange(12)).statistic) == 72.0
