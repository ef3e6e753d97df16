"""From images to cases, comparisons, and everything in one dictionary; see validation/evaluation.R."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from baselinekit import FEW, drawn, having
from hypothesis import given, settings
from hypothesis import strategies as st
from reference_values import cases as reference

from dlrrc_core.baseline import comparison, rates
from dlrrc_core.baseline.cases import consecutive_slices, mean_probability, sample, samples, votes
from dlrrc_core.baseline.evaluate import evaluate
from dlrrc_core.problems import UsageError

# -------------------------------------------------------------------- from images to cases


def test_rules_by_hand() -> None:
    # patient a: slices 1 1 0 1 1 1 1 (run of 4); b: 1 1 1 0 (run of 3); c: 1 1 0; d: 1 0 0; given in mixed order
    calls = {"a": [1, 1, 0, 1, 1, 1, 1], "b": [1, 1, 1, 0], "c": [1, 1, 0], "d": [1, 0, 0]}
    rows = [(who, place, call) for who, values in calls.items() for place, call in enumerate(values)]
    rows = [rows[k] for k in np.random.default_rng(1).permutation(len(rows))]
    who, place, call = zip(*rows, strict=True)
    images = sample([int(w in "ab") for w in who], [0.9 if c else 0.2 for c in call], who, place)
    runs, share, mean = consecutive_slices(images), votes(images), mean_probability(images)
    assert runs.names == ("a", "b", "c", "d")
    assert (runs.score.tolist(), runs.call.tolist()) == ([4, 3, 2, 1], [1, 0, 0, 0])
    assert share.score == pytest.approx([6 / 7, 3 / 4, 2 / 3, 1 / 3])
    assert share.call.tolist() == [1, 1, 1, 0]  # exactly two of three is enough
    assert mean.score == pytest.approx([5.6 / 7, 2.9 / 4, 2 / 3, 1.3 / 3])
    assert mean.call.tolist() == [1, 1, 1, 0]
    assert {each.level for each in (runs, share, mean)} == {"case"}
    assert "more than 3 consecutive" in runs.rule
    assert "2 of 3 votes" in share.rule
    assert consecutive_slices(images, 2).call.tolist() == [1, 1, 0, 0]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6))
def test_longest_run_equals_a_search_in_text(seed: int) -> None:
    images = drawn(seed, 60, patients=8)
    found = consecutive_slices(images)
    for k in range(images.patients):
        own = images.patient == k
        text = "".join(map(str, images.call[own][np.argsort(images.position[own])]))
        assert found.score[k] == max(len(part) for part in text.split("0"))


def test_rules_refuse_what_they_cannot_use() -> None:
    images = sample([0, 1], [0.1, 0.9])
    with pytest.raises(UsageError, match="slice_order is missing"):
        consecutive_slices(images)
    with pytest.raises(UsageError, match="4 of 3 votes"):
        votes(images, 4, 3)
    with pytest.raises(UsageError, match="threshold 2"):
        mean_probability(images, 2)


# -------------------------------------------------------------------- comparisons


@pytest.mark.parametrize("case", having(reference("evaluation.json"), "first_right", "second_right", "p0"))
def test_exact_tests_equal_r(case: dict[str, Any]) -> None:
    # worst difference seen: 8.9e-16
    right = [np.array(case["input"][name], dtype=int) for name in ("first_right", "second_right")]
    truth = np.arange(right[0].size) % 2
    first, second = (sample(truth, np.where(each == 1, truth, 1 - truth)) for each in right)
    found = comparison.compare_answers(first, second, options=FEW)
    assert found.p == pytest.approx(case["expected"]["mcnemar"], abs=1e-12)
    assert found.value == pytest.approx(right[0].mean() - right[1].mean())
    fixed = comparison.against_proportion(first, case["input"]["p0"], "a reader")
    assert fixed.p == pytest.approx(case["expected"]["binomial"], abs=1e-12)
    assert fixed.interval[0] < fixed.value < fixed.interval[1]


def test_sensitivity_and_specificity_add_up_to_accuracy() -> None:
    first, second = drawn(1, 90), drawn(2, 90)
    both = [comparison.compare_answers(first, second, name, FEW) for name in ("sensitivity", "specificity")]
    whole = comparison.compare_answers(first, second, options=FEW)
    assert sum(each.n for each in both) == whole.n == 90
    assert sum(each.n * each.value for each in both) == pytest.approx(90 * whole.value)


def test_images_of_patients_have_no_test_but_an_interval() -> None:
    first, second = drawn(1, 90, patients=20), drawn(1, 90, digits=1, patients=20)
    found = comparison.compare_answers(first, second, options=FEW)
    assert found.p is None
    assert "not independent" in found.note
    zero = comparison.against_majority(first)
    assert (zero.p, zero.interval) == (None, None)
    assert zero.second == max(first.truth.mean(), 1 - first.truth.mean())
    assert comparison.compare_auc(first, second).p is not None


def test_readers_and_other_samples_are_checked() -> None:
    images = sample([0, 0, 1], [0.1, 0.2, 0.9], ["a", "a", "b"])
    person = comparison.reader(images, {"a": 1, "b": 1}, "R")
    assert person.call.tolist() == [1, 1, 1]
    with pytest.raises(UsageError) as caught:
        comparison.reader(images, {"a": 3, "c": 1}, "R")
    assert all(
        text in str(caught.value) for text in ("without an answer: b", "not in the sample: c", "other than 0 and 1: a")
    )
    with pytest.raises(UsageError, match="are not the same"):
        comparison.compare_auc(images, mean_probability(images))
    with pytest.raises(UsageError, match="is 85"):
        comparison.against_proportion(images, 85, "R")


# -------------------------------------------------------------------- everything


def arrays(n: int = 120, patients: int = 24) -> tuple[Any, ...]:
    """Return truth, probability, ids and order of a small test set."""
    found = drawn(7, n, patients=patients)
    return found.truth, found.score, [f"p{k}" for k in found.patient], found.position


def leaves(value: Any) -> list[dict[str, Any]]:
    """Return every dictionary that has an interval beside a metric."""
    if isinstance(value, list):
        return [leaf for each in value for leaf in leaves(each)]
    if not isinstance(value, dict):
        return []
    own = [value] if "metric" in value else []
    return own + [leaf for each in value.values() for leaf in leaves(each)]


def test_evaluate_gives_everything_as_json() -> None:
    truth, probability, patient, order = arrays()
    answers = {who: int(value) for who, value in zip(patient, truth, strict=True)}
    options = {"others": {"weak": 1 - probability}, "readers": {"A": 0.8, "B": answers}, "draws": 100}
    found = evaluate(truth, probability, patient, order, **options)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert list(found["case"]) == ["votes", "consecutive_slices", "mean_probability"]
    assert set(found["image"]["rates"]) == set(rates.METRICS)
    assert set(found["image"]["calibration"]) == {"brier"} | {
        f"{one}, {two}" for one in ("positive", "answer") for two in ("equal width", "equal mass")
    }
    assert "calibration" not in found["case"]["votes"]
    assert set(found["image"]["comparisons"]) == {"zero rule", "model weak"}
    assert set(found["case"]["votes"]["comparisons"]) == {"zero rule", "model weak", "reader A", "reader B"}
    everything = leaves(found)
    assert len(everything) > 80
    for leaf in everything:
        assert {"value", "interval", "confidence", "method", "n", "patients", "level", "note"} <= set(leaf)
        assert leaf["interval"] is not None or leaf["note"], leaf
        assert leaf["interval"] is None or leaf["interval"][0] <= leaf["interval"][1]
    assert all(leaf["n"] <= 24 and leaf["level"] == "case" for leaf in leaves(found["case"]))
    # the reader who knows the truth: every test of B has an accuracy of 1
    assert found["case"]["votes"]["comparisons"]["reader B"][0]["second"] == 1.0


def test_the_seed_decides_and_order_of_images_does_not() -> None:
    truth, probability, patient, order = arrays()
    first = evaluate(truth, probability, patient, order, draws=100, seed=3)
    assert evaluate(truth, probability, patient, order, draws=100, seed=3) == first
    other = evaluate(truth, probability, patient, order, draws=100, seed=4)
    assert other["image"]["rates"]["f1"]["interval"] != first["image"]["rates"]["f1"]["interval"]
    assert other["image"]["rates"]["f1"]["value"] == first["image"]["rates"]["f1"]["value"]
    mixed = np.random.default_rng(1).permutation(truth.size)
    again = evaluate(truth[mixed], probability[mixed], np.array(patient)[mixed], order[mixed], draws=100, seed=3)
    for one, two in zip(leaves(first), leaves(again), strict=True):
        assert two["value"] == pytest.approx(one["value"], abs=1e-12)
        assert two["interval"] == pytest.approx(one["interval"], abs=1e-12)


def test_without_patients_the_result_says_so() -> None:
    truth, probability, _, _ = arrays()
    found = evaluate(truth, probability, draws=100)
    assert found["case"] == {}
    assert found["data"]["patients"] is None
    assert "no patients were given" in found["data"]["intervals_over"]
    assert found["image"]["comparisons"]["zero rule"][0]["p"] is not None


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(UsageError) as caught:
        samples(
            [0, 1, 2, 1, 0],
            {"probability": [0.1, np.nan, 1.2, 0.5, 0.5], "probability of B": [0.5, 0.5]},
            ["a", "a", "b", None, "c"],
            [1, 1, 2, 3, 4],
            threshold=1.5,
            network=["one", "two", "one", "one", "one"],
        )
    told = str(caught.value)
    for text in (
        "lengths differ: truth 5, probability 5, probability of B 2",
        "truth is 2 at 2",
        "probability is nan at 1, 1.2 at 2",
        "no patient id at [3]",
        "two truths for patient a",
        "two networks for patient a",
        "same place in patient a",
        "threshold is 1.5",
    ):
        assert text in told, text


@pytest.mark.parametrize(
    ("truth", "probability", "told"),
    [
        ([], [], "there is no image"),
        ([1], [0.5], "every truth is 1"),
        ([0, 0], [0.5, 0.1], "every truth is 0"),
        ([0, 1], ["x", "y"], "no number"),
        ([[0, 1]], [[0.1, 0.2]], "one dimension"),
        ([0, np.nan], [0.1, 0.2], "truth is nan at 1"),
    ],
)
def test_what_cannot_be_evaluated_is_refused(truth: Any, probability: Any, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        evaluate(truth, probability)


def test_bad_options_are_refused() -> None:
    for wrong in ({"draws": 5}, {"seed": -1}, {"confidence": 1}, {"metrics": ["acuracy"]}):
        with pytest.raises(UsageError):
            evaluate([0, 1], [0.1, 0.9], **({"draws": 100} | wrong))
    with pytest.raises(UsageError, match=r"reader A is 80.*reader B"):
        evaluate([0, 1], [0.1, 0.9], readers={"A": 80, "B": {"0": 1}}, draws=100)
