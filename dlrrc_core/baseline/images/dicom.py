"""Reads a CT series from DICOM files; everything that is wrong with it is said at once, with the file and how to mend it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import starmap
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydicom import Dataset

from dlrrc_core.baseline.images import arrangement, pixels
from dlrrc_core.baseline.images.arrangement import Image, image_of, image_uid
from dlrrc_core.baseline.images.phase import phase
from dlrrc_core.baseline.images.reading import UnreadableError, files_of, read
from dlrrc_core.baseline.images.series import Finding, Series, number, problems, text
from dlrrc_core.problems import DataError, Problem, UsageError

# fmt: off
TAGS = (
    "SOPClassUID", "SOPInstanceUID", "Modality", "ImageType", "PatientID", "StudyInstanceUID", "SeriesInstanceUID",
    "SeriesNumber", "SeriesDescription", "FrameOfReferenceUID", "Manufacturer", "ConvolutionKernel", "KVP",
    "SliceThickness", "GantryDetectorTilt", "ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "Rows",
    "Columns", "NumberOfFrames", "BitsAllocated", "BitsStored", "SamplesPerPixel", "PixelRepresentation",
    "PhotometricInterpretation", "RescaleSlope", "RescaleIntercept", "RescaleType",
)
# fmt: on
PLAUSIBLE = (-4096.0, 32767.0)  # HU: padding of scanners reaches -3024, metal on an extended scale 30000
DENSE, DENSE_SHARE = 2000.0, 0.05  # HU: denser than cortical bone, which never fills a twentieth of a CT
TISSUE = -200.0  # HU: some voxel is as dense as fat; without one the scale is wrong


def read_series(source: Path | str | Sequence[Path | str], series_uid: str | None = None) -> Series:
    """Read a CT series as a volume in Hounsfield units.

    Parameters
    ----------
    source : path or sequence of paths
        Folder (folders in it too), or the files.
    series_uid : str or None, default None
        ``SeriesInstanceUID``; needed when the source holds several series.

    Returns
    -------
    Series
        Slices from the feet to the head, rows to posterior, columns to the patient's left.

    Raises
    ------
    UsageError
        When the source is missing, empty, without DICOM, or holds several series and none is chosen; they are listed.
    DataError
        With one line per problem: files that are no DICOM or damaged, other modalities, localizers, gantry tilt, oblique, coronal or
        sagittal slices, mixed sizes, spacings or orientations, missing or double slices, a rescale slope that is missing, not a number
        or not above 0, values that are no Hounsfield units, a transfer syntax that cannot be decoded here, cut off pixel data.

    Notes
    -----
    ``HU = stored * RescaleSlope + RescaleIntercept`` for every slice by its own values (DICOM PS3.3 C.11.1.1.2). Slices are sorted by the
    projection of ``ImagePositionPatient`` on the normal of ``ImageOrientationPatient``, never by file name or ``InstanceNumber``. That
    slices are missing at an end cannot be seen from the files; the builder of cohorts compares the number with the index.
    """
    headers, unread = _headers(
        files_of(Path(source) if isinstance(source, (str, Path)) else [Path(name) for name in source])
    )
    if unread and not headers:
        raise DataError(problems(unread))
    chosen = _choose(headers, series_uid)
    # of which series a damaged file is cannot be known; a chosen series shows by its gaps whether it was one of its own
    found = [
        *(unread if series_uid is None else []),
        *(each for path, header in chosen for each in _faults(path, header)),
    ]
    slices = [(path, header) for path, header in chosen if not _no_slice(path, header)]
    misplaced = [finding for path, header in slices for finding in arrangement.faults(path, header)]
    wrong: list[Problem] = []
    step, images = 0.0, []
    # a file that is damaged, a scout or without a place would look like a gap: places are judged when every file has one
    if not misplaced and len(slices) == len(chosen) and not (unread and series_uid is None):
        images = list(starmap(image_of, slices))
        step, wrong = arrangement.arranged(images)
    if listed := [*problems([*found, *misplaced]), *wrong]:
        raise DataError(listed)
    return _series(images, step, _volume(images))


def _headers(paths: list[Path]) -> tuple[list[tuple[Path, Dataset]], list[Finding]]:
    """Read the header of every file."""
    headers, findings = [], []
    for path in paths:
        try:
            headers.append((path, read(path, TAGS)))
        except UnreadableError as error:
            findings.append(error.finding)
    return headers, findings


def _choose(headers: list[tuple[Path, Dataset]], uid: str | None) -> list[tuple[Path, Dataset]]:
    """Return the files of the chosen series, or of the only one."""
    groups: dict[str, list[tuple[Path, Dataset]]] = {}
    for path, header in headers:
        groups.setdefault(text(header.get("SeriesInstanceUID")), []).append((path, header))
    if uid is None and len(groups) == 1:
        return next(iter(groups.values()))
    if uid in groups:
        return groups[uid or ""]
    listed = "; ".join(
        f"{name or '(no SeriesInstanceUID)'} ({text(files[0][1].get('Modality'))}, {len(files)} files, "
        f"'{text(files[0][1].get('SeriesDescription'))}', first {files[0][0]})"
        for name, files in sorted(groups.items())[:20]
    )
    begin = f"{len(groups)} series are mixed here" if uid is None else f"series {uid} is not here"
    raise UsageError(f"{begin}; allowed: series_uid of one of {listed or 'none: no file could be read'}")


def _no_slice(path: Path, header: Dataset) -> list[Finding]:
    """Return why a file is no CT slice at all, if it is none."""
    modality = text(header.get("Modality"))
    if modality != "CT":
        return [Finding(path, f"modality '{modality}'", "CT", "choose the folder of a CT series")]
    if "LOCALIZER" in text(header.get("ImageType")).upper().split("\\"):
        return [Finding(path, "a localizer (scout) image", "axial slices", "move it out of the folder")]
    return pixels.sides(path, header)


def _faults(path: Path, header: Dataset) -> list[Finding]:
    """Return what is wrong with one file by itself, but for its place."""
    return _no_slice(path, header) or [*pixels.faults(path, header), *arrangement.tilt(path, header)]


def _volume(images: list[Image]) -> npt.NDArray[np.int16] | npt.NDArray[np.float32]:
    """Decode all slices, rescale them and check that they are Hounsfield units."""
    scales = [(float(image.header.RescaleSlope), float(image.header.RescaleIntercept)) for image in images]
    whole = all(value.is_integer() for scale in scales for value in scale)
    volume = np.empty((len(images), *images[0].plane.shape), dtype=np.int16 if whole else np.float32)
    findings = []
    for k, (image, (slope, intercept)) in enumerate(zip(images, scales, strict=True)):
        try:
            values, _ = pixels.stored(image.file)
        except UnreadableError as error:
            findings.append(error.finding)
            continue
        hu = values.astype(np.float64) * slope + intercept
        low, high = float(hu.min()), float(hu.max())
        if low < PLAUSIBLE[0] or high > PLAUSIBLE[1]:
            findings.append(
                Finding(
                    image.file,
                    f"values of {low:g} to {high:g} HU with slope {slope:g} and intercept {intercept:g}: wrong slope",
                    f"{PLAUSIBLE[0]:g} to {PLAUSIBLE[1]:g} HU",
                    "export the series again from its source",
                )
            )
            continue
        volume[k] = image.turn(hu)
    if not findings:
        findings = _no_body(images[0], volume)
    if findings:
        raise DataError(problems(findings))
    return volume


def _no_body(first: Image, volume: npt.NDArray[np.int16] | npt.NDArray[np.float32]) -> list[Finding]:
    """Return a finding when the values cannot be those of a body."""
    top, dense = float(volume.max()), float((volume > DENSE).mean())
    if top >= TISSUE and dense <= DENSE_SHARE:
        return []
    what = f"{dense:.0%} of the voxels above {DENSE:g} HU" if dense > DENSE_SHARE else f"no voxel above {top:g} HU"
    slope, intercept = text(first.header.RescaleSlope), text(first.header.RescaleIntercept)
    return [
        Finding(
            first.file.parent,
            f"{what} with slope {slope} and intercept {intercept}: wrong slope",
            f"soft tissue (above {TISSUE:g} HU) and at most {DENSE_SHARE:.0%} above {DENSE:g} HU",
            "export the series again from its source",
        )
    ]


def _series(images: list[Image], step: float, hu: npt.NDArray[np.int16] | npt.NDArray[np.float32]) -> Series:
    """Put volume and header together."""
    header = images[0].header
    words = {name: text(header.get(name)) for name in TAGS}
    return Series(
        hu=hu,
        spacing=(step, *images[0].plane.spacing),
        positions=np.stack([image.plane.position for image in images]),
        orientation=images[0].plane.directions,
        patient=words["PatientID"],
        series_uid=words["SeriesInstanceUID"],
        study_uid=words["StudyInstanceUID"],
        frame_uid=words["FrameOfReferenceUID"],
        description=words["SeriesDescription"],
        phase=phase(words["SeriesDescription"]),
        manufacturer=words["Manufacturer"],
        kernel=words["ConvolutionKernel"],
        kvp=number(header.get("KVP")),
        thickness=number(header.get("SliceThickness")),
        files=tuple(image.file for image in images),
        images=tuple(image_uid(image) for image in images),
    )
