"""Whether the slices of a series make one volume: equal sizes, spacings and orientations, one slice at every step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom import Dataset

from dlrrc_core.baseline.images import geometry
from dlrrc_core.baseline.images.series import Finding, number, numbers, problems, text
from dlrrc_core.problems import Problem

MAX_VOXELS = 600_000_000  # 2300 slices of 512 x 512; 1.2 GB
TILT = 0.5  # degrees
LISTED = 20  # places named in one message


@dataclass(frozen=True, eq=False)
class Image:
    """Header of one slice whose place in the patient is known."""

    file: Path
    header: Dataset
    plane: geometry.Plane
    turn: geometry.Turn


def faults(path: Path, header: Dataset) -> list[Finding]:
    """Return what is wrong with the place of one slice by itself: attributes, orientation."""
    found = []
    for name, count in (("ImagePositionPatient", 3), ("ImageOrientationPatient", 6), ("PixelSpacing", 2)):
        if numbers(header.get(name), count) is None:
            found.append(Finding(path, f"{name} '{text(header.get(name))}'", f"{count} numbers"))
    spacing = numbers(header.get("PixelSpacing"), 2)
    if spacing is not None and not bool((spacing > 0).all()):
        found.append(Finding(path, f"PixelSpacing {text(header.get('PixelSpacing'))}", "two numbers above 0, mm"))
    directions = numbers(header.get("ImageOrientationPatient"), 6)
    wrong = "" if directions is None else geometry.fault(directions.reshape(2, 3))
    if wrong:
        allowed = f"axial slices, within {np.rad2deg(np.arccos(geometry.AXIAL)):.0f} degrees"
        found.append(Finding(path, wrong, allowed, "choose the axial series"))
    return found


def tilt(path: Path, header: Dataset) -> list[Finding]:
    """Return a finding when the header says that the gantry was tilted."""
    degrees = number(header.get("GantryDetectorTilt")) or 0.0
    return [tilted(path, degrees)] if abs(degrees) > TILT else []


def tilted(path: Path, degrees: float) -> Finding:
    """Return the finding of a tilted gantry."""
    return Finding(
        path, f"gantry tilt of {degrees:.3g} degrees", f"at most {TILT}", "resample the series to an upright grid first"
    )


def image_of(path: Path, header: Dataset) -> Image:
    """Return a slice in the standard orientation."""
    row, column = (float(value) for value in header.PixelSpacing)
    plane = geometry.Plane(
        np.asarray([float(value) for value in header.ImagePositionPatient]),
        np.asarray([float(value) for value in header.ImageOrientationPatient]).reshape(2, 3),
        (row, column),
        (int(header.Rows), int(header.Columns)),
    )
    turn, turned = geometry.standard(plane)
    return Image(path, header, turned, turn)


def arranged(images: list[Image]) -> tuple[float, list[Problem]]:
    """Sort the slices in place from the feet to the head.

    Parameters
    ----------
    images : list of Image
        Slices in the standard orientation, in any order.

    Returns
    -------
    float
        Distance of the slices, mm.
    list of Problem
        Why they make no volume; empty when they do.
    """
    if wrong := differences(images):
        return 0.0, wrong
    directions = images[0].plane.directions
    images.sort(key=lambda image: float(geometry.heights(image.plane.position[None], directions)[0]))
    return places(images)


def differences(images: list[Image]) -> list[Problem]:
    """Return in what the slices differ although one volume needs them equal."""
    found = []
    facts: dict[str, Callable[[Image], str]] = {
        "sizes (rows x columns)": lambda each: f"{each.plane.shape[0]} x {each.plane.shape[1]}",
        "pixel spacings (mm)": lambda each: " x ".join(f"{value:.4f}" for value in each.plane.spacing),
        "orientations": lambda each: " ".join(f"{value + 0:.3f}" for value in each.plane.directions.round(3).ravel()),
        "patients": lambda each: text(each.header.get("PatientID")),
        "frames of reference": lambda each: text(each.header.get("FrameOfReferenceUID")),
    }
    for name, fact in facts.items():
        first: dict[str, list[Path]] = {}
        for image in images:
            first.setdefault(fact(image), []).append(image.file)
        if len(first) > 1:
            kinds = "; ".join(f"{value or '(none)'}: {len(files)}, first {files[0]}" for value, files in first.items())
            rare = min(first.values(), key=len)[0]
            found.append(
                Problem(
                    str(rare), 0, 0, f"{len(first)} {name} in one series ({kinds})", "one", "take the odd files out"
                )
            )
    voxels = len(images) * images[0].plane.shape[0] * images[0].plane.shape[1]
    if voxels > MAX_VOXELS:
        found.append(Problem(str(images[0].file.parent), 0, 0, f"{voxels} voxels", f"at most {MAX_VOXELS}"))
    return found


def places(images: list[Image]) -> tuple[float, list[Problem]]:
    """Return the distance of the sorted slices, mm, and what is wrong with their places."""
    folder = str(images[0].file.parent)
    if len(images) < 2:
        return 0.0, [Problem(str(images[0].file), 0, 0, "one slice", "at least two", "give the whole series")]
    directions = images[0].plane.directions
    positions = np.stack([image.plane.position for image in images])
    at = geometry.heights(positions, directions)
    step, same, missing, uneven = geometry.steps(at)
    found = [
        Problem(
            str(images[i].file),
            0,
            0,
            f"the same place ({at[i]:.2f} mm) as {images[i + 1].file}"
            + (", and the same image" if image_uid(images[i]) == image_uid(images[i + 1]) else ""),
            "one file per slice",
            "remove one of them, or separate the phases or reconstructions that are mixed here",
        )
        for i in same[:LISTED]
    ]
    found += [
        Problem(
            folder,
            0,
            0,
            f"{count} slice(s) missing between {images[i].file.name} ({at[i]:.2f} mm) and {images[i + 1].file.name} "
            f"({at[i + 1]:.2f} mm)",
            f"a slice every {step:g} mm",
            "copy or download the series again",
        )
        for i, count in missing[:LISTED]
    ]
    found += [
        Problem(
            folder,
            0,
            0,
            f"{at[i + 1] - at[i]:.3f} mm between {images[i].file.name} and {images[i + 1].file.name}",
            f"the same distance everywhere, here {step:g} mm",
            "separate the acquisitions that are mixed here",
        )
        for i in uneven[:LISTED]
    ]
    if not same and (angle := geometry.shear(positions, directions)) > geometry.SHEAR:
        found += problems([tilted(images[0].file, angle)])
    elif not same and (drift := geometry.drift(positions)) > geometry.DRIFT:
        found.append(
            Problem(
                folder,
                0,
                0,
                f"slices that lie up to {drift:.2f} mm beside a straight line",
                f"at most {geometry.DRIFT} mm",
            )
        )
    return step, found


def image_uid(image: Image) -> str:
    """Return the ``SOPInstanceUID`` of a slice."""
    return text(image.header.get("SOPInstanceUID"))
