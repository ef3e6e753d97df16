"""Correlations, power, attenuation and permutation tests against R, plain loops and what must hold for any input."""

from __future__ import annotations

import itertools
import json
import math
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as sps

from dlrrc_core import association, permutation, power, resampling, stats
from dlrrc_core.chunks import Checkpoint
from dlrrc_core.problems import UsageError

NAN = float("nan")


def reference(topic: str) -> list[Any]:
    """Return the cases of a reference file as parameters, with NaN for null."""
    cases = json.loads((ROOT / f"tests/reference/{topic}.json").read_text(encoding="utf-8"))["cases"]

    def filled(value: Any) -> Any:
        if isinstance(value, list):
            return [filled(entry) for entry in value]
        return NAN if value is None else value

    return [
        pytest.param(
            {k: filled(v) for k, v in case["input"].items()},
            {k: filled(v) for k, v in case["expected"].items()},
            id=case["name"],
        )
        for case in cases
    ]


# -------------------------------------------------------------------- against R


# worst differences from R seen: 4e-16 (r), 4e-16 (P)
@pytest.mark.parametrize(("given_", "expected"), reference("correlation"))
def test_rank_correlations_equal_r(given_: dict, expected: dict) -> None:
    rho, tau = association.spearman(**given_), association.kendall(**given_)
    assert rho.n == tau.n == expected["n"]
    assert rho.dropped == tau.dropped == len(given_["x"]) - expected["n"]
    assert rho.r == pytest.approx(expected["spearman_rho"], abs=1e-12)
    assert rho.p == pytest.approx(expected["spearman_p"], abs=1e-12)
    assert tau.r == pytest.approx(expected["kendall_tau"], abs=1e-12)
    # scipy enumerates up to 33 pairs without ties, as R does up to 49
    exact = not math.isnan(expected["kendall_p_exact"]) and expected["n"] <= 33
    assert tau.p == pytest.approx(expected["kendall_p_exact" if exact else "kendall_p"], abs=1e-12)


# worst difference from R seen: 0 (slope), 9e-13 (intercept, relative 2e-16)
@pytest.mark.parametrize(("given_", "expected"), reference("theil-sen"))
def test_theil_sen_equals_r(given_: dict, expected: dict) -> None:
    line = association.theil_sen(**given_)
    assert line.slope == pytest.approx(expected["slope"], abs=1e-12)
    assert line.intercept == pytest.approx(expected["intercept"], rel=1e-12)
    assert line.ci[0] <= line.slope <= line.ci[1]


def test_theil_sen_interval_by_the_formula_of_sen() -> None:
    rng = np.random.default_rng(3)
    x, y = np.arange(15.0), rng.normal(size=15)
    slopes = sorted((y[j] - y[i]) / (x[j] - x[i]) for i, j in itertools.combinations(range(15), 2))
    # no ties: Var S = n (n - 1) (2 n + 5) / 18; the interval runs between the slopes with ranks (N -+ z sd) / 2
    half = 1.959964 * math.sqrt(15 * 14 * 35 / 18)
    low, high = round((len(slopes) - half) / 2), round((len(slopes) + half) / 2)
    assert association.theil_sen(x, y).ci == pytest.approx((slopes[low], slopes[high - 1]), abs=2e-2)
    assert association.theil_sen(x, y).ci[0] in slopes


# worst difference from R seen: 1e-16
@pytest.mark.parametrize(("given_", "expected"), reference("multiplicity"))
def test_adjusted_p_equals_r(given_: dict, expected: dict) -> None:
    for method, name in (("holm", "holm"), ("benjamini-hochberg", "bh")):
        found = association.adjusted_p(given_["p"], method)
        assert found == pytest.approx(np.array(expected[name]), abs=1e-12, nan_ok=True)


