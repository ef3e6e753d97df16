"""Writes DICOM CT series and segmentations for tests; pydicom writes, the code under test reads."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydicom import Dataset
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.pixels import pack_bits
from pydicom.uid import (
    CTImageStorage,
    ExplicitVRLittleEndian,
    RLELossless,
    SegmentationStorage,
    generate_uid,
)

AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
LABELMAP = "1.2.840.10008.5.1.4.1.1.66.7"


def volume(slices: int = 5, rows: int = 12, columns: int = 16, seed: int = 1) -> np.ndarray:
    """Return HU of a body-like volume: soft tissue with noise, no symmetry that would hide a flip."""
    rng = np.random.default_rng(seed)
    return rng.integers(-150, 250, (slices, rows, columns)).astype(np.int16)


def image(
    hu: np.ndarray,
    position: Sequence[float],
    series: str,
    *,
    orientation: Sequence[float] = AXIAL,
    spacing: Sequence[float] = (0.8, 0.8),
    slope: float = 1.0,
    intercept: float = -1024.0,
    syntax: str = ExplicitVRLittleEndian,
    **attributes: Any,
) -> FileDataset:
    """Return one CT slice; ``attributes`` replace or (None) remove those of the header."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = CTImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data = FileDataset(None, {}, file_meta=meta, preamble=bytes(128))
    data.SOPClassUID, data.SOPInstanceUID = CTImageStorage, meta.MediaStorageSOPInstanceUID
    data.Modality, data.ImageType = "CT", ["ORIGINAL", "PRIMARY", "AXIAL"]
    data.PatientID, data.StudyInstanceUID, data.FrameOfReferenceUID = "P1", f"{series[:50]}.1", f"{series[:50]}.2"
    data.SeriesInstanceUID, data.SeriesDescription = series, "ARTERIAL PHASE 2.0 B31f"
    data.Manufacturer, data.ConvolutionKernel, data.KVP, data.SliceThickness = "SIEMENS", "B31f", "120", "2.0"
    data.ImagePositionPatient = [float(f"{value:.6g}") for value in position]
    data.ImageOrientationPatient = list(orientation)
    data.PixelSpacing = list(spacing)
    data.RescaleSlope, data.RescaleIntercept, data.RescaleType = slope, intercept, "HU"
    data.Rows, data.Columns = hu.shape
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 16, 16, 15, 1
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.PixelData = np.round((hu.astype(float) - intercept) / slope).astype("<i2").tobytes()
    if syntax == RLELossless:
        data.compress(RLELossless, generate_instance_uid=False)
    for name, value in attributes.items():
        if value is None:
            delattr(data, name)
        else:
            setattr(data, name, value)
    return data


