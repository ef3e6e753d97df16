"""Cohorts as labelled slices and as boxes around the tumour."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from tqdm.auto import tqdm

from dlrrc_core.baseline.phantom.cohort import Cohort
from dlrrc_core.baseline.phantom.parameters import PHASES
from dlrrc_core.baseline.phantom.patient import Patient, draw
from dlrrc_core.baseline.phantom.render import (
    check_device,
    half_box,
    painted,
    region,
    scanned,
    tumour_mask,
    windowed,
)
from dlrrc_core.baseline.phantom.shapes import grid
from dlrrc_core.baseline.slices import Slices
from dlrrc_core.problems import UsageError

CENTRAL = 0.85  # slices lie in this share of the tumour's height, as its poles show hardly any of it


@dataclass(frozen=True, eq=False)
class Crops:
    """Boxes around tumours with equal steps in all directions.

    Attributes
    ----------
    voxels : numpy.ndarray of float32, shape (n, channels, size, size, size)
        Grey values 0 to 1 of the cohort's window; axes z, y, x. Three channels are the three phases.
    label, patient, centre, classes, clinical
        As in :class:`dlrrc_core.baseline.slices.Slices`; one box for each patient.
    mask : numpy.ndarray of bool, shape (n, size, size, size)
        The tumour.
    spacing : numpy.ndarray of float64, shape (n,)
        Edge of a voxel, mm.
    """

    voxels: npt.NDArray[np.float32]
    label: npt.NDArray[np.int64]
    patient: npt.NDArray[np.str_]
    centre: npt.NDArray[np.str_]
    classes: tuple[str, ...]
    mask: npt.NDArray[np.bool_]
    spacing: npt.NDArray[np.float64]
    clinical: pd.DataFrame

    def __len__(self) -> int:
        """Return the number of boxes."""
        return len(self.label)


def slices(cohort: Cohort, device: str = "cpu", progress: bool = False) -> Slices:
    """Simulate a cohort as labelled slices through the tumour.

    Parameters
    ----------
    cohort : Cohort
        Settings.
    device : str, default "cpu"
        Where to compute, "cpu" or "cuda"; random numbers always come from the processor, so both give the same patients.
    progress : bool, default False
        Whether to show a progress bar.

    Returns
    -------
    Slices
        ``cohort.depth`` channels, with masks of the tumour, positions and clinical variables.

    Notes
    -----
    Patients are rendered one after the other, so that no patient depends on how many there are.
    """
    check_device(device)
    pixels, masks, positions, people = [], [], [], []
    for number in tqdm(cohort.numbers, desc="patients", disable=None if progress else True):
        patient = draw(cohort, number)
        grey, mask, place = _slices_of(cohort, patient, device)
        pixels.append(grey)
        masks.append(mask)
        positions.append(place)
        people.append(patient)
    counts = [len(place) for place in positions]
    return Slices(
        pixels=np.concatenate(pixels),
        label=np.repeat(np.array([each.label for each in people], dtype=np.int64), counts),
        patient=np.repeat(np.array([each.name for each in people]), counts),
        position=np.concatenate(positions),
        centre=np.repeat(np.array([each.centre for each in people]), counts),
        classes=cohort.classes,
        mask=np.concatenate(masks),
        clinical=clinical(people),
    )


def clinical(people: list[Patient]) -> pd.DataFrame:
    """Return the clinical variables: ``age`` (years), ``male`` (0, 1), ``bmi``, ``size_cm``, ``haematuria`` (0, 1); index ``patient``."""
    return pd.DataFrame(
        {
            "age": [each.age for each in people],
            "male": [int(each.male) for each in people],
            "bmi": [each.bmi for each in people],
            "size_cm": [round(each.mass.diameter_cm, 1) for each in people],
            "haematuria": [int(each.haematuria) for each in people],
        },
        index=pd.Index([each.name for each in people], name="patient"),
    )


def crops(cohort: Cohort, size: int = 32, device: str = "cpu", progress: bool = False) -> Crops:
    """Simulate a cohort as cubes around the tumour, resampled to equal steps: ``1 + 2 margin`` times its diameter wide.

    Parameters
    ----------
    cohort : Cohort
        Settings; ``phase`` or, with ``stack`` "phases", all of them; other stacks are not for volumes.
    size : int, default 32
        Voxels along each edge.
    device, progress
        As in :func:`slices`.

    Raises
    ------
    UsageError
        When the size is outside 16 to 128, or the stack is "2.5d".
    """
    check_device(device)
    if not 16 <= size <= 128:
        raise UsageError(f"size is {size}; allowed: 16 to 128 voxels")
    if cohort.stack == "2.5d":
        raise UsageError("stack is '2.5d', which is for slices; allowed for boxes: 'grey', 'phases'")
    voxels, masks, spacing, people = [], [], [], []
    for number in tqdm(cohort.numbers, desc="patients", disable=None if progress else True):
        patient = draw(cohort, number)
        half = half_box(cohort, patient)
        x, y, z = patient.mass.centre
        height = z + ((np.arange(size) + 0.5) / size - 0.5) * 2 * half
        thick = max(patient.scanner.thickness, 2 * half / size)  # the steps may be finer than the slices were
        on = grid((x - half, x + half), (y - half, y + half), size, height, thick, device)
        phases = PHASES if cohort.stack == "phases" else (cohort.phase,)
        canvas, share = painted(cohort, patient, on, [PHASES.index(phase) for phase in phases], labelled=False)
        seen = [scanned(cohort, patient, canvas.hu[i], on, phase, range(size)) for i, phase in enumerate(phases)]
        voxels.append(windowed(torch.stack(seen), cohort).cpu().numpy())
        masks.append(tumour_mask(share).cpu().numpy())
        spacing.append(on.pixel)
        people.append(patient)
    return Crops(
        voxels=np.stack(voxels),
        label=np.array([each.label for each in people], dtype=np.int64),
        patient=np.array([each.name for each in people]),
        centre=np.array([each.centre for each in people]),
        classes=cohort.classes,
        mask=np.stack(masks),
        spacing=np.array(spacing),
        clinical=clinical(people),
    )


def _slices_of(
    cohort: Cohort, patient: Patient, device: str
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_], npt.NDArray[np.float64]]:
    """Return grey values, masks and positions of one patient."""
    position = _positions(cohort, patient)
    neighbours = cohort.stack == "2.5d"
    step = position[1] - position[0] if len(position) > 1 else patient.scanner.thickness
    heights = np.concatenate([[position[0] - step], position, [position[-1] + step]]) if neighbours else position
    numbers = range(-1, len(position) + 1) if neighbours else range(len(position))
    phases = PHASES if cohort.stack == "phases" else (cohort.phase,)
    on = region(cohort, patient, heights, device)
    canvas, share = painted(cohort, patient, on, [PHASES.index(phase) for phase in phases], labelled=False)
    seen = torch.stack([scanned(cohort, patient, canvas.hu[i], on, phase, numbers) for i, phase in enumerate(phases)])
    grey = windowed(seen, cohort).mul_(255).round_().to(torch.uint8)
    if neighbours:
        channels, share = torch.stack([grey[0, :-2], grey[0, 1:-1], grey[0, 2:]], dim=1), share[1:-1]
    else:
        channels = grey.transpose(0, 1)
    if channels.shape[1] < cohort.depth:
        channels = channels.expand(-1, cohort.depth, -1, -1)
    return channels.contiguous().cpu().numpy(), tumour_mask(share).cpu().numpy(), position


def _positions(cohort: Cohort, patient: Patient) -> npt.NDArray[np.float64]:
    """Return the heights of the slices through the tumour, mm."""
    half = CENTRAL * float(patient.mass.axes[2])
    count = cohort.slices_per_patient or max(1, int(2 * half // patient.scanner.thickness))
    step = 2 * half / count if cohort.slices_per_patient else patient.scanner.thickness
    return np.asarray(float(patient.mass.centre[2]) + step * (np.arange(count) - (count - 1) / 2), dtype=np.float64)
