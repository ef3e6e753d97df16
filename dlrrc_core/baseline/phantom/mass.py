"""The tumour: an irregular ellipsoid on the kidney, with texture, wheel, necrosis, cysts and calcification."""

from __future__ import annotations

import numpy as np
import torch

from dlrrc_core.baseline.phantom.anatomy import Canvas
from dlrrc_core.baseline.phantom.patient import Patient
from dlrrc_core.baseline.phantom.shapes import Grid, Tensor, Texture, cylinder, ellipsoid

GRAIN = 3.5  # of the tumour's texture, mm
SCAR = 0.16  # radius of the scar in the middle of a wheel, as share of the tumour's


def reach(patient: Patient) -> np.ndarray:
    """Return how far the tumour extends from its centre in x, y and z, mm (its ripples included, to the worst case)."""
    return patient.mass.axes * (1 + min(0.5, float(np.abs(patient.mass.ripples[:, 4]).sum())))


def textures(patient: Patient, rng: np.random.Generator) -> tuple[Texture, Texture]:
    """Return the fine texture of the tumour and the coarse one that shapes its necrosis."""
    around = 1.5 * patient.mass.axes
    fine = Texture(rng, patient.mass.centre, around + 2 * GRAIN, GRAIN)
    fine.balance(
        patient.mass.centre, patient.mass.axes
    )  # a small tumour has few grains; its mean shall be the one drawn
    return fine, Texture(rng, patient.mass.centre, around, 0.3 * float(patient.mass.axes.min()))


def paint(canvas: Canvas, patient: Patient, cavity: Tensor, fine: Texture, coarse: Texture) -> Tensor:
    """Paint the tumour over what is there, except over bone and outside the cavity.

    Parameters
    ----------
    canvas : Canvas
        Where.
    patient : Patient
        Whose tumour.
    cavity : torch.Tensor, shape (1, height, width)
        Share of each pixel inside the abdominal cavity.
    fine, coarse : Texture
        From :func:`textures`.

    Returns
    -------
    torch.Tensor, shape (depth, height, width)
        Share of each voxel inside the tumour, everything in it included.
    """
    mass, whole = patient.mass, canvas.grid
    box = whole.around(mass.centre, reach(patient))
    on = whole.part(box)
    total = torch.zeros(whole.shape, device=whole.x.device)
    if 0 in on.shape:
        return total
    share, radius = ellipsoid(on, mass.centre, mass.axes, swell=_swell(on, patient))
    spine = cylinder(on, 0, patient.body.spine, 23, 17)
    share = share * cavity[:, box[1], box[2]] * (1 - spine)
    solid = canvas.column(mass.hu)
    plain = float(mass.hu[0])
    pattern = mass.heterogeneity * fine.on(on)
    scar = torch.zeros_like(radius)
    if mass.wheel[0]:
        spokes, scar = _wheel(on, patient, radius)
        pattern = pattern + spokes
    # the pattern is one of enhancement; without contrast a tumour is nearly even
    hu = solid + (solid - plain) * pattern + 3.0 * fine.on(on)
    canvas.paint("tumour", share, box, hu)
    if mass.wheel[0]:
        canvas.paint("necrosis", share * scar, box, hu=plain + 0.25 * (solid - plain))
    if mass.necrosis:
        edge = 0.08 + on.pixel / float(mass.axes.min())
        rough = mass.necrosis * (1 + 0.35 * coarse.on(on))
        canvas.paint("necrosis", share * ((rough - radius) / edge + 0.5).clamp_(0, 1), box)
    for tissue, rows in (("cyst", mass.cysts), ("calcification", mass.calcifications)):
        for row in rows:
            inner = ellipsoid(on, mass.centre + row[:3] * mass.axes, np.full(3, row[3] * mass.axes.min()))[0]
            canvas.paint(tissue, share * inner, box)
    total[box] = share
    return total


def _swell(on: Grid, patient: Patient) -> Tensor:
    """Return the factor of the radius by direction: a sum of waves over the sphere."""
    mass = patient.mass
    u, v, w = (
        (axis - float(middle)) / float(half)
        for axis, middle, half in zip((on.x, on.y, on.z), mass.centre, mass.axes, strict=True)
    )
    length = torch.sqrt(u * u + v * v + w * w).clamp_(min=1e-3)
    swell = torch.ones_like(length)
    for a, b, c, phase, amplitude in mass.ripples.tolist():
        swell += amplitude * torch.cos((a * u + b * v + c * w) / length + phase)
    return swell.clamp_(0.6, 1.5)


def _wheel(on: Grid, patient: Patient, radius: Tensor) -> tuple[Tensor, Tensor]:
    """Return the spokes (mean 0 over a circle) and the share of the scar in the middle."""
    mass = patient.mass
    spokes, phase, strength = mass.wheel
    u = (on.x - float(mass.centre[0])) / float(mass.axes[0])
    v = (on.y - float(mass.centre[1])) / float(mass.axes[1])
    ring = ((radius - SCAR) / 0.15).clamp(0, 1) * ((0.95 - radius) / 0.15).clamp(0, 1)
    edge = 0.08 + on.pixel / float(mass.axes.min())
    scar = ((SCAR - radius) / edge + 0.5).clamp(0, 1)
    return strength * torch.cos(spokes * torch.atan2(v, u) + phase) * ring, scar
