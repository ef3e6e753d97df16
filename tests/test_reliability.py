"""Agreement of totals against R, pingouin, published examples and their own definitions."""

from __future__ import annotations

import math
import warnings
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference_values import cases

from dlrrc_core.problems import UsageError
from dlrrc_core.reliability import Totals, intraclass, limits_of_agreement, smallest_detectable_change

with warnings.catch_warnings():  # pingouin touches deprecated pandas and seaborn interfaces when imported
    warnings.simplefilter("ignore")
    import pingouin

Scores = npt.NDArray[np.float64]
FUNCTIONS = [intraclass, limits_of_agreement, smallest_detectable_change]


def numbers(found: object) -> list[float]:
    """Return the result of any of the functions as numbers."""
    return [found] if isinstance(found, float) else list(asdict(found).values())  # type: ignore[call-overload]


def mean_squares(scores: Scores) -> tuple[float, float, float]:
    """Return the mean squares of papers, raters and residual, from deviations, as a textbook writes them."""
    n, k = scores.shape
    whole, rows, columns = scores.mean(), scores.mean(axis=1, keepdims=True), scores.mean(axis=0, keepdims=True)
    residual = ((scores - rows - columns + whole) ** 2).sum() / ((n - 1) * (k - 1))
    return k * rows.var(ddof=1), n * columns.var(ddof=1), residual


@pytest.mark.parametrize("case", cases("icc.json"))
def test_intraclass_equals_psych(case: dict[str, Any]) -> None:
    """Tolerance 1e-12; worst difference seen 2e-15. Published values to their two decimals."""
    found = asdict(intraclass(case["input"]["scores"]))
    assert found == pytest.approx({name: case["expected"][name] for name in found}, abs=1e-12)
    for name in found.keys() & case.get("published", {}).keys():
        assert round(found[name], 2) == case["published"][name]


@pytest.mark.parametrize("case", cases("icc.json"))
def test_mean_squares_equal_psych(case: dict[str, Any]) -> None:
    """Relative tolerance 1e-12; worst difference seen 2e-14."""
    totals = Totals.of(case["input"]["scores"])
    found = [float(square) for square in totals.mean_squares(totals.features.sum(axis=0))]
    names = ["ms_subjects", "ms_raters", "ms_residual"]
    assert found == pytest.approx([case["expected"][name] for name in names], rel=1e-12)
    for name, square in zip(names, found, strict=True):
        if "published" in case:
            assert round(square, 2) == case["published"][name]


@pytest.mark.parametrize("case", [case for case in cases("bland-altman.json") if "a" in case.values[0]["input"]])
def test_limits_of_agreement_equal_r(case: dict[str, Any]) -> None:
    """Tolerance 1e-10 on scores up to 700; worst difference seen 4e-14. Published: mean -2.1, SD 38.8."""
    found = asdict(limits_of_agreement(np.transpose([case["input"]["a"], case["input"]["b"]])))
    assert found == pytest.approx({name: case["expected"][name] for name in found}, abs=1e-10)
    # 1.96 in place of the normal quantile moves the limits by 3.6e-5 SD
    assert (found["lower"], found["upper"]) == pytest.approx(
        (case["expected"]["lower_196"], case["expected"]["upper_196"]), abs=4e-5 * found["sd"]
    )
    for name in ("mean", "sd"):
        if "published" in case:
            assert round(found[name], 1) == case["published"][name]


@pytest.mark.parametrize("case", cases("bland-altman.json"))
def test_smallest_detectable_change_equals_r(case: dict[str, Any]) -> None:
    """Relative tolerance 1e-12; worst difference seen 6e-16."""
    assert smallest_detectable_change(case["input"]["scores"]) == pytest.approx(case["expected"]["sdc"], rel=1e-12)


