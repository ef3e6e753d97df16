"""Which images, in which variant, belong to which step of an epoch."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from dlrrc_core.baseline.training.augment import variants
from dlrrc_core.baseline.training.settings import Settings
from dlrrc_core.baseline.training.surroundings import seed_of


@dataclass(frozen=True, eq=False)
class Plan:
    """Order of one epoch.

    Attributes
    ----------
    image, variant : torch.Tensor of int64, shape (images per epoch,)
        Number of the image and its variant, 0-14, in the order of training; on the device.
    borders : tuple of int
        Step ``s`` takes ``borders[s]`` to ``borders[s + 1]``.
    """

    image: torch.Tensor
    variant: torch.Tensor
    borders: tuple[int, ...]

    @property
    def steps(self) -> int:
        """Number of steps."""
        return len(self.borders) - 1

    def sizes(self) -> torch.Tensor:
        """Return the number of images of each step, float64, on the device."""
        return torch.tensor(self.borders, dtype=torch.float64, device=self.image.device).diff()


def plan(images: int, settings: Settings, epoch: int, device: torch.device, processes: int = 1) -> Plan:
    """Return the order of an epoch; the same for the same seed and epoch, whatever happened before.

    Parameters
    ----------
    images : int
        Number of training images.
    settings : Settings
        Batch, augmentation and seed. With ``15-fold`` every image comes ``variants_per_epoch`` times, otherwise once.
    epoch : int
        Number of the epoch, from 1.
    device : torch.device
        Where the order is wanted.
    processes : int, default 1
        Processes that divide each batch.

    Notes
    -----
    All steps have the same number of images, give or take one, at most ``batch``: a small rest as a last step would be normalised by
    its own few values, and a gradient through the batch normalisation of two values can be huge. (With fewer than two images per
    process a step could not be normalised at all; then there are fewer, larger steps.)
    """
    generator = torch.Generator().manual_seed(seed_of(settings.seed, epoch))
    each = settings.variants_per_epoch if settings.augmentation == "15-fold" else 1
    variant = variants(images, each, generator).flatten()
    order = torch.randperm(images * each, generator=generator)
    steps = max(1, min(math.ceil(len(order) / settings.batch), len(order) // (2 * processes)))
    borders = [len(order) * step // steps for step in range(steps + 1)]
    return Plan((order // each).to(device), variant[order].to(device), tuple(borders))