# worst difference from R seen: power 3e-16, n 1e-9, r 3e-13, critical r 1e-15
@pytest.mark.parametrize(("given_", "expected"), reference("power"))
def test_power_equals_r(given_: dict, expected: dict) -> None:
    solve, alpha = given_["solve"], given_["alpha"]
    if solve == "power":
        assert power.power(given_["r"], given_["n"], alpha) == pytest.approx(expected["power"], abs=1e-12)
    elif solve == "n":
        found = power.n_needed(given_["r"], given_["power"], alpha)
        assert found == pytest.approx(expected["n"], abs=1e-6)
        assert math.ceil(found) == expected["n_whole"]
    elif solve == "r":
        assert power.detectable_r(given_["n"], given_["power"], alpha) == pytest.approx(expected["r"], abs=1e-6)
    else:
        assert power.critical_r(given_["n"], alpha) == pytest.approx(expected["r"], abs=1e-12)


# worst difference from R seen: 1e-16
@pytest.mark.parametrize(("given_", "expected"), reference("attenuation"))
def test_attenuation_equals_r(given_: dict, expected: dict) -> None:
    found = power.correct_attenuation(given_["r"], given_["rel_y"], given_["rel_x"])
    assert found == pytest.approx(min(1.0, expected["corrected"]), abs=1e-12)  # ours is capped at 1


# full enumeration in R; with 20,000 draws the standard error of P is below 0.0034, and four of them are allowed
@pytest.mark.parametrize("method", ["pearson", "spearman"])
@pytest.mark.parametrize(("given_", "expected"), reference("permutation"))
def test_permutation_p_is_near_the_enumeration_of_r(given_: dict, expected: dict, method: str) -> None:
    found = permutation.permutation_test(given_["x"], given_["y"], method, draws=20_000)
    exact = expected[f"{method}_p"]
    assert found.r == pytest.approx(expected["pearson_r" if method == "pearson" else "spearman_rho"], abs=1e-12)
    assert found.p == pytest.approx(exact, abs=4 * math.sqrt(exact * (1 - exact) / 20_000))


@pytest.mark.parametrize(("given_", "expected"), reference("permutation"))
def test_every_permutation_counted_once_gives_the_p_of_r(given_: dict, expected: dict) -> None:
    x, y = np.array(given_["x"], dtype=float), np.array(given_["y"], dtype=float)
    orders = np.array(list(itertools.permutations(range(x.size))))
    u, v = permutation._unit(x, "pearson"), permutation._unit(y, "pearson")
    count = (np.abs(u[orders] @ v) >= abs(u @ v) - 1e-12).sum()
    assert count == expected["pearson_count"]


ONE_CONTROL = [case for case in reference("partial-correlation") if np.ndim(case.values[0]["z"]) == 1]


@pytest.mark.parametrize(("given_", "expected"), ONE_CONTROL)
def test_partial_correlation_of_sums_and_of_residuals_equals_r(given_: dict, expected: dict) -> None:
    found = permutation.partial_permutation_test(given_["x"], given_["y"], given_["z"], draws=4000)
    boot = association.bootstrap_correlation(given_["x"], given_["y"], given_["z"], draws=200)
    assert (found.n, found.dropped) == (expected["n"], len(given_["x"]) - expected["n"])
    assert found.r == pytest.approx(expected["r"], abs=1e-10)
    assert boot.estimate[0] == pytest.approx(expected["r"], abs=1e-10)
    assert found.p == pytest.approx(expected["p"], abs=0.03)  # a permutation and a t test differ a little


# boot::boot.ci on the replicates that R drew is checked with the resampling; here the same data with our draws
@pytest.mark.parametrize(("given_", "expected"), reference("bca")[:1])
def test_bootstrap_of_a_correlation_is_near_r(given_: dict, expected: dict) -> None:
    x, y = np.array(given_["data"], dtype=float).reshape(-1, 2).T
    found = association.bootstrap_correlation(x, y, draws=20_000)
    assert found.estimate[0] == pytest.approx(given_["t0"], abs=1e-12)
    assert found.low[0] == pytest.approx(expected["low_linear"], abs=0.05)
    assert found.high[0] == pytest.approx(expected["high_linear"], abs=0.03)


