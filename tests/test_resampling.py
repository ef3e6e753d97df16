"""Bootstrap intervals against R and scipy, coverage by simulation, and runs that are stopped."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference_values import cases
from scipy import stats as sps

from dlrrc_core import resampling
from dlrrc_core.chunks import Checkpoint
from dlrrc_core.problems import UsageError
from dlrrc_core.resampling import Bootstrap, bca, bca_interval, rank_of_p, values_of

Floats = npt.NDArray[np.float64]


def with_ones(*columns: npt.ArrayLike) -> Floats:
    """Return features: a column of ones and the given ones."""
    first = np.asarray(columns[0], dtype=float)
    return np.column_stack([np.ones(len(first)), *columns])


def mean_of(sums: Floats) -> Floats:
    """Return the means of all columns after the ones."""
    return sums[:, 1:] / sums[:, :1]


def products(data: Floats) -> Floats:
    """Return features of correlations: a one, the centred columns, their products."""
    x = data - data.mean(axis=0)
    return np.hstack([np.ones((len(x), 1)), x, np.einsum("ij,il->ijl", x, x).reshape(len(x), -1)])


def correlations(sums: Floats, k: int) -> Floats:
    """Return the correlation matrix from the sums of :func:`products`."""
    n, s, m = sums[:, 0, None, None], sums[:, 1 : k + 1], sums[:, k + 1 :].reshape(-1, k, k)
    covariance = m / n - s[:, :, None] * s[:, None, :] / n**2
    sd = np.sqrt(np.einsum("ijj->ij", covariance))
    return covariance / (sd[:, :, None] * sd[:, None, :])


def pearson_of(sums: Floats) -> Floats:
    """Return the correlation of the first two columns."""
    return correlations(sums, 2)[:, 0, 1][:, None]


def partial_of(sums: Floats) -> Floats:
    """Return the correlation of the first two columns given the third."""
    r = correlations(sums, 3)
    xy, xz, yz = r[:, 0, 1], r[:, 0, 2], r[:, 1, 2]
    return ((xy - xz * yz) / np.sqrt((1 - xz**2) * (1 - yz**2)))[:, None]


def from_case(case: dict[str, Any]) -> tuple[Floats, Callable[[Floats], Floats]]:
    """Return features and statistic of a case of the reference file."""
    data = np.asarray(case["input"]["data"], dtype=float)
    if data.ndim == 1 or data.shape[1] == 1:
        return with_ones(data.ravel()), mean_of
    return products(data), pearson_of if data.shape[1] == 2 else partial_of


def column(values: list[float]) -> Floats:
    """Return one statistic as a table."""
    return np.asarray(values, dtype=float)[:, None]


def of_replicates(case: dict[str, Any]) -> Bootstrap:
    """Return the interval from R's own replicates and leave-one-out values."""
    given_ = case["input"]
    left_out = column(given_["jackknife"])
    return bca_interval(
        np.array([given_["t0"]]), column(given_["t"]), left_out, np.ones(len(left_out), dtype=int), given_["level"]
    )


@pytest.mark.parametrize("case", cases("bca.json"))
def test_interval_equals_the_formula_in_r(case: dict[str, Any]) -> None:
    """Same replicates, ordinary quantiles: tolerance 1e-12; worst difference seen 4e-15."""
    found = of_replicates(case)
    wanted = case["expected"]["low_linear"], case["expected"]["high_linear"]
    assert (found.low[0], found.high[0]) == pytest.approx(wanted, abs=1e-12)
    assert found.defined[0] == 1


@pytest.mark.parametrize("case", cases("bca.json"))
def test_interval_is_near_that_of_boot_ci(case: dict[str, Any]) -> None:
    """boot.ci interpolates order statistics on the normal scale: tolerance 3 % of the width; worst difference seen 2.1 %."""
    found, expected = of_replicates(case), case["expected"]
    width = expected["high_empinf"] - expected["low_empinf"]
    assert (found.low[0], found.high[0]) == pytest.approx((expected["low"], expected["high"]), abs=0.03 * width)


