"""The tumour of one patient as chance and his class decide about it; nothing here knows pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from dlrrc_core.baseline.phantom.bodies import Body, Vector, hilum, kidney_axes
from dlrrc_core.baseline.phantom.parameters import between, physics

MOST_FOCI = 4  # cysts or calcifications of a mass that has any; how many is drawn


@dataclass(frozen=True)
class Mass:
    """The tumour: mm, HU by phase, and its features.

    ``side`` 0 right, 1 left; ``centre`` (x, y, z); ``axes`` (half axes); ``ripples`` (rows of wave vector x 3, phase, amplitude) make
    the surface irregular; ``hu`` of the solid part by phase; ``heterogeneity``; ``necrosis`` as share of the radius or 0; ``cysts``
    and ``calcifications`` (rows of centre x 3 and radius, in units of the half axes); ``wheel`` (spokes, phase, strength; 0 spokes: none).
    """

    side: int
    diameter_cm: float
    centre: Vector
    axes: Vector
    ripples: Vector
    hu: Vector
    heterogeneity: float
    necrosis: float
    cysts: Vector
    calcifications: Vector
    wheel: tuple[int, float, float]


def enhanced(hu: Vector, iodine: float) -> Vector:
    """Return HU by phase (the last axis) with the enhancement over the unenhanced phase multiplied by ``iodine`` (tube voltage)."""
    plain = hu[..., :1]
    return plain + iodine * (hu - plain)


def draw_mass(
    rng: np.random.Generator, body: Body, classes: Sequence[str], label: int, effect: float, iodine: float
) -> Mass:
    """Draw the tumour of one patient.

    Parameters
    ----------
    rng : numpy.random.Generator
        The patient's own; as many numbers are drawn from it for each class and effect.
    body : Body
        Where it grows.
    classes : sequence of str
        Subtypes of the cohort.
    label : int
        Which of them it is.
    effect : float in [0, 1]
        How much that counts.
    iodine : float
        Enhancement relative to 120 kV.

    Returns
    -------
    Mass
    """
    size, subtypes = physics().tumour.diameter_cm, [physics().subtypes[name] for name in classes]
    own = subtypes[label]

    def parameter(name: str) -> float:
        return between(getattr(own, name), [getattr(each, name) for each in subtypes], effect)

    low, high = ndtr(np.log(np.array([size.low, size.high]) / size.median) / size.log_sd)
    diameter = float(size.median * np.exp(size.log_sd * ndtri(low + (high - low) * rng.random())))
    stretch = np.exp(0.10 * rng.standard_normal(3))
    axes = 5.0 * diameter * stretch / stretch.max()  # half of the largest diameter, mm
    side = int(rng.integers(0, 2))
    centre = _place(rng, body, side, axes)
    together, apart = rng.standard_normal(), rng.standard_normal(3)
    rho = physics().correlation.value
    z = np.sqrt(rho) * together + np.sqrt(1 - rho) * apart
    moments = [
        [between(own.hu[phase][part], [each.hu[phase][part] for each in subtypes], effect) for part in (0, 1)]
        for phase in range(3)
    ]
    mean, sd = np.array(moments).T
    directions = rng.standard_normal((8, 3))
    directions *= (rng.uniform(1.5, 4.5, 8) / np.linalg.norm(directions, axis=1))[:, None]
    ripples = np.column_stack([directions, rng.uniform(0, 2 * np.pi, 8), 0.045 * rng.standard_normal(8)])
    present = rng.random(4)
    necrosis, spokes = rng.uniform(0.25, 0.65), (int(rng.integers(5, 9)), rng.uniform(0, 2 * np.pi))
    blobs = np.column_stack([_in_ball(rng, 2 * MOST_FOCI), rng.uniform(0, 1, 2 * MOST_FOCI)])
    count = rng.integers(1, MOST_FOCI + 1, 2)
    blobs[:MOST_FOCI, 3] = 0.12 + 0.20 * blobs[:MOST_FOCI, 3]
    blobs[MOST_FOCI:, 3] = (0.8 + 1.6 * blobs[MOST_FOCI:, 3]) / axes.min()
    return Mass(
        side=side,
        diameter_cm=diameter,
        centre=centre,
        axes=axes,
        ripples=ripples,
        hu=enhanced(np.maximum(mean + sd * z, (mean + sd * z)[0]), iodine),  # contrast never lowers the attenuation
        heterogeneity=parameter("heterogeneity"),
        necrosis=necrosis if present[0] < parameter("necrosis") else 0.0,
        cysts=blobs[: count[0] if present[1] < parameter("cysts") else 0],
        calcifications=blobs[MOST_FOCI : MOST_FOCI + (count[1] if present[2] < parameter("calcification") else 0)],
        wheel=(spokes[0] if present[3] < parameter("wheel") else 0, spokes[1], 0.45),
    )


def _place(rng: np.random.Generator, body: Body, side: int, axes: Vector) -> Vector:
    """Return the centre of a tumour on the surface of the kidney, away from the hilum and inside the abdominal wall."""
    x, y, z, scale, tilt = body.kidneys[side, :5]
    along, across, up = kidney_axes(scale)
    angle, height, outside = rng.uniform(-1.9, 1.9), rng.uniform(-0.65, 0.65), rng.uniform(-0.5, 0.6)
    to_hilum = hilum(side, tilt)
    to_side = np.array([-to_hilum[1], to_hilum[0]])
    ring = np.sqrt(1 - height**2)
    offset = -to_hilum * np.cos(angle) * along * ring + to_side * np.sin(angle) * across * ring
    outwards = offset / np.linalg.norm(offset)
    flat = np.array([x, y]) + offset + outwards * outside * axes[:2].mean()
    room = np.array([body.half_width, body.half_depth]) - body.fat - body.wall - 0.85 * axes[:2].mean()
    flat /= max(1.0, float(np.linalg.norm(flat / np.maximum(room, 20))))
    before_muscle = (
        body.spine + 16 - 0.5 * axes[:2].mean()
    )  # the muscles of the back begin 20 mm behind the vertebra's middle
    return np.array([flat[0], min(flat[1], before_muscle), z + height * up])


def _in_ball(rng: np.random.Generator, count: int) -> Vector:
    """Return points in a ball of radius 0.6."""
    points = rng.standard_normal((count, 3))
    return points / np.linalg.norm(points, axis=1)[:, None] * (0.6 * rng.random((count, 1)) ** (1 / 3))
