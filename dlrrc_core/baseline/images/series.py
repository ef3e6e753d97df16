"""One CT series as a volume in Hounsfield units."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dlrrc_core.problems import Problem

SHOWN = 3  # files named in one message; a series has hundreds


@dataclass(frozen=True, eq=False)
class Series:
    """A CT volume on a regular grid, brought to the standard orientation.

    Slices run from the feet to the head, rows from anterior to posterior, columns from the patient's right to the left (DICOM's LPS
    axes: every index grows with its axis).

    Attributes
    ----------
    hu : numpy.ndarray of int16 or float32, shape (slices, rows, columns)
        Hounsfield units; int16 when slope and intercept of every slice are whole numbers, float32 otherwise.
    spacing : tuple of float
        Distance of voxel centres along slices, rows and columns, mm.
    positions : numpy.ndarray of float64, shape (slices, 3)
        Centre of the first voxel of every slice, mm (x to the left, y to posterior, z to the head).
    orientation : numpy.ndarray of float64, shape (2, 3)
        Directions in which the column index (first) and the row index (second) grow; unit vectors.
    patient, series_uid, study_uid, frame_uid : str
        ``PatientID``, ``SeriesInstanceUID``, ``StudyInstanceUID`` and ``FrameOfReferenceUID``; empty when missing.
    description : str
        ``SeriesDescription``, where the contrast phase is usually written.
    phase : str
        Phase after :func:`dlrrc_core.baseline.images.phase.phase`.
    manufacturer, kernel : str
        ``Manufacturer`` and ``ConvolutionKernel``.
    kvp : float or None
        Tube voltage, kV.
    thickness : float or None
        ``SliceThickness``, mm; may differ from the distance of the slices.
    files : tuple of Path
        File of every slice.
    images : tuple of str
        ``SOPInstanceUID`` of every slice.
    """

    hu: npt.NDArray[np.int16] | npt.NDArray[np.float32]
    spacing: tuple[float, float, float]
    positions: npt.NDArray[np.float64]
    orientation: npt.NDArray[np.float64]
    patient: str
    series_uid: str
    study_uid: str
    frame_uid: str
    description: str
    phase: str
    manufacturer: str
    kernel: str
    kvp: float | None
    thickness: float | None
    files: tuple[Path, ...]
    images: tuple[str, ...]

    @property
    def heights(self) -> npt.NDArray[np.float64]:
        """Return the place of every slice along the normal, mm, shape (slices,)."""
        normal: npt.NDArray[np.float64] = np.cross(self.orientation[0], self.orientation[1])
        return np.asarray(self.positions @ normal)


@dataclass(frozen=True)
class Finding:
    """Something wrong with one file; equal findings of many files become one problem."""

    file: Path
    found: str
    allowed: str
    fix: str = ""


def problems(findings: Iterable[Finding]) -> list[Problem]:
    """Return one problem per kind of finding, naming the first files and the number of the others.

    Parameters
    ----------
    findings : iterable of Finding
        In any order.

    Returns
    -------
    list of Problem
    """
    groups: dict[tuple[str, str, str], list[str]] = {}
    for each in findings:
        groups.setdefault((each.found, each.allowed, each.fix), []).append(str(each.file))
    found = []
    for (what, allowed, fix), files in groups.items():
        names = sorted(set(files))
        more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
        found.append(Problem(", ".join(names[:SHOWN]) + more, 0, 0, what, allowed, fix))
    return found


def text(value: Any) -> str:
    """Return a text attribute without blanks around it; empty when it is missing, values joined by a backslash as in the file."""
    if value is None:
        return ""
    values = value if isinstance(value, (list, tuple)) or type(value).__name__ == "MultiValue" else [value]
    return "\\".join(str(part).strip() for part in values)


def number(value: Any) -> float | None:
    """Return a numerical attribute, or None when it is missing or not one finite number."""
    try:
        found = float(str(value))
    except ValueError:
        return None
    return found if np.isfinite(found) else None


def numbers(value: Any, count: int) -> npt.NDArray[np.float64] | None:
    """Return an attribute of several numbers, or None when it is missing, not numerical or not that many."""
    try:
        found = np.asarray([float(str(part)) for part in value], dtype=float)
    except (TypeError, ValueError):
        return None
    return found if found.shape == (count,) and bool(np.isfinite(found).all()) else None
