"""Areas under curves against R's pROC, scikit-learn and the definition over all pairs; see validation/evaluation.R."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from baselinekit import drawn, having, scored
from hypothesis import given, settings
from hypothesis import strategies as st
from reference_values import cases as reference
from scipy.stats import bootstrap, norm
from sklearn import metrics as sk

from dlrrc_core.baseline import comparison, roc
from dlrrc_core.baseline.cases import sample
from dlrrc_core.problems import UsageError


def all_pairs(truth: np.ndarray, scores: np.ndarray) -> tuple[float, np.ndarray]:
    """Return area and placements by comparing every pair, the definition of DeLong et al. (1988)."""
    ones, zeros = scores[truth == 1], scores[truth == 0]
    pairs = (ones[:, None] > zeros) + (ones[:, None] == zeros) / 2
    return pairs.mean(), np.r_[pairs.mean(axis=1), pairs.mean(axis=0)]


@pytest.mark.parametrize("case", having(reference("evaluation.json"), "truth", "first", "second"))
def test_delong_equals_proc(case: dict[str, Any]) -> None:
    # worst difference seen: 1.1e-16 (areas), 3.5e-18 (covariance), 3.3e-16 (intervals), 2.4e-15 (z and p)
    given_, expected = case["input"], case["expected"]
    first, second = (scored(given_["truth"], given_[name]) for name in ("first", "second"))
    areas, covariance = roc.delong(given_["truth"], [given_["first"], given_["second"]])
    for k, (one, name) in enumerate(((first, "first"), (second, "second"))):
        assert areas[k] == pytest.approx(expected[name]["auc"], abs=1e-12)
        assert covariance[k, k] == pytest.approx(expected[name]["var"], abs=1e-12)
        plain, logit = roc.roc_auc(one, "plain"), roc.roc_auc(one, "logit")
        assert plain.interval == pytest.approx((expected[name]["low"], expected[name]["high"]), abs=1e-12)
        assert logit.interval == pytest.approx((expected[name]["low_logit"], expected[name]["high_logit"]), abs=1e-12)
        assert (plain.n, plain.method, logit.method) == (
            len(given_["truth"]),
            "DeLong, plain scale",
            "DeLong, logit scale",
        )
    assert covariance[0, 1] == pytest.approx(expected["cov"], abs=1e-12)
    found = comparison.compare_auc(first, second)
    assert (found.statistic, found.p) == pytest.approx((expected["z"], expected["p"]), abs=1e-11)
    assert found.interval == pytest.approx((expected["low"], expected["high"]), abs=1e-12)


@pytest.mark.parametrize("case", having(reference("evaluation.json"), "truth", "first", "second", "patient"))
def test_clustered_covariance_equals_the_definition(case: dict[str, Any]) -> None:
    # worst difference seen: 1.1e-16
    given_, expected = case["input"], case["expected"]
    areas, covariance = roc.delong(given_["truth"], [given_["first"], given_["second"]], given_["patient"])
    assert areas == pytest.approx(expected["auc"], abs=1e-12)
    assert covariance == pytest.approx(np.array(expected["cov"]), abs=1e-12)
    clustered = scored(given_["truth"], given_["first"], given_["patient"])
    assert "Obuchowski" in roc.roc_auc(clustered).method


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 6)), min_size=2, max_size=40))
def test_areas_equal_scikit_learn_and_all_pairs(pairs: list[tuple[bool, int]]) -> None:
    # worst difference seen: 2.2e-16; integers 0-6 give many ties
    truth, score = np.array([int(label) for label, _ in pairs]), np.array([value for _, value in pairs])
    if len(set(truth)) < 2:
        with pytest.raises(UsageError, match="at least one of each"):
            roc.placements(truth, score)
        return
    area, average, trapezoid = roc.areas(truth, score)(np.ones((1, truth.size)))[0]
    precision, recall, _ = sk.precision_recall_curve(truth, score)
    assert area == pytest.approx(sk.roc_auc_score(truth, score), abs=1e-12)
    assert average == pytest.approx(sk.average_precision_score(truth, score), abs=1e-12)
    assert trapezoid == pytest.approx(sk.auc(recall, precision), abs=1e-12)
    expected, placed = all_pairs(truth, score)
    assert np.concatenate(roc.placements(truth, score)) == pytest.approx(placed, abs=1e-12)
    assert roc.delong(truth, score)[0][0] == pytest.approx(expected, abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(4, 60))
def test_area_depends_on_ranks_only_and_swaps_with_the_classes(seed: int, n: int) -> None:
    found = drawn(seed, n, digits=2)
    areas, covariance = roc.delong(found.truth, [found.score, np.exp(3 * found.score), found.score**3])
    assert areas == pytest.approx(np.full(3, areas[0]), abs=1e-12)
    assert covariance == pytest.approx(np.full((3, 3), covariance[0, 0]), abs=1e-12)
    swapped, variance = roc.delong(1 - found.truth, found.score)
    assert swapped[0] == pytest.approx(1 - areas[0], abs=1e-12)
    assert variance[0, 0] == pytest.approx(covariance[0, 0], abs=1e-12)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6))
def test_weights_stand_for_repeated_entries(seed: int) -> None:
    # a bootstrap sample written out and given to scikit-learn; worst difference seen: 2.3e-16
    rng = np.random.default_rng(seed)
    truth, score, weights = rng.integers(0, 2, 15), rng.integers(0, 5, 15), rng.integers(0, 4, 15)
    found = roc.areas(truth, score)(weights[None, :].astype(float))[0]
    y, x = np.repeat(truth, weights), np.repeat(score, weights)
    if len(set(y)) < 2:
        assert np.isnan(found).all()
        return
    precision, recall, _ = sk.precision_recall_curve(y, x)
    expected = (sk.roc_auc_score(y, x), sk.average_precision_score(y, x), sk.auc(recall, precision))
    assert found == pytest.approx(expected, abs=1e-12)


def test_delong_is_fast() -> None:
    # 200 000 entries: all pairs would be 10^10 comparisons
    rng = np.random.default_rng(1)
    truth, score = np.arange(200_000) % 2, rng.normal(size=200_000)
    areas, covariance = roc.delong(truth, score)
    assert areas[0] == pytest.approx(sk.roc_auc_score(truth, score), abs=1e-12)
    # under no difference the variance is (n1 + n0 + 1) / (12 n1 n0) (Hanley and McNeil 1982); seen: 4e-6 off
    assert covariance[0, 0] == pytest.approx(200_001 / 12 / 100_000**2, rel=0.02)


def test_delong_and_the_bootstrap_agree_and_clusters_widen_both() -> None:
    # two different methods on the same data; the images of a patient are three copies, which add nothing
    single = drawn(3, 80)
    names = np.array(single.names)[single.patient]  # the same ids, hence the same draws
    who, y, p = (np.repeat(each, 3) for each in (names, single.truth, single.score))
    copied = sample(y, p, who)
    naive = sample(y, p)
    one, three, wrong = (roc.roc_auc(each, "logit").interval for each in (single, copied, naive))
    assert three == pytest.approx(one, abs=1e-12)
    assert wrong[1] - wrong[0] < 0.65 * (one[1] - one[0])  # about 1 / sqrt(3)
    boot = [roc.areas_with_bootstrap(each)[0] for each in (single, copied)]
    assert boot[0].interval == pytest.approx(boot[1].interval, abs=1e-12)
    assert boot[0].interval == pytest.approx(one, abs=0.02)  # seen: 0.0035


def test_clustered_interval_covers_the_true_area_and_the_naive_one_does_not() -> None:
    # score = 0.8 truth + patient + image, both standard normal: the area is Phi(0.8 / sqrt(2 x 2)); 400 samples of 60 patients
    true, rng, hits = float(norm.cdf(0.4)), np.random.default_rng(11), {"patients": 0, "images": 0}
    half = norm.isf(0.025)
    for _ in range(400):
        who = np.repeat(np.arange(60), rng.integers(2, 12, 60))
        truth = who % 2
        score = 0.8 * truth + rng.normal(size=60)[who] + rng.normal(size=who.size)
        for name, patient in (("patients", who), ("images", None)):
            area, variance = roc.delong(truth, score, patient)
            hits[name] += abs(area[0] - true) <= half * np.sqrt(variance[0, 0])
    assert 0.92 <= hits["patients"] / 400 <= 0.98  # seen: 0.93; nominal 0.95, standard error 0.011
    assert hits["images"] / 400 < 0.8  # seen: 0.66


def test_areas_of_several_networks_are_means_of_those_within_each() -> None:
    # the second network gives the same patients' order on another scale: ranked together, its scores would say something about the scale
    one, two = drawn(5, 60), drawn(6, 90)
    truth, network = np.r_[one.truth, two.truth], np.r_[np.zeros(60), np.ones(90)]
    score = np.r_[one.score / 10, 0.9 + two.score / 10]
    names = [f"seed {which:.0f}, {k}" for k, which in enumerate(network)]
    both = sample(truth, score, names, network=network)
    singles = [sk.roc_auc_score(each.truth, each.score) for each in (one, two)]
    areas, covariance = roc.delong(truth, score, network=network)
    assert areas[0] == pytest.approx(np.mean(singles), abs=1e-12)
    assert abs(sk.roc_auc_score(truth, score) - areas[0]) > 0.02
    apart = [roc.delong(each.truth, each.score)[1][0, 0] for each in (one, two)]
    assert covariance[0, 0] == pytest.approx(sum(apart) / 4, rel=1e-12)
    found = roc.roc_auc(both, "plain")
    assert found.value == pytest.approx(areas[0])
    assert found.method == "DeLong, mean of the areas within each network, plain scale"
    boot = roc.areas_with_bootstrap(both)[0]
    assert boot.value == pytest.approx(areas[0], abs=1e-12)
    assert boot.interval == pytest.approx(found.interval, abs=0.02)  # another method; seen: 0.004
    better = sample(truth, np.where(truth == 1, np.minimum(score + 0.02, 1), score), names, network=network)
    compared = comparison.compare_auc(better, both)
    expected = [sk.roc_auc_score(truth[network == k], better.score[network == k]) for k in (0, 1)]
    assert compared.value == pytest.approx(np.mean(expected) - np.mean(singles), abs=1e-12)


def test_interval_over_networks_covers_the_mean_of_their_true_areas() -> None:
    # three networks on scales of their own with the areas Phi(d / sqrt 2); 400 times 3 x 40 patients
    gains, rng, half = np.array([0.3, 1.0, 1.6]), np.random.default_rng(12), norm.isf(0.025)
    true, hits = float(norm.cdf(gains / np.sqrt(2)).mean()), 0
    network, truth = np.repeat(np.arange(3), 40), np.tile(np.arange(40) % 2, 3)
    for _ in range(400):
        score = 10.0**network * (gains[network] * truth + rng.normal(size=120)) - 50 * network
        area, variance = roc.delong(truth, score, network=network)
        hits += abs(area[0] - true) <= half * np.sqrt(variance[0, 0])
    assert 0.92 <= hits / 400 <= 0.98  # nominal 0.95, standard error 0.011


def test_raw_arrays_are_checked() -> None:
    for truth, score in (([0, 1, 2], [1, 2, 3]), ([0, 1], [1, np.nan]), ([0, 1], [1, 2, 3])):
        with pytest.raises(UsageError, match="allowed: labels 0 and 1"):
            roc.placements(truth, score)
    with pytest.raises(UsageError, match="both classes"):
        roc.delong([0, 1], [0.2, 0.3], [5, 5])
    with pytest.raises(UsageError, match="labels of shape"):
        roc.delong([0, 1], [0.2, 0.3, 0.4])
    with pytest.raises(UsageError, match="did you mean 'logit'"):
        roc.roc_auc(sample([0, 1], [0.1, 0.9]), "logti")


def test_bootstrap_of_the_areas_is_that_of_scipy() -> None:
    # the same 90 independent entries, other random numbers, 2000 draws each; largest difference seen: 0.013 (0.001 with 60 000)
    single = drawn(8, 90)

    def statistic(rows: np.ndarray) -> float:
        return sk.average_precision_score(single.truth[rows], single.score[rows])

    found = roc.areas_with_bootstrap(single)[1]
    rng = np.random.default_rng(2)
    expected = bootstrap((np.arange(90),), statistic, n_resamples=2000, method="BCa", vectorized=False, rng=rng)
    assert found.interval == pytest.approx(tuple(expected.confidence_interval), abs=0.02)


def test_a_perfect_and_a_tiny_sample_have_no_interval_and_say_why() -> None:
    perfect = sample([0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9])
    for scale in roc.SCALES:
        found = roc.roc_auc(perfect, scale)
        assert (found.value, found.interval) == (1.0, None)
        assert "variance is 0" in found.note
    assert roc.areas_with_bootstrap(perfect)[0].interval is None
    pair = sample([0, 1], [0.4, 0.4])
    found = roc.roc_auc(pair)
    assert (found.value, found.interval, found.note) == (0.5, None, "a class has fewer than two patients")
    boot = roc.areas_with_bootstrap(pair)[0]
    assert (boot.value, boot.interval) == (0.5, None)
    assert "90 %" in boot.note
    same = comparison.compare_auc(perfect, perfect)
    assert (same.value, same.p, same.interval) == (0.0, None, None)