@pytest.mark.parametrize("case", cases("bca.json"))
def test_estimate_and_leave_one_out_values_come_from_sums(
    case: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Statistics as functions of sums give R's values of the data: tolerance 1e-12; worst difference seen 4e-15."""
    seen: dict[str, Any] = {}

    def spy(estimate: Floats, replicates: Floats, left_out: Floats, counts: Any, level: float) -> Bootstrap:
        seen.update(left_out=left_out, counts=counts)
        return bca_interval(estimate, replicates, left_out, counts, level)

    monkeypatch.setattr(resampling, "bca_interval", spy)
    features, statistic = from_case(case)
    found = bca(features, statistic, draws=2000, level=case["input"]["level"])
    assert found.estimate[0] == pytest.approx(case["input"]["t0"], abs=1e-12)
    left_out = np.repeat(seen["left_out"][:, 0], seen["counts"])
    assert np.sort(left_out) == pytest.approx(np.sort(case["input"]["jackknife"]), abs=1e-12)
    # other random numbers: the ends agree within 8 % of the width
    width = case["expected"]["high_linear"] - case["expected"]["low_linear"]
    wanted = case["expected"]["low_linear"], case["expected"]["high_linear"]
    assert (found.low[0], found.high[0]) == pytest.approx(wanted, abs=0.08 * width)


SCIPY: dict[str, tuple[Callable[..., Any], Callable[[Floats], Floats]]] = {
    "mean": (lambda x, y, axis: np.mean(x, axis=axis), lambda sums: mean_of(sums)[:, :1]),
    "correlation": (lambda x, y, axis: sps.pearsonr(x, y, axis=axis).statistic, pearson_of),
}


@pytest.mark.parametrize("name", SCIPY)
def test_interval_equals_scipy(name: str) -> None:
    """On scipy's replicates: tolerance 1e-12, worst difference seen 1e-16; on our own: 3 % of the width, worst seen 1 %."""
    rng = np.random.default_rng(11)
    x = rng.exponential(size=30)
    y = x + rng.normal(size=30)
    theirs_of, ours_of = SCIPY[name]
    theirs = sps.bootstrap(
        (x, y), theirs_of, n_resamples=9999, paired=True, vectorized=True, method="BCa", rng=np.random.default_rng(3)
    )
    wanted = theirs.confidence_interval.low, theirs.confidence_interval.high
    features = products(np.column_stack([x, y])) if name == "correlation" else with_ones(x)
    total = features.sum(axis=0)
    estimate = ours_of(total[None])[0]
    same = bca_interval(
        estimate, column(theirs.bootstrap_distribution), ours_of(total - features), np.ones(30, dtype=int), 0.95
    )
    assert (same.low[0], same.high[0]) == pytest.approx(wanted, abs=1e-12)
    own = bca(features, ours_of, draws=9999)
    assert (own.low[0], own.high[0]) == pytest.approx(wanted, abs=0.03 * (wanted[1] - wanted[0]))


def test_coverage_of_a_mean() -> None:
    """200 samples of 40 normal values, 500 draws each: 90 to 99 % of the 95 % intervals hold the mean (seen: 95.5 %)."""
    rng = np.random.default_rng(2024)
    held = 0
    for seed, sample in enumerate(rng.normal(loc=5, scale=2, size=(200, 40))):
        found = bca(with_ones(sample), mean_of, draws=500, seed=seed)
        held += bool(found.low[0] <= 5 <= found.high[0])
    assert 0.90 <= held / 200 <= 0.99


def test_the_same_seed_gives_the_same_interval() -> None:
    features = with_ones(np.random.default_rng(0).normal(size=25))
    first, again, other = (bca(features, mean_of, draws=500, seed=seed) for seed in (1, 1, 2))
    for field in ("estimate", "low", "high", "defined"):
        assert np.array_equal(getattr(first, field), getattr(again, field))
    assert first.estimate == other.estimate
    assert (first.low, first.high) != (other.low, other.high)


def test_order_of_papers_does_not_matter() -> None:
    """Papers are sorted before they are counted, so the random numbers meet the same papers."""
    features = with_ones(np.round(np.random.default_rng(0).normal(size=25), 1))
    shuffled = np.random.default_rng(1).permutation(features)
    first, second = bca(features, mean_of, draws=500), bca(shuffled, mean_of, draws=500)
    assert [*second.low, *second.high] == pytest.approx([*first.low, *first.high], abs=1e-12)


def test_size_of_the_pieces_changes_only_the_random_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each piece has its own numbers: estimate and share of defined replicates are equal; ends agree within 10 % of the width."""
    features = with_ones(np.random.default_rng(0).normal(size=25))
    whole = bca(features, mean_of, draws=2000)
    monkeypatch.setattr(resampling, "CELLS", 25 * 300)
    pieces = bca(features, mean_of, draws=2000)
    assert (pieces.estimate, pieces.defined) == (whole.estimate, whole.defined)
    assert [*pieces.low, *pieces.high] != [*whole.low, *whole.high]
    assert [*pieces.low, *pieces.high] == pytest.approx(
        [*whole.low, *whole.high], abs=0.1 * (whole.high - whole.low)[0]
    )
    monkeypatch.setattr(resampling, "CELLS", 1)  # one replicate and one leave-one-out value at a time
    assert bca(features, mean_of, draws=100).estimate == whole.estimate


def test_papers_with_the_same_features_may_be_counted_together() -> None:
    """A column that nothing uses keeps equal papers apart: same estimate, and ends within 8 % of the width with other random numbers."""
    x = np.random.default_rng(4).integers(0, 5, size=40).astype(float)
    grouped = bca(with_ones(x), lambda sums: mean_of(sums)[:, :1], draws=4000)
    apart = bca(with_ones(x, np.arange(40)), lambda sums: mean_of(sums)[:, :1], draws=4000)
    assert grouped.estimate == pytest.approx(apart.estimate, abs=1e-12)
    width = (apart.high - apart.low)[0]
    assert [*grouped.low, *grouped.high] == pytest.approx([*apart.low, *apart.high], abs=0.08 * width)


def test_leave_one_out_values_count_as_often_as_their_papers() -> None:
    """The same replicates and counts of kinds, or each paper on its own: the interval is the same."""
    rng = np.random.default_rng(5)
    kinds, counts = np.array([1.0, 2.0, 7.0]), np.array([5, 3, 1])
    replicates, estimate = column(list(rng.normal(2.3, 0.5, size=1000))), np.array([2.0])
    left_out = (18 - kinds) / 8
    together = bca_interval(estimate, replicates, left_out[:, None], counts)
    alone = bca_interval(estimate, replicates, np.repeat(left_out, counts)[:, None], np.ones(9, dtype=int))
    assert [*together.low, *together.high] == pytest.approx([*alone.low, *alone.high], abs=1e-12)


def test_several_statistics_at_once_are_those_one_by_one() -> None:
    features = with_ones(*np.random.default_rng(6).normal(size=(2, 20)))
    both = bca(features, mean_of, draws=300)
    for k in range(2):
        one = bca(features, lambda sums, k=k: mean_of(sums)[:, k : k + 1], draws=300)  # type: ignore[misc]
        assert (one.low[0], one.high[0]) == (both.low[k], both.high[k])


def test_a_constant_statistic_has_an_interval_of_width_0() -> None:
    found = bca(with_ones([3.0] * 8), mean_of, draws=100)
    assert (found.estimate, found.low, found.high, found.defined) == (3, 3, 3, 1)


@pytest.mark.parametrize("features", [np.empty((0, 2)), [[1.0, 4.0]]], ids=["no paper", "one paper"])
def test_below_two_papers_there_is_no_interval(features: Any) -> None:
    found = bca(features, mean_of, draws=100)
    assert np.isnan([found.low[0], found.high[0], found.defined[0]]).all()
    assert found.estimate[0] == pytest.approx(math.nan if len(features) == 0 else 4, nan_ok=True)


def test_a_statistic_that_is_rarely_defined_has_no_interval() -> None:
    """x / y with y not 0 in one paper of 8: about a third of the replicates divide by zero."""
    features = with_ones([1.0] * 8, [1.0] + [0.0] * 7)
    found = bca(features, lambda sums: sums[:, 1:2] / sums[:, 2:3], draws=500)
    assert found.estimate[0] == 8
    assert 0.5 < found.defined[0] < 0.8
    assert np.isnan([found.low[0], found.high[0]]).all()


def test_undefined_replicates_are_left_out_when_they_are_few() -> None:
    """Three papers of 8: about 2 % of the replicates are not defined, the others give the interval."""
    features = with_ones([1.0] * 8, [1.0] * 3 + [0.0] * 5)
    found = bca(features, lambda sums: sums[:, 1:2] / sums[:, 2:3], draws=500)
    assert 0.9 < found.defined[0] < 1
    assert found.low[0] <= found.estimate[0] <= found.high[0]


def test_a_statistic_that_is_never_defined() -> None:
    found = bca(with_ones([1.0, 2.0, 3.0]), lambda sums: sums[:, 1:] * np.nan, draws=100)
    assert np.isnan([found.estimate[0], found.low[0], found.high[0]]).all()
    assert found.defined[0] == 0


@given(
    st.lists(st.floats(-3, 3), min_size=2, max_size=6),
    st.floats(-5, 5),
    st.lists(st.floats(-3, 3), min_size=2, max_size=30),
    st.sampled_from([0.5, 0.95, 0.999999, 1 - 1e-12]),
)
def test_ends_keep_their_order(left_out: list[float], estimate: float, replicates: list[float], level: float) -> None:
    """Also past the pole of the formula: finite ends, low <= high, within the replicates."""
    counts = np.ones(len(left_out), dtype=int)
    found = bca_interval(np.array([estimate]), column(replicates), column(left_out), counts, level)
    assert min(replicates) - 1e-9 <= found.low[0] <= found.high[0] + 1e-12 <= max(replicates) + 1e-9


@pytest.mark.parametrize("sign", [1, -1])
def test_ends_past_the_pole_are_the_last_replicates(sign: int) -> None:
    """One paper of 200 decides the acceleration, the level is extreme and no replicate lies on one side of the estimate."""
    left_out = column([sign * 1.0] + [0.0] * 199)
    replicates = column(list(sign * np.linspace(1, 2, 1000)))
    found = bca_interval(np.array([0.0]), replicates, left_out, np.ones(200, dtype=int), 1 - 1e-12)
    assert found.low[0] <= found.high[0]


@pytest.mark.parametrize(
    "features",
    [[], [1.0, 2.0], [[1.0, math.nan], [1.0, 2.0]], [[1.0, math.inf], [1.0, 2.0]], np.empty((3, 0)), np.full((3, 2), np.nan)],
    ids=["empty", "one row", "NaN", "infinite", "no feature", "all NaN"],
)  # fmt: skip
def test_features_that_are_no_finite_table_are_refused(features: Any) -> None:
    with pytest.raises(UsageError, match=r"allowed: finite numbers of shape \(papers, 1 or more features\)"):
        bca(features, mean_of)


@pytest.mark.parametrize(
    "option",
    [{"draws": 99}, {"draws": 0}, {"seed": -1}, {"level": 0}, {"level": 1}, {"level": 95}, {"level": math.nan}],
)
def test_options_outside_what_is_allowed_are_refused(option: dict[str, Any]) -> None:
    with pytest.raises(
        UsageError, match="allowed: at least 100 draws, a seed of at least 0 and a level between 0 and 1"
    ):
        bca(with_ones([1.0, 2.0]), mean_of, **option)


def test_values_of_undefined_statistics_are_nan_without_a_warning() -> None:
    found = values_of(lambda sums: sums[:, 1:] / sums[:, :1], np.array([[0.0, 0.0], [0.0, 1.0], [2.0, 1.0]]))
    assert found.ravel() == pytest.approx([math.nan, math.nan, 0.5], nan_ok=True)


class Interrupted:
    """The mean; counts how many rows it was asked for and stops with an error at one of its calls."""

    def __init__(self, stop_at: int | None = None, factor: float = 1.0) -> None:
        self.rows: list[int] = []
        self.stop_at, self.factor = stop_at, factor

    def __call__(self, sums: Floats) -> Floats:
        if len(self.rows) == self.stop_at:
            raise KeyboardInterrupt
        self.rows.append(len(sums))
        return self.factor * mean_of(sums)


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> Floats:
    """Cut 25 papers into pieces of 100 draws and return their features."""
    monkeypatch.setattr(resampling, "CELLS", 25 * 100)
    return with_ones(np.random.default_rng(0).normal(size=25))


def test_a_stopped_bootstrap_goes_on_where_it_was(tmp_path: Path, small_pieces: Floats) -> None:
    """Stopped after the estimate and three pieces of 100 draws; the rerun computes only the other two."""
    wanted = bca(small_pieces, Interrupted(), draws=500)
    checkpoint = Checkpoint(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        bca(small_pieces, Interrupted(stop_at=4), draws=500, checkpoint=checkpoint)
    assert len(list(tmp_path.glob("*.npy"))) == 3
    rest = Interrupted()
    found = bca(small_pieces, rest, draws=500, checkpoint=checkpoint)
    assert rest.rows.count(100) == 2
    for field in ("estimate", "low", "high", "defined"):
        assert np.array_equal(getattr(found, field), getattr(wanted, field))
    done = Interrupted()
    bca(small_pieces, done, draws=500, checkpoint=checkpoint)
    assert done.rows.count(100) == 0


@pytest.mark.parametrize("change", ["seed", "data", "draws", "name", "statistic", "shape"])
def test_a_checkpoint_of_another_bootstrap_is_not_used(tmp_path: Path, small_pieces: Floats, change: str) -> None:
    checkpoint = Checkpoint(tmp_path)
    bca(small_pieces, Interrupted(), draws=500, checkpoint=checkpoint)
    features, statistic, options = small_pieces, Interrupted(), {"draws": 500, "seed": 1, "name": "bootstrap"}
    if change == "data":
        features = small_pieces.copy()
        features[3, 1] += 1e-9
    elif change == "shape":  # the same bytes in another order of rows and columns
        features = np.abs(small_pieces.reshape(10, 5))
        bca(np.abs(small_pieces), Interrupted(), draws=500, checkpoint=checkpoint)
    elif change == "statistic":
        statistic = Interrupted(factor=2)
    else:
        options[change] = {"seed": 2, "draws": 400, "name": "other"}[change]
    found = bca(features, statistic, checkpoint=checkpoint, **options)  # type: ignore[arg-type]
    draws = options["draws"]
    assert sum(statistic.rows[1:]) >= draws  # every draw was computed; the first call is the estimate
    wanted = bca(features, Interrupted(factor=statistic.factor), **options)  # type: ignore[arg-type]
    assert np.array_equal([found.low, found.high], [wanted.low, wanted.high])


STATISTICS: dict[str, Callable[[Floats], Floats]] = {
    "pearson": lambda values: values,
    "spearman": lambda values: sps.rankdata(values, axis=-1),
}


@pytest.mark.parametrize("case", cases("permutation.json"))
@pytest.mark.parametrize(("name", "estimate"), [("pearson", "pearson_r"), ("spearman", "spearman_rho")])
def test_permutation_p_equals_full_enumeration_in_r(case: dict[str, Any], name: str, estimate: str) -> None:
    """All orders but the observed one: the P value is the count in R over the number of orders, exactly (tolerance 1e-15)."""
    x, y = (STATISTICS[name](np.asarray(case["input"][key], dtype=float)) for key in ("x", "y"))
    orders = np.array(list(permutations(range(len(y)))))
    x, y = x - x.mean(), y - y.mean()
    r = (y[orders] @ x) / math.sqrt((x @ x) * (y @ y))
    assert len(r) == case["expected"]["permutations"]
    assert r[0] == pytest.approx(case["expected"][estimate], abs=1e-12)
    assert (np.abs(r) >= abs(r[0]) - 1e-12).sum() == case["expected"][f"{name}_count"]
    assert rank_of_p(r[0], r[1:]) == pytest.approx(case["expected"][f"{name}_p"], abs=1e-15)


@given(st.floats(-1, 1), st.lists(st.floats(-1, 1), max_size=30))
def test_permutation_p_is_never_0_and_two_sided(observed: float, permuted: list[float]) -> None:
    found = rank_of_p(observed, permuted)
    assert 1 / (1 + len(permuted)) <= found <= 1
    assert rank_of_p(-observed, [-value for value in permuted]) == found
    assert rank_of_p(observed, [*permuted, observed]) >= found


def test_permutation_p_by_hand() -> None:
    assert rank_of_p(0.5, [0.1, -0.5, 0.6, 0.5 - 1e-15]) == 4 / 5
    assert rank_of_p(0.5, []) == 1
    assert math.isnan(rank_of_p(math.nan, [0.1]))
    assert rank_of_p(0.5, [math.nan, 0.9]) == 2 / 3  # a permutation without a value does not reach the observed one
