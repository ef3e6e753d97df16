"""Augmentation of a whole batch at once on its device, every image with parameters of its own.

Notes
-----
Zuo et al. (2021) say that Gaussian blur, brighter and darker were applied on top of rotation and flipping, and that this gave fifteen
times as many images; they print neither the list nor the amounts. Our reading, so that the product is fifteen:

====================  ==========================================================================
five geometries       as it is, flipped left-right, flipped top-bottom, rotated left, rotated right
three intensities     Gaussian blur, brighter, darker
====================  ==========================================================================

Variant ``v`` (0-14) has geometry ``v // 3`` and intensity ``v % 3``. The amounts are drawn for each image, see :class:`Amounts`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn import functional

from dlrrc_core.baseline.slices import Slices
from dlrrc_core.baseline.training.settings import VARIANTS
from dlrrc_core.problems import UsageError

if TYPE_CHECKING:
    from torch import Generator, Tensor

GEOMETRIES = ("as it is", "flipped left-right", "flipped top-bottom", "rotated left", "rotated right")
INTENSITIES = ("blur", "brighter", "darker")
TRUNCATE = 4.0  # a Gaussian is cut after so many standard deviations, as scipy.ndimage does
CHUNK = 256


@dataclass(frozen=True)
class Amounts:
    """Ranges from which the amount of each change is drawn, uniformly; ours, since the paper prints none.

    Attributes
    ----------
    degrees : tuple of float, default (5, 20)
        Angle of a rotation.
    sigma : tuple of float, default (0.5, 1.25)
        Standard deviation of the blur, pixels.
    brightness : tuple of float, default (0.1, 0.3)
        Share by which grey values grow (brighter) or shrink (darker).
    light_degrees, light_brightness : float, default 10 and 0.1
        Of the mode ``light``: the largest rotation to either side, and change of brightness up or down; half of the images are flipped
        left-right.
    """

    degrees: tuple[float, float] = (5.0, 20.0)
    sigma: tuple[float, float] = (0.5, 1.25)
    brightness: tuple[float, float] = (0.1, 0.3)
    light_degrees: float = 10.0
    light_brightness: float = 0.1


AMOUNTS = Amounts()


@dataclass(frozen=True)
class Changes:
    """What is done to each image of a batch; each attribute has shape (images,).

    Attributes
    ----------
    angle : torch.Tensor of float
        Rotation, radians, counter-clockwise as seen on the screen.
    flip_x, flip_y : torch.Tensor of float
        -1 flips left-right (top-bottom), 1 does not; before the rotation.
    sigma : torch.Tensor of float
        Standard deviation of the blur, pixels; 0 for none.
    factor : torch.Tensor of float
        By which grey values are multiplied.
    """

    angle: Tensor
    flip_x: Tensor
    flip_y: Tensor
    sigma: Tensor
    factor: Tensor

    def rows(self, chosen: slice) -> Changes:
        """Return the changes of some of the images."""
        return Changes(*(getattr(self, name)[chosen] for name in self.__dataclass_fields__))


def fifteen(variant: Tensor, generator: Generator, amounts: Amounts = AMOUNTS) -> Changes:
    """Draw the changes of the fifteen-fold augmentation.

    Parameters
    ----------
    variant : torch.Tensor of int64, shape (images,)
        Variant of each image, 0-14; on the device of ``generator``.
    generator : torch.Generator
        Source of the amounts.
    amounts : Amounts, optional
        Ranges.
    """
    geometry, intensity = variant // len(INTENSITIES), variant % len(INTENSITIES)
    drawn = torch.rand((3, len(variant)), generator=generator, device=variant.device)

    def between(row: int, limits: tuple[float, float]) -> Tensor:
        return limits[0] + drawn[row] * (limits[1] - limits[0])

    turn = (geometry == 3).float() - (geometry == 4).float()
    lighter = (intensity == 1).float() - (intensity == 2).float()
    return Changes(
        angle=turn * between(0, amounts.degrees) * (math.pi / 180),
        flip_x=1 - 2 * (geometry == 1).float(),
        flip_y=1 - 2 * (geometry == 2).float(),
        sigma=(intensity == 0).float() * between(1, amounts.sigma),
        factor=1 + lighter * between(2, amounts.brightness),
    )


def light(images: int, generator: Generator, amounts: Amounts = AMOUNTS) -> Changes:
    """Draw the changes of the mode ``light``: small rotation, flip left-right, small change of brightness, no blur."""
    drawn = torch.rand((3, images), generator=generator, device=generator.device)
    one = torch.ones(images, device=drawn.device)
    return Changes(
        angle=(2 * drawn[0] - 1) * (amounts.light_degrees * math.pi / 180),
        flip_x=1 - 2 * (drawn[1] < 0.5).float(),
        flip_y=one,
        sigma=0 * one,
        factor=1 + (2 * drawn[2] - 1) * amounts.light_brightness,
    )


def apply(pixels: Tensor, changes: Changes, largest_sigma: float = AMOUNTS.sigma[1]) -> Tensor:
    """Return changed images.

    Parameters
    ----------
    pixels : torch.Tensor of float, shape (images, channels, height, width) or (images, channels, depth, height, width)
        Grey values, 0-255. All channels and planes of an image are changed alike.
    changes : Changes
        Of each image.
    largest_sigma : float, default 1.25
        Upper limit of ``changes.sigma``: it sets the width of the filter, which must not depend on values that are on a GPU.

    Returns
    -------
    torch.Tensor of float
        Same shape, 0-255.
    """
    planes = pixels.flatten(1, -3) if pixels.ndim == 5 else pixels  # depth lies beside the channels
    out = warped(planes, changes)
    if out.device.type == "cpu":  # without a GPU's need to avoid decisions on values, the others are left alone
        rows = torch.nonzero(changes.sigma)[:, 0]
        if len(rows):
            out[rows] = blurred(out[rows], changes.sigma[rows], largest_sigma)
    else:
        out = blurred(out, changes.sigma, largest_sigma)
    out = (out * changes.factor[:, None, None, None]).clamp_(0, 255)
    return out.reshape(pixels.shape)


def warped(pixels: Tensor, changes: Changes, mode: str = "bilinear") -> Tensor:
    """Return images (n, channels, height, width) flipped and rotated about their middle in one resampling; outside is 0.

    Notes
    -----
    A place ``(x, y)`` of the result, in pixels from the middle, is read at ``F R (x, y)`` with the flip ``F = diag(flip_x, flip_y)`` and
    the rotation ``R``; the grid of torch runs from -1 to 1 along both axes, so terms across axes carry ``height / width``. Checked
    against :func:`scipy.ndimage.rotate`.
    """
    height, width = pixels.shape[2:]
    cos, sin = torch.cos(changes.angle), torch.sin(changes.angle)
    zero = torch.zeros_like(cos)
    theta = torch.stack(
        [
            torch.stack([changes.flip_x * cos, -changes.flip_x * sin * (height / width), zero], dim=1),
            torch.stack([changes.flip_y * sin * (width / height), changes.flip_y * cos, zero], dim=1),
        ],
        dim=1,
    )
    grid = functional.affine_grid(theta, [len(pixels), 1, height, width], align_corners=False)
    return functional.grid_sample(pixels, grid, mode=mode, padding_mode="zeros", align_corners=False)


def blurred(pixels: Tensor, sigma: Tensor, largest_sigma: float) -> Tensor:
    """Return images (n, channels, height, width), each after a Gaussian filter of its own; mirrored at the border.

    Notes
    -----
    The filter is separable: rows, then columns, each weight ``exp(-k^2 / (2 sigma^2))`` for ``|k| <= 4 sigma + 1/2``, normalised, as in
    :func:`scipy.ndimage.gaussian_filter` with ``mode="mirror"``. ``sigma`` 0 leaves an image.
    """
    n, channels, height, width = pixels.shape
    radius = min(int(TRUNCATE * largest_sigma + 0.5), height - 1, width - 1)
    place = torch.arange(-radius, radius + 1, device=pixels.device, dtype=pixels.dtype)
    reach = torch.floor(TRUNCATE * sigma + 0.5)[:, None]
    weight = torch.exp(-0.5 * (place / sigma.clamp_min(1e-6)[:, None]) ** 2) * (place.abs() <= reach)
    weight = weight / weight.sum(dim=1, keepdim=True)
    kernel = weight.repeat_interleave(channels, dim=0)[:, None, :, None]
    flat = functional.pad(pixels.reshape(1, n * channels, height, width), [radius] * 4, mode="reflect")
    rows = functional.conv2d(flat, kernel, groups=n * channels)
    return functional.conv2d(rows, kernel.transpose(2, 3), groups=n * channels).reshape(pixels.shape)


def expand(slices: Slices, copies: int = VARIANTS, seed: int = 1, amounts: Amounts = AMOUNTS) -> Slices:
    """Return an augmented set, as it arises when images are augmented before they are divided into training and validation.

    Parameters
    ----------
    slices : Slices
        The originals.
    copies : int, default 15
        Images per original, 1-15: different variants, drawn for each original when fewer than 15. The original itself is not among them.
    seed : int, default 1
        Of variants and amounts.
    amounts : Amounts, optional
        Ranges.

    Returns
    -------
    Slices
        ``copies`` in a row for each original, with its label, patient, position and centre; masks are flipped and rotated alike.

    Raises
    ------
    UsageError
        When ``copies`` is not 1-15.
    """
    if not 1 <= copies <= VARIANTS:
        raise UsageError(f"copies is {copies}; allowed: 1 to {VARIANTS}")
    generator = torch.Generator().manual_seed(seed)
    changes = fifteen(variants(len(slices), copies, generator).flatten(), generator, amounts)
    many = slices.select(np.repeat(np.arange(len(slices)), copies))
    pixels = np.empty_like(many.pixels)
    mask = None if many.mask is None else np.empty_like(many.mask)
    for start in range(0, len(many), CHUNK):
        part = slice(start, start + CHUNK)
        batch = torch.from_numpy(many.pixels[part]).float()
        pixels[part] = apply(batch, changes.rows(part), amounts.sigma[1]).round().to(torch.uint8).numpy()
        if mask is not None and many.mask is not None:
            inside = torch.from_numpy(many.mask[part, None]).float()
            mask[part] = warped(inside, changes.rows(part), mode="nearest")[:, 0].numpy() > 0.5
    return replace(many, pixels=pixels, mask=mask)


def variants(images: int, each: int, generator: Generator) -> Tensor:
    """Draw different variants for every image: shape (images, each), int64, 0-14; all of them when ``each`` is 15."""
    shuffled = torch.rand((images, VARIANTS), generator=generator, device=generator.device).argsort(dim=1)
    return shuffled[:, :each]
