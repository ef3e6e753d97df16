"""Printed intervals of a proportion against R, Newcombe's table and intervals that were truly computed."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference_values import cases
from scipy.stats import beta, binom
from statsmodels.stats.proportion import proportion_confint

from dlrrc_core.audit.intervals import METHODS, interval
from dlrrc_core.audit.proportions import check_interval
from dlrrc_core.problems import UsageError

INTERVALS = [case for case in cases("audit-tests.json") if case.values[0]["input"]["kind"] == "interval"]
PLUS_FOUR, AGRESTI_COULL = METHODS[2], METHODS[3]


def limits(method: str, x: int, n: int, level: float = 0.95) -> tuple[float, float]:
    low, high = interval(method, [x], [n], level)
    return float(low[0]), float(high[0])


def shown(value: float, decimals: int) -> str:
    """Print a number as most programs do: rounded half up in decimal."""
    return str(Decimal(repr(value)).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP))


@pytest.mark.parametrize("case", INTERVALS)
def test_intervals_equal_r(case: dict[str, Any]) -> None:
    """Tolerance 1e-12; worst difference seen 2.3e-16."""
    given_ = case["input"]
    for method, expected in case["expected"].items():
        found = np.clip(limits(method, given_["x"], given_["n"]), 0, 1)
        assert found == pytest.approx(expected, abs=1e-12), method


@pytest.mark.parametrize("case", [case for case in INTERVALS if "published" in case.values[0]])
def test_intervals_equal_table_one_of_newcombe(case: dict[str, Any]) -> None:
    """Newcombe (1998), Stat Med 17:857-872, table I, methods 1, 3, 4 and 5; equal to the four printed decimals."""
    published = {name: value for name, value in case["published"].items() if name != "source"}
    assert len(published) >= 3
    for method, expected in published.items():
        found = limits(method, case["input"]["x"], case["input"]["n"])
        assert found == pytest.approx(expected, abs=5.0001e-5), method


@given(
    st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.sampled_from([0.9, 0.95, 0.99])
)
def test_the_others_equal_statsmodels_and_their_definition(pair: tuple[int, int], level: float) -> None:
    """Cut off at 0 and 1, as statsmodels does; Jeffreys from scipy's beta distribution; tolerance 1e-12."""
    x, n = pair
    for method, name in (("Wald", "normal"), (AGRESTI_COULL, "agresti_coull")):
        expected = proportion_confint(x, n, 1 - level, name)
        assert np.clip(limits(method, x, n, level), 0, 1) == pytest.approx(expected, abs=1e-12)
    expected = proportion_confint(x + 2, n + 4, 1 - level, "normal")
    assert np.clip(limits(PLUS_FOUR, x, n, level), 0, 1) == pytest.approx(expected, abs=1e-12)
    assert limits("Jeffreys", x, n, level) == pytest.approx(beta.interval(level, x + 0.5, n - x + 0.5), abs=1e-12)


