"""Samples that several test files of the evaluation need."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlrrc_core.baseline import rates
from dlrrc_core.baseline.cases import Sample, sample

FEW = rates.Options(draws=100)


def having(found: list[Any], *keys: str) -> list[Any]:
    """Return the cases of a reference file whose input has these keys and no others."""
    return [case for case in found if set(case.values[0]["input"]) == set(keys)]


def drawn(seed: int, n: int, digits: int = 3, patients: int | None = None) -> Sample:
    """Return a random sample with ties; with ``patients`` the images share them."""
    rng = np.random.default_rng(seed)
    who = np.arange(n) if patients is None else np.r_[np.arange(patients), rng.integers(0, patients, n - patients)]
    truth = who % 2
    probability = np.round(1 / (1 + np.exp(-(truth - 0.5 + rng.normal(size=n)))), digits)
    return sample(truth, probability, who, np.arange(n))


def scored(truth: Any, score: Any, patient: Any = None) -> Sample:
    """Return a sample whose score need not be a probability."""
    y = np.asarray(truth)
    who = np.unique(np.arange(y.size) if patient is None else patient, return_inverse=True)[1]
    names = tuple(str(k) for k in range(who.max() + 1))
    return Sample(
        y, np.asarray(score, dtype=float), (np.asarray(score) > 0).astype(int), who, names, "image", "", False
    )
