"""From a volume to the slices that networks see: windowed, cut out, resized, stacked."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from dlrrc_core.baseline.images.series import Series
from dlrrc_core.baseline.images.window import window
from dlrrc_core.baseline.slices import Slices
from dlrrc_core.problems import UsageError, one_of

ROIS = ("slice", "tumour")
STACKS = ("grey", "2.5d")
MARGIN = 0.1  # of the tumour's side, on each side of the cut
SIZES = (8, 2048)


def to_slices(
    series: Series,
    mask: npt.NDArray[np.bool_] | None,
    label: str,
    classes: Sequence[str],
    size: int = 256,
    roi: str = "slice",
    stack: str = "grey",
    *,
    patient: str | None = None,
    centre: str = "",
    width: float = 400,
    level: float = 40,
) -> Slices:
    """Return the slices of a series through the tumour.

    Parameters
    ----------
    series : Series
        From :func:`dlrrc_core.baseline.images.dicom.read_series`.
    mask : numpy.ndarray of bool, shape of ``series.hu``, or None
        True inside the tumour. Slices without tumour are left out; None keeps all slices.
    label : str
        Class of the patient, one of ``classes``.
    classes : sequence of str
        Names of all classes.
    size : int, default 256
        Height and width of the result, pixels.
    roi : {"slice", "tumour"}, default "slice"
        The whole slice, or a square around the tumour: one place and side for all slices of the patient, the tumour's largest extent
        and a tenth of it on every side.
    stack : {"grey", "2.5d"}, default "grey"
        One channel, or the slices below, at and above as three (xi2020); at an end of the series the last slice stands twice.
    patient : str or None, default None
        Id; by default that of the header.
    centre : str, default ""
        Where the patient was scanned; by default the manufacturer of the scanner.
    width, level : float, default 400 and 40
        Window, HU.

    Returns
    -------
    Slices
        ``position`` is the place along the patient's axis, mm.

    Raises
    ------
    UsageError
        When an option is unknown, the label is none of the classes, the mask has another shape or is empty, or ``roi="tumour"`` has no
        mask.

    Notes
    -----
    Windowed first and resized then, as zuo2021 did (exported as grey pictures, then brought to 256 x 256). Slices that are not square
    are padded with black. Pixels are resized by :func:`resized`, masks by the nearest pixel.
    """
    one_of(roi, ROIS, "roi")
    one_of(stack, STACKS, "stack")
    one_of(label, classes, "class")
    if not SIZES[0] <= size <= SIZES[1]:
        raise UsageError(f"size {size}; allowed: {SIZES[0]} to {SIZES[1]} pixels")
    name = series.patient if patient is None else patient
    if mask is not None and mask.shape != series.hu.shape:
        raise UsageError(f"the mask of {name} is {mask.shape} and the series {series.hu.shape}; allowed: the same")
    if mask is not None and not mask.any():
        raise UsageError(f"the mask of {name} is empty; allowed: a mask with tumour, or none")
    if mask is None and roi == "tumour":
        raise UsageError(f"roi 'tumour' needs a mask and {name} has none; allowed: roi 'slice'")
    chosen = np.arange(len(series.hu)) if mask is None else np.flatnonzero(mask.any(axis=(1, 2)))
    offsets = (0,) if stack == "grey" else (-1, 0, 1)
    box = _box(mask if roi == "tumour" else None, series.hu.shape[1:])
    channels = []
    for offset in offsets:
        shifted = np.clip(chosen + offset, 0, len(series.hu) - 1)
        grey = cut(window(series.hu[shifted], width, level), box)
        channels.append(np.rint(resized(grey, size)).astype(np.uint8))
    count = len(chosen)
    return Slices(
        pixels=np.stack(channels, axis=1),
        label=np.full(count, list(classes).index(label), dtype=np.int64),
        patient=np.full(count, name),
        position=series.heights[chosen],
        centre=np.full(count, centre or series.manufacturer),
        classes=tuple(classes),
        mask=None if mask is None else nearest(cut(mask[chosen], box), size),
    )


def _box(mask: npt.NDArray[np.bool_] | None, shape: tuple[int, ...]) -> tuple[int, int, int]:
    """Return top, left and side of the square that is cut out, pixels; it may reach beyond the image."""
    if mask is None:
        side = max(shape)
        return (shape[0] - side) // 2, (shape[1] - side) // 2, side
    ends = []
    for axis in (1, 2):
        hit = np.flatnonzero(mask.any(axis=tuple(k for k in range(3) if k != axis)))
        ends.append((int(hit[0]), int(hit[-1]) + 1))
    side = int(np.ceil(max(last - first for first, last in ends) * (1 + 2 * MARGIN)))
    top, left = ((first + last - side) // 2 for first, last in ends)
    return top, left, side


def cut(images: npt.NDArray[np.generic], box: tuple[int, int, int]) -> npt.NDArray[np.generic]:
    """Return a square of images, shape (n, side, side); 0 beyond their edges.

    Parameters
    ----------
    images : numpy.ndarray, shape (n, height, width)
    box : tuple of int
        Top, left and side, pixels.
    """
    top, left, side = box
    height, width = images.shape[1:]
    result = np.zeros((len(images), side, side), dtype=images.dtype)
    rows, columns = slice(max(top, 0), min(top + side, height)), slice(max(left, 0), min(left + side, width))
    result[:, rows.start - top : rows.stop - top, columns.start - left : columns.stop - left] = images[:, rows, columns]
    return result


def resized(images: npt.NDArray[np.generic], size: int) -> npt.NDArray[np.float64]:
    """Return square images of another size.

    Parameters
    ----------
    images : numpy.ndarray, shape (n, side, side)
    size : int
        New side, pixels.

    Returns
    -------
    numpy.ndarray of float64, shape (n, size, size)

    Notes
    -----
    Smaller: every new pixel is the mean of the area that it covers, so that the mean of the image stays and nothing is aliased (the
    weights of Pillow's ``BOX``, checked against it). Larger: linear between the centres of pixels.
    """
    weights = csr_array(
        _weights(images.shape[1], size)
    )  # two or three weights in a row: a tenth of the time of a full product
    found = np.empty((len(images), size, size))
    for k, image in enumerate(images):
        found[k] = (weights @ (weights @ image.astype(np.float64)).T).T
    return found


def _weights(before: int, after: int) -> npt.NDArray[np.float64]:
    """Return the share of every old pixel in every new one, shape (after, before); rows sum to 1."""
    scale = before / after
    if scale >= 1:
        low = np.arange(after)[:, None] * scale
        old = np.arange(before)[None, :]
        overlap = np.minimum(low + scale, old + 1) - np.maximum(low, old)
        return np.clip(overlap, 0, None) / scale
    place = np.clip((np.arange(after) + 0.5) * scale - 0.5, 0, before - 1)
    return np.clip(1 - np.abs(place[:, None] - np.arange(before)[None, :]), 0, None)


def nearest(masks: npt.NDArray[np.generic], size: int) -> npt.NDArray[np.bool_]:
    """Return square masks of another size, each pixel that of the nearest old centre.

    Parameters
    ----------
    masks : numpy.ndarray of bool, shape (n, side, side)
    size : int
        New side, pixels.
    """
    at = ((np.arange(size) + 0.5) * masks.shape[1] / size).astype(int)
    return np.asarray(masks[:, at[:, None], at[None, :]], dtype=bool)
