"""Statistics against pingouin, published worked examples and the printed P values of the seed review."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as sps

from dlrrc_core import stats
from dlrrc_core.problems import UsageError

with warnings.catch_warnings():  # pingouin touches deprecated pandas and seaborn interfaces when imported
    warnings.simplefilter("ignore")
    import pingouin

# Zuo et al. (2023), section 6 and captions of Figures 1 and 2: r, P, variables held fixed; n = 22
PRINTED = [("-0.085", "0.707", 0), ("-0.125", "0.590", 1), ("0.402", "0.064", 0), ("0.411", "0.064", 1)]


@pytest.mark.parametrize(("r", "p", "controlling"), PRINTED)
def test_printed_correlations_give_back_their_printed_p_values(r: str, p: str, controlling: int) -> None:
    assert stats.printed_p_agrees(r, p, 22, controlling)
    assert stats.p_value(float(r), 22, controlling) == pytest.approx(float(p), abs=0.001)  # r is rounded to 0.001


@pytest.mark.parametrize(
    ("r", "p", "controlling"), [("-0.085", "0.717", 0), ("0.402", "0.640", 0), ("0.411", "0.058", 1)]
)
def test_a_wrong_p_value_is_noticed(r: str, p: str, controlling: int) -> None:
    assert not stats.printed_p_agrees(r, p, 22, controlling)


@pytest.mark.parametrize("n", [4, 5, 9, 22, 200])
def test_correlations_equal_pingouin(n: int) -> None:
    rng = np.random.default_rng(n)
    frame = pd.DataFrame(rng.normal(size=(n, 3)), columns=["x", "y", "z"]).assign(
        y=lambda f: f["y"] + 0.5 * f["x"] + 0.3 * f["z"]
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        plain = pingouin.corr(frame["x"], frame["y"]).iloc[0]
        partial = pingouin.partial_corr(frame, x="x", y="y", covar="z").iloc[0]
    ours, ours_partial = (
        stats.pearson(frame["x"], frame["y"]),
        stats.partial_correlation(frame["x"], frame["y"], frame["z"]),
    )
    assert (ours.r, ours.p) == pytest.approx((plain["r"], plain["p_val"]), abs=1e-12)
    assert (ours_partial.r, ours_partial.p) == pytest.approx((partial["r"], partial["p_val"]), abs=1e-9)
    assert ours.n == ours_partial.n == n
    if n > 4:
        # pingouin rounds its intervals to two decimals
        assert ours.ci == pytest.approx(tuple(plain["CI95"]), abs=0.0051)
        assert ours_partial.ci == pytest.approx(tuple(partial["CI95"]), abs=0.0051)


def test_partial_correlation_is_the_correlation_of_residuals() -> None:
    rng = np.random.default_rng(7)
    x, y, z = rng.normal(size=(3, 40))
    residuals = [v - np.polyval(np.polyfit(z, v, 1), z) for v in (x, y)]
    assert stats.partial_correlation(x, y, z).r == pytest.approx(np.corrcoef(*residuals)[0, 1], abs=1e-12)


@pytest.mark.parametrize(
    ("count", "of", "low", "high"),
    # Newcombe (1998), Statistics in Medicine 17:857-872, Table I, method 3 (score without continuity correction)
    [(81, 263, 25.53, 36.62), (15, 148, 6.24, 16.05), (0, 20, 0.0, 16.11), (1, 29, 0.61, 17.18)],
)
def test_wilson_intervals_of_newcombe(count: int, of: int, low: float, high: float) -> None:
    assert stats.proportion(count, of).ci == pytest.approx((low, high), abs=0.0051)


def test_proportion_edges() -> None:
    assert math.isnan(stats.proportion(0, 0).percent)
    assert stats.proportion(5, 5).ci[1] == pytest.approx(100)
    for count, of in ((-1, 3), (4, 3)):
        with pytest.raises(UsageError, match="allowed: 0 <= count <= of"):
            stats.proportion(count, of)


@given(st.lists(st.floats(-1e6, 1e6), max_size=30))
def test_mean_equals_scipy(values: list[float]) -> None:
    found = stats.mean(values)
    assert found.n == len(values)
    if not values:
        assert math.isnan(found.mean)
        return
    assert found.mean == pytest.approx(np.mean(values), abs=1e-6)
    if len(values) > 1 and np.std(values) > 0:
        wanted = sps.t.interval(0.95, len(values) - 1, loc=np.mean(values), scale=sps.sem(values))
        assert found.ci == pytest.approx(wanted, rel=1e-9, abs=1e-6)


def test_mean_leaves_out_missing_values() -> None:
    assert stats.mean([1.0, float("nan"), 3.0]).mean == 2.0
    assert math.isnan(stats.mean([4.0]).sd)


numbers = st.lists(st.integers(-50, 50), min_size=0, max_size=12)


@given(st.data(), numbers)
def test_correlations_are_defined_for_any_input(data: st.DataObject, x: list[int]) -> None:
    y, z = (data.draw(st.lists(st.integers(-50, 50), min_size=len(x), max_size=len(x))) for _ in range(2))
    for found in (stats.pearson(x, y), stats.partial_correlation(x, y, z)):
        assert found.n == len(x)
        assert math.isnan(found.r) or (-1 <= found.r <= 1 and 0 <= found.p <= 1)
        if not math.isnan(found.ci[0]):
            assert found.ci[0] - 1e-9 <= found.r <= found.ci[1] + 1e-9


@given(st.lists(st.tuples(st.integers(-9, 9), st.integers(-9, 9)), min_size=3, max_size=15))
def test_pearson_is_symmetric_and_changes_sign(pairs: list[tuple[int, int]]) -> None:
    x, y = (np.array(v, dtype=float) for v in zip(*pairs, strict=True))
    found = stats.pearson(x, y)
    assert stats.pearson(y, x).r == pytest.approx(found.r, nan_ok=True, abs=1e-12)
    assert stats.pearson(-3 * x + 5, y).r == pytest.approx(-found.r, nan_ok=True, abs=1e-9)


@pytest.mark.parametrize("values", [[], [1.0], [2.0, 2.0, 2.0], [float("nan")] * 4])
def test_nothing_to_correlate_gives_nan(values: list[float]) -> None:
    found = stats.pearson(values, values)
    assert math.isnan(found.r)
    assert math.isnan(found.p)
    assert found.n == len([v for v in values if v == v])


def test_missing_values_drop_the_pair_and_are_counted() -> None:
    nan = float("nan")
    found = stats.pearson([1, 2, 3, 4, nan, 6], [2, nan, 1, 5, 4, 7])
    assert (found.n, found.dropped) == (4, 2)
    assert found.r == pytest.approx(stats.pearson([1, 3, 4, 6], [2, 1, 5, 7]).r)


def test_collinear_covariate_leaves_nothing() -> None:
    assert math.isnan(stats.partial_correlation([1, 2, 3, 4, 5], [2, 1, 4, 3, 6], [2, 4, 6, 8, 10]).r)


def test_different_lengths_are_refused() -> None:
    with pytest.raises(UsageError, match=r"\[3, 2\] values; allowed: the same number each"):
        stats.pearson([1, 2, 3], [1, 2])


@pytest.mark.parametrize(("r", "n", "controlling"), [(1.2, 10, 0), (0.5, 2, 0), (0.5, 3, 1)])
def test_p_value_refuses_what_has_no_meaning(r: float, n: int, controlling: int) -> None:
    with pytest.raises(UsageError, match="allowed: r from -1 to 1"):
        stats.p_value(r, n, controlling)


# R 4: datasets::mtcars (Henderson and Velleman 1981, Biometrics 37:391-411)
MPG = [21, 21, 22.8, 21.4, 18.7, 18.1, 14.3, 24.4, 22.8, 19.2, 17.8, 16.4, 17.3, 15.2, 10.4, 10.4, 14.7, 32.4, 30.4, 33.9, 21.5, 15.5, 15.2, 13.3,
       19.2, 27.3, 26, 30.4, 15.8, 19.7, 15, 21.4]  # fmt: skip
WT = [2.62, 2.875, 2.32, 3.215, 3.44, 3.46, 3.57, 3.19, 3.15, 3.44, 3.44, 4.07, 3.73, 3.78, 5.25, 5.424, 5.345, 2.2, 1.615, 1.835, 2.465, 3.52,
      3.435, 3.84, 3.845, 1.935, 2.14, 1.513, 3.17, 2.77, 3.57, 2.78]  # fmt: skip


def test_pearson_equals_the_printed_output_of_r() -> None:
    # cor.test(mtcars$mpg, mtcars$wt) prints cor -0.8676594, p-value = 1.294e-10, 95 percent interval -0.9338264 -0.7440872
    found = stats.pearson(MPG, WT)
    assert found.r == pytest.approx(-0.8676594, abs=5.1e-8)
    assert found.ci == pytest.approx((-0.9338264, -0.7440872), abs=5.1e-8)
    assert found.p == pytest.approx(1.294e-10, abs=5.1e-14)


def test_mean_equals_the_printed_output_of_r() -> None:
    # t.test(extra ~ group, data = sleep, paired = TRUE) prints mean -1.58, interval -2.4598858 -0.7001142 (Student 1908, Biometrika 6:1-25)
    first, second = (
        [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0, 2],
        [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4],
    )
    found = stats.mean(np.subtract(first, second))
    assert (found.n, found.mean) == (10, pytest.approx(-1.58))
    assert found.ci == pytest.approx((-2.4598858, -0.7001142), abs=5.1e-8)
    assert (found.low, found.median, found.high) == pytest.approx((-4.6, -1.3, 0.0))


@given(
    st.lists(st.tuples(*[st.integers(-9, 9)] * 3), min_size=5, max_size=15), st.floats(0.1, 10), st.floats(-100, 100)
)
def test_partial_correlation_does_not_depend_on_units_or_on_the_order_of_x_and_y(
    rows: list[tuple[int, int, int]], scale: float, shift: float
) -> None:
    x, y, z = (np.array(v, dtype=float) for v in zip(*rows, strict=True))
    found = stats.partial_correlation(x, y, z).r
    assert stats.partial_correlation(y, x, z).r == pytest.approx(found, nan_ok=True, abs=1e-9)
    assert stats.partial_correlation(x, y, scale * z + shift).r == pytest.approx(found, nan_ok=True, abs=1e-6)
    assert stats.partial_correlation(-scale * x + shift, y, z).r == pytest.approx(-found, nan_ok=True, abs=1e-6)


def test_p_value_and_interval_at_the_edges() -> None:
    assert stats.p_value(1.0, 5) == stats.p_value(-1.0, 5) == 0.0
    assert stats.p_value(0.0, 5) == 1.0
    assert stats.p_value(0.5, 3) == pytest.approx(2 / 3)  # closed form at one degree of freedom: 1 - 2 asin(r) / pi
    assert stats.fisher_interval(1.0, 9) == (1.0, 1.0)
    assert np.isnan(stats.fisher_interval(0.3, 3)).all()
    assert np.isnan(stats.fisher_interval(0.3, 4, controlling=1)).all()
    # tanh(artanh(0) +- z / sqrt(n - 3)) with n = 103
    assert stats.fisher_interval(0.0, 103)[1] == pytest.approx(math.tanh(0.1959963984540054))


def test_widest_interval_of_an_unstated_last_digit() -> None:
    # r printed as 0.40 may be 0.395 to 0.405; scipy's own beta form of the null distribution of r gives the same P values
    low, high = stats.printed_p_range("0.40", 22)
    exact = [2 * sps.beta(10, 10, loc=-1, scale=2).sf(r) for r in (0.405, 0.395)]
    assert (low, high) == pytest.approx(exact, rel=1e-9)
