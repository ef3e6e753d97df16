"""The body of one patient as chance decides about it; nothing here knows pixels. All sizes are assumed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Body:
    """Sizes and places in mm; x to the patient's left, y to the back, z to the head; 0 is the centre of the body at the kidney.

    ``half_width`` and ``half_depth`` of the body, thickness of subcutaneous ``fat`` and of the abdominal ``wall``, ``table`` (how far
    the body lies above or below the centre of the scanner), ``sideways`` likewise, ``spine`` (y of the vertebra), ``phase_of_discs``,
    ``kidneys`` (for right and left: x, y, z, scale, tilt in radians, pyramids, their phase), ``liver``, ``spleen`` and ``bowel``
    (x, y, z and half axes), ``vessels`` (radii of aorta and vein).
    """

    half_width: float
    half_depth: float
    fat: float
    wall: float
    table: float
    sideways: float
    spine: float
    phase_of_discs: float
    kidneys: Vector
    liver: Vector
    spleen: Vector
    bowel: Vector
    vessels: Vector


def draw_body(rng: np.random.Generator) -> Body:
    """Draw the anatomy; sizes in mm, all assumed."""
    normal, uniform = rng.standard_normal, rng.uniform
    half_width = float(np.clip(165 + 14 * normal(), 135, 188))
    half_depth = half_width * float(np.clip(0.70 + 0.04 * normal(), 0.60, 0.80))
    fat = float(np.clip(18 * np.exp(0.45 * normal() + 0.012 * (half_width - 165)), 5, 0.3 * half_depth))
    wall = float(np.clip(12 + 2.5 * normal(), 7, 18))
    spine = half_depth - 0.85 * fat - float(uniform(66, 76))
    kidneys = np.array(
        [
            [
                side * (67 + 5 * normal()),
                spine + 1 + 4 * normal(),
                6 * normal() - (8 if side < 0 else 0),
                np.clip(1 + 0.09 * normal(), 0.8, 1.25),
                np.radians(32 + 12 * normal()),
                rng.integers(5, 8),
                uniform(0, 2 * np.pi),
            ]
            for side in (-1, 1)
        ]
    )
    inner = half_width - fat - wall
    liver = [-0.66 * inner, -0.18 * half_depth + 6 * normal(), 62 + 22 * normal(), 0.58 * inner, 0.72 * half_depth, 88]
    spleen = [
        0.80 * inner,
        0.20 * half_depth + 5 * normal(),
        72 + 16 * normal(),
        28 + 3 * normal(),
        42 + 4 * normal(),
        52,
    ]
    bowel = np.column_stack(
        [
            uniform(-0.75, 0.75, 14) * inner,
            uniform(-0.75, -0.05, 14) * half_depth,
            uniform(-70, 70, 14),
            uniform(10, 26, (14, 2)),
            uniform(15, 45, 14),
        ]
    )
    return Body(
        half_width,
        half_depth,
        fat,
        wall,
        table=float(np.clip(14 * normal(), -35, 35)),
        sideways=float(np.clip(8 * normal(), -20, 20)) if half_width < 175 else 0.0,
        spine=spine,
        phase_of_discs=float(uniform(0, 1)),
        kidneys=kidneys,
        liver=np.array(liver, dtype=float),
        spleen=np.array(spleen, dtype=float),
        bowel=bowel,
        vessels=np.array([9.5 + 1.5 * normal(), 11 + 2 * normal()]),
    )


def kidney_axes(scale: float) -> Vector:
    """Return the half axes of a kidney, mm: along the hilum, across it, and from head to foot."""
    return scale * np.array([26.0, 30.0, 54.0])


def hilum(side: int, tilt: float) -> Vector:
    """Return the unit vector from the middle of a kidney to its hilum: towards the spine and to the front."""
    return np.array([(1.0 if side == 0 else -1.0) * np.cos(tilt), -np.sin(tilt)])
