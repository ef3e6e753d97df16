"""Reading printed values: exact intervals, all spellings, and messages that name the metric and the value."""

from __future__ import annotations

import string
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dlrrc_core.audit.forms import METRICS, NAMES
from dlrrc_core.audit.printed import MAX_CHARACTERS, MODES, Interval, parse_row, parse_value
from dlrrc_core.problems import UsageError


def exact_ends(interval: Interval) -> tuple[Fraction, Fraction, bool, bool]:
    low, high, scale, low_open, high_open = interval
    return Fraction(low, scale), Fraction(high, scale), low_open, high_open


@pytest.mark.parametrize(
    ("name", "text", "value", "unit"),
    [
        ("accuracy", "93.3333%", "0.933333", "0.000001"),
        ("accuracy", "96.8640 %", "0.968640", "0.000001"),  # trailing zeros count
        ("accuracy", "0.949", "0.949", "0.001"),
        ("accuracy", ".95", "0.95", "0.01"),
        ("accuracy", "0.90", "0.90", "0.01"),
        ("accuracy", "88", "0.88", "0.01"),  # above 1: a percentage
        ("accuracy", "100", "1", "0.01"),
        ("accuracy", "1", "1", "1"),  # 100 %, not 1 %
        ("accuracy", "0", "0", "1"),
        ("accuracy", "1 %", "0.01", "0.01"),
        ("accuracy", "1.0", "1", "0.1"),
        ("accuracy", "99.30 percent", "0.993", "0.0001"),
        ("accuracy", " 0.5\u00a0% ", "0.005", "0.001"),
        ("kappa", "-0.12", "-0.12", "0.01"),
        ("MCC", "\u22120.5", "-0.5", "0.1"),
        ("Youden", "-12.5%", "-0.125", "0.001"),
        ("kappa", "85", "0.85", "0.01"),
        ("LR+", "12.5", "12.5", "0.1"),
        ("lr-", "0.13", "0.13", "0.01"),
        ("dor", "120", "120", "1"),
        ("F1 score", "0.9", "0.9", "0.1"),
    ],
)
def test_spellings(name: str, text: str, value: str, unit: str) -> None:
    found = parse_value(name, text)
    assert found.value == Fraction(value)
    assert Fraction(1, found.scale) == Fraction(unit)
    half = Fraction(unit) / 2
    assert exact_ends(found.interval("rounding")) == (found.value - half, found.value + half, False, False)


@given(st.integers(0, 10**6), st.integers(0, 8), st.booleans(), st.sampled_from(["accuracy", "kappa", "dor"]))
@example(0, 0, False, "kappa")
@example(0, 2, True, "accuracy")
def test_modes_nest(digits: int, places: int, percent: bool, name: str) -> None:
    """Every mode lies within ``any``, holds the printed value (but for open ends) and has the width that its name says."""
    text = f"{Decimal(digits).scaleb(-places):f}"
    if name == "dor":
        percent = False
    elif Decimal(text) > (100 if percent else 1):
        return
    found = parse_value(name, text + ("%" if percent else ""))
    assert found.value == Fraction(Decimal(text)) / (100 if percent else 1)
    unit = Fraction(1, found.scale)
    low, high, *_ = exact_ends(found.interval("any"))
    for mode in MODES:
        interval = found.interval(mode)
        assert found.value in interval
        inner = exact_ends(interval)
        assert low <= inner[0]
        assert inner[1] <= high
        if inner[0] == low:
            assert inner[2]  # an end that "any" leaves out is left out here as well
        if inner[1] == high:
            assert inner[3]
        wide = mode == "any" or (mode == "truncation" and name == "kappa" and digits == 0)
        assert inner[1] - inner[0] == unit * (2 if wide else 1)
    assert found.value + unit not in found.interval("any")