# -------------------------------------------------------------------- against plain loops and scipy


def test_bootstrap_of_a_correlation_is_near_scipy() -> None:
    rng = np.random.default_rng(5)
    x = rng.normal(size=40)
    y = 0.5 * x + rng.normal(size=40)
    ours = association.bootstrap_correlation(x, y, draws=10_000)
    theirs = sps.bootstrap(
        (x, y), lambda a, b, axis=-1: sps.pearsonr(a, b, axis=axis).statistic, paired=True, n_resamples=10_000, rng=1
    ).confidence_interval
    assert (ours.low[0], ours.high[0]) == pytest.approx((theirs.low, theirs.high), abs=0.02)
    assert ours.estimate[0] == pytest.approx(stats.pearson(x, y).r, abs=1e-12)


def test_leave_one_out_equals_a_loop() -> None:
    rng = np.random.default_rng(6)
    x, y = 2020 + rng.integers(0, 7, size=30).astype(float), rng.normal(50, 12, size=30)
    x[4], y[9] = NAN, NAN
    found = association.leave_one_out(x, y)
    wanted = [stats.pearson(np.delete(x, i), np.delete(y, i)).r for i in range(30)]
    wanted[4] = wanted[9] = NAN  # they do not count at all
    assert found == pytest.approx(np.array(wanted), abs=1e-12, nan_ok=True)


def test_freedman_lane_equals_a_loop_of_regressions() -> None:
    rng = np.random.default_rng(8)
    z = rng.normal(size=18)
    x, y = z + rng.normal(size=18), 0.7 * z + rng.normal(size=18)
    found = permutation.partial_permutation_test(x, y, z, draws=500, seed=4)
    # the same permutations, made into new data and analysed from the start
    orders = np.argsort(resampling_generator(4).random((500, 18)), axis=1)
    line = np.polyval(np.polyfit(z, y, 1), z)
    replicates = [stats.partial_correlation(x, line + (y - line)[order], z).r for order in orders]
    observed = stats.partial_correlation(x, y, z).r
    assert found.r == pytest.approx(observed, abs=1e-12)
    assert found.p == resampling.rank_of_p(observed, replicates)


