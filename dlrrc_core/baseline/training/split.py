"""Division of images into parts, by patient or by image, the same share of every class in each."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from dlrrc_core.baseline.training.data import Images
from dlrrc_core.problems import UsageError, one_of

UNITS = ("patient", "image")
Index = npt.NDArray[np.int64]
Cut = Callable[[int], npt.NDArray[np.int64]]  # from a number of units to the borders between parts


def split(
    slices: Images, unit: str = "patient", fractions: Sequence[float] = (0.9, 0.1), seed: int = 1
) -> tuple[Index, ...]:
    """Divide images into parts at random, class by class.

    Parameters
    ----------
    slices : Slices or Volumes
        Labelled images.
    unit : str, default "patient"
        ``patient`` keeps all images of a patient in one part; ``image`` lets every image go its own way, so that images of one patient
        may be in several parts.
    fractions : sequence of float, default (0.9, 0.1)
        Share of each part; more than one, each above 0, together 1.
    seed : int, default 1
        Of the random order.

    Returns
    -------
    tuple of numpy.ndarray of int64
        For each part the sorted numbers of its images. Every image is in exactly one part.

    Raises
    ------
    UsageError
        When a fraction is not allowed, there is one class, or a part would have nothing of a class.

    Notes
    -----
    Of ``n`` patients (or images) of a class, the borders between parts are ``F_k n`` rounded to the nearest number, a half down, with
    ``F_k`` the sum of the first ``k`` fractions: a part differs by less than one unit from its share of the class. With the unit
    ``patient`` the shares are of patients; those of images follow from how many each has.
    """
    one_of(unit, UNITS, "unit")
    share = np.asarray(fractions, dtype=float)
    if share.size < 2 or not (share > 0).all() or abs(share.sum() - 1) > 1e-9:
        raise UsageError(f"fractions are {tuple(fractions)}; allowed: at least two, each above 0, together 1")
    borders = np.cumsum(share)[:-1]

    def cut(n: int) -> npt.NDArray[np.int64]:
        return np.ceil(borders * n - 0.5 - 1e-9).astype(np.int64)

    wanted = " / ".join(f"{each:g}" for each in share)
    return tuple(_divided(slices, unit, cut, len(share), seed, f"fractions {wanted}"))


def folds(slices: Images, k: int, unit: str = "patient", seed: int = 1) -> list[tuple[Index, Index]]:
    """Divide images into ``k`` parts of the same size and return each with the rest, for cross-validation.

    Parameters
    ----------
    slices : Slices or Volumes
        Labelled images.
    k : int
        Number of folds, at least 2; every class needs as many patients (or images).
    unit : str, default "patient"
        As in :func:`split`.
    seed : int, default 1
        Of the random order.

    Returns
    -------
    list of (numpy.ndarray of int64, numpy.ndarray of int64)
        For each fold the sorted numbers of the other images, and of its own.

    Raises
    ------
    UsageError
        As :func:`split`.
    """
    one_of(unit, UNITS, "unit")
    if k < 2:
        raise UsageError(f"there are {k} folds; allowed: at least 2")

    def cut(n: int) -> npt.NDArray[np.int64]:
        return np.arange(1, k) * n // k

    parts = _divided(slices, unit, cut, k, seed, f"{k} folds")
    every = np.arange(len(slices))
    return [(np.setdiff1d(every, part), part) for part in parts]


def _divided(slices: Images, unit: str, cut: Cut, parts: int, seed: int, wanted: str) -> list[Index]:
    """Return the numbers of the images of each part."""
    names = slices.patient if unit == "patient" else np.arange(len(slices))
    _, first, member = np.unique(names, return_index=True, return_inverse=True)
    label_of = slices.label[first]
    present = np.unique(slices.label)
    if present.size < 2:
        held = ", ".join(slices.classes[int(each)] for each in present)
        raise UsageError(f"the images have one class ({held}); allowed: at least 2 of {', '.join(slices.classes)}")
    rng = np.random.default_rng(seed)
    part_of = np.empty(len(first), dtype=np.int64)
    short = []
    for value in present:
        units = rng.permutation(np.flatnonzero(label_of == value))
        borders = cut(len(units))
        if (np.diff(np.r_[0, borders, len(units)]) < 1).any():
            short.append(f"{slices.classes[int(value)]} has {len(units)} {unit}{'s' * (len(units) != 1)}")
        part_of[units] = np.searchsorted(borders, np.arange(len(units)), side="right")
    if short:
        raise UsageError(
            f"with {wanted} a part would have no {unit} of a class: {'; '.join(short)}; allowed: at least one per class in every"
            f" part; use more {unit}s or larger parts"
        )
    return [np.flatnonzero(part_of[member] == part) for part in range(parts)]
