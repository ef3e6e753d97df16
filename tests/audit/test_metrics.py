"""The audit of printed metrics against brute force over every small table, written independently of it."""

from __future__ import annotations

import decimal
import random
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from math import isqrt
from typing import Any

import numpy as np
import pytest

from dlrrc_core.audit.feasible import UNINFORMATIVE, search
from dlrrc_core.audit.metric_elimination import inequalities, prove_impossible, verify_certificate
from dlrrc_core.audit.metric_pairs import Frame
from dlrrc_core.audit.metric_power import KINDS, detection_power
from dlrrc_core.audit.metric_proof import Certificate
from dlrrc_core.audit.metrics import audit_row
from dlrrc_core.audit.printed import MODES, parse_row
from dlrrc_core.problems import UsageError

LARGEST = 40
# Each metric from the four cells as a textbook writes it: numerator, denominator, and whether the metric is the root of their ratio
# (for MCC the numerator carries the sign). Nothing here is taken from dlrrc_core.
CELLS: dict[str, tuple[Callable[..., Any], Callable[..., Any], bool]] = {
    "accuracy": (lambda a, b, c, d: a + d, lambda a, b, c, d: a + b + c + d, False),
    "error_rate": (lambda a, b, c, d: b + c, lambda a, b, c, d: a + b + c + d, False),
    "sensitivity": (lambda a, b, c, d: a, lambda a, b, c, d: a + b, False),
    "fnr": (lambda a, b, c, d: b, lambda a, b, c, d: a + b, False),
    "specificity": (lambda a, b, c, d: d, lambda a, b, c, d: c + d, False),
    "fpr": (lambda a, b, c, d: c, lambda a, b, c, d: c + d, False),
    "ppv": (lambda a, b, c, d: a, lambda a, b, c, d: a + c, False),
    "fdr": (lambda a, b, c, d: c, lambda a, b, c, d: a + c, False),
    "npv": (lambda a, b, c, d: d, lambda a, b, c, d: d + b, False),
    "false_omission_rate": (lambda a, b, c, d: b, lambda a, b, c, d: d + b, False),
    "f1": (lambda a, b, c, d: 2 * a, lambda a, b, c, d: 2 * a + b + c, False),
    "f2": (lambda a, b, c, d: 5 * a, lambda a, b, c, d: 5 * a + 4 * b + c, False),
    "f05": (lambda a, b, c, d: 5 * a, lambda a, b, c, d: 5 * a + b + 4 * c, False),
    "jaccard": (lambda a, b, c, d: a, lambda a, b, c, d: a + b + c, False),
    "prevalence": (lambda a, b, c, d: a + b, lambda a, b, c, d: a + b + c + d, False),
    "balanced_accuracy": (
        lambda a, b, c, d: a * (c + d) + d * (a + b),
        lambda a, b, c, d: 2 * (a + b) * (c + d),
        False,
    ),
    "youden": (lambda a, b, c, d: a * d - b * c, lambda a, b, c, d: (a + b) * (c + d), False),
    "lr_positive": (lambda a, b, c, d: a * (c + d), lambda a, b, c, d: c * (a + b), False),
    "lr_negative": (lambda a, b, c, d: b * (c + d), lambda a, b, c, d: d * (a + b), False),
    "kappa": (
        lambda a, b, c, d: (a + d) * (a + b + c + d) - (a + b) * (a + c) - (c + d) * (b + d),
        lambda a, b, c, d: (a + b + c + d) ** 2 - (a + b) * (a + c) - (c + d) * (b + d),
        False,
    ),
    "mcc": (
        lambda a, b, c, d: (a * d - b * c) * abs(a * d - b * c),
        lambda a, b, c, d: (a + b) * (a + c) * (d + b) * (d + c),
        True,
    ),
    "markedness": (lambda a, b, c, d: a * d - b * c, lambda a, b, c, d: (a + c) * (b + d), False),
    "dor": (lambda a, b, c, d: a * d, lambda a, b, c, d: b * c, False),
    "g_mean": (lambda a, b, c, d: a * d, lambda a, b, c, d: (a + b) * (c + d), True),
    "fowlkes_mallows": (lambda a, b, c, d: a * a, lambda a, b, c, d: (a + b) * (a + c), True),
}
UNBOUNDED = ("lr_positive", "lr_negative", "dor")


def every_table(n: int) -> np.ndarray:
    """Return all tables (TP, FN, FP, TN) of n cases, shape (tables, 4)."""
    a, b, c = np.meshgrid(*[np.arange(n + 1)] * 3, indexing="ij")
    d = n - a - b - c
    return np.stack([x[d >= 0] for x in (a, b, c, d)], axis=-1)


