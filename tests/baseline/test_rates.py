"""Rates, calibration and overlap against R and scikit-learn; see validation/evaluation.R."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from baselinekit import FEW, drawn, having
from hypothesis import given, settings
from hypothesis import strategies as st
from reference_values import cases as reference
from scipy.stats import binomtest
from sklearn import metrics as sk
from sklearn.calibration import calibration_curve

from dlrrc_core.baseline import calibration, overlap, rates
from dlrrc_core.baseline.cases import Sample, sample, votes
from dlrrc_core.problems import UsageError

# -------------------------------------------------------------------- rates


def answered(tp: int, fn: int, fp: int, tn: int) -> Sample:
    """Return independent answers with this table."""
    truth = [1] * (tp + fn) + [0] * (fp + tn)
    return sample(truth, [0.9] * tp + [0.1] * fn + [0.8] * fp + [0.2] * tn)


@pytest.mark.parametrize("case", having(reference("evaluation.json"), "tp", "fn", "fp", "tn"))
def test_rates_equal_r(case: dict[str, Any]) -> None:
    # worst difference seen: 1.2e-16
    found = rates.rates(answered(**case["input"]), list(case["expected"]))
    assert rates.table(answered(**case["input"]))._asdict() == case["input"]
    for each in found:
        value, low, high = case["expected"][each.metric]
        assert each.value == pytest.approx(value, abs=1e-12)
        assert each.interval == pytest.approx((low, high), abs=1e-12)
        assert each.method == "Wilson"
    of = {each.metric: each.n for each in found}
    assert of["sensitivity"] == case["input"]["tp"] + case["input"]["fn"]


def test_another_interval_of_proportions() -> None:
    # scipy's exact interval of 30 of 41; no difference seen
    exact = rates.Options(proportion="Clopper-Pearson")
    found = rates.rates(answered(30, 11, 5, 9), ["sensitivity"], exact)[0]
    assert found.interval == pytest.approx(tuple(binomtest(30, 41).proportion_ci(method="exact")), abs=1e-12)
    assert found.as_dict()["method"] == "Clopper-Pearson"
    with pytest.raises(UsageError, match="unknown interval method"):
        rates.Options(proportion="wilson score")


@settings(max_examples=40, deadline=None)
@given(st.tuples(*[st.integers(1, 30)] * 4))
def test_values_equal_scikit_learn(cells: tuple[int, int, int, int]) -> None:
    # worst difference seen: 4.4e-16
    found = answered(*cells)
    y, call = found.truth, found.call
    expected = {
        "accuracy": sk.accuracy_score(y, call),
        "sensitivity": sk.recall_score(y, call),
        "specificity": sk.recall_score(y, call, pos_label=0),
        "ppv": sk.precision_score(y, call),
        "npv": sk.precision_score(y, call, pos_label=0),
        "f1": sk.f1_score(y, call),
        "balanced_accuracy": sk.balanced_accuracy_score(y, call),
        "kappa": sk.cohen_kappa_score(y, call),
        "mcc": sk.matthews_corrcoef(y, call),
        "jaccard": sk.jaccard_score(y, call),
    }
    for each in rates.rates(found, list(expected), FEW):
        assert each.value == pytest.approx(expected[each.metric], abs=1e-12), each.metric


def test_an_undefined_rate_and_an_interval_without_spread() -> None:
    never = sample([0, 0, 1, 1], [0.1, 0.2, 0.3, 0.4])
    ppv, f1 = rates.rates(never, ["ppv", "f1"], FEW)
    assert (ppv.value, ppv.interval, ppv.n) == (None, None, 0)
    assert "denominator is 0" in ppv.note
    assert (f1.value, f1.interval) == (0.0, None)
    # eight patients with three images each, all right: Wilson of 8 of 8, lower bound 8 / (8 + 1.96^2) = 0.6756
    right = sample(np.repeat([0, 1] * 8, 3), np.repeat([0.1, 0.9] * 8, 3), np.repeat(np.arange(16), 3))
    found = rates.rates(right, ["sensitivity"], FEW)[0]
    assert found.interval == pytest.approx((8 / (8 + 1.959963984540054**2), 1.0), abs=1e-12)
    assert (found.n, found.method) == (24, "Wilson over patients")


def test_the_bootstrap_keeps_patients_together() -> None:
    # copies of the images of a patient change nothing but the number of images
    single = drawn(5, 60)
    names = np.array(single.names)[single.patient]
    copied = sample(*(np.repeat(each, 4) for each in (single.truth, single.score, names)))
    both = (rates.rates(each, ["f1", "kappa"]) for each in (single, copied))
    for one, four in zip(*both, strict=True):
        assert four.interval == pytest.approx(one.interval, abs=1e-12)
        assert (one.n, four.n, four.patients) == (60, 240, 60)
        assert "over patients" in four.method
    clustered = rates.rates(copied, ["accuracy"])[0].interval
    independent = rates.rates(single, ["accuracy"])[0].interval
    assert clustered == pytest.approx(independent, abs=0.03)  # bootstrap beside Wilson; seen: 0.008


# -------------------------------------------------------------------- calibration


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(["equal width", "equal mass"]))
def test_reliability_diagram_equals_scikit_learn(seed: int, binning: str) -> None:
    # worst difference seen: 2.2e-16
    found = drawn(seed, 120, digits=2)
    diagram = calibration.calibration(found, 10, binning, options=FEW)
    strategy = "uniform" if binning == "equal width" else "quantile"
    observed, believed = calibration_curve(found.truth, found.score, n_bins=10, strategy=strategy)
    assert [each.observed for each in diagram.bins] == pytest.approx(observed, abs=1e-12)
    assert [each.confidence for each in diagram.bins] == pytest.approx(believed, abs=1e-12)
    sizes = np.array([each.n for each in diagram.bins])
    assert sizes.sum() == 120
    assert diagram.error.value == pytest.approx((sizes * np.abs(observed - believed)).sum() / 120, abs=1e-12)
    assert diagram.maximum == pytest.approx(np.abs(observed - believed).max(), abs=1e-12)


def test_calibration_by_hand() -> None:
    # bins of width 0.5 that hold their upper edge: {0.1, 0.5} with truth 0, 1 and {0.6, 1.0} with truth 0, 1
    found = sample([0, 1, 0, 1], [0.1, 0.5, 0.6, 1.0])
    diagram = calibration.calibration(found, 2, options=FEW)
    assert [(each.n, each.confidence, each.observed) for each in diagram.bins] == [(2, 0.3, 0.5), (2, 0.8, 0.5)]
    assert diagram.error.value == pytest.approx(0.25)  # (2 x 0.2 + 2 x 0.3) / 4
    # the more probable class: confidences 0.9, 0.5, 0.6, 1.0, right 1, 1, 0, 1
    answer = calibration.calibration(found, 2, confidence="answer", options=FEW)
    assert [(each.n, each.observed) for each in answer.bins] == [(1, 1.0), (3, pytest.approx(2 / 3))]
    assert answer.error.value == pytest.approx((0.5 + abs(2.5 - 2)) / 4)
    assert calibration.brier(found, FEW).value == pytest.approx(sk.brier_score_loss(found.truth, found.score))
    with pytest.raises(UsageError, match="0 bins"):
        calibration.calibration(found, 0)
    with pytest.raises(UsageError, match="no probability"):
        calibration.brier(votes(found))


# -------------------------------------------------------------------- overlap


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6))
def test_overlap_equals_scikit_learn(seed: int) -> None:
    # worst difference seen: 1.1e-16
    a, b = np.random.default_rng(seed).integers(0, 2, (2, 4, 5, 2))
    assert overlap.overlap(a, b) == pytest.approx(sk.f1_score(a.ravel(), b.ravel()), abs=1e-12)
    jaccard = overlap.overlap(a, b, "jaccard")
    assert jaccard == pytest.approx(sk.jaccard_score(a.ravel(), b.ravel()), abs=1e-12)


def test_overlap_of_empty_masks_and_its_mean() -> None:
    empty, full = np.zeros((2, 2)), np.ones((2, 2))
    assert (overlap.overlap(empty, empty), overlap.overlap(empty, full), overlap.overlap(full, full)) == (1, 0, 1)
    undefined = overlap.overlap(empty, empty, empty=float("nan"))
    found = overlap.mean_overlap([0.5, 0.7, undefined, 0.9], ["a", "a", "b", "c"], options=FEW)
    assert (found.value, found.n, found.patients, found.level) == (pytest.approx(0.7), 3, 2, "image")
    assert "1 images without" in found.note
    with pytest.raises(UsageError, match="allowed: the same shape"):
        overlap.overlap(full, np.full((2, 3), 0.5))
    with pytest.raises(UsageError, match="0 known"):
        overlap.mean_overlap([undefined])
