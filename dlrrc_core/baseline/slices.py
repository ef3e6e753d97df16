"""Labelled slices of patients: what every network of the baseline is trained and tested on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from dlrrc_core.problems import UsageError

CHANNELS = (1, 3)


@dataclass(frozen=True, eq=False)
class Slices:
    """Slices after windowing, with what is known about each.

    Attributes
    ----------
    pixels : numpy.ndarray of uint8, shape (n, channels, height, width)
        Grey values 0-255; one channel, or three (neighbouring slices or phases as red, green and blue).
    label : numpy.ndarray of int64, shape (n,)
        Class of the patient, 0 ... len(classes) - 1.
    patient : numpy.ndarray of str, shape (n,)
        Id of the patient.
    position : numpy.ndarray of float64, shape (n,)
        Place of the slice along the patient's axis, mm.
    centre : numpy.ndarray of str, shape (n,)
        Where the patient was scanned.
    classes : tuple of str
        Names of the classes.
    mask : numpy.ndarray of bool, shape (n, height, width), or None
        True inside the tumour.
    clinical : pandas.DataFrame or None
        One row per patient, index the id of the patient.
    """

    pixels: npt.NDArray[np.uint8]
    label: npt.NDArray[np.int64]
    patient: npt.NDArray[np.str_]
    position: npt.NDArray[np.float64]
    centre: npt.NDArray[np.str_]
    classes: tuple[str, ...]
    mask: npt.NDArray[np.bool_] | None = None
    clinical: pd.DataFrame | None = None

    def __post_init__(self) -> None:
        """Refuse slices that do not fit together; every problem is named at once."""
        if problems := _problems(self):
            raise UsageError("; ".join(problems))

    def __len__(self) -> int:
        """Return the number of slices."""
        return len(self.label)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width, pixels."""
        return self.pixels.shape[2], self.pixels.shape[3]

    def patients(self) -> pd.DataFrame:
        """Return one row per patient in the order of first appearance: ``label``, ``centre``, ``slices``; index ``patient``."""
        table = pd.DataFrame({"patient": self.patient, "label": self.label, "centre": self.centre})
        groups = table.groupby("patient", sort=False)
        return groups.first().assign(slices=groups.size())

    def select(self, index: npt.ArrayLike) -> Slices:
        """Return some of the slices.

        Parameters
        ----------
        index : array_like of int or of bool, shape (m,) or (n,)
            Which slices, as numpy takes them.
        """
        chosen = np.asarray(index)
        parts = {name: getattr(self, name)[chosen] for name in ("pixels", "label", "patient", "position", "centre")}
        return replace(self, **parts, mask=None if self.mask is None else self.mask[chosen])


def joined(parts: Sequence[Slices]) -> Slices:
    """Return several sets of slices as one.

    Parameters
    ----------
    parts : sequence of Slices
        At least one; all with the same classes, channels and size. A mask stays when every part has one, clinical variables
        likewise.

    Raises
    ------
    UsageError
        When the parts differ in classes, channels or size.
    """
    kinds = {(each.classes, each.pixels.shape[1:]) for each in parts}
    if len(kinds) != 1:
        raise UsageError(f"slices of {len(kinds)} kinds cannot be joined; allowed: the same classes, channels and size")
    arrays = {
        name: np.concatenate([getattr(each, name) for each in parts])
        for name in ("pixels", "label", "patient", "position", "centre")
    }
    masks = [each.mask for each in parts if each.mask is not None]
    tables = [each.clinical for each in parts if each.clinical is not None]
    return Slices(
        **arrays,
        classes=parts[0].classes,
        mask=np.concatenate(masks) if len(masks) == len(parts) else None,
        clinical=pd.concat(tables) if len(tables) == len(parts) else None,
    )


def _problems(slices: Slices) -> list[str]:
    """Return what does not fit together."""
    found = []
    pixels, n = slices.pixels, len(slices.label)
    if pixels.ndim != 4 or pixels.dtype != np.uint8 or pixels.shape[1] not in CHANNELS:
        found.append(
            f"pixels have shape {pixels.shape} and type {pixels.dtype}; allowed: (slices, 1 or 3, height, width), uint8"
        )
    lengths = {"pixels": len(pixels)} | {
        name: len(getattr(slices, name)) for name in ("label", "patient", "position", "centre")
    }
    if slices.mask is not None:
        lengths["mask"] = len(slices.mask)
        if pixels.ndim == 4 and slices.mask.shape[1:] != pixels.shape[2:]:
            found.append(
                f"the mask is {slices.mask.shape[1:]} and the slices are {pixels.shape[2:]}; allowed: the same"
            )
    if len(set(lengths.values())) > 1:
        found.append(f"lengths differ: {', '.join(f'{name} {length}' for name, length in lengths.items())}")
        return found
    if n == 0:
        return [*found, "there are no slices; allowed: at least one"]
    allowed = range(len(slices.classes))
    outside = sorted({int(value) for value in slices.label} - set(allowed))
    if outside:
        found.append(
            f"label {', '.join(map(str, outside))} is outside the classes; allowed: "
            + ", ".join(f"{number} ({name})" for number, name in enumerate(slices.classes))
        )
    several = pd.Series(slices.label).groupby(slices.patient).nunique()
    mixed = [str(name) for name in several.index[several > 1]]
    if mixed:
        found.append(f"patient {', '.join(mixed[:5])} has several labels; allowed: one class per patient")
    return found