TABLES = {n: every_table(n) for n in range(1, LARGEST + 1)}


def ends(text: str, mode: str, signed: bool) -> tuple[Fraction, Fraction, bool, bool]:
    """Return the interval of a printed value, read with the decimal module."""
    number = Decimal(text.rstrip("% "))
    unit = Fraction(10) ** int(number.as_tuple().exponent)
    value = Fraction(number)
    if text.endswith("%"):
        value, unit = value / 100, unit / 100
    if mode == "rounding":
        return value - unit / 2, value + unit / 2, False, False
    if mode == "ceiling":
        return value - unit, value, True, False
    if mode == "any" or (value == 0 and signed):
        return value - unit, value + unit, True, True
    return (value, value + unit, False, True) if value >= 0 else (value - unit, value, True, False)


def fitting(tables: np.ndarray, row: dict[str, str], mode: str) -> np.ndarray:
    """Return which tables have all printed values, by cross-multiplication in whole numbers below 2**63."""
    keep = np.ones(len(tables), dtype=bool)
    for name, text in row.items():
        above, below, root = CELLS[name]
        x, y = above(*tables.T), below(*tables.T)
        low, high, low_open, high_open = ends(text, mode, name in ("kappa", "mcc", "youden", "markedness"))
        if root:
            low, high = low * abs(low), high * abs(high)
        keep &= y > 0
        for end, is_open, sign in ((low, low_open, 1), (high, high_open, -1)):
            assert max(abs(end.numerator), end.denominator) * int(max(abs(x).max(), y.max())) < 2**63, (
                "overflow in the test"
            )
            gap = sign * (x * end.denominator - y * end.numerator)
            keep &= (gap > 0) if is_open else (gap >= 0)
    return keep


def exact(name: str, table: tuple[int, ...], places: int, half: str = decimal.ROUND_HALF_UP) -> Decimal | None:
    """Return a metric of a table to 25 digits or more; None where it is undefined."""
    above, below, root = CELLS[name]
    x, y = above(*table), below(*table)
    if y == 0:
        return None
    with decimal.localcontext(prec=60):
        value = Decimal(abs(x)) / Decimal(y)
        return (value.sqrt() if root else value).copy_sign(x)


def print_value(name: str, table: tuple[int, ...], places: int, how: str, percent: bool) -> str | None:
    """Print a metric of a table with a rule of the decimal module."""
    value = exact(name, table, places)
    if value is None or (percent and name in UNBOUNDED):
        return None
    with decimal.localcontext(prec=60):
        text = str((value * (100 if percent else 1)).quantize(Decimal(1).scaleb(-places), rounding=how))
    text = text.removeprefix("-") if not Decimal(text) else text
    if name not in UNBOUNDED and not percent and abs(Decimal(text)) > 1:
        return None
    return text + (" %" if percent else "")


RULES = {
    "rounding": (decimal.ROUND_HALF_UP, decimal.ROUND_HALF_EVEN),
    "truncation": (decimal.ROUND_DOWN,),
    "ceiling": (decimal.ROUND_CEILING,),
}


def random_row(rng: random.Random, n: int, mode: str, most_places: int) -> tuple[dict[str, str], tuple[int, ...]]:
    """Return one to four printed values of a random table of n cases."""
    while True:
        names = rng.sample(list(CELLS), rng.randint(1, 4))
        p = rng.randint(0, n)
        tp, tn = rng.randint(0, p), rng.randint(0, n - p)
        table = (tp, p - tp, n - p - tn, tn)
        places, percent = rng.randint(0 if mode == "any" else 1, most_places), rng.random() < 0.3
        places = min(places, 4) if percent else places
        rules = RULES.get(mode) or tuple(rule for group in RULES.values() for rule in group)
        row = {name: print_value(name, table, places, rng.choice(rules), percent) for name in names}
        printed = {name: text for name, text in row.items() if text is not None}
        if printed:
            return printed, table


def perturbed(rng: random.Random, row: dict[str, str]) -> dict[str, str]:
    """Change one digit of one value, or exchange two values."""
    row = dict(row)
    name = rng.choice(list(row))
    if len(row) > 1 and rng.random() < 0.3:
        other = rng.choice([x for x in row if x != name])
        if not ({name, other} & {*UNBOUNDED}) and "-" not in row[name] + row[other]:
            row[name], row[other] = row[other], row[name]
            return row
    text = row[name]
    place = rng.choice([i for i, c in enumerate(text) if c.isdigit()])
    changed = text[:place] + str(rng.randint(0, 9)) + text[place + 1 :]
    value = abs(Decimal(changed.rstrip("% ")))
    if value <= (100 if "%" in changed else 1) or name in UNBOUNDED:
        row[name] = changed
    return row


