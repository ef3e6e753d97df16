"""P values computed again, against R, published examples, and true P values that must never be called wrong."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from reference_values import cases
from scipy import stats as sps

from dlrrc_core.audit.p_values import Recomputed, check_p, p_window
from dlrrc_core.audit.tests_of_counts import Group, binomial, contingency, mcnemar_forms, two_sample_t
from dlrrc_core.problems import UsageError

CASES = cases("audit-tests.json")
CLOSE = {"rel": 1e-9, "abs": 1e-12}  # worst relative difference seen: 2.2e-14


def of_kind(kind: str) -> list[Any]:
    return [case for case in CASES if case.values[0]["input"]["kind"] == kind]


def values(forms: tuple[Recomputed, ...]) -> list[float]:
    """Return the P values of forms whose inputs are exact, so that both ends of each range are the same."""
    assert all(form.p[0] == form.p[1] for form in forms)
    return [form.p[0] for form in forms]


@pytest.mark.parametrize("case", of_kind("binomial"))
def test_binomial_equals_r(case: dict[str, Any]) -> None:
    given_, expected = case["input"], case["expected"]
    for side in ("two-sided", "less", "greater"):
        assert values(binomial(given_["x"], given_["n"], float(given_["p0"]), side)) == pytest.approx(
            [expected[side]], **CLOSE
        )


@pytest.mark.parametrize("case", of_kind("mcnemar"))
def test_mcnemar_equals_r(case: dict[str, Any]) -> None:
    forms, expected = mcnemar_forms(case["input"]["b"], case["input"]["c"]), case["expected"]
    assert values(forms) == pytest.approx([expected[key] for key in ("exact", "asymptotic", "corrected")], **CLOSE)
    statistics = [form.statistic[0] for form in forms if form.statistic]
    assert statistics == pytest.approx([expected["statistic"], expected["statistic_corrected"]], **CLOSE)


@pytest.mark.parametrize("case", of_kind("contingency"))
def test_contingency_equals_r(case: dict[str, Any]) -> None:
    forms, expected = contingency(case["input"]["table"]), case["expected"]
    keys = [key for key in ("chi_square", "yates", "fisher") if key in expected]
    assert values(forms) == pytest.approx([expected[key] for key in keys], **CLOSE)
    assert forms[0].statistic is not None
    assert forms[0].statistic[0] == pytest.approx(expected["statistic"], **CLOSE)


@pytest.mark.parametrize("case", of_kind("t"))
def test_range_of_t_holds_the_value_of_r(case: dict[str, Any]) -> None:
    """R's t and P for the unrounded inputs lie in the range; with ten decimals the range closes in on them."""
    i, expected = case["input"], case["expected"]
    rough = two_sample_t(*(Group(str(i[f"mean{k}"]), str(i[f"sd{k}"]), i[f"n{k}"]) for k in (1, 2)))
    fine = two_sample_t(*(Group(f"{i[f'mean{k}']:.10f}", f"{i[f'sd{k}']:.10f}", i[f"n{k}"]) for k in (1, 2)))
    for forms in (rough, fine):
        for form, key in zip(forms, ("student", "welch"), strict=True):
            assert form.p[0] - 1e-12 <= expected[key] <= form.p[1] + 1e-12
            assert form.statistic is not None
            assert form.statistic[0] - 1e-9 <= expected[f"t_{key}"] <= form.statistic[1] + 1e-9
    for form, key in zip(fine, ("student", "welch"), strict=True):
        assert form.p == pytest.approx((expected[key], expected[key]), abs=1e-7)


def test_published_examples() -> None:
    """R's help: Mendel's 682 of 925 gives 0.3825 and Fisher's tea 0.4857; Agresti (1990, p. 350): 86 and 150, z = -4.17."""
    assert values(binomial(682, 925, 0.75)) == pytest.approx([0.3825], abs=5e-5)
    assert values(contingency([[3, 1], [1, 3]]))[2] == pytest.approx(0.4857, abs=5e-5)
    statistic = mcnemar_forms(86, 150)[1].statistic
    assert statistic is not None
    assert statistic[0] ** 0.5 == pytest.approx(4.17, abs=5e-3)


@pytest.mark.parametrize(
    ("printed", "window"),
    [
        ("0.012", (0.0115, 0.0125)),
        ("P = .012", (0.0115, 0.0125)),
        ("p<0.001", (0, 0.001)),
        ("less than 0.001", (0, 0.001)),
        ("P value less than 0.001", (0, 0.001)),
        ("> 0.05", (0.05, 1)),
        ("P>0.05", (0.05, 1)),
        ("1.00", (0.995, 1)),
        ("0.000", (0, 0.0005)),
        ("NS", (0.05, 1)),
        ("n.s.", (0.05, 1)),
        ("not significant", (0.05, 1)),
    ],
)
def test_printed_p_values(printed: str, window: tuple[float, float]) -> None:
    assert p_window(printed) == pytest.approx(window, abs=1e-15)


@pytest.mark.parametrize("printed", ["", "high", "1.2", "0,05", "-0.1", "0.1-0.2", "<"])
def test_what_is_no_p_value(printed: str) -> None:
    with pytest.raises(UsageError, match="allowed"):
        p_window(printed)


