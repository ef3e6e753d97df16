"""The container of slices refuses what does not fit together, all at once, and keeps what belongs together."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlrrc_core.baseline.slices import Slices, joined
from dlrrc_core.problems import UsageError


def made(n: int = 6, **changes: Any) -> Slices:
    """Return n slices of three patients."""
    number = np.arange(n) % 3
    values: dict[str, Any] = {
        "pixels": np.arange(n * 4, dtype=np.uint8).reshape(n, 1, 2, 2),
        "label": number % 2,
        "patient": np.array([f"P{k}" for k in number]),
        "position": np.arange(n, dtype=float),
        "centre": np.array(["A"] * n),
        "classes": ("one", "two"),
        "mask": np.zeros((n, 2, 2), bool),
        "clinical": pd.DataFrame({"age": [50, 60, 70]}, index=["P0", "P1", "P2"]),
    }
    return Slices(**{**values, **changes})


@given(st.lists(st.integers(0, 5), min_size=1, max_size=12))
def test_selection_keeps_rows_together(index: list[int]) -> None:
    whole = made()
    part = whole.select(index)
    assert len(part) == len(index)
    for name in ("pixels", "label", "patient", "position", "centre", "mask"):
        assert (getattr(part, name) == getattr(whole, name)[index]).all()
    assert part.classes == whole.classes


def test_patients_in_order_of_appearance() -> None:
    table = made(5).patients()
    assert table.to_dict("list") == {"label": [0, 1, 0], "centre": ["A"] * 3, "slices": [2, 2, 1]}
    assert list(table.index) == ["P0", "P1", "P2"]


def test_joining_is_taking_apart_backwards() -> None:
    whole = made()
    again = joined([whole.select([0, 1, 2]), whole.select([3, 4, 5])])
    assert (again.pixels == whole.pixels).all()
    assert again.mask is not None
    assert joined([made(), made(mask=None)]).mask is None
    with pytest.raises(UsageError, match="slices of 2 kinds cannot be joined"):
        joined([made(), made(classes=("two", "one"))])


def test_every_problem_is_named_at_once() -> None:
    with pytest.raises(UsageError) as caught:
        made(pixels=np.zeros((6, 2, 2, 2)), label=np.array([0, 1, 7, 0, 1, 1]), mask=np.zeros((6, 3, 2), bool))
    for words in (
        "allowed: (slices, 1 or 3, height, width), uint8",
        "the mask is (3, 2) and the slices are (2, 2)",
        "label 7 is outside the classes; allowed: 0 (one), 1 (two)",
        "patient P2 has several labels; allowed: one class per patient",
    ):
        assert words in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"label": np.array([0, 1])}, "lengths differ: pixels 6, label 2"),
        (
            {
                name: np.empty(0, kind)
                for name, kind in (("label", int), ("patient", str), ("position", float), ("centre", str))
            }
            | {"pixels": np.empty((0, 1, 2, 2), np.uint8), "mask": None},
            "there are no slices",
        ),
    ],
)
def test_lengths(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        made(**changes)
