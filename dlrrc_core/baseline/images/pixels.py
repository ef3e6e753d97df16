"""Pixels of one CT image: whether they can be decoded here, and their Hounsfield units."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydicom import Dataset
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import UID

from dlrrc_core.baseline.images.reading import UnreadableError, quiet, read, syntax_of
from dlrrc_core.baseline.images.series import Finding, number, text

MAX_SIDE = 4096  # rows or columns; CT has 512 or 1024
BITS = (8, 16)
VALUES = (  # what decoding needs
    *("PixelData", "Rows", "Columns", "NumberOfFrames", "BitsAllocated", "BitsStored", "HighBit", "SamplesPerPixel"),
    *("PixelRepresentation", "PhotometricInterpretation", "PlanarConfiguration"),
    *("ExtendedOffsetTable", "ExtendedOffsetTableLengths"),
)
PACKAGES = {  # what decodes a family of transfer syntaxes where pydicom alone does not
    "JPEG 2000": "pylibjpeg pylibjpeg-openjpeg",
    "High-Throughput": "pylibjpeg pylibjpeg-openjpeg",
    "JPEG": "pylibjpeg pylibjpeg-libjpeg",
}


def faults(path: Path, header: Dataset) -> list[Finding]:
    """Return what is wrong with the description of the pixels of a CT image: types, rescale, transfer syntax.

    Parameters
    ----------
    path : Path
        File, for the messages.
    header : pydicom.Dataset
        Its attributes, without the pixels.
    """
    return [*_layout(path, header), *_rescale(path, header), *undecodable(path, header)]


def sides(path: Path, header: Dataset) -> list[Finding]:
    """Return a finding when rows or columns are missing or outside 1 to 4096; nothing is allocated before."""
    rows, columns = (number(header.get(name)) for name in ("Rows", "Columns"))
    if all(side is not None and 1 <= side <= MAX_SIDE for side in (rows, columns)):
        return []
    return [Finding(path, f"Rows {header.get('Rows')}, Columns {header.get('Columns')}", f"1 to {MAX_SIDE} each")]


def _layout(path: Path, header: Dataset) -> list[Finding]:
    """Return what is wrong with the number of frames and the types of values."""
    found = []
    if (number(header.get("NumberOfFrames", 1)) or 0) != 1:
        found.append(
            Finding(
                path,
                f"{header.get('NumberOfFrames')} frames in one file (enhanced CT)",
                "one slice per file",
                "convert it to single-frame CT first, for instance with dcm4che's emf2sf",
            )
        )
    for name, allowed in (
        ("BitsAllocated", BITS),
        ("SamplesPerPixel", (1,)),
        ("PixelRepresentation", (0, 1)),
        ("PhotometricInterpretation", ("MONOCHROME2",)),
    ):
        if header.get(name) not in allowed:
            found.append(Finding(path, f"{name} {header.get(name)}", " or ".join(map(str, allowed))))
    return found


def _rescale(path: Path, header: Dataset) -> list[Finding]:
    """Return what is wrong with the way from stored values to Hounsfield units."""
    fix = "without it the values are no Hounsfield units; export the series again from its source"
    found = []
    for name in ("RescaleSlope", "RescaleIntercept"):
        if header.get(name) is None:
            found.append(Finding(path, f"{name} is missing", "a number", fix))
        elif number(header.get(name)) is None:
            found.append(Finding(path, f"{name} '{text(header.get(name))}'", "one finite number", fix))
    slope = number(header.get("RescaleSlope"))
    if slope is not None and slope <= 0:
        found.append(Finding(path, f"RescaleSlope {slope:g}", "a number above 0, for CT usually 1", fix))
    kind = text(header.get("RescaleType"))
    if kind not in ("", "HU", "US"):
        found.append(Finding(path, f"RescaleType '{kind}'", "HU", "choose the series in Hounsfield units"))
    return found


def undecodable(path: Path, header: Dataset) -> list[Finding]:
    """Return a finding when the transfer syntax cannot be decoded on this machine: its name, and the package that would do it."""
    syntax = syntax_of(header)
    allowed = "an uncompressed image, RLE, or a syntax whose decoder is installed"
    if not syntax:
        return [Finding(path, "TransferSyntaxUID is missing", allowed)]
    if syntax.is_transfer_syntax and not syntax.is_private and not syntax.is_compressed:
        return []
    try:
        with quiet():
            decoder = get_decoder(syntax)
    except NotImplementedError:
        return [
            Finding(
                path,
                f"transfer syntax {syntax.name}, which pydicom does not know",
                allowed,
                "decompress it first, for instance with dcmdjpeg or gdcmconv --raw",
            )
        ]
    if decoder.is_available:
        return []
    return [Finding(path, f"transfer syntax {syntax.name}, which cannot be decoded here", allowed, _install(syntax))]


def _install(syntax: UID) -> str:
    """Return how the decoder of a syntax is installed."""
    package = next((names for word, names in PACKAGES.items() if word in syntax.name), "")
    return f"pip install {package}" if package else "decompress it first, for instance with gdcmconv --raw"


def stored(path: Path) -> tuple[npt.NDArray[np.generic], Dataset]:
    """Return the stored values of an image, shape (rows, columns), and its header.

    Parameters
    ----------
    path : Path
        CT image whose header has no :func:`faults`.

    Raises
    ------
    UnreadableError
        When the pixel data are missing, too short or cannot be decoded.
    """
    data = read(path, VALUES)
    syntax = syntax_of(data)
    again = "copy or download it again"
    if "PixelData" not in data:
        raise UnreadableError(Finding(path, "no pixel data", "a CT image", again))
    expected = int(data.Rows) * int(data.Columns) * int(data.BitsAllocated) // 8
    if not syntax.is_compressed and len(data.PixelData) < expected:
        raise UnreadableError(
            Finding(path, f"{len(data.PixelData)} bytes of pixel data (cut off)", f"{expected} bytes", again)
        )
    try:
        with quiet():
            return data.pixel_array, data
    except Exception as error:  # decoders of several packages fail in their own ways
        raise UnreadableError(
            Finding(
                path,
                f"pixel data in {syntax.name} that cannot be decoded ({type(error).__name__}: {error})",
                "whole pixel data",
                f"{again}; if it is whole: {_install(syntax)}",
            )
        ) from error
