"""Answers of a network as a table with one row per patient, small enough to keep in git. Needs no torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dlrrc_core.baseline.slices import Slices

COLUMNS = ("patient", "label", "probabilities")


def rows(slices: Slices, probability: npt.ArrayLike, digits: int = 4) -> list[dict[str, Any]]:
    """Return one row per patient.

    Parameters
    ----------
    slices : Slices
        What was predicted.
    probability : array_like of float, shape (n, 2) or (n,)
        Probability of each class, or of class 1.
    digits : int, default 4
        Decimals that are kept.

    Returns
    -------
    list of dict
        ``patient``; ``label``; ``probabilities`` of class 1 of the patient's slices in the order of their position, separated by
        spaces.
    """
    values = np.asarray(probability, dtype=float)
    values = values[:, 1] if values.ndim == 2 else values
    table = pd.DataFrame(
        {"patient": slices.patient, "label": slices.label, "position": slices.position, "probability": values}
    )
    found = []
    for (patient, label), group in table.sort_values("position", kind="stable").groupby(
        ["patient", "label"], sort=True
    ):
        texts = (f"{value:.{digits}f}" for value in group["probability"])
        found.append({"patient": str(patient), "label": int(label), "probabilities": " ".join(texts)})
    return found


def images(table: pd.DataFrame) -> dict[str, npt.NDArray[Any]]:
    """Return the answers on single images, named as :func:`dlrrc_core.baseline.cases.sample` takes them.

    Parameters
    ----------
    table : pandas.DataFrame
        Rows as :func:`rows` makes them. When ``seed`` is among the columns, patients of several seeds are different patients, and
        each seed is a network of its own.

    Returns
    -------
    dict
        ``truth``, ``probability``, ``patient``, ``slice_order`` and, with ``seed``, ``network``, each of shape (images,).
    """
    lists = [np.array(str(text).split(), dtype=float) for text in table["probabilities"]]
    counts = [len(each) for each in lists]
    names = table["patient"].astype(str)
    if "seed" in table:
        names = "seed " + table["seed"].astype(str) + ", " + names
    found = {
        "truth": np.repeat(table["label"].to_numpy(), counts),
        "probability": np.concatenate(lists) if lists else np.empty(0),
        "patient": np.repeat(names.to_numpy(dtype=str), counts),
        "slice_order": np.concatenate([np.arange(count, dtype=float) for count in counts]) if lists else np.empty(0),
    }
    return found | ({"network": np.repeat(table["seed"].to_numpy(), counts)} if "seed" in table else {})


def summary(found: Mapping[str, Any], metric: str = "accuracy") -> dict[str, dict[str, Any]]:
    """Return one metric at every level of an evaluation: ``image``, then each case rule."""
    levels = {"image": found["image"], **found["case"]}
    return {name: level["rates"][metric] for name, level in levels.items()}