@pytest.mark.parametrize("shape", [(5, 2), (12, 3), (31, 2), (40, 5)])
def test_intraclass_equals_pingouin(shape: tuple[int, int]) -> None:
    """Tolerance 1e-10 (pingouin solves a linear model); worst difference seen 6e-16."""
    rng = np.random.default_rng(shape[0])
    scores = 60 + rng.normal(scale=12, size=(shape[0], 1)) + rng.normal(scale=6, size=shape) + np.arange(shape[1])
    long = pd.DataFrame(scores).reset_index().melt(id_vars="index", var_name="rater")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        table = pingouin.intraclass_corr(long, targets="index", raters="rater", ratings="value").set_index("Type")[
            "ICC"
        ]
    wanted = {"icc_a1": table["ICC(A,1)"], "icc_c1": table["ICC(C,1)"], "icc_ck": table["ICC(C,k)"]}
    assert asdict(intraclass(scores)) == pytest.approx(wanted, abs=1e-10)


@st.composite
def tables(draw: st.DrawFn, raters: int | None = None) -> Scores:
    """Return scores in steps of 2.5 points, as the checklist gives them."""
    n, k = draw(st.integers(2, 12)), raters or draw(st.integers(2, 4))
    row = st.lists(st.integers(0, 40), min_size=k, max_size=k)
    return np.array(draw(st.lists(row, min_size=n, max_size=n)), dtype=float) * 2.5


@given(tables())
def test_mean_squares_are_those_of_the_textbook(scores: Scores) -> None:
    """Tolerance 1e-8 on mean squares up to 1e4: sums of squares against deviations."""
    totals = Totals.of(scores)
    found = totals.mean_squares(totals.features.sum(axis=0))
    assert [float(square) for square in found] == pytest.approx(mean_squares(scores), rel=1e-9, abs=1e-8)


@given(tables(), st.integers(-1000, 1000), st.sampled_from([0.5, 2.0, 10.0]))
def test_a_constant_and_a_unit_change_no_intraclass_correlation(scores: Scores, shift: int, scale: float) -> None:
    wanted = numbers(intraclass(scores))
    assert numbers(intraclass(scale * scores + shift)) == pytest.approx(wanted, abs=1e-9, nan_ok=True)
    changed = smallest_detectable_change(scale * scores + shift)
    assert changed == pytest.approx(scale * smallest_detectable_change(scores), rel=1e-9, abs=1e-6)


@given(tables(), st.randoms(use_true_random=False))
def test_order_of_papers_and_raters_does_not_matter(scores: Scores, random: Any) -> None:
    rows, columns = list(range(scores.shape[0])), list(range(scores.shape[1]))
    random.shuffle(rows)
    random.shuffle(columns)
    for function in (intraclass, smallest_detectable_change):
        wanted = numbers(function(scores))
        assert numbers(function(scores[rows][:, columns])) == pytest.approx(wanted, abs=1e-9, nan_ok=True)


@given(tables())
def test_no_intraclass_correlation_passes_1(scores: Scores) -> None:
    """Consistency of one rating is also at least -1 / (k - 1)."""
    found = intraclass(scores)
    assert all(math.isnan(value) or value <= 1 + 1e-12 for value in numbers(found))
    assert math.isnan(found.icc_c1) or found.icc_c1 >= -1 / (scores.shape[1] - 1) - 1e-12


@given(tables())
def test_absolute_agreement_is_below_consistency_when_raters_differ_by_more_than_noise(scores: Scores) -> None:
    """True where consistency is not negative and the mean square of raters is at least the residual one."""
    found = intraclass(scores)
    _, raters, residual = mean_squares(scores)
    if found.icc_c1 >= 0 and raters >= residual:
        assert found.icc_a1 <= found.icc_c1 + 1e-9


@given(tables())
def test_mean_of_raters_follows_spearman_and_brown(scores: Scores) -> None:
    """ICC(C,k) = k ICC(C,1) / (1 + (k - 1) ICC(C,1)), where it is defined."""
    found, k = intraclass(scores), scores.shape[1]
    if not math.isnan(found.icc_ck):
        assert found.icc_ck == pytest.approx(k * found.icc_c1 / (1 + (k - 1) * found.icc_c1), rel=1e-6, abs=1e-9)