def prints(p: float, decimals: int) -> list[str]:
    """Return the ways in which a paper may print a P value."""
    bound = 10.0**-decimals
    return [
        f"{p:.{decimals}f}",
        f"P = {p:.{decimals}f}",
        f"<{bound:.{decimals}f}" if p < bound else f">{min(p, 1) * 0.9:.12f}",
        "NS" if p >= 0.05 else "<0.05",
    ]


CELL = st.integers(0, 40)


@given(CELL, CELL, CELL, CELL, st.integers(2, 5))
def test_a_true_p_value_of_a_table_is_never_called_wrong(a: int, b: int, c: int, d: int, decimals: int) -> None:
    assume(min(a + b, c + d, a + c, b + d) > 0)
    table = [[a, b], [c, d]]
    forms = contingency(table)
    peers = [sps.chi2_contingency(table, k).pvalue for k in (False, True)] + [sps.fisher_exact(table).pvalue]
    for form, p in zip(forms, peers, strict=True):
        for printed in prints(float(p), decimals):
            assert form.form in check_p(printed, forms).agreeing


@given(CELL, CELL, st.integers(2, 5))
def test_a_true_p_value_of_mcnemar_is_never_called_wrong(b: int, c: int, decimals: int) -> None:
    forms = mcnemar_forms(b, c)
    exact = sps.binomtest(b, b + c).pvalue if b + c else 1.0
    for printed in prints(float(exact), decimals):
        assert forms[0].form in check_p(printed, forms).agreeing


@given(
    st.integers(1, 150).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
    st.floats(0.01, 0.99),
    st.sampled_from(["two-sided", "less", "greater"]),
    st.integers(2, 5),
)
def test_a_true_p_value_of_a_binomial_test_is_never_called_wrong(
    pair: tuple[int, int], p0: float, sided: Any, decimals: int
) -> None:
    x, n = pair
    p = float(sps.binomtest(x, n, p0, sided).pvalue)
    counts = range(max(0, x - 1), min(n, x + 1) + 1)
    for printed in prints(p, decimals):
        assert check_p(printed, binomial(counts, n, p0, sided)).verdict == "consistent"


NUMBER = st.floats(0.05, 99, allow_nan=False)


@given(NUMBER, NUMBER, st.integers(2, 60), NUMBER, NUMBER, st.integers(2, 60), st.integers(0, 2), st.integers(2, 5))
def test_a_true_p_value_of_a_t_test_is_never_called_wrong(
    m1: float, s1: float, n1: int, m2: float, s2: float, n2: int, places: int, decimals: int
) -> None:
    """The inputs are printed with few places, SDs often as 0; P comes from scipy's test of the unrounded inputs."""
    forms = two_sample_t(
        Group(f"{m1:.{places}f}", f"{s1:.{places}f}", n1), Group(f"{m2:.{places}f}", f"{s2:.{places}f}", n2)
    )
    for form, equal in zip(forms, (True, False), strict=True):
        peer = sps.ttest_ind_from_stats(m1, s1, n1, m2, s2, n2, equal_var=equal)
        for printed in prints(float(peer.pvalue), decimals):
            assert form.form in check_p(printed, forms).agreeing
        assert (
            form.form
            in check_p(
                "0.5", [Recomputed(form.form, (0.5, 0.5), form.statistic)], statistic=f"{peer.statistic:.3f}"
            ).agreeing
        )


def test_a_side_column_whose_p_value_is_another_one() -> None:
    """(100, 114) and (42, 50): by hand chi-square = 306 (100 * 50 - 114 * 42)^2 / (214 * 92 * 142 * 164) = 0.0300."""
    found = check_p("0.222", contingency([[100, 114], [42, 50]]), statistic="1.494")
    assert found.verdict == "inconsistent"
    assert found.recomputed[0].statistic == pytest.approx((0.0300, 0.0300), abs=5e-5)
    assert "does not agree" in found.message
    assert check_p("0.222", contingency([[100, 114], [42, 50]]), named=False).verdict == "not reproduced"


def test_the_printed_statistic_decides_between_forms_and_loses_its_sign() -> None:
    forms = contingency([[139, 75], [53, 39]])
    assert check_p("0.223", forms, statistic="1.485").agreeing == ("chi-square",)
    assert check_p("NS", forms).agreeing == tuple(form.form for form in forms)
    t = two_sample_t(Group("5.3", "2.4", 92), Group("5.2", "2.5", 214))
    assert check_p("0.754", t, statistic="-0.313").verdict == "consistent"


def test_rows_of_zeros_are_dropped() -> None:
    assert contingency([[3, 1, 0], [1, 3, 0]]) == contingency([[3, 1], [1, 3]])


@pytest.mark.parametrize(
    "call",
    [
        lambda: contingency([[1, 2], [0, 0]]),
        lambda: contingency([[1, 2], [3]]),
        lambda: contingency([[1, -2], [3, 4]]),
        lambda: mcnemar_forms(-1, 3),
        lambda: binomial(5, 4, 0.5),
        lambda: binomial([], 4, 0.5),
        lambda: binomial(1, 4, 1.5),
        lambda: binomial(1, 4, 0.5, "both"),
        lambda: Group("1", "2", 1),
        lambda: Group("1", "-2", 5),
        lambda: check_p("0.5", []),
    ],
)
def test_wrong_arguments_are_named(call: Any) -> None:
    with pytest.raises(UsageError):
        call()