def test_truncation_of_negative_values_is_towards_zero() -> None:
    assert exact_ends(parse_value("kappa", "-0.1").interval("truncation")) == (
        Fraction(-2, 10),
        Fraction(-1, 10),
        True,
        False,
    )
    assert exact_ends(parse_value("kappa", "0.0").interval("truncation")) == (
        Fraction(-1, 10),
        Fraction(1, 10),
        True,
        True,
    )
    assert exact_ends(parse_value("f1", "0.0").interval("truncation")) == (Fraction(0), Fraction(1, 10), False, True)


@given(st.text(alphabet=string.printable + "−±–٣½％", max_size=40), st.sampled_from(sorted(NAMES)))
@example("1e-3", "accuracy")
@example("0x1", "accuracy")
@example("1_0", "accuracy")
@example("٣", "accuracy")
def test_any_text_is_read_or_refused(text: str, name: str) -> None:
    try:
        found = parse_value(name, text)
    except UsageError as problem:
        assert name in str(problem)
        assert text in str(problem) or len(text) > 40 or not text.strip()
        return
    assert len(found.text) <= MAX_CHARACTERS
    assert any(digit in "0123456789" for digit in text)
    metric = found.metric
    assert found.value >= metric.lowest
    assert metric.highest is None or found.value <= metric.highest


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("accuracy", "93,3", "point instead of the comma"),
        ("accuracy", "", "empty"),
        ("accuracy", "   ", "empty"),
        ("accuracy", "120 %", "out of range"),
        ("accuracy", "100.1", "out of range"),
        ("kappa", "-1.01 x", "no printed number"),
        ("kappa", "-101 %", "-100 % to 100 %"),
        ("sensitivity", "-0.5", "negative"),
        ("dor", "-2", "negative"),
        ("lr_positive", "12 %", "percent sign"),
        ("accuracy", "high", "no printed number"),
        ("accuracy", "nan", "no printed number"),
        ("accuracy", "inf", "no printed number"),
        ("accuracy", "1e-1", "no printed number"),
        ("accuracy", "%", "no printed number"),
        ("accuracy", "95.", "no printed number"),
        ("accuracy", "0.95 (0.03)", "spread"),
        ("accuracy", "0.95 ± 0.03", "spread"),
        ("accuracy", "0.9" + "1" * 30, "at most 24 characters"),
        ("accuracy", "9" * 5000, "(5000 characters)"),
    ],
)
def test_bad_values_name_metric_and_value(name: str, text: str, words: str) -> None:
    with pytest.raises(UsageError) as problem:
        parse_value(name, text)
    message = str(problem.value)
    assert message.startswith(f"{name}: ")
    assert text[:40] in message
    assert words in message
    assert len(message) < 400


def test_numbers_and_unknown_metrics_are_refused() -> None:
    with pytest.raises(UsageError, match=r"accuracy: 0\.9 is not a text"):
        parse_value("accuracy", 0.9)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="did you mean 'sensitivity'"):
        parse_value("sensitvity", "0.9")


def test_all_problems_of_a_row_at_once() -> None:
    with pytest.raises(UsageError) as problem:
        parse_row({"accuracy": "93,3", "sensitivity": "0.9", "ppv": "x", "npv": "101"})
    assert [line.split(":")[0] for line in str(problem.value).splitlines()] == ["accuracy", "ppv", "npv"]


def test_a_bare_one_beside_percentages_is_ambiguous() -> None:
    with pytest.raises(UsageError, match=r"sensitivity: '1' beside accuracy '93\.3' may be 1 % or 100 %"):
        parse_row({"accuracy": "93.3", "sensitivity": "1"})
    assert [value.value for value in parse_row({"accuracy": "0.933", "sensitivity": "1"})] == [Fraction(933, 1000), 1]
    assert parse_row({"accuracy": "93.3", "kappa": "1"})[1].value == 1


def test_names_are_unique() -> None:
    assert len(NAMES) == len(METRICS) + sum(len(metric.aliases) for metric in METRICS.values())
