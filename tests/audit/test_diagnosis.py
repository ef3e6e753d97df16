"""Single edits of impossible rows: the printed values of Zuo et al. (2021), and tables that were spoilt on purpose."""

from __future__ import annotations

import random
from itertools import combinations

import pytest

from dlrrc_core.audit.diagnosis import COST, RENAMES, diagnose
from dlrrc_core.audit.feasible import search
from dlrrc_core.audit.forms import METRICS, Matrix
from dlrrc_core.audit.metric_elimination import verify_certificate
from dlrrc_core.audit.metric_pairs import Frame
from dlrrc_core.audit.metric_power import print_percent
from dlrrc_core.audit.metrics import audit_row
from dlrrc_core.audit.printed import parse_row
from dlrrc_core.problems import UsageError

# Zuo et al. (2021), test set by image: 10 cases of 3 images each, 5 cases of either class.
ZUO = {"accuracy": "93.3333%", "sensitivity": "88.2353%", "specificity": "86.6667%"}


def test_worked_example() -> None:
    audit = audit_row(ZUO, n=30, n_pos=15, n_neg=15, level="image", other_n={"cases": 10})
    assert audit.verdict == "impossible-any-n"
    assert audit.derivation[0].startswith("Accuracy is the mean of sensitivity and specificity weighted by P and N - P")
    assert "lies above both" in audit.derivation[0]
    assert audit.certificate is not None
    assert verify_certificate(audit.certificate, parse_row(ZUO))
    found = {diagnosis.edit: diagnosis for diagnosis in audit.diagnoses}
    # by hand: 15/17 = 88.2353 %, 13/15 = 86.6667 %, 28/30 = 93.3333 %
    assert found["sensitivity is ppv"].matrix == Matrix(tp=15, fn=0, fp=2, tn=13)
    assert found["sensitivity is ppv"].matrices_total == 1
    assert audit.as_dict()["diagnoses"][0] == {
        "edit": "sensitivity is ppv",
        "cost": 1,
        "matrices_total": 1,
        "matrix": {"tp": 15, "fn": 0, "fp": 2, "tn": 13},
    }
    # every other edit, each by hand: Jaccard is 15/17 as well; the pair that is left has the same table
    assert list(found) == ["sensitivity is ppv", "sensitivity is jaccard", "sensitivity '88.2353%' is left out"]


def test_impossible_for_every_n_without_any_n() -> None:
    audit = audit_row(ZUO)
    assert audit.verdict == "impossible-any-n"
    assert "sensitivity is ppv" in [diagnosis.edit for diagnosis in audit.diagnoses]
    assert all(diagnosis.matrix is None for diagnosis in audit.diagnoses)


def spoilt_row(rng: random.Random) -> tuple[dict[str, str], int, int, Matrix]:
    """Return printed values of a random table with P and N - P."""
    while True:
        p, q = rng.randint(10, 60), rng.randint(10, 60)
        tp, tn = rng.randint(p // 2, p), rng.randint(q // 2, q)
        matrix = Matrix(tp, p - tp, q - tn, tn)
        exact = {name: METRICS[name].value(matrix) for name in ("accuracy", "sensitivity", "specificity", "ppv")}
        row = {name: print_percent(value, 2) for name, value in exact.items() if value is not None}
        if len(set(row.values())) == 4 and p != q:
            return row, p, q, matrix


def edits(row: dict[str, str], p: int, q: int, **more: dict[str, int]) -> dict[str, Matrix | None]:
    """Return the edits that restore a row."""
    return {d.edit: d.matrix for d in diagnose(parse_row(row), Frame.of(n_pos=p, n_neg=q), **more)}


@pytest.mark.parametrize("seed", range(15))
def test_what_was_spoilt_is_among_the_diagnoses(seed: int) -> None:
    row, p, q, matrix = spoilt_row(random.Random(seed))
    tp, fn, fp, tn = matrix
    a, b = list(combinations(row, 2))[seed % 6]
    exchanged = {**row, a: row[b], b: row[a]}
    assert edits(exchanged, p, q)[f"{a} and {b} are exchanged"] == matrix
    renamed = {("npv" if name == "ppv" else name): text for name, text in row.items()}
    assert edits(renamed, p, q)["npv is ppv"] == matrix
    assert edits(row, q, p)["the positive class is the other one"] == matrix
    other = {"images": p + q}
    if (p + q) % 2 == 0 and p != (p + q) // 2:
        half = (p + q) // 2
        assert f"N is {p + q} (images), with any number of positives" in edits(row, half, half + 3, other_n=other)
    assert edits(row, 3 * p, 3 * q, other_n={"cases": p + q})[f"N is {p + q} (cases), with {p} positives"] is not None
    assert edits(row, p + 1, q - 1)[f"{p} of {p + q} are positive, not {p + 1}"] == Matrix(tp, fn, fp, tn)
    dropped = edits({**row, "npv": "1.23%"}, p, q)
    assert dropped["npv '1.23%' is left out"] == matrix


def test_all_edits_fit_and_are_in_order() -> None:
    """Every listed rename, exchange and drop fits when made by hand, and no other does."""
    for seed in range(12):
        row, p, q, _ = spoilt_row(random.Random(seed))
        row["sensitivity"], row["ppv"] = row["ppv"], row["sensitivity"]
        found = diagnose(parse_row(row), Frame.of(n_pos=p, n_neg=q))
        assert [d.cost for d in found] == sorted(d.cost for d in found)
        assert {d.cost for d in found} <= set(COST.values())
        expected = {}
        for name, new in ((name, new) for name in row for new in RENAMES if new not in row):
            expected[f"{name} is {new}"] = {(new if key == name else key): text for key, text in row.items()}
        for a, b in combinations(row, 2):
            expected[f"{a} and {b} are exchanged"] = {**row, a: row[b], b: row[a]}
        for name in row:
            expected[f"{name} '{row[name]}' is left out"] = {key: text for key, text in row.items() if key != name}
        frame = Frame.of(n_pos=p, n_neg=q)
        totals = {edit: search(parse_row(edited), frame, "rounding").total for edit, edited in expected.items()}
        listed = {d.edit: d.matrices_total for d in found if d.kind in ("rename", "exchange", "drop")}
        assert listed == {edit: total for edit, total in totals.items() if total}


def test_other_n_with_its_own_split() -> None:
    row = {"sensitivity": "80.0%", "specificity": "90.0%"}  # 8 of 10 and 9 of 10
    known = edits(row, 7, 7, other_n={"images": (10, 10)})  # type: ignore[dict-item]
    assert known["N is 20 (images), with 10 positives"] == Matrix(8, 2, 1, 9)
    with pytest.raises(UsageError, match="n: 0"):
        audit_row(row, n_pos=7, n_neg=7, other_n={"cases": 0})


def test_consistent_rows_have_no_diagnoses() -> None:
    assert audit_row({"sensitivity": "80.0%"}, n_pos=10, n_neg=10).diagnoses == ()
