"""Soft-edged shapes and smooth random textures on a grid of voxels, in mm.

A voxel gets the share of it that lies in a shape (partial volume). To first order this share depends on the distance of the voxel's
middle from the surface, divided by the width of the voxel along the surface's normal; so a coarse grid shows what a coarse scan shows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

Tensor = Any  # torch.Tensor; the package may be absent where types are checked


@dataclass(frozen=True)
class Grid:
    """Middles of voxels, mm.

    Attributes
    ----------
    x, y, z : torch.Tensor, shapes (1, 1, width), (1, height, 1), (depth, 1, 1)
        Coordinates, see :class:`dlrrc_core.baseline.phantom.patient.Body`.
    pixel, thickness : float
        Size of a voxel in the plane and across it, mm; slices may overlap.
    """

    x: Tensor
    y: Tensor
    z: Tensor
    pixel: float
    thickness: float

    @property
    def shape(self) -> tuple[int, int, int]:
        """Return depth, height and width."""
        return self.z.shape[0], self.y.shape[1], self.x.shape[2]

    def around(self, centre: npt.NDArray[np.float64], reach: npt.NDArray[np.float64]) -> tuple[slice, slice, slice]:
        """Return the part of the grid (z, y, x) that lies within ``reach`` (x, y, z) of ``centre``; it may be empty."""
        found = []
        for axis, middle, far in zip((self.x, self.y, self.z), centre, reach, strict=True):
            width = self.thickness if axis is self.z else self.pixel
            values = axis.reshape(-1)
            inside = (
                torch.nonzero((values > middle - far - width) & (values < middle + far + width)).reshape(-1).tolist()
            )
            found.append(slice(inside[0], inside[-1] + 1) if inside else slice(0, 0))
        return found[2], found[1], found[0]

    def part(self, box: tuple[slice, slice, slice]) -> Grid:
        """Return a part of the grid."""
        return Grid(self.x[:, :, box[2]], self.y[:, box[1]], self.z[box[0]], self.pixel, self.thickness)


def grid(
    x: tuple[float, float], y: tuple[float, float], size: int, z: npt.ArrayLike, thickness: float, device: str
) -> Grid:
    """Return the grid of square slices between ``x[0]`` and ``x[1]``, ``y[0]`` and ``y[1]`` at the heights ``z``."""
    pixel = (x[1] - x[0]) / size
    steps = (torch.arange(size, dtype=torch.float32, device=device) + 0.5) * pixel
    heights = torch.as_tensor(np.asarray(z, dtype=np.float32), device=device)
    return Grid(
        (steps + x[0]).reshape(1, 1, -1), (steps + y[0]).reshape(1, -1, 1), heights.reshape(-1, 1, 1), pixel, thickness
    )


def occupied(distance: Tensor, width: Tensor | float) -> Tensor:
    """Return the share of a voxel inside, from the distance of its middle to the surface (negative inside) and its width."""
    return (0.5 - distance / width).clamp_(0.0, 1.0)


def cylinder(on: Grid, x: float, y: float, half_x: float, half_y: float, power: float = 2.0) -> Tensor:
    """Return the share inside an upright cylinder, shape (1, height, width); ``power`` above 2 makes the ellipse squarer."""
    u, v = ((on.x - x) / half_x).abs(), ((on.y - y) / half_y).abs()
    if power == 2.0:
        radius = torch.sqrt(u * u + v * v).clamp_(min=1e-3)
        slope = torch.sqrt((u / half_x) ** 2 + (v / half_y) ** 2) / radius
    else:
        radius = (u**power + v**power).clamp_(min=1e-6) ** (1 / power)
        slope = torch.sqrt((u ** (power - 1) / half_x) ** 2 + (v ** (power - 1) / half_y) ** 2) / radius ** (power - 1)
    return occupied((radius - 1) / slope.clamp_(min=1e-4), on.pixel)


def ellipsoid(
    on: Grid,
    centre: npt.NDArray[np.float64],
    axes: npt.NDArray[np.float64],
    turn: tuple[float, float] = (1.0, 0.0),
    swell: Tensor | float = 1.0,
) -> tuple[Tensor, Tensor]:
    """Return the share inside an ellipsoid, and the radius of each voxel relative to the surface.

    Parameters
    ----------
    on : Grid
        Where.
    centre, axes : numpy.ndarray, shape (3,)
        Middle and half axes, mm.
    turn : (float, float), default (1.0, 0.0)
        Unit vector of the first axis in the plane.
    swell : torch.Tensor or float, default 1.0
        Factor of the radius by direction, near 1: an irregular surface.

    Returns
    -------
    (torch.Tensor, torch.Tensor)
        Share 0 to 1 and radius (1 on the surface), shape of the grid.
    """
    x, y, w = on.x - float(centre[0]), on.y - float(centre[1]), on.z - float(centre[2])
    a, b, c = (float(axis) for axis in axes)
    u, v, w = (x * turn[0] + y * turn[1]) / a, (y * turn[0] - x * turn[1]) / b, w / c
    flat, tall = u * u + v * v, w * w
    smooth = torch.sqrt(flat + tall).clamp_(min=1e-3)
    slope_flat, slope_tall = ((u / a) ** 2 + (v / b) ** 2), (w / c) ** 2
    slope = torch.sqrt(slope_flat + slope_tall).clamp_(min=1e-6)  # of the squared radius, halved
    width = (on.pixel * torch.sqrt(slope_flat) + on.thickness * torch.sqrt(slope_tall)) / slope
    radius = smooth / swell
    return occupied((radius - 1) * smooth / slope, width.clamp_(min=0.7 * min(on.pixel, on.thickness))), radius


class Texture:
    """A smooth random field of mean 0 and variance 1, fixed in the patient and averaged over each voxel.

    White noise on a lattice, smoothed by a Gaussian of the lattice's spacing; a voxel sees it through a second Gaussian as wide as the
    voxel, so its variance falls on coarse grids as it does in a scan.

    Parameters
    ----------
    rng : numpy.random.Generator
        Where the lattice comes from.
    centre, reach : numpy.ndarray, shape (3,)
        Middle (x, y, z) and half extent of the lattice, mm; beyond it the field is 0.
    spacing : float
        Grain, mm.
    """

    def __init__(
        self,
        rng: np.random.Generator,
        centre: npt.NDArray[np.float64],
        reach: npt.NDArray[np.float64],
        spacing: float | npt.NDArray[np.float64],
    ) -> None:
        self.spacing = np.broadcast_to(np.asarray(spacing, dtype=float), 3)
        counts = np.ceil(reach / self.spacing).astype(int)
        self.nodes = [
            float(middle) + step * np.arange(-count, count + 1)
            for middle, step, count in zip(centre, self.spacing, counts, strict=True)
        ]
        self.values = rng.standard_normal([len(nodes) for nodes in reversed(self.nodes)], dtype=np.float32)
        self.level = 0.0  # what is taken off everywhere, see `balance`

    def balance(self, centre: npt.NDArray[np.float64], axes: npt.NDArray[np.float64]) -> None:
        """Take off the mean inside an ellipsoid, measured on points that do not depend on what is rendered."""
        steps = np.linspace(-0.9, 0.9, 13)
        x, y, z = (torch.as_tensor((m + a * steps).astype(np.float32)) for m, a in zip(centre, axes, strict=True))
        points = Grid(x.reshape(1, 1, -1), y.reshape(1, -1, 1), z.reshape(-1, 1, 1), 1.0, 1.0)
        inside = steps[:, None, None] ** 2 + steps[:, None] ** 2 + steps**2 < 0.81
        self.level = float(self.on(points)[torch.as_tensor(inside)].mean())

    def on(self, grid: Grid) -> Tensor:
        """Return the field, shape of the grid."""
        field = torch.as_tensor(self.values, device=grid.x.device)
        for axis, coordinate in enumerate((grid.z, grid.y, grid.x)):
            width = grid.thickness if axis == 0 else grid.pixel
            weights = self._weights(coordinate.reshape(-1), 2 - axis, width)
            field = torch.tensordot(
                field, weights, dims=([0], [1])
            )  # the new axis comes last: after three turns z, y, x
        return field - self.level

    def _weights(self, at: Tensor, axis: int, width: float) -> Tensor:
        """Return the weights of the lattice's nodes for each coordinate, shape (coordinates, nodes)."""
        own = float(self.spacing[axis])
        spread = math.hypot(own, width / math.sqrt(12))
        nodes = torch.as_tensor(self.nodes[axis].astype(np.float32), device=at.device)
        weights = torch.exp(-0.5 * ((at[:, None] - nodes[None]) / spread) ** 2)
        # sum of squares of the unaveraged kernel on an endless lattice of spacing `own`: sqrt(pi) to within 1e-4
        return weights * (own / spread / math.pi**0.25)
