"""One patient as a scan: the region asked for, painted, scanned and windowed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from dlrrc_core.baseline.phantom import anatomy, mass, scan
from dlrrc_core.baseline.phantom.cohort import Cohort
from dlrrc_core.baseline.phantom.parameters import PHASES
from dlrrc_core.baseline.phantom.patient import NOISE, Patient, draw, generator
from dlrrc_core.baseline.phantom.shapes import Grid, Tensor, Texture, grid
from dlrrc_core.problems import UsageError

STRANDS = np.array([5.0, 5.0, 14.0])  # grain of the texture of fat and organs, mm; vessels run along the body
KIDNEY_FIELD = 160.0  # mm
TEXTURE = 90  # streams of random numbers beside those of the noise


@dataclass(frozen=True, eq=False)
class Volume:
    """One patient as scanned.

    Attributes
    ----------
    patient : Patient
        Everything that was drawn.
    hu : dict of str to numpy.ndarray of float32, shape (depth, height, width)
        HU by phase, with kernel, noise and calibration; slices from foot to head, rows from front to back, columns from the
        patient's right to left.
    true : dict of str to numpy.ndarray of float32
        The same without the scanner.
    mask : numpy.ndarray of bool, shape (depth, height, width)
        The tumour with everything in it.
    labels : numpy.ndarray of uint8, shape (depth, height, width)
        Tissue that has most of the voxel: place in ``tissues``.
    tissues : tuple of str
        Names.
    spacing : (float, float, float)
        Distance of slices, height and width of pixels, mm.
    thickness : float
        Thickness of a slice, mm.
    position : numpy.ndarray of float64, shape (depth,)
        Height of each slice, mm, 0 at the middle of the kidneys.
    """

    patient: Patient
    hu: dict[str, npt.NDArray[np.float32]]
    true: dict[str, npt.NDArray[np.float32]]
    mask: npt.NDArray[np.bool_]
    labels: npt.NDArray[np.uint8]
    tissues: tuple[str, ...]
    spacing: tuple[float, float, float]
    thickness: float
    position: npt.NDArray[np.float64]


def volume(cohort: Cohort, number: int, device: str = "cpu", around: float = 15.0) -> Volume:
    """Simulate one patient in all phases: every slice of the scanner's thickness through the tumour and beyond.

    Parameters
    ----------
    cohort : Cohort
        Settings; ``slices_per_patient``, ``phase``, ``stack`` and ``window`` play no part.
    number : int
        Number of the patient, one of ``cohort.numbers``.
    device : str, default "cpu"
        Where to compute.
    around : float, default 15.0
        How much to show above and below the tumour, mm.

    Raises
    ------
    UsageError
        When the number is not one of the cohort's.
    """
    check_device(device)
    if number not in cohort.numbers:
        raise UsageError(f"patient {number} is not in the cohort; allowed: {cohort.numbers[0]} to {cohort.numbers[-1]}")
    patient = draw(cohort, number)
    reach = patient.mass.axes[2] + around
    count = max(1, round(2 * reach / patient.scanner.thickness))
    position = patient.mass.centre[2] + patient.scanner.thickness * (np.arange(count) - (count - 1) / 2)
    on = region(cohort, patient, position, device)
    canvas, share = painted(cohort, patient, on, range(len(PHASES)), labelled=True)
    labels: Tensor = canvas.labels
    seen = [scanned(cohort, patient, canvas.hu[i], on, phase, range(count)) for i, phase in enumerate(PHASES)]
    return Volume(
        patient=patient,
        hu={phase: image.cpu().numpy() for phase, image in zip(PHASES, seen, strict=True)},
        true={phase: canvas.hu[i].cpu().numpy() for i, phase in enumerate(PHASES)},
        mask=(share >= 0.5).cpu().numpy(),
        labels=labels.cpu().numpy(),
        tissues=anatomy.TISSUES,
        spacing=(patient.scanner.thickness, on.pixel, on.pixel),
        thickness=patient.scanner.thickness,
        position=position,
    )


def check_device(device: str) -> None:
    """Refuse a device that is not here.

    Raises
    ------
    UsageError
        With the devices that are.
    """
    kind = device.split(":")[0]
    here = ["cpu"] + (["cuda"] if torch.cuda.is_available() else [])
    if kind not in here:
        raise UsageError(f"device '{device}' is not on this machine; allowed: {', '.join(here)}")


def half_box(cohort: Cohort, patient: Patient) -> float:
    """Return half the edge of the box around the tumour with the cohort's margin, mm."""
    return float(patient.mass.axes.max()) * (1 + 2 * cohort.margin)


def region(cohort: Cohort, patient: Patient, heights: npt.NDArray[np.float64], device: str) -> Grid:
    """Return the voxels of the region that the cohort asks for."""
    body, half = patient.body, cohort.field / 2
    x, y = -body.sideways, -body.table  # the scanner's middle as the body sees it
    if cohort.roi == "kidney":
        x, y = body.kidneys[patient.mass.side, :2]
        half = KIDNEY_FIELD / 2
    elif cohort.roi == "tumour":
        x, y = patient.mass.centre[:2]
        half = half_box(cohort, patient)
    return grid((x - half, x + half), (y - half, y + half), cohort.size, heights, patient.scanner.thickness, device)


def painted(
    cohort: Cohort, patient: Patient, on: Grid, phases: Sequence[int], labelled: bool
) -> tuple[anatomy.Canvas, Tensor]:
    """Return the true HU of a patient, and the share of the tumour."""
    rng = generator(cohort, patient.number, TEXTURE)
    body = patient.body
    tall = np.array([body.half_width, body.half_depth, 110.0])
    strands = Texture(rng, np.zeros(3), tall, STRANDS)
    fine, coarse = mass.textures(patient, generator(cohort, patient.number, TEXTURE + 1))
    canvas = anatomy.Canvas(on, patient, phases, labelled)
    cavity = anatomy.paint(canvas, patient, strands)
    return canvas, mass.paint(canvas, patient, cavity, fine, coarse)


def scanned(cohort: Cohort, patient: Patient, hu: Tensor, on: Grid, phase: str, numbers: range) -> Tensor:
    """Return slices with the scanner's kernel, noise and offset; the noise of slice i is the same whatever slices lie beside it."""
    border = 2 * scan.BORDER
    shape = (on.shape[1] + border, on.shape[2] + border)
    streams = (generator(cohort, patient.number, NOISE, PHASES.index(phase), number + 1) for number in numbers)
    white = np.stack([rng.standard_normal(shape, dtype=np.float32) for rng in streams])
    return scan.degrade(hu, torch.as_tensor(white, device=hu.device), on.pixel, patient.scanner)


def windowed(hu: Tensor, cohort: Cohort) -> Tensor:
    """Return HU as grey values 0 to 1 of the window."""
    width, level = cohort.window
    return ((hu - (level - width / 2)) / width).clamp_(0.0, 1.0)


def tumour_mask(share: Tensor) -> Tensor:
    """Return the voxels that the tumour fills by half; in a slice with none, the fullest one."""
    most = share.amax(dim=(1, 2), keepdim=True)
    return (share >= 0.5) | ((share == most) & (most > 0) & (most < 0.5))