def resampling_generator(seed: int) -> np.random.Generator:
    """Return the random numbers of the first piece of a run."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(0,)))


@pytest.mark.parametrize("method", ["pearson", "spearman"])
def test_permutation_test_equals_a_loop(method: str) -> None:
    rng = np.random.default_rng(9)
    x, y = rng.integers(0, 6, size=(2, 15)).astype(float)
    of = sps.pearsonr if method == "pearson" else sps.spearmanr
    orders = np.argsort(resampling_generator(2).random((300, 15)), axis=1)
    wanted = resampling.rank_of_p(of(x, y).statistic, [of(x[order], y).statistic for order in orders])
    assert permutation.permutation_test(x, y, method, draws=300, seed=2).p == wanted


@pytest.mark.parametrize("method", ["pearson", "spearman"])
def test_many_columns_give_the_same_as_one_at_a_time(method: str) -> None:
    rng = np.random.default_rng(10)
    year = 2019.0 + rng.integers(0, 6, size=23)
    items = rng.integers(0, 3, size=(23, 31)) / 2
    items[3, 5], items[7, 6], items[3, 8], items[:, 2], items[:, 4] = NAN, NAN, NAN, 1.0, NAN
    year[20] = NAN
    together = permutation.permutation_tests(year, items, method, draws=400)
    alone = [permutation.permutation_test(year, column, method, draws=400) for column in items.T]
    for a, b in zip(together, alone, strict=True):
        assert (a.n, a.dropped) == (b.n, b.dropped)
        assert (a.r, a.p) == pytest.approx((b.r, b.p), abs=1e-12, nan_ok=True)
    assert [math.isnan(test.p) for test in together] == [k in (2, 4) for k in range(31)]
    assert (together[4].n, together[5].n, together[0].n) == (0, 21, 22)


def test_pieces_of_bounded_size_and_a_checkpoint_do_not_change_the_result(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(permutation, "CELLS", 50 * 20)
    rng = np.random.default_rng(11)
    x, y = rng.normal(size=(2, 20))
    first = permutation.permutation_test(x, y, draws=230, checkpoint=Checkpoint(tmp_path))
    assert len(list(tmp_path.iterdir())) == 5
    assert permutation.permutation_test(x, y, draws=230, checkpoint=Checkpoint(tmp_path)) == first
    assert permutation.permutation_test(x, y, draws=230) == first


def test_permutation_p_values_are_uniform_when_nothing_is_there() -> None:
    rng = np.random.default_rng(12)
    z = rng.normal(size=20)
    p = [permutation.partial_permutation_test(*rng.normal(size=(2, 20)) + z, z, draws=99, seed=s).p for s in range(300)]
    assert sps.kstest(p, "uniform").pvalue > 0.01
    assert np.mean(np.array(p) <= 0.05) == pytest.approx(0.05, abs=0.04)


# -------------------------------------------------------------------- what must hold for any input

rows = st.lists(st.tuples(*[st.integers(-9, 9)] * 3), min_size=0, max_size=14)


@settings(max_examples=60)
@given(rows)
def test_everything_is_defined_for_any_input(values: list[tuple[int, int, int]]) -> None:
    x, y, z = np.array(values, dtype=float).reshape(-1, 3).T
    tests = [
        permutation.permutation_test(x, y, draws=50),
        permutation.permutation_test(x, y, "spearman", draws=50),
        permutation.partial_permutation_test(x, y, z, draws=50),
        association.spearman(x, y),
        association.kendall(x, y),
    ]
    for found in tests:
        assert found.n == len(values)
        assert math.isnan(found.r) == math.isnan(found.p)
        assert math.isnan(found.r) or (-1 <= found.r <= 1 and 0 <= found.p <= 1)
    assert all(math.isnan(found.p) or found.p > 0 for found in tests[:3])
    plain, partial = stats.pearson(x, y), stats.partial_correlation(x, y, z)
    if len(values) > 2:
        assert tests[0].r == pytest.approx(plain.r, abs=1e-9, nan_ok=True)
        assert tests[2].r == pytest.approx(partial.r, abs=1e-6, nan_ok=True)
        boot = association.bootstrap_correlation(x, y, draws=100)
        assert boot.estimate[0] == pytest.approx(plain.r, abs=1e-9, nan_ok=True)
    left_out = association.leave_one_out(x, y)
    assert left_out.shape == (len(values),)
    for i, r in enumerate(left_out):
        assert r == pytest.approx(stats.pearson(np.delete(x, i), np.delete(y, i)).r, abs=1e-7, nan_ok=True)
    line = association.theil_sen(x, y)
    assert math.isnan(line.ci[0]) or line.ci[0] <= line.slope <= line.ci[1]


@settings(max_examples=40)
@given(rows.filter(lambda r: len(r) > 4), st.sampled_from([0.5, 2.0, 8.0]), st.integers(-100, 100))
def test_units_do_not_matter(values: list[tuple[int, int, int]], scale: float, shift: int) -> None:
    x, y, z = np.array(values, dtype=float).T
    for of in (association.spearman, association.kendall):
        assert of(scale * x + shift, y).r == pytest.approx(of(x, y).r, abs=1e-12, nan_ok=True)
        assert of(x, -y).r == pytest.approx(-of(x, y).r, abs=1e-12, nan_ok=True)
    for method in permutation.METHODS:
        a, b = (permutation.permutation_test(u, y, method, draws=60) for u in (x, scale * x + shift))
        assert (a.r, a.p) == pytest.approx((b.r, b.p), abs=1e-9, nan_ok=True)
    first = permutation.partial_permutation_test(x, y, z, draws=60)
    other = permutation.partial_permutation_test(x, y, scale * z + shift, draws=60)
    assert first.r == pytest.approx(other.r, abs=1e-6, nan_ok=True)
    line, moved = association.theil_sen(x, y), association.theil_sen(scale * x + shift, y)
    assert moved.slope * scale == pytest.approx(line.slope, abs=1e-9, nan_ok=True)
    boot, other_boot = (association.bootstrap_correlation(u, y, draws=100) for u in (x, scale * x + shift))
    assert boot.estimate[0] == pytest.approx(other_boot.estimate[0], abs=1e-9, nan_ok=True)


@pytest.mark.slow  # statsmodels collects garbage at every call of Holm's method
@given(st.lists(st.one_of(st.none(), st.floats(0, 1)), max_size=30))
def test_adjusted_p_never_falls_below_p(values: list[float | None]) -> None:
    p = np.array([NAN if v is None else v for v in values])
    holm, bh = association.adjusted_p(p), association.adjusted_p(p, "benjamini-hochberg")
    known = ~np.isnan(p)
    assert (np.isnan(holm) == ~known).all()
    assert (np.isnan(bh) == ~known).all()
    assert (holm[known] >= bh[known] - 1e-12).all()
    assert (bh[known] >= p[known] - 1e-12).all()
    assert (holm[known] <= 1).all()


# for levels above 5 % and few papers the approximation, as in pwr, is not monotone in n
@given(st.floats(0.05, 0.95), st.integers(10, 500), st.floats(0.001, 0.05))
def test_power_rises_with_r_and_n_and_its_inverses_agree(r: float, n: int, alpha: float) -> None:
    found = power.power(r, n, alpha)
    assert 0 < found <= 1
    assert power.power(-r, n, alpha) == pytest.approx(found, abs=1e-12)
    assert power.power(r, n + 1, alpha) >= found - 1e-6
    if 0.2 < found < 0.999:
        assert power.n_needed(r, found, alpha) == pytest.approx(n, rel=1e-4)
        assert power.detectable_r(n, found, alpha) == pytest.approx(r, abs=1e-6)
    line = power.critical_r(n, alpha)
    assert stats.p_value(line, n) == pytest.approx(alpha, rel=1e-6)


@given(st.floats(0.02, 0.999), st.floats(0.001, 0.2))
def test_n_significant_is_the_first_n_below_alpha(r: float, alpha: float) -> None:
    n = int(power.n_significant(r, alpha))
    assert stats.p_value(r, n) < alpha * (1 + 1e-9)
    assert n == 3 or stats.p_value(r, n - 1) >= alpha * (1 - 1e-9)
    assert power.n_significant(-r, alpha) == n


@given(st.floats(-1, 1), st.floats(0.01, 1), st.floats(0.01, 1))
def test_attenuation_goes_away_from_zero(r: float, reliability_x: float, reliability_y: float) -> None:
    found = power.correct_attenuation(r, reliability_y, reliability_x)
    assert abs(r) <= abs(found) + 1e-15
    assert abs(found) <= 1
    assert power.correct_attenuation(r, 1.0) == r


# -------------------------------------------------------------------- edges


@pytest.mark.parametrize("values", [[], [1.0], [2.0, 2.0, 2.0, 2.0, 2.0], [NAN] * 5, [1.0, NAN, 3.0]])
def test_nothing_to_correlate_gives_nan(values: list[float]) -> None:
    n = sum(v == v for v in values)
    for found in (
        association.spearman(values, values),
        association.kendall(values, values),
        permutation.permutation_test(values, values, draws=20),
        permutation.partial_permutation_test(values, values, values, draws=20),
    ):
        assert (found.n, found.dropped) == (n, len(values) - n)
        assert math.isnan(found.r)
        assert math.isnan(found.p)
    assert math.isnan(association.theil_sen(values, values).slope)
    for third in (None, values):
        boot = association.bootstrap_correlation(values, values, third, draws=100)
        assert np.isnan([boot.low[0], boot.high[0]]).all()
    assert association.leave_one_out(values, values).shape == (len(values),)
    assert np.isnan(association.leave_one_out(values, values)).all()


def test_perfect_correlations_are_defined() -> None:
    x = np.arange(6.0)
    assert association.spearman(x, x).r == pytest.approx(1, abs=1e-12)
    assert association.kendall(x, -x + 3).r == pytest.approx(-1, abs=1e-12)
    found = permutation.permutation_test(x, x, draws=999)
    assert found.r == pytest.approx(1)
    assert found.p < 0.02
    assert math.isnan(permutation.partial_permutation_test(x, x**2, 2 * x, draws=20).p)  # x is a line in z


def test_a_permutation_with_nothing_left_counts_as_extreme() -> None:
    # z has one value that differs, so the permuted residuals are often a line in z
    found = permutation.partial_permutation_test([1, 2, 4, 3], [0, 0, 0, 1], [0, 1, 0, 0], draws=200)
    assert 0 < found.p <= 1


def test_one_paper_kind_of_each_gives_no_power() -> None:
    assert math.isnan(power.power(0.5, 3))
    assert math.isnan(power.critical_r(2))
    assert math.isnan(power.detectable_r(3))
    assert math.isnan(power.critical_r(NAN))
    assert power.n_needed(0.9999999, 0.2) == 4
    assert math.isnan(power.n_needed(1e-9))
    assert math.isnan(power.n_significant(1e-9))
    assert power.n_significant(0.402) == 25
    for r, reliability in ((NAN, 0.5), (0.3, NAN), (0.3, 0.0), (0.3, -0.2)):
        assert math.isnan(power.correct_attenuation(r, reliability))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: association.spearman([1, 2, 3], [1, 2]), "the same number each"),
        (lambda: association.theil_sen([1, 2, 3], [1, 2]), "the same number each"),
        (lambda: association.leave_one_out([1, 2, 3], [1, 2]), "the same number each"),
        (lambda: association.adjusted_p([0.5, 1.2]), "allowed: 0 to 1"),
        (lambda: association.adjusted_p([0.5], "bonferoni"), "allowed: holm, benjamini-hochberg"),
        (lambda: association.bootstrap_correlation([1, 2, 3], [1, 2, 4], draws=5), "at least 100 draws"),
        (lambda: permutation.permutation_test([1, 2, 3], [1, 2, 3], "kendall"), "allowed: pearson, spearman"),
        (lambda: permutation.permutation_test([1, 2, 3], [1, 2]), r"allowed: \(3, items\)"),
        (lambda: permutation.permutation_test([1, 2, 3], [1, 2, 3], draws=0), "at least 1 permutation"),
        (lambda: permutation.partial_permutation_test([1], [1], [1], seed=-1), "seed of at least 0"),
        (lambda: power.power(1.0, 20), "r = 1.0; allowed: above -1 and below 1"),
        (lambda: power.power(0.3, 20, 0), "alpha = 0; allowed: above 0 and below 1"),
        (lambda: power.n_needed(0.0), "not 0"),
        (lambda: power.n_needed(0.3, 0.01), "power = 0.01; allowed: above 0.05 and below 1"),
        (lambda: power.detectable_r(20, 1.0), "power = 1.0"),
        (lambda: power.n_significant(0.0), "not 0"),
        (lambda: power.correct_attenuation(1.2, 0.5), "allowed: r from -1 to 1"),
        (lambda: power.correct_attenuation(0.2, 1.5), "reliabilities up to 1"),
    ],
)
def test_what_has_no_meaning_is_refused(call: Any, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        call()


def test_nothing_warns() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for values in ([], [1.0], [1.0, 1.0], [1.0, 2.0], [1.0, 2.0, 3.0], [5.0] * 6):
            association.theil_sen(values, values)
            association.kendall(values, values)
            permutation.permutation_tests(values, np.zeros((len(values), 3)), draws=5)
            permutation.permutation_tests(values, np.zeros((len(values), 0)), draws=5)