def compare(rows: int, seed: int, largest: int = LARGEST) -> tuple[int, int]:
    """Compare counts and verdicts with brute force; return the numbers of rows with and without a table."""
    rng = random.Random(seed)
    with_table = 0
    for i in range(rows):
        n, mode = rng.randint(1, largest), rng.choice(MODES)
        row, table = random_row(rng, n, mode, 6)
        if i % 2:
            row = perturbed(rng, row)
        p, q = table[0] + table[1], table[2] + table[3]
        knows = rng.choice(["split", "n"])
        tables = TABLES[n]
        if knows == "split":
            tables = tables[tables[:, 0] + tables[:, 1] == p]
        expected = tables[fitting(tables, row, mode)]
        frame = Frame.of(n, p, q) if knows == "split" else Frame.of(n)
        found = search(parse_row(row), frame, mode, limit=10**6)
        assert sorted(found.matrices) == sorted(map(tuple, expected.tolist())), (row, mode, frame)
        assert found.total == len(expected)
        assert found.exact
        with_table += bool(found.total)
        if mode == "rounding":
            allowed = "impossible-any-n" if not fitting(tables, row, "any").any() else "impossible-rounding"
            verdict = audit_row(
                row, **({"n_pos": p, "n_neg": q} if knows == "split" else {"n": n}), with_diagnoses=False
            ).verdict
            if found.total:
                assert verdict == "consistent"
            elif allowed == "impossible-rounding":
                assert verdict == "impossible-rounding", row
            else:
                assert verdict in ("impossible", "impossible-any-n"), row
    return with_table, rows - with_table


def test_brute_force() -> None:
    # worst difference seen: none
    with_table, without = compare(2000, seed=1)
    assert min(with_table, without) > 300  # both kinds are really there


@pytest.mark.slow
def test_brute_force_many_rows() -> None:
    # worst difference seen: none
    with_table, without = compare(20_000, seed=2)
    assert min(with_table, without) > 3000


def test_brute_force_of_a_range_of_n() -> None:
    # worst difference seen: none
    rng = random.Random(3)
    tables = np.concatenate([TABLES[n] for n in range(1, 13)])
    for i in range(150):
        row, table = random_row(rng, rng.randint(1, 12), "rounding", 2)
        row = perturbed(rng, row) if i % 2 else row
        p = table[0] + table[1]
        known = [Frame.of(n_max=12), Frame.of(n_pos=p, n_max=12), Frame.of(n_neg=table[2] + table[3], n_max=12)][i % 3]
        expected = tables[fitting(tables, row, "rounding")]
        if known.p is not None:
            expected = expected[expected[:, 0] + expected[:, 1] == p]
        if known.q is not None:
            expected = expected[expected[:, 2] + expected[:, 3] == known.q]
        found = search(parse_row(row), known, "rounding", limit=10**6)
        assert sorted(found.matrices) == sorted(map(tuple, expected.tolist())), (row, known)


def false_alarms(rows: int, seed: int) -> None:
    """Audit true tables, printed in every way, and expect that none is called impossible."""
    rng = random.Random(seed)
    for i in range(rows):
        n, mode = int(10 ** rng.uniform(0.3, 3.3)), MODES[i % 3]
        row, table = random_row(rng, n, mode, 6)
        p, q = table[0] + table[1], table[2] + table[3]
        audit = audit_row(row, n_pos=p, n_neg=q, mode=mode, limit=10, with_diagnoses=False)
        assert audit.verdict in ("consistent", "uninformative"), (row, mode, table)
        # printed in this way, the row may fail for another one, but not under "any"
        assert not audit_row(row, n_pos=p, n_neg=q, mode="any", limit=1).verdict.startswith("impossible")
        assert prove_impossible(parse_row(row), mode) is None
        assert audit.matrices_total > 10 or table in audit.matrices


def test_no_false_alarm() -> None:
    false_alarms(1000, seed=4)


@pytest.mark.slow
def test_no_false_alarm_in_many_rows() -> None:
    false_alarms(10_000, seed=5)


