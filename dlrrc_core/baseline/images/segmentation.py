"""Masks from DICOM segmentations (SEG), laid on the slices of a CT series."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydicom import Dataset, Sequence

from dlrrc_core.baseline.images import geometry
from dlrrc_core.baseline.images.pixels import MAX_SIDE, VALUES, undecodable
from dlrrc_core.baseline.images.reading import UnreadableError, quiet, read, syntax_of
from dlrrc_core.baseline.images.series import Finding, Series, number, numbers, problems, text
from dlrrc_core.problems import DataError, UsageError

STORAGES = {
    "1.2.840.10008.5.1.4.1.1.66.4": "Segmentation Storage",
    "1.2.840.10008.5.1.4.1.1.66.7": "Label Map Segmentation Storage",
}
TAGS = (
    *(
        "SOPClassUID",
        "Modality",
        "SegmentationType",
        "MaximumFractionalValue",
        "FrameOfReferenceUID",
        "SegmentSequence",
    ),
    *("ReferencedSeriesSequence", "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"),
    *("Rows", "Columns", "NumberOfFrames", "BitsAllocated"),
)
BITS = {"BINARY": (1,), "FRACTIONAL": (8,), "LABELMAP": (8, 16)}
MAX_VALUES = 1_200_000_000  # 2300 frames of 512 x 512 for two segments
NEAR = 0.1  # of a slice or pixel: places are printed with few digits
HALF = 0.5  # of the largest fractional value


@dataclass(frozen=True, eq=False)
class Frame:
    """One frame: the slice it lies on, the segment (0 in a label map, whose values are the segments), and how it is turned."""

    slice: int
    segment: int
    turn: geometry.Turn


def read_segmentation(path: Path | str, series: Series) -> dict[str, npt.NDArray[np.bool_]]:
    """Read the masks of a DICOM segmentation on the grid of a series.

    Parameters
    ----------
    path : path
        Segmentation: binary, fractional (True from half of the largest value) or label map; one file.
    series : Series
        The CT series it was drawn on.

    Returns
    -------
    dict of str to numpy.ndarray of bool, shape of ``series.hu``
        Mask of every segment by its label; equal labels get their segment number after ``#``. Slices without a frame are False.

    Raises
    ------
    UsageError
        When the file does not exist.
    DataError
        When it is no segmentation, belongs to another series, has another grid, or frames match no slice.

    Notes
    -----
    A frame finds its slice by ``PlanePositionSequence`` (within a tenth of slice and pixel spacing), or, when it has none, by the
    image named in ``DerivationImageSequence`` (DICOM PS3.3 C.8.20 and C.7.6.16). Frames may be turned otherwise than the slices.
    """
    path = Path(path)
    if not path.is_file():
        raise UsageError(
            f"segmentation {path} does not exist; allowed: a DICOM segmentation of series {series.series_uid}"
        )
    try:
        header = read(path, TAGS)
        if found := _faults(path, header, series):
            raise DataError(problems(found))
        frames, found = _frames(path, header, series)
        if found:
            raise DataError(problems(found))
        values = _values(path)
    except UnreadableError as error:
        raise DataError(problems([error.finding])) from error
    segments = _labels(header)
    masks = {label: np.zeros(series.hu.shape, dtype=bool) for label in segments.values()}
    kind = text(header.SegmentationType)
    limit = HALF * (number(header.get("MaximumFractionalValue")) or 1.0) if kind == "FRACTIONAL" else HALF
    for frame, pixels in zip(frames, values, strict=True):
        turned = np.asarray(frame.turn(pixels), dtype=np.uint16)
        for segment, label in segments.items():
            if kind == "LABELMAP":
                masks[label][frame.slice] |= turned == segment
            elif frame.segment == segment:
                masks[label][frame.slice] |= turned >= limit
    return masks


def referenced_series(path: Path | str) -> tuple[str, ...]:
    """Return the ``SeriesInstanceUID`` of the series that a segmentation says it was drawn on; empty when it names none."""
    try:
        return _named(read(Path(path), ("ReferencedSeriesSequence",)))
    except UnreadableError as error:
        raise DataError(problems([error.finding])) from error


def _named(header: Dataset) -> tuple[str, ...]:
    return tuple(text(item.get("SeriesInstanceUID")) for item in _items(header, "ReferencedSeriesSequence"))


def _items(place: Dataset | None, sequence: str) -> list[Dataset]:
    """Return the items of a sequence; none when it is missing, or no sequence in a damaged file."""
    found = None if place is None else place.get(sequence)
    return list(found) if isinstance(found, Sequence) else []


def _faults(path: Path, header: Dataset, series: Series) -> list[Finding]:
    """Return why the segmentation cannot be laid on the series."""
    if text(header.get("SOPClassUID")) not in STORAGES:
        what = f"modality '{text(header.get('Modality'))}', class {text(header.get('SOPClassUID'))}"
        return [Finding(path, what, f"a DICOM segmentation ({', '.join(STORAGES.values())})")]
    found = []
    kind = text(header.get("SegmentationType"))
    if kind not in BITS:
        found.append(Finding(path, f"SegmentationType '{kind}'", ", ".join(BITS)))
    named = _named(header)
    choose = "choose the segmentation of this series, or the series it was drawn on"
    if named and series.series_uid not in named:
        found.append(
            Finding(path, f"a segmentation of series {', '.join(named)}", f"series {series.series_uid}", choose)
        )
    frame = text(header.get("FrameOfReferenceUID"))
    if not named and frame != series.frame_uid:
        found.append(Finding(path, f"frame of reference '{frame}', no series named", f"'{series.frame_uid}'", choose))
    sides = [number(header.get(name)) for name in ("Rows", "Columns", "NumberOfFrames")]
    if not all(side is not None and side >= 1 for side in sides) or max(sides[0] or 0, sides[1] or 0) > MAX_SIDE:
        return [
            *found,
            Finding(path, f"rows, columns, frames {sides}", f"1 to {MAX_SIDE} rows and columns, some frames"),
        ]
    rows, columns, count = (int(side or 0) for side in sides)
    if rows * columns * count > MAX_VALUES:
        found.append(Finding(path, f"{rows * columns * count} values", f"at most {MAX_VALUES}"))
    groups = _items(header, "PerFrameFunctionalGroupsSequence")
    if len(groups) != count:
        found.append(Finding(path, f"{len(groups)} PerFrameFunctionalGroups for {count} frames", "one for every frame"))
    segments = [number(item.get("SegmentNumber")) for item in _items(header, "SegmentSequence")]
    if not segments or None in segments:
        found.append(Finding(path, f"segments {segments}", "at least one, each with a SegmentNumber"))
    if header.get("BitsAllocated") not in BITS.get(kind, ()):
        allowed = " or ".join(map(str, BITS.get(kind, ())))
        found.append(
            Finding(path, f"BitsAllocated {header.get('BitsAllocated')}", f"{allowed} in a segmentation of kind {kind}")
        )
    return [*found, *undecodable(path, header)]


def _labels(header: Dataset) -> dict[int, str]:
    """Return the label of every segment by its number; each label once."""
    labels = [
        (int(number(item.get("SegmentNumber")) or 0), text(item.get("SegmentLabel")))
        for item in _items(header, "SegmentSequence")
    ]
    names = [label for _, label in labels]
    return {k: label if label and names.count(label) == 1 else f"{label}#{k}" for k, label in labels}


def _item(group: Dataset | None, shared: Dataset | None, sequence: str) -> Dataset:
    """Return the first item of a functional group of a frame, else of the shared ones, else nothing."""
    return next(iter([*_items(group, sequence), *_items(shared, sequence)]), Dataset())


def _frames(path: Path, header: Dataset, series: Series) -> tuple[list[Frame], list[Finding]]:
    """Return slice, segment and turn of every frame, or what keeps them from their slices."""
    shared = next(iter(_items(header, "SharedFunctionalGroupsSequence")), None)
    frames: list[Frame] = []
    grids: list[str] = []
    homeless: list[str] = []
    for count, group in enumerate(_items(header, "PerFrameFunctionalGroupsSequence"), start=1):
        identification = _item(group, shared, "SegmentIdentificationSequence")
        segment = int(number(identification.get("ReferencedSegmentNumber")) or 0)
        plane, wrong = _plane(header, group, shared, series)
        if plane is None:
            grids.append(wrong)
            continue
        turn, turned = geometry.standard(plane)
        at = _slice_of(turned, group, shared, series)
        if at is None:
            homeless.append(
                f"{count} at {'no position' if np.isnan(turned.position).any() else turned.position.round(2)}"
            )
        elif wrong := _grid(turned, series):
            grids.append(wrong)
        else:
            frames.append(Frame(at, segment, turn))
    found = [
        Finding(path, wrong, _grid_of(series), "resample it to the grid of the series") for wrong in sorted(set(grids))
    ]
    if homeless:
        first, last = series.positions[0].round(2), series.positions[-1].round(2)
        found.append(
            Finding(
                path,
                f"{len(homeless)} frame(s) that lie on no slice (first: {'; '.join(homeless[:3])})",
                f"places of the slices, {first} to {last} mm",
                "the series is not complete, or it is not the one that was segmented",
            )
        )
    return frames, found


def _plane(
    header: Dataset, group: Dataset, shared: Dataset | None, series: Series
) -> tuple[geometry.Plane | None, str]:
    """Return where a frame lies; its position is not a number when only the source image is named."""
    directions = numbers(_item(group, shared, "PlaneOrientationSequence").get("ImageOrientationPatient"), 6)
    spacing = numbers(_item(group, shared, "PixelMeasuresSequence").get("PixelSpacing"), 2)
    position = numbers(_item(group, shared, "PlanePositionSequence").get("ImagePositionPatient"), 3)
    axes = series.orientation if directions is None else directions.reshape(2, 3)
    if wrong := geometry.fault(axes):
        return None, wrong
    pair = series.spacing[1:] if spacing is None else (float(spacing[0]), float(spacing[1]))
    place = np.full(3, np.nan) if position is None else position
    return geometry.Plane(place, axes, pair, (int(header.Rows), int(header.Columns))), ""


def _slice_of(plane: geometry.Plane, group: Dataset, shared: Dataset | None, series: Series) -> int | None:
    """Return the slice that a frame lies on, or None."""
    if np.isnan(plane.position).any():
        source = _item(_item(group, shared, "DerivationImageSequence"), None, "SourceImageSequence")
        image = text(source.get("ReferencedSOPInstanceUID"))
        return series.images.index(image) if image in series.images else None
    away = plane.position - series.positions
    along = np.abs(away @ np.cross(series.orientation[0], series.orientation[1]))
    nearest = int(along.argmin())
    return nearest if along[nearest] <= NEAR * series.spacing[0] else None


def _grid(plane: geometry.Plane, series: Series) -> str:
    """Return how the grid of a frame differs from that of the slices, or an empty string."""
    offset = series.orientation @ (plane.position - series.positions).T if not np.isnan(plane.position).any() else None
    beside = 0.0 if offset is None else float(np.abs(offset).max(axis=0).min())
    if (
        plane.shape == series.hu.shape[1:]
        and np.allclose(plane.spacing, series.spacing[1:], rtol=0.01)
        and np.allclose(plane.directions, series.orientation, atol=0.01)
        and beside <= NEAR * min(series.spacing[1:])
    ):
        return ""
    return f"frames of {_described(plane.shape, plane.spacing)}, {beside:.2f} mm beside the slices"


def _grid_of(series: Series) -> str:
    return f"the grid of the series, {_described(series.hu.shape[1:], series.spacing[1:])}"


def _described(shape: tuple[int, ...], spacing: tuple[float, ...]) -> str:
    return f"{shape[0]} x {shape[1]} pixels of {spacing[0]:.4f} x {spacing[1]:.4f} mm"


def _values(path: Path) -> npt.NDArray[np.generic]:
    """Return the frames, shape (frames, rows, columns)."""
    data = read(path, VALUES)
    again = "copy or download it again"
    if "PixelData" not in data:
        raise UnreadableError(Finding(path, "no pixel data", "a segmentation", again))
    shape = (int(data.NumberOfFrames), int(data.Rows), int(data.Columns))
    expected = -(-shape[0] * shape[1] * shape[2] * int(data.BitsAllocated) // 8)
    if not syntax_of(data).is_compressed and len(data.PixelData) < expected:
        raise UnreadableError(
            Finding(path, f"{len(data.PixelData)} bytes of pixel data (cut off)", f"{expected} bytes", again)
        )
    try:
        with quiet():
            return np.asarray(data.pixel_array).reshape(shape)
    except Exception as error:  # decoders of several packages fail in their own ways
        raise UnreadableError(
            Finding(path, f"frames that cannot be decoded ({type(error).__name__}: {error})", "whole pixel data", again)
        ) from error
