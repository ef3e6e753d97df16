"""What all networks of the baseline share: one way from image to answer, the classifiers, and what images they take."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import torch
from torch import nn

from dlrrc_core.problems import UsageError, one_of

HIDDEN = 1024
HEADS: dict[str, tuple[int, ...]] = {"plain": (), "hidden": (HIDDEN,)}
"""Widths of the layers between the global pooling and the classes."""
SMALLEST = {2: 16, 3: 8}
STRIDE = 32


class Network(nn.Module):
    """A network of convolutions, global average pooling and a classifier of one or two dense layers.

    Attributes
    ----------
    recipe : dict
        Arguments of :func:`~dlrrc_core.baseline.networks.build` that make it again: name, classes, channels, head.
    axes : int
        2 for images, 3 for volumes.
    classifier_name : str
        Attribute that holds the classifier, as in torchvision: ``fc`` or ``classifier``.
    first_name : str
        Name of the first convolution.
    last_map : str
        Name of the module whose output is pooled.
    """

    classifier_name: ClassVar[str] = "fc"
    first_name: ClassVar[str] = "conv1"
    last_map: ClassVar[str] = ""

    def __init__(self, channels: int, axes: int = 2) -> None:
        super().__init__()
        self.recipe: dict[str, Any] = {}
        self.channels, self.axes = channels, axes

    def maps(self, images: torch.Tensor) -> torch.Tensor:
        """Return the feature maps before the global pooling."""
        raise NotImplementedError

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return one number per class and image, before softmax.

        Parameters
        ----------
        images : torch.Tensor, shape (n, channels, height, width) or (n, channels, depth, height, width)
            Floating point, windowed and scaled.

        Returns
        -------
        torch.Tensor, shape (n, classes)

        Raises
        ------
        UsageError
            When shape or type do not fit, or the image is too small.
        """
        if wrong := self._refused(images):
            raise UsageError(wrong)
        pooled: torch.Tensor = torch.flatten(self.avgpool(self.maps(images)), 1)
        return getattr(self, self.classifier_name)(pooled)

    def _refused(self, images: torch.Tensor) -> str:
        """Return why the images cannot be taken, or an empty string."""
        smallest = SMALLEST[self.axes]
        wanted = f"(images, {self.channels}, {'height, width' if self.axes == 2 else 'depth, height, width'})"
        if images.ndim != self.axes + 2 or images.shape[1] != self.channels:
            return f"images have shape {tuple(images.shape)}; allowed: {wanted}"
        if not images.is_floating_point():
            return f"images have type {images.dtype}; allowed: floating point (divide grey values by 255)"
        sides = tuple(images.shape[2:])
        if min(sides) < smallest:
            return f"images of {' x '.join(map(str, sides))}; allowed: {smallest} along each axis or more"
        if self.training and images.shape[0] == 1 and max(sides) <= STRIDE:
            return (
                f"one image of {' x '.join(map(str, sides))} while training leaves one value per channel, which batch "
                f"normalisation cannot standardise; allowed: two images or more, or more than {STRIDE} along one axis"
            )
        return ""


def dense(inputs: int, classes: int, head: str) -> list[nn.Module]:
    """Return the dense layers of a classifier.

    Parameters
    ----------
    inputs : int
        Channels after the global pooling.
    classes : int
        Outputs of the last layer.
    head : {"plain", "hidden"}
        ``"hidden"`` puts a layer of 1024 with ReLU before the classes; the printed counts of the ResNets of Zuo et al. (2021)
        need it.

    Returns
    -------
    list of torch.nn.Module
    """
    layers: list[nn.Module] = []
    for width in HEADS[one_of(head, HEADS, "head")]:
        layers += [nn.Linear(inputs, width), nn.ReLU(inplace=True)]
        inputs = width
    return [*layers, nn.Linear(inputs, classes)]


def alone(layers: list[nn.Module]) -> nn.Module:
    """Return the only layer itself, so that its name has no number, or several in order."""
    return layers[0] if len(layers) == 1 else nn.Sequential(*layers)


def conv_norm(
    inputs: int,
    outputs: int,
    kernel: int = 1,
    stride: int = 1,
    groups: int = 1,
    activation: Callable[[], nn.Module] | None = None,
) -> nn.Sequential:
    """Return a convolution without bias, padded by half its kernel, with batch normalisation and an activation.

    Parameters
    ----------
    inputs, outputs : int
        Channels.
    kernel, stride, groups : int, default 1
        As in ``torch.nn.Conv2d``.
    activation : callable, optional
        Makes the activation; by default there is none.
    """
    layers = [
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
    ]
    return nn.Sequential(*layers, *([activation()] if activation else []))


def kaiming(model: nn.Module) -> None:
    """Draw the weights of all convolutions from a normal distribution of variance ``2 / (kernel * outputs)``; no bias at first.

    Notes
    -----
    He et al. (2015), ICCV, with the number of outputs, as torchvision does for ResNet, MobileNetV2 and EfficientNet.
    """
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d | nn.Conv3d):
            nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