def save(data: FileDataset, path: Path) -> Path:
    """Write a file without pydicom's remarks about values that a test made wrong on purpose."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data.save_as(path, enforce_file_format=True)
    return path


def write(
    folder: Path,
    hu: np.ndarray,
    *,
    step: float = 2.5,
    origin: Sequence[float] = (-100.0, -80.0, -400.0),
    names: Sequence[int] | None = None,
    series: str | None = None,
    skip: Sequence[int] = (),
    **settings: Any,
) -> list[Path]:
    """Write a volume (slices from the feet to the head) as one file per slice; ``names`` are the numbers in the file names."""
    uid = series or generate_uid()
    numbers = list(names) if names is not None else list(range(len(hu)))
    x, y, z = origin
    return [
        save(image(hu[k], (x, y, z + k * step), uid, **settings), folder / f"{numbers[k]:04d}.dcm")
        for k in range(len(hu))
        if k not in skip
    ]


def turned(folder: Path, hu: np.ndarray, transpose: bool, flip_rows: bool, flip_columns: bool, **settings: Any) -> None:
    """Write the same volume as a scanner with other image axes would: pixels turned, and the header says so."""
    spacing = settings.pop("spacing", (0.8, 0.8))
    x, y, z = settings.pop("origin", (-100.0, -80.0, -400.0))
    step, names = settings.pop("step", 2.5), settings.pop("names", range(len(hu)))
    uid, (_, rows, columns) = generate_uid(), hu.shape
    along_columns, along_rows = np.array([1.0, 0, 0]), np.array([0, 1.0, 0])
    start = np.array([x, y, z])
    if flip_columns:
        start, along_columns = start + (columns - 1) * spacing[1] * along_columns, -along_columns
    if flip_rows:
        start, along_rows = start + (rows - 1) * spacing[0] * along_rows, -along_rows
    for k, name in enumerate(names):
        pixels = hu[k, :: -1 if flip_rows else 1, :: -1 if flip_columns else 1]
        first, second, pair = along_columns, along_rows, tuple(spacing)
        if transpose:
            pixels, first, second, pair = pixels.T, second, first, pair[::-1]
        place = start + np.array([0, 0, k * step])
        save(image(pixels, place, uid, orientation=[*first, *second], spacing=pair, **settings), folder / f"{name}.dcm")


def segmentation(
    path: Path,
    frames: Sequence[tuple[int, np.ndarray, Sequence[float] | None, str | None]],
    labels: Sequence[str],
    reference: Dataset,
    *,
    kind: str = "BINARY",
    orientation: Sequence[float] = AXIAL,
    refers: str | None = "",
    spacing: Sequence[float] = (0.8, 0.8),
    syntax: str = ExplicitVRLittleEndian,
) -> Path:
    """Write a DICOM segmentation.

    Each frame is (segment number, values, position or None, SOPInstanceUID of the image or None); ``reference`` is a slice of the CT series;
    ``refers`` the series named in the file (default that of the reference, None for none).
    """
    rows, columns = frames[0][1].shape
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = LABELMAP if kind == "LABELMAP" else SegmentationStorage
    meta.MediaStorageSOPInstanceUID, meta.TransferSyntaxUID = generate_uid(), syntax
    data = FileDataset(None, {}, file_meta=meta, preamble=bytes(128))
    data.SOPClassUID, data.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    data.Modality, data.SegmentationType, data.SeriesInstanceUID = "SEG", kind, generate_uid()
    data.StudyInstanceUID, data.PatientID = reference.StudyInstanceUID, reference.PatientID
    data.FrameOfReferenceUID = reference.FrameOfReferenceUID
    if refers is not None:
        named = Dataset()
        named.SeriesInstanceUID = refers or reference.SeriesInstanceUID
        data.ReferencedSeriesSequence = [named]
    data.SegmentSequence = []
    for number, label in enumerate(labels, start=1):
        segment = Dataset()
        segment.SegmentNumber, segment.SegmentLabel, segment.SegmentAlgorithmType = number, label, "MANUAL"
        data.SegmentSequence.append(segment)
    shared, measures, plane = Dataset(), Dataset(), Dataset()
    measures.PixelSpacing, measures.SliceThickness = list(spacing), 2.5
    plane.ImageOrientationPatient = list(orientation)
    shared.PixelMeasuresSequence, shared.PlaneOrientationSequence = [measures], [plane]
    data.SharedFunctionalGroupsSequence = [shared]
    data.PerFrameFunctionalGroupsSequence = []
    for number, _, position, image_uid in frames:
        group = Dataset()
        if kind != "LABELMAP":
            identification = Dataset()
            identification.ReferencedSegmentNumber = number
            group.SegmentIdentificationSequence = [identification]
        if position is not None:
            place = Dataset()
            place.ImagePositionPatient = [float(f"{value:.6g}") for value in position]
            group.PlanePositionSequence = [place]
        if image_uid is not None:
            source, derivation = Dataset(), Dataset()
            source.ReferencedSOPClassUID, source.ReferencedSOPInstanceUID = CTImageStorage, image_uid
            derivation.SourceImageSequence = [source]
            group.DerivationImageSequence = [derivation]
        data.PerFrameFunctionalGroupsSequence.append(group)
    bits = 1 if kind == "BINARY" else 8
    data.Rows, data.Columns, data.NumberOfFrames = rows, columns, len(frames)
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = bits, bits, bits - 1, 0
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    values = np.stack([frame[1] for frame in frames]).astype(np.uint8)
    if kind == "FRACTIONAL":
        data.MaximumFractionalValue, data.SegmentationFractionalType = 255, "PROBABILITY"
    content = pack_bits(values.ravel()) if bits == 1 else values.tobytes()
    data.PixelData = content + b"\0" * (len(content) % 2)
    return save(data, path)
