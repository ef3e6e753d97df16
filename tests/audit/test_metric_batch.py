"""Many rows at once: the same counts as one by one, for any rows."""

from __future__ import annotations

import random
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlrrc_core.audit import metric_batch
from dlrrc_core.audit.feasible import search
from dlrrc_core.audit.forms import METRICS, Matrix
from dlrrc_core.audit.metric_pairs import Frame
from dlrrc_core.audit.printed import MODES, Printed, parse_row

NAMES = [metric.name for metric in metric_batch.RATIOS]


def one_by_one(rows: list[list[Printed]], p: list[int], q: list[int], mode: str) -> list[int]:
    return [search(row, Frame.of(n_pos=a, n_neg=b), mode, 0).total for row, a, b in zip(rows, p, q, strict=True)]


def random_row(rng: random.Random, sizes: tuple[int, ...], names: list[str]) -> tuple[list[Printed], int, int]:
    """Return a printed row, true or with one value moved, with its numbers of cases."""
    while True:
        n = rng.choice(sizes)
        p = rng.randint(0, n)
        tp, tn = rng.randint(0, p), rng.randint(0, n - p)
        values = {}
        for name in rng.sample(names, rng.randint(1, 4)):
            value = METRICS[name].value(Matrix(tp, p - tp, n - p - tn, tn))
            if value is not None and METRICS[name].power == 1:
                moved = min(max(value + Fraction(rng.choice([0, 0, 1, -1]), 50), 0), 1)
                values[name] = f"{float(moved):.{rng.randint(1, 4)}f}"
        if values:
            return parse_row(values), p, n - p


@pytest.mark.parametrize("mode", MODES)
def test_counts_are_those_one_by_one(mode: str) -> None:
    rng = random.Random(f"batch {mode}")
    rows, p, q = (
        list(part) for part in zip(*[random_row(rng, (1, 7, 30, 112, 400), NAMES) for _ in range(600)], strict=True)
    )
    counts = metric_batch.count_matrices(rows, p, q, mode)
    assert counts.tolist() == one_by_one(rows, p, q, mode)
    assert 0.1 < (counts == 0).mean() < 0.9


def test_pieces_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(2)
    rows, p, q = (list(part) for part in zip(*[random_row(rng, (30, 200), NAMES) for _ in range(80)], strict=True))
    whole = metric_batch.count_matrices(rows, p, q)
    for size in (1, 7, 150):
        monkeypatch.setattr(metric_batch, "CHUNK", size)
        assert metric_batch.count_matrices(rows, p, q).tolist() == whole.tolist()


def test_other_metrics_and_many_digits_go_one_by_one() -> None:
    rows = [
        parse_row(row)
        for row in ({"kappa": "0.60", "accuracy": "0.8"}, {"accuracy": "0.93333333333333333333"}, {"accuracy": "0.8"})
    ]
    assert metric_batch.count_matrices(rows, [15] * 3, [15] * 3).tolist() == one_by_one(
        rows, [15] * 3, [15] * 3, "rounding"
    )
    assert metric_batch.count_matrices([], [], []).tolist() == []


@settings(max_examples=80, deadline=None)
@given(
    st.integers(0, 25),
    st.integers(0, 25),
    st.dictionaries(st.sampled_from(NAMES), st.integers(0, 100), min_size=1, max_size=4),
)
def test_any_values_of_any_size(p: int, q: int, values: dict[str, int]) -> None:
    if p + q == 0:
        return
    row = parse_row({name: f"{value}%" for name, value in values.items()})
    assert metric_batch.count_matrices([row], np.array([p]), np.array([q])).tolist() == one_by_one(
        [row], [p], [q], "rounding"
    )