@pytest.mark.parametrize("places", [9, 14])
def test_large_numbers_are_exact(places: int) -> None:
    """Products far above 2**63: the true table is found and nothing beside it."""
    table = (36_100, 3_900, 123, 59_877)
    row = {name: print_value(name, table, places, decimal.ROUND_HALF_UP, False) for name in ("mcc", "kappa", "ppv")}
    known = {name: text for name, text in row.items() if text is not None}
    audit = audit_row(known, n_pos=40_000, n_neg=60_000)
    assert audit.matrices == (table,)
    shifted = known["mcc"][:-1] + ("0" if known["mcc"][-1] >= "5" else "9")
    assert (
        audit_row({**known, "mcc": shifted}, n_pos=40_000, n_neg=60_000, with_diagnoses=False).verdict == "impossible"
    )


def test_certificates_verify() -> None:
    """Proofs hold from scratch, in independent arithmetic on tables, and stop holding when they are tampered with."""
    rng = random.Random(6)
    proofs = 0
    for _ in range(400):
        row = {
            name: f"0.{rng.randint(10, 99)}"
            for name in rng.sample(
                ["accuracy", "sensitivity", "specificity", "ppv", "npv", "f1", "balanced_accuracy", "youden"], 4
            )
        }
        values = parse_row(row)
        proof = prove_impossible(values, "any")
        if proof is None:
            continue
        proofs += 1
        assert verify_certificate(proof, values)
        assert not fitting(TABLES[40], row, "any").any()
        (weight, first), *rest = proof.terms
        assert not verify_certificate(
            Certificate(proof.family, proof.mode, ((weight + 1, first), *rest), proof.total), values
        )
        assert not verify_certificate(
            Certificate(proof.family, proof.mode, ((-weight, first), *rest), proof.total), values
        )
        assert not verify_certificate(proof, [])
        assert proof.sentences()[-1].startswith("Their sum is ")
    assert proofs > 50


def test_proof_exists_exactly_when_no_table_of_any_size_fits() -> None:
    """The other direction: where there is no proof, some table fits; found by brute force up to N = 40 or by search to 2000."""
    rng = random.Random(7)
    for _ in range(60):
        row = {
            name: f"0.{rng.randint(1, 9)}"
            for name in rng.sample(["accuracy", "sensitivity", "specificity", "ppv", "npv", "f1"], 3)
        }
        fits = any(fitting(TABLES[n], row, "any").any() for n in (40, 39, 37, *range(1, 37)))
        if fits:
            assert prove_impossible(parse_row(row), "any") is None, row
        elif prove_impossible(parse_row(row), "any") is None:
            assert search(parse_row(row), Frame.of(n_max=2000), "any", 1).total, row


def test_base_inequalities_hold_for_true_tables() -> None:
    table = (15, 0, 2, 13)
    row = {"accuracy": "93.3333%", "ppv": "88.2353%", "specificity": "86.6667%"}
    point = (30, 15, 15, 13)
    for line in inequalities(parse_row(row), "rounding"):
        total = sum(a * b for a, b in zip(line.form, point, strict=True))
        assert total > 0 if line.strict else total >= 0, line.label
    assert table in audit_row(row, n=30).matrices


def test_verdicts() -> None:
    one = {"sensitivity": "0.86", "specificity": "0.87"}  # 13 of 15 is 0.8666...: cut off and rounded
    assert audit_row(one, n_pos=15, n_neg=15).verdict == "impossible-rounding"
    assert audit_row({"sensitivity": "0.86"}, n_pos=15, n_neg=15, mode="auto").fits == "truncation"
    assert audit_row({"sensitivity": "0.86"}, n_pos=15, n_neg=15, mode="truncation").verdict == "consistent"
    alone = audit_row({"sensitivity": "88.2353 %"}, n_pos=15, n_neg=15, with_diagnoses=False)
    assert alone.verdict == "impossible"
    expected = (
        "sensitivity '88.2353 %' of P = 15 would need TP between 13.23528 and 13.23531; no whole number lies there."
    )
    assert alone.derivation[0] == expected
    ratio = audit_row({"ppv": "0.9999"}, n_pos=10, n_neg=10, with_diagnoses=False).derivation[0]
    assert (
        "for TP 10, FN 0, FP 1, TN 9, ppv would be 10/11 = 0.909091 (printed 0.9999)" in ratio
    )  # by hand: next below 1
    conflict = audit_row({"ppv": "0.909", "sensitivity": "0.9"}, n_pos=10, n_neg=10, with_diagnoses=False).derivation
    assert conflict[0] == "For P = 10 and N - P = 10, ppv '0.909' leaves one matrix."  # 10 of 11, so TP is 10
    assert conflict[1] == "TP 10, FN 0, FP 1, TN 9: sensitivity would be 1 = 1.000 (printed 0.9)."
    assert conflict[2].startswith("Each value was allowed to be off")
    large = audit_row({"accuracy": "0.9"}, n=2000)
    assert (large.verdict, large.matrices_total >= UNINFORMATIVE) == ("uninformative", True)
    assert audit_row({"accuracy": "0.9"}).verdict == "uninformative"
    assert audit_row({"accuracy": "0.9"}, n=10, untestable="mean of five folds").verdict == "untestable"
    assert audit_row({"auc": "0.9", "accuracy_ci": "0.8-0.9"}, n=10).verdict == "untestable"
    assert audit_row({"sensitivity": "0.90", "specificity": "0.90", "accuracy": "0.95"}).verdict == "impossible-any-n"
    assert (
        audit_row({"sensitivity": "0.90", "specificity": "0.90", "accuracy": "0.910"}).verdict == "impossible-rounding"
    )


