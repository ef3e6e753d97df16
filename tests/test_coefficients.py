"""Coefficients of agreement against R, other Python packages, published examples and their own definitions."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import krippendorff
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference_values import cases, codes
from statsmodels.stats.inter_rater import cohens_kappa

from dlrrc_core import coefficients
from dlrrc_core.coefficients import Layout, agreement_weights, cohen_kappa, gwet_ac, krippendorff_alpha, raw_agreement
from dlrrc_core.problems import UsageError

Codes = npt.NDArray[np.int64]
Coefficient = Callable[[npt.ArrayLike, npt.NDArray[np.float64]], float]
COEFFICIENTS: list[Coefficient] = [raw_agreement, cohen_kappa, gwet_ac, krippendorff_alpha]
KINDS: list[coefficients.Weights] = ["identity", "linear", "quadratic"]
EXACT = 1e-12  # the same formula in another order of sums


def kappa_by_kind(found: Codes, values: list[float]) -> dict[str, float]:
    """Return the three kappas under the names of the reference files."""
    names = ["kappa", "kappa_linear", "kappa_quadratic"]
    return {name: cohen_kappa(found, agreement_weights(values, kind)) for name, kind in zip(names, KINDS, strict=True)}


@pytest.mark.parametrize("case", cases("kappa.json"))
def test_kappa_equals_psych_and_vcd(case: dict[str, Any]) -> None:
    """Tolerance 1e-12; worst difference seen 3e-16."""
    given_ = case["input"]
    found = kappa_by_kind(codes([given_["a"], given_["b"]], given_["values"]), given_["values"])
    assert found == pytest.approx(case["expected"], abs=EXACT)


@pytest.mark.parametrize("case", cases("kappa-light.json"))
def test_kappa_of_several_raters_equals_the_mean_of_psych(case: dict[str, Any]) -> None:
    """Tolerance 1e-12; worst difference seen 6e-17."""
    values = case["input"]["values"]
    found = kappa_by_kind(codes(case["input"]["ratings"], values).T, values)
    assert found == pytest.approx(case["expected"], abs=EXACT)


@pytest.mark.parametrize("case", cases("agreement-examples.json"))
def test_chance_corrected_agreement_equals_irrcac_and_krippendorff(case: dict[str, Any]) -> None:
    """Tolerance 1e-12; worst difference seen 1e-15 (irrCAC rounds to 15 decimals). Published values to their digits."""
    values = case["input"]["values"]
    answers = codes(case["input"]["ratings"], values)
    identity, linear, quadratic = (agreement_weights(values, kind) for kind in KINDS)
    found = {
        "raw": raw_agreement(answers, identity),
        "raw_linear": raw_agreement(answers, linear),
        "raw_quadratic": raw_agreement(answers, quadratic),
        "ac1": gwet_ac(answers, identity),
        "ac2_linear": gwet_ac(answers, linear),
        "ac2_quadratic": gwet_ac(answers, quadratic),
        "alpha_nominal": krippendorff_alpha(answers, identity),
        "alpha_interval": krippendorff_alpha(answers, quadratic),
    }
    assert found == pytest.approx({name: case["expected"][name] for name in found}, abs=EXACT)
    printed = {name: value for name, value in case.get("published", {}).items() if name in found}
    for name, value in printed.items():
        decimals = len(str(value).split(".")[1])
        assert round(found[name], decimals) == value


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize(("kind", "level"), [("identity", "nominal"), ("quadratic", "interval")])
def test_alpha_equals_the_package_krippendorff(seed: int, kind: coefficients.Weights, level: str) -> None:
    """Tolerance 1e-12; worst difference seen 4e-16. Random answers, a third missing, unequal spacing of the values."""
    rng = np.random.default_rng(seed)
    values = np.array([0.0, 2.0, 3.0, 4.0])
    answers = rng.integers(0, 4, size=(int(rng.integers(2, 6)), 25))
    answers[rng.random(answers.shape) < 1 / 3] = -1
    wanted = krippendorff.alpha(
        reliability_data=np.where(answers >= 0, values[answers], np.nan),
        level_of_measurement=level,
        value_domain=values,
    )
    assert krippendorff_alpha(answers, agreement_weights(values, kind)) == pytest.approx(wanted, abs=EXACT)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("kind", KINDS)
def test_kappa_equals_statsmodels(seed: int, kind: coefficients.Weights) -> None:
    """Tolerance 1e-12; worst difference seen 3e-16. statsmodels takes weights of disagreement."""
    rng = np.random.default_rng(seed)
    a = rng.integers(0, 4, size=40)
    b = np.where(rng.random(40) < 0.6, a, rng.integers(0, 4, size=40))
    table = np.histogram2d(a, b, bins=(range(5), range(5)))[0]
    weights = agreement_weights([0, 2, 3, 4], kind)
    wanted = cohens_kappa(table, weights=1 - weights, return_results=False)
    assert cohen_kappa([a, b], weights) == pytest.approx(wanted, abs=EXACT)


def test_weights_by_hand() -> None:
    """Unequal spacing: points 0, 2, 3, 4 have distances of quarters."""
    assert agreement_weights([0, 2, 3, 4]).tolist() == np.eye(4).tolist()
    assert agreement_weights([0, 2, 3, 4], "linear")[0].tolist() == [1, 0.5, 0.25, 0]
    assert agreement_weights([0, 2, 3, 4], "quadratic")[0].tolist() == [1, 0.75, 0.4375, 0]
    assert agreement_weights([4, 0], "linear").tolist() == [[1, 0], [0, 1]]


@pytest.mark.parametrize("values", [[], [1], [1, 1], [0, math.nan], [0, math.inf], 3, [[0, 1]]])
def test_values_without_a_distance_are_refused(values: Any) -> None:
    with pytest.raises(UsageError, match="allowed: two or more different numbers"):
        agreement_weights(values)


def test_unknown_weights_are_refused() -> None:
    with pytest.raises(UsageError, match="weights 'cubic'; allowed: identity, linear, quadratic"):
        agreement_weights([0, 1], "cubic")  # type: ignore[arg-type]


@st.composite
def ratings(draw: st.DrawFn, missing: bool = True) -> tuple[Codes, int]:
    """Return answers of 2-4 raters to 1-12 subjects, and the number of categories."""
    raters, subjects, q = draw(st.integers(2, 4)), draw(st.integers(1, 12)), draw(st.integers(2, 5))
    row = st.lists(st.integers(-1 if missing else 0, q - 1), min_size=subjects, max_size=subjects)
    return np.array(draw(st.lists(row, min_size=raters, max_size=raters)), dtype=np.int64), q


def all_of(answers: Codes, weights: npt.NDArray[np.float64]) -> list[float]:
    """Return the four coefficients."""
    return [coefficient(answers, weights) for coefficient in COEFFICIENTS]


@given(ratings(), st.sampled_from(KINDS), st.randoms(use_true_random=False))
def test_order_of_raters_and_subjects_does_not_matter(found: tuple[Codes, int], kind: Any, random: Any) -> None:
    """Tolerance 1e-9: where kappa divides by almost nothing, rounding grows."""
    answers, q = found
    weights = agreement_weights(range(q), kind)
    rows, columns = list(range(answers.shape[0])), list(range(answers.shape[1]))
    random.shuffle(rows)
    random.shuffle(columns)
    wanted = all_of(answers, weights)
    assert all_of(answers[rows], weights) == pytest.approx(wanted, abs=1e-9, nan_ok=True)
    assert all_of(answers[:, columns], weights) == pytest.approx(wanted, abs=1e-9, nan_ok=True)


@given(ratings(), st.randoms(use_true_random=False))
def test_names_of_categories_do_not_matter_without_weights(found: tuple[Codes, int], random: Any) -> None:
    answers, q = found
    names = list(range(q))
    random.shuffle(names)
    relabelled = np.where(answers >= 0, np.array(names)[answers], -1)
    wanted = all_of(answers, np.eye(q))
    assert all_of(relabelled, np.eye(q)) == pytest.approx(wanted, abs=1e-9, nan_ok=True)


@given(ratings(), st.sampled_from(KINDS))
def test_no_coefficient_passes_1(found: tuple[Codes, int], kind: Any) -> None:
    """Raw agreement stays in [0, 1]; the others are at most 1 or not defined."""
    answers, q = found
    raw, *others = all_of(answers, agreement_weights(range(q), kind))
    assert math.isnan(raw) or -EXACT <= raw <= 1 + EXACT
    assert all(math.isnan(value) or value <= 1 + EXACT for value in others)
    assert math.isnan(raw) == (not ((answers >= 0).sum(axis=0) >= 2).any())


@given(ratings(), st.sampled_from(KINDS))
def test_weights_of_partial_agreement_only_add(found: tuple[Codes, int], kind: Any) -> None:
    """Raw agreement with weights is at least the one without."""
    answers, q = found
    plain, weighted = (raw_agreement(answers, agreement_weights(range(q), k)) for k in ("identity", kind))
    assert math.isnan(plain) or weighted >= plain - EXACT


@given(st.lists(st.integers(0, 3), min_size=1, max_size=12), st.integers(2, 4), st.sampled_from(KINDS))
def test_raters_who_always_agree(answers: list[int], raters: int, kind: Any) -> None:
    """Raw and AC 1; kappa and alpha 1, or not defined when every answer is the same."""
    weights = agreement_weights([0, 2, 3, 4], kind)
    raw, kappa, ac, alpha = all_of(np.tile(answers, (raters, 1)), weights)
    assert (raw, ac) == pytest.approx((1, 1), abs=EXACT)
    if len(set(answers)) == 1:
        assert math.isnan(kappa)
        assert math.isnan(alpha)
    else:
        assert (kappa, alpha) == pytest.approx((1, 1), abs=EXACT)


@given(ratings(missing=False))
def test_raw_agreement_is_the_mean_over_pairs_of_raters_when_nothing_is_missing(found: tuple[Codes, int]) -> None:
    answers, q = found
    k = len(answers)
    pairs = [np.mean(answers[a] == answers[b]) for a in range(k) for b in range(a)]
    assert raw_agreement(answers, np.eye(q)) == pytest.approx(np.mean(pairs), abs=EXACT)


@given(ratings(), st.integers(1, 3))
def test_subjects_that_nobody_answered_do_not_matter(found: tuple[Codes, int], more: int) -> None:
    answers, q = found
    padded = np.hstack([answers, np.full((len(answers), more), -1)])
    assert all_of(padded, np.eye(q)) == pytest.approx(all_of(answers, np.eye(q)), abs=EXACT, nan_ok=True)


@given(ratings(), st.integers(1, 4))
def test_features_of_papers_add_up(found: tuple[Codes, int], papers: int) -> None:
    """Subjects can be dealt to papers in any way: only the sums count."""
    answers, q = found
    layout = Layout(len(answers), q)
    whole = layout.features(answers[:, None, :]).sum(axis=0)
    filled = -(-answers.shape[1] // papers) * papers
    padded = np.hstack([answers, np.full((len(answers), filled - answers.shape[1]), -1)])
    dealt = layout.features(padded.reshape(len(answers), papers, -1))
    assert dealt.shape == (papers, len(whole))
    assert dealt.sum(axis=0) == pytest.approx(whole, abs=EXACT)


def test_pairs_of_raters_and_their_tables() -> None:
    """Each table counts the answers of one pair, subjects missing in either left out."""
    answers = np.array([[0, 1, 1], [0, 1, -1], [1, 1, 0]])
    layout = Layout(3, 2)
    assert layout.rater_pairs == [(0, 1), (0, 2), (1, 2)]
    sums = layout.features(answers[:, None, :])
    assert layout.tables(sums)[0].tolist() == [[[1, 0], [0, 1]], [[0, 1], [1, 1]], [[0, 1], [0, 1]]]
    assert layout.kappas(sums, np.eye(2))[0] == pytest.approx([1, -0.5, 0], abs=EXACT)
    assert cohen_kappa(answers, np.eye(2)) == pytest.approx(0.5 / 3, abs=EXACT)


def test_a_pair_without_a_kappa_is_left_out_of_the_mean() -> None:
    """Raters 1 and 2 always say 0 where both answered; the mean is over the other two pairs."""
    answers = np.array([[0, 0, 1, -1], [0, 0, -1, 1], [0, 1, 1, 1]])
    pairs = [cohen_kappa(answers[[a, b]], np.eye(2)) for a, b in ((0, 1), (0, 2), (1, 2))]
    assert math.isnan(pairs[0])
    assert cohen_kappa(answers, np.eye(2)) == pytest.approx((pairs[1] + pairs[2]) / 2, abs=EXACT)


def test_kappa_is_defined_however_rare_the_second_category_is() -> None:
    """One subject of 100,000 differs from the rest and both raters say so; expected agreement is 1 - 2e-5 and with weights closer."""
    answers = np.zeros((2, 100_000), dtype=np.int64)
    answers[:, 0] = 1
    assert kappa_by_kind(answers, [0, 1, 4]) == pytest.approx(
        {"kappa": 1, "kappa_linear": 1, "kappa_quadratic": 1}, abs=1e-9
    )


def test_a_category_that_nobody_used_changes_only_gwet() -> None:
    """AC1 counts every category of the scale; raw, kappa and alpha only what was answered."""
    answers = np.array([[0, 0, 1, 1], [0, 1, 1, 1]])
    two, three = all_of(answers, np.eye(2)), all_of(answers, np.eye(3))
    assert (two[0], two[1], two[3]) == pytest.approx((three[0], three[1], three[3]), abs=EXACT)
    # by hand: shares 3/8 and 5/8, chance 30/64 with two categories and half of it with three
    assert two[2] == pytest.approx((0.75 - 30 / 64) / (1 - 30 / 64), abs=EXACT)
    assert three[2] == pytest.approx((0.75 - 15 / 64) / (1 - 15 / 64), abs=EXACT)


@pytest.mark.parametrize("coefficient", COEFFICIENTS)
@pytest.mark.parametrize(
    "answers",
    [
        [[], []],
        np.zeros((0, 3), dtype=int),
        [[0, 1, 2]],
        [[-1, -1], [-1, -1]],
        [[-1, 0], [1, -1]],
        [[-1], [2]],
    ],
    ids=["no subject", "no rater", "one rater", "all missing", "nothing in common", "one answer"],
)
def test_nothing_to_compare_gives_nan(coefficient: Coefficient, answers: Any) -> None:
    assert math.isnan(coefficient(answers, np.eye(3)))


def test_one_subject_and_two_answers() -> None:
    """Defined as far as the formulas go."""
    same, different = all_of(np.array([[1], [1]]), np.eye(2)), all_of(np.array([[0], [1]]), np.eye(2))
    assert same == pytest.approx([1, math.nan, 1, math.nan], nan_ok=True)
    assert different == pytest.approx([0, 0, -1, 0])


@pytest.mark.parametrize("coefficient", COEFFICIENTS)
@pytest.mark.parametrize(
    "answers",
    [[[0, 3], [1, 2]], [[0, -2], [1, 2]], [[0.0, math.nan], [1, 2]], [[0.5, 1], [1, 2]], [["a", "b"], ["a", "b"]],
     [[None, 1], [0, 1]], [0, 1], [[[0, 1], [1, 0]]]],
    ids=["too large", "below -1", "NaN", "not whole", "text", "None", "one row", "three dimensions"],
)  # fmt: skip
def test_answers_that_are_no_codes_are_refused(coefficient: Coefficient, answers: Any) -> None:
    with pytest.raises(UsageError, match="codes of shape"):
        coefficient(answers, np.eye(3))


def test_any_whole_number_type_is_read() -> None:
    answers = [[0, 1, 1, 2], [0, 1, 2, 2]]
    wanted = all_of(np.array(answers), np.eye(3))
    for dtype in ("int8", "uint8", "uint64"):
        assert all_of(np.array(answers, dtype=dtype), np.eye(3)) == wanted


def test_codes_of_another_layout_are_refused() -> None:
    with pytest.raises(UsageError, match=r"codes of shape \(2, 1, 3\); allowed: \(3, papers, subjects\)"):
        Layout(3, 2).features(np.zeros((2, 1, 3), dtype=int))