@given(tables(raters=2), st.integers(-50, 50))
def test_a_rater_who_always_gives_more_is_consistent_but_does_not_agree(scores: Scores, more: int) -> None:
    first = scores[:, 0]
    found = intraclass(np.column_stack([first, first + more]))
    if np.ptp(first) == 0:
        assert math.isnan(found.icc_c1)
        return
    assert (found.icc_c1, found.icc_ck) == pytest.approx((1, 1), abs=1e-9)
    assert found.icc_a1 == pytest.approx(1, abs=1e-9) if more == 0 else found.icc_a1 < 1


@given(tables(raters=2))
def test_limits_are_symmetrical_and_change_sign_with_the_raters(scores: Scores) -> None:
    """Mean and SD are those of numpy; tolerance 1e-9."""
    found, swapped = limits_of_agreement(scores), limits_of_agreement(scores[:, ::-1])
    difference = scores[:, 0] - scores[:, 1]
    assert (found.mean, found.sd) == pytest.approx((difference.mean(), difference.std(ddof=1)), abs=1e-6)
    assert found.upper - found.mean == pytest.approx(found.mean - found.lower, abs=1e-9)
    assert (swapped.mean, swapped.sd) == pytest.approx((-found.mean, found.sd), abs=1e-9)
    assert (swapped.lower, swapped.upper) == pytest.approx((-found.upper, -found.lower), abs=1e-9)


@given(tables(raters=2))
def test_smallest_detectable_change_of_two_raters_is_at_least_1_96_sd_of_their_difference(scores: Scores) -> None:
    """Equal when the raters do not differ beyond noise; else their difference in level is added."""
    assert smallest_detectable_change(scores) >= 1.959963 * limits_of_agreement(scores).sd - 1e-6


@given(tables(), st.integers(0, 1_000_000))
def test_a_large_common_level_costs_few_digits(scores: Scores, level: int) -> None:
    """Tolerance 1e-6 at a level up to 1e6 that doubles hold exactly."""
    wanted = numbers(intraclass(scores))
    assert numbers(intraclass(scores + level)) == pytest.approx(wanted, abs=1e-6, nan_ok=True)


def test_mean_of_each_rater() -> None:
    totals = Totals.of([[50, 60], [70, 65], [30, 55]])
    assert totals.mean(totals.features.sum(axis=0)).tolist() == pytest.approx([50, 60], abs=1e-12)


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("scores", [np.empty((0, 2)), [[50.0, 60.0]]], ids=["no paper", "one paper"])
def test_below_two_papers_nothing_is_defined(function: Any, scores: Any) -> None:
    assert np.isnan(numbers(function(scores))).all()


@pytest.mark.parametrize("value", [0.0, 50.0, 0.1, 1e9 + 0.1])
def test_the_same_score_everywhere(value: float) -> None:
    """No variance between papers: no intraclass correlation; and no difference either."""
    scores = np.full((5, 2), value)
    assert np.isnan(numbers(intraclass(scores))).all()
    assert numbers(limits_of_agreement(scores)) == [0, 0, 0, 0]
    assert smallest_detectable_change(scores) == 0


def test_raters_who_give_the_same_scores() -> None:
    scores = np.tile([[50.0], [62.5], [40.0]], (1, 3))
    assert numbers(intraclass(scores)) == pytest.approx([1, 1, 1], abs=1e-12)
    assert smallest_detectable_change(scores) == 0


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize(
    "scores",
    [[], [50.0, 60.0], [[50.0], [60.0]], [[50.0, math.nan], [60.0, 70.0]], [[math.nan] * 2] * 3, [[math.inf, 1], [1, 2]],
     np.zeros((2, 2, 2)), [[None, 50.0], [50.0, 60.0]]],
    ids=["empty", "one row", "one rater", "one missing", "all missing", "infinite", "three dimensions", "None"],
)  # fmt: skip
def test_scores_that_cannot_be_compared_are_refused(function: Any, scores: Any) -> None:
    with pytest.raises(UsageError, match=r"allowed: \(papers, 2 or more raters\) without missing values"):
        function(scores)


def test_limits_of_three_raters_are_refused() -> None:
    with pytest.raises(UsageError, match="scores of 3 raters; allowed: 2"):
        limits_of_agreement(np.ones((4, 3)))
