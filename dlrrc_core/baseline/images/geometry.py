"""Where slices lie in the patient: the standard orientation, the order, and gaps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

UNIT = 1e-3  # direction cosines are printed with 5 digits or more; 1 mm in a metre
AXIAL = np.cos(np.deg2rad(5.0))  # a patient on a table lies straight within a few degrees
SAME_PLACE = 0.01  # mm; closer slices are the same slice
GAP = 1.5  # a step this many times the usual one has a slice missing
UNEVEN = (0.1, 0.05)  # mm and share of the usual step; positions are often rounded to 0.1 mm
PLANES = ("sagittal", "coronal", "axial")  # by the axis of the normal: x, y, z
SHEAR = 0.5  # degrees between the normal and the way from slice to slice
DRIFT = 0.5  # mm that a slice may lie beside the line of the others


@dataclass(frozen=True, eq=False)
class Plane:
    """One image in the patient.

    Attributes
    ----------
    position : numpy.ndarray, shape (3,)
        Centre of the first voxel, mm.
    directions : numpy.ndarray, shape (2, 3)
        Unit vectors along which the column index (first) and the row index (second) grow.
    spacing : tuple of float
        Distance of rows and of columns, mm.
    shape : tuple of int
        Rows and columns.
    """

    position: Array
    directions: Array
    spacing: tuple[float, float]
    shape: tuple[int, int]


@dataclass(frozen=True)
class Turn:
    """How the pixels of an image are brought to the standard orientation: transpose first, then flip."""

    transpose: bool
    flip_rows: bool
    flip_columns: bool

    def __call__(self, pixels: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
        """Return the pixels, shape (..., rows, columns), in the standard orientation; a view."""
        turned = np.swapaxes(pixels, -1, -2) if self.transpose else pixels
        return turned[..., :: -1 if self.flip_rows else 1, :: -1 if self.flip_columns else 1]


def fault(directions: Array) -> str:
    """Return what is wrong with the directions of an image, or an empty string.

    Parameters
    ----------
    directions : numpy.ndarray, shape (2, 3)
        ``ImageOrientationPatient`` as two rows.
    """
    lengths = np.linalg.norm(directions, axis=1)
    if np.abs(lengths - 1).max() > UNIT or abs(directions[0] @ directions[1]) > UNIT:
        return "directions that are not two unit vectors at right angles"
    normal = np.abs(np.cross(directions[0], directions[1]))
    axis = int(normal.argmax())
    if normal[axis] < AXIAL or np.abs(directions).max(axis=1).min() < AXIAL:
        return "oblique slices"
    return "" if PLANES[axis] == "axial" else f"{PLANES[axis]} slices"


def standard(plane: Plane) -> tuple[Turn, Plane]:
    """Return how an axial image is turned, and where it lies afterwards.

    Parameters
    ----------
    plane : Plane
        Axial: :func:`fault` finds nothing.

    Returns
    -------
    tuple of Turn and Plane
        After the turn columns run to the patient's left and rows to posterior.

    Notes
    -----
    DICOM PS3.3 C.7.6.2.1.1: the voxel (row r, column c) lies at ``position + c * spacing[1] * directions[0] + r * spacing[0] *
    directions[1]``. A flip moves the first voxel to the other end of its axis.
    """
    directions, spacing, shape, position = plane.directions, plane.spacing, plane.shape, plane.position
    transpose = bool(abs(directions[0, 0]) < abs(directions[1, 0]))
    if transpose:
        directions, spacing, shape = directions[::-1], spacing[::-1], shape[::-1]
    flip_columns, flip_rows = bool(directions[0, 0] < 0), bool(directions[1, 1] < 0)
    columns, rows = directions
    if flip_columns:
        position, columns = position + (shape[1] - 1) * spacing[1] * columns, -columns
    if flip_rows:
        position, rows = position + (shape[0] - 1) * spacing[0] * rows, -rows
    return Turn(transpose, flip_rows, flip_columns), Plane(position, np.stack([columns, rows]), spacing, shape)


def heights(positions: Array, directions: Array) -> Array:
    """Return the projection of positions, shape (n, 3), on the normal of the slices, mm."""
    return np.asarray(positions @ np.cross(directions[0], directions[1]))


def shear(positions: Array, directions: Array) -> float:
    """Return the angle between the normal and the way from the first to the last of sorted slices, degrees: a gantry tilt.

    Parameters
    ----------
    positions : numpy.ndarray, shape (n, 3)
        Sorted along the normal; fewer than two, or all in one place, have no angle (0).
    """
    way = positions[-1] - positions[0]
    length = float(np.linalg.norm(way))
    if length <= SAME_PLACE:
        return 0.0
    cosine = float(way @ np.cross(directions[0], directions[1])) / length
    return float(np.rad2deg(np.arccos(np.clip(cosine, -1, 1))))


def drift(positions: Array) -> float:
    """Return how far slices lie beside the line from the first to the last, mm.

    Parameters
    ----------
    positions : numpy.ndarray, shape (n, 3)
        Sorted along the normal.
    """
    way = positions[-1] - positions[0]
    along = np.outer((positions - positions[0]) @ way / max(float(way @ way), SAME_PLACE**2), way)
    return float(np.linalg.norm(positions - positions[0] - along, axis=1).max())


def steps(sorted_heights: Array) -> tuple[float, list[int], list[tuple[int, int]], list[int]]:
    """Return the usual step, and what is wrong between sorted slices.

    Parameters
    ----------
    sorted_heights : numpy.ndarray, shape (n,)
        Places along the normal, mm, ascending.

    Returns
    -------
    step : float
        Median of the distances of different slices (the lower of the two middle ones), mm; 0 when there are none.
    same : list of int
        ``i`` for slices ``i`` and ``i + 1`` in one place.
    missing : list of tuple of int
        ``(i, number of slices missing after i)``.
    uneven : list of int
        ``i`` when the step after it is not the usual one although no whole slice is missing.
    """
    differences = np.diff(sorted_heights)
    apart = differences[differences > SAME_PLACE]
    if not apart.size:
        return 0.0, [int(i) for i in np.flatnonzero(differences <= SAME_PLACE)], [], []
    step = float(np.sort(apart)[(apart.size - 1) // 2])  # the lower median: of two steps a gap is the larger one
    same = np.flatnonzero(differences <= SAME_PLACE)
    gaps = np.flatnonzero(differences > GAP * step)
    tolerance = max(UNEVEN[0], UNEVEN[1] * step)
    odd = np.flatnonzero(
        (np.abs(differences - step) > tolerance) & (differences > SAME_PLACE) & (differences <= GAP * step)
    )
    missing = [(int(i), max(1, round(float(differences[i]) / step) - 1)) for i in gaps]
    return step, [int(i) for i in same], missing, [int(i) for i in odd]
