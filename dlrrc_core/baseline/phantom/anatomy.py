"""The abdomen at the height of the kidneys, painted organ by organ: a later organ covers an earlier one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from dlrrc_core.baseline.phantom.bodies import Vector, hilum, kidney_axes
from dlrrc_core.baseline.phantom.patient import Patient
from dlrrc_core.baseline.phantom.shapes import Grid, Tensor, Texture, cylinder, ellipsoid

TISSUES = (  # the number of a tissue in label volumes is its place here
    "air", "fat", "skin", "muscle", "bone", "cortical_bone", "disc", "liver", "spleen", "bowel", "aorta", "vein", "cortex", "medulla",
    "urine", "tumour", "necrosis", "cyst", "calcification", "table",
)  # fmt: skip
CORTEX = 7.0  # thickness of the renal cortex, mm
# places of ribs on the wall, radians from the patient's left towards his back: at the sides and behind
RIBS = (-0.45, 0.10, 0.60, 1.05, 2.09, 2.54, 3.04, 3.59)
EVERYWHERE = (slice(None), slice(None), slice(None))


class Canvas:
    """A volume in HU for each phase while it is being painted.

    Attributes
    ----------
    hu : torch.Tensor, shape (phases, depth, height, width)
        HU.
    labels : torch.Tensor of uint8, shape (depth, height, width), or None
        The tissue that has most of the voxel, as number in ``TISSUES``; None where nobody asked for it.
    """

    def __init__(self, on: Grid, patient: Patient, phases: Sequence[int], labelled: bool) -> None:
        self.grid, self.phases = on, list(phases)
        self.values = {name: self.column(hu) for name, hu in patient.tissues.items()}
        self.hu = self.values["air"] * torch.ones((1, *on.shape), device=on.x.device)
        self.labels = torch.zeros(on.shape, dtype=torch.uint8, device=on.x.device) if labelled else None

    def column(self, hu: Vector) -> Tensor:
        """Return values by phase, shape (phases, 1, 1, 1)."""
        chosen = np.asarray(hu, dtype=np.float32)[self.phases]
        return torch.as_tensor(chosen, device=self.grid.x.device).reshape(-1, 1, 1, 1)

    def paint(
        self, tissue: str, share: Tensor, box: tuple[slice, slice, slice] = EVERYWHERE, hu: Tensor | None = None
    ) -> None:
        """Fill a share of each voxel of a box with a tissue, with its own HU or with those given."""
        part = self.hu[(slice(None), *box)]
        part += share * ((self.values[tissue] if hu is None else hu) - part)
        if self.labels is not None:
            labels = self.labels[box]
            labels[(share >= 0.5).expand(labels.shape)] = TISSUES.index(tissue)

    def cylinder(
        self,
        tissue: str,
        x: float,
        y: float,
        half_x: float,
        half_y: float,
        power: float = 2.0,
        seen: Tensor | float = 1.0,
    ) -> None:
        """Fill an upright cylinder with a tissue; ``seen`` is a share by slice."""
        tall = self.grid.z.abs().max().item()
        box = self.grid.around(np.array([x, y, 0.0]), np.array([half_x, half_y, tall]))
        on = self.grid.part(box)
        if 0 not in on.shape:
            self.paint(tissue, cylinder(on, x, y, half_x, half_y, power) * seen, box)


def paint(canvas: Canvas, patient: Patient, texture: Texture) -> Tensor:
    """Paint everything but the tumour.

    Parameters
    ----------
    canvas : Canvas
        Where.
    patient : Patient
        Whom.
    texture : Texture
        Strands and vessels of the abdominal fat, and uneven organs.

    Returns
    -------
    torch.Tensor
        Share of each pixel inside the abdominal cavity, shape (1, height, width): where a tumour can be.
    """
    on, body = canvas.grid, patient.body
    cavity = _wall(canvas, patient)
    strands = texture.on(on)
    cavity_fat = canvas.values["fat"] + 11.0 * strands + 26.0 * (strands - 1.2).clamp_(min=0)
    canvas.paint("fat", cavity, hu=cavity_fat)
    _organs(canvas, patient, cavity)
    for side in (0, 1):
        _kidney(canvas, patient, side)
    _spine(canvas, patient)
    _vessels(canvas, patient)
    inside = cylinder(on, 0, 0, body.half_width, body.half_depth, 2.3)
    canvas.hu += inside * (4.0 * strands)
    return cavity


def _wall(canvas: Canvas, patient: Patient) -> Tensor:
    """Paint the table, skin, fat and muscles, and return the cavity."""
    on, body = canvas.grid, patient.body
    wide, deep = body.half_width, body.half_depth
    top = deep + 14.0
    plate = ((5.0 - (on.y - top).abs()) / on.pixel + 0.5).clamp_(0, 1)
    canvas.paint("table", plate * ((190.0 - on.x.abs()) / on.pixel + 0.5).clamp_(0, 1))
    canvas.cylinder("skin", 0, 0, wide, deep, 2.3)
    canvas.cylinder("fat", 0, 0, wide - 2.5, deep - 2.5, 2.3)
    middle = -0.15 * body.fat
    canvas.cylinder("muscle", 0, middle, wide - body.fat, deep - 0.85 * body.fat, 2.2)
    for angle in RIBS:
        slant = np.cos(2 * np.pi * (on.z.cpu().numpy().ravel() / 34.0 + angle))  # a rib leaves the slice after a while
        if not (slant > 0.6).any():
            continue
        x = (wide - body.fat - 0.5 * body.wall) * np.cos(angle)
        y = middle + (deep - 0.85 * body.fat - 0.5 * body.wall) * np.sin(angle)
        seen = torch.as_tensor(((slant - 0.6) / 0.2).clip(0, 1), dtype=torch.float32, device=on.x.device)
        canvas.cylinder("bone", float(x), float(y), 0.42 * body.wall + 2, 0.42 * body.wall, seen=seen.reshape(-1, 1, 1))
    return cylinder(on, 0, middle - 4, wide - body.fat - body.wall, deep - 0.85 * body.fat - body.wall - 4, 2.2)


def _organs(canvas: Canvas, patient: Patient, cavity: Tensor) -> None:
    """Paint bowel, liver and spleen where they reach into the slices."""
    body = patient.body
    for row in body.bowel:
        _inside(canvas, "bowel", row[:3], row[3:], cavity)
    for name, row in (("liver", body.liver), ("spleen", body.spleen)):
        _inside(canvas, name, row[:3], row[3:], cavity)


def _inside(canvas: Canvas, tissue: str, centre: Vector, axes: Vector, cavity: Tensor) -> None:
    """Paint an ellipsoid inside the cavity."""
    box = canvas.grid.around(centre, axes)
    part = canvas.grid.part(box)
    if 0 not in part.shape:
        canvas.paint(tissue, ellipsoid(part, centre, axes)[0] * cavity[:, box[1], box[2]], box)


def _kidney(canvas: Canvas, patient: Patient, side: int) -> None:
    """Paint a kidney: cortex, pyramids between columns of cortex, sinus with fat, vein and pelvis."""
    x, y, z, scale, tilt, pyramids, phase = patient.body.kidneys[side]
    axes, to_hilum = kidney_axes(scale), hilum(side, tilt)
    centre = np.array([x, y, z])
    turn = (float(to_hilum[0]), float(to_hilum[1]))
    box = canvas.grid.around(centre, np.array([axes[1], axes[1], axes[2]]) + 6)
    on = canvas.grid.part(box)
    if 0 in on.shape:
        return
    towards = np.append(to_hilum, 0.0)
    canvas.paint("cortex", ellipsoid(on, centre, axes, turn)[0], box)
    core, radius = ellipsoid(on, centre, axes - CORTEX, turn)
    angle = torch.atan2(on.y - float(y), on.x - float(x))
    waves = torch.cos(pyramids * angle + float(phase) + (on.z - float(z)) / 9.0)
    columns = (0.75 + 1.6 * waves - 0.4 * radius).clamp_(0, 1)
    canvas.paint("medulla", core * columns, box)
    sinus = ellipsoid(on, centre + 8 * scale * towards, scale * np.array([13.0, 11, 27]), turn)[0]
    gap = ellipsoid(on, centre + 24 * scale * towards, scale * np.array([14.0, 7, 15]), turn)[0]
    canvas.paint("fat", torch.maximum(sinus, gap), box)
    canvas.paint("vein", ellipsoid(on, centre + 17 * scale * towards, scale * np.array([13.0, 4, 5]), turn)[0], box)
    pelvis = centre + 9 * scale * towards + np.array([0, 5 * scale, 4])
    canvas.paint("urine", ellipsoid(on, pelvis, scale * np.array([9.0, 3.5, 9]), turn)[0], box)


def _spine(canvas: Canvas, patient: Patient) -> None:
    """Paint psoas and back muscles, vertebrae and discs."""
    on, body = canvas.grid, patient.body
    back = body.spine
    for side in (-1, 1):
        canvas.cylinder("muscle", side * 36, back + 4, 15, 19)
        canvas.cylinder("muscle", side * 33, back + 36, 30, 19, 2.4)
        canvas.cylinder("muscle", side * 62, back + 30, 26, 10)
        canvas.cylinder("bone", side * 30, back + 19, 14, 3.5)
    canvas.cylinder("bone", 0, back + 42, 4, 16)
    canvas.cylinder("cortical_bone", 0, back + 20, 16, 14)
    canvas.cylinder("muscle", 0, back + 20, 10, 9)
    canvas.cylinder("cortical_bone", 0, back, 23, 17)
    height = (on.z / 36.0 + body.phase_of_discs) % 1.0  # a vertebra and its disc: 36 mm
    disc = ((0.11 - (height - 0.5).abs()) * 36.0 / on.thickness + 0.5).clamp_(0, 1)
    canvas.cylinder("bone", 0, back, 21, 15)
    canvas.cylinder("disc", 0, back, 23, 17, seen=disc)


def _vessels(canvas: Canvas, patient: Patient) -> None:
    """Paint the aorta before the spine and the vena cava to its right."""
    body = patient.body
    aorta, vein = (float(radius) for radius in body.vessels)
    canvas.cylinder("aorta", 9, body.spine - 19 - aorta, aorta, aorta)
    canvas.cylinder("vein", -16, body.spine - 17 - 0.8 * vein, vein, 0.8 * vein)