def test_undefined_metric_has_no_printed_value() -> None:
    assert audit_row({"specificity": "0"}, n_pos=10, n_neg=0, with_diagnoses=False).verdict == "impossible"
    assert audit_row({"accuracy": "1.0"}, n_pos=10, n_neg=0).matrices == ((10, 0, 0, 0),)


def test_json_shape() -> None:
    audit = audit_row({"accuracy": "0.90", "auc": "0.95", "sensitivity": "1"}, n_pos=5, n_neg=5).as_dict()
    assert list(audit) == [
        "verdict",
        "matrices_total",
        "exact",
        "fits",
        "matrices",
        "diagnoses",
        "assumptions",
        "derivation",
    ]
    assert audit["matrices"][0] == {"tp": 4, "fn": 1, "fp": 0, "tn": 5}  # bare "1" is 50 % to 150 %
    assert any("'1'" in line for line in audit["assumptions"])
    assert any("auc" in line for line in audit["assumptions"])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"n": 0}, ["n: 0", "1 to"]),
        ({"n": -3}, ["n: -3"]),
        ({"n": 10.0}, ["n: 10.0"]),
        ({"n": True}, ["n: True"]),
        ({"n_pos": -1, "n_neg": 5}, ["n_pos: -1"]),
        ({"n_pos": 0, "n_neg": 0}, ["n_pos: 0", "at least one case"]),
        ({"n": 10, "n_pos": 5, "n_neg": 6}, ["n: 10", "n_pos: 5", "n_neg: 6"]),
        ({"n": 10, "n_pos": 11}, ["n: 10", "n_pos: 11"]),
        ({"n_pos": 5}, ["n_pos", "n_max"]),
        ({"n_max": 10**7}, ["n_max: 10000000", "10000"]),
        ({"n_pos": 30, "n_max": 20}, ["n_max: 20", "30"]),
        ({"n": 0, "n_max": 0}, ["n: 0", "n_max: 0"]),
        ({"n": 10, "mode": "rouding"}, ["rouding", "rounding"]),
    ],
)
def test_bad_denominators(arguments: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(UsageError) as problem:
        audit_row({"accuracy": "0.9"}, **arguments)
    assert all(word in str(problem.value) for word in words), str(problem.value)


def test_detection_power() -> None:
    for kind in KINDS:
        result = detection_power(kind, 60, 2, draws=60, seed=1)
        assert result == detection_power(kind, 60, 2, draws=60, seed=1)
        assert result.detected.of == 60
        if kind == "none":
            assert result.detected.count == 0  # never a false alarm
        if kind == "exchange":  # a rate of one class seldom is a whole number of the other class
            assert result.detected.percent > 50
            assert result.detected.ci[0] < result.detected.percent
    few, many = (detection_power("last-digit", 600, places, draws=60).detected.percent for places in (0, 3))
    assert few < many
    with pytest.raises(UsageError, match="kind of slip"):
        detection_power("typo", 60, 2)
    with pytest.raises(UsageError, match="draws = 0"):
        detection_power("rename", 60, 2, draws=0)


def test_squares_are_exact() -> None:
    """MCC of (1, 1, 1, 2) is 1/6, of (3, 1, 1, 2) 5/12 by integer square roots: no rounding of a root takes part."""
    for table in [(1, 1, 1, 2), (3, 1, 1, 2)]:
        a, b, c, d = table
        root = isqrt((a + b) * (a + c) * (d + b) * (d + c))
        exact_value = Fraction(a * d - b * c, root)
        text = f"{float(exact_value):.4f}"
        assert table in audit_row({"mcc": text}, n_pos=a + b, n_neg=c + d).matrices