@given(st.integers(1, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_clopper_pearson_limits_leave_half_the_error_in_each_tail(pair: tuple[int, int]) -> None:
    x, n = pair
    low, high = limits("Clopper-Pearson", x, n)
    assert low == 0 if x == 0 else binom.sf(x - 1, n, low) == pytest.approx(0.025, abs=1e-9)
    assert high == 1 if x == n else binom.cdf(x, n, high) == pytest.approx(0.025, abs=1e-9)


@given(
    st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
    st.sampled_from(METHODS),
    st.integers(1, 4),
    st.booleans(),
    st.sampled_from(["", "%"]),
)
def test_a_true_interval_is_always_found_again(
    pair: tuple[int, int], method: str, decimals: int, cut: bool, percent: str
) -> None:
    """Count, denominator and method are among the matches, whether limits are cut off at 0 and 1 or not."""
    (x, n), scale = pair, 100 if percent else 1
    low, high = np.clip(limits(method, x, n), 0, 1) if cut else limits(method, x, n)
    printed = [shown(float(value) * scale, decimals) + percent for value in (low, high, x / n)]
    given_n = check_interval(*printed, n=n)
    assert given_n.verdict == "consistent"
    assert (method, x, n) in {(m.method, m.count, m.n) for m in given_n.matches}
    free = check_interval(*printed, n_max=n, methods=[method])
    assert (x, n) in {(m.count, m.n) for m in free.matches}


def test_the_extra_digit_of_the_text_singles_out_one_method() -> None:
    """6 of 49; by hand: centre (6 + 1.9207) / (49 + 3.8415) = 0.14990, half width 0.09625, so 0.05365 to 0.24614."""
    table = check_interval("0.05", "0.25", "0.12", n=49)
    text = check_interval("0.054", "0.25", "0.12", n=49)
    assert len(table.methods) == 4
    assert text.methods == (AGRESTI_COULL,)
    assert [(m.count, m.n) for m in text.matches] == [(6, 49)]


@pytest.mark.parametrize(
    ("low", "high", "estimate", "word"),
    [
        ("0.66", "0.89", "0.64", "below its own interval"),
        ("0.66", "0.89", "0.95", "above its own interval"),
        ("0.89", "0.66", "0.70", "above the upper limit"),
        ("-0.20", "0.10", "-0.15", "not between 0 and 1"),
        ("66", "89", "64", "below its own interval"),
        ("66", "89", "64%", "below its own interval"),
        ("66%", "89%", "64%", "below its own interval"),
    ],
)
def test_an_interval_that_cannot_be(low: str, high: str, estimate: str, word: str) -> None:
    found = check_interval(low, high, estimate)
    assert found.verdict == "inconsistent"
    assert any(word in sentence for sentence in found.derivation)
    assert found.matches == ()


def test_an_estimate_on_the_rounded_limit_is_no_contradiction() -> None:
    assert check_interval("0.65", "0.80", "0.64", n=100).verdict == "not reproduced"  # 0.645 rounds to both
    assert check_interval("0.66", "0.80", "0.64", n=100).verdict == "inconsistent"


def test_no_count_gives_the_estimate() -> None:
    assert check_interval("0.1", "0.9", "0.55", n=10).verdict == "inconsistent"  # neither 5 nor 6 of 10
    assert check_interval("0.1", "0.9", "0.55", n_max=8).verdict == "not checkable"


def test_a_limit_beyond_one_is_named_and_found_by_wald() -> None:
    """9 of 10: 0.9 + 1.959964 * sqrt(0.09 / 10) = 1.0859."""
    found = check_interval("0.714", "1.086", "0.900", n=10)
    assert found.methods == ("Wald",)
    assert "The upper limit 1.086 is above 1." in found.derivation


def test_percentages_without_a_sign() -> None:
    """15 of 17, Clopper-Pearson: 0.63559 to 0.98542 (R: binom.test(15, 17))."""
    for texts in (("63.6", "98.5", "88.2"), ("63.6", "98.5", "88.2%"), ("0.636", "0.985", "0.882")):
        assert "Clopper-Pearson" in check_interval(*texts, n=17).methods
    assert "Clopper-Pearson" in check_interval("63.56", "98.54", n=17).methods
    assert "Clopper-Pearson" in check_interval("0.6356", "0.9854", n=17, percent=False).methods


def test_a_printed_count_narrows_the_search() -> None:
    found = check_interval("0.2553", "0.3662", count=81, n_max=400)
    assert [(m.method, m.count, m.n) for m in found.matches] == [("Wilson", 81, 263)]


@pytest.mark.parametrize(
    "call",
    [
        lambda: interval("wilson", [1], [2]),
        lambda: interval("Wilson", [3], [2]),
        lambda: interval("Wilson", [1], [2], 95),
        lambda: check_interval("0.1", "0.2", n=0),
        lambda: check_interval("0.1", "0.2", n=5, count=6),
        lambda: check_interval("0.1", "0.2", methods=["Bayes"]),
    ],
)
def test_wrong_arguments_are_named(call: Any) -> None:
    with pytest.raises(UsageError, match="allowed"):
        call()
