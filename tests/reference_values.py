"""Reads the values that other software computed; see validation/README.md."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

FOLDER = Path(__file__).parent / "reference"


def cases(file: str) -> list[Any]:
    """Return the cases of one file as parameters of a test, named as in the file."""
    found = json.loads((FOLDER / file).read_text(encoding="utf-8"))["cases"]
    return [pytest.param(case, id=case["name"]) for case in found]


def codes(ratings: list[list[float | None]], values: list[float]) -> npt.NDArray[np.int64]:
    """Return the category number of each rating, -1 where it is missing."""
    place = {None: -1, **{value: k for k, value in enumerate(values)}}
    return np.array([[place[value] for value in row] for row in ratings], dtype=np.int64)
