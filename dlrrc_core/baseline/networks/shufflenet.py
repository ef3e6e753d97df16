"""ShuffleNet V2 at width x1.0 (Ma et al., 2018, ECCV)."""

from __future__ import annotations

import torch
from torch import nn

from dlrrc_core.audit.network_light import SHUFFLENET_V2
from dlrrc_core.baseline.networks.base import Network, alone, conv_norm, dense

FIRST, LAST = 24, 1024


class Unit(nn.Module):
    """Two branches, joined and shuffled; at stride 1 the first branch is half of the channels as they are."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        half = outputs // 2
        self.splits = stride == 1
        self.branch1 = nn.Sequential()
        if not self.splits:
            self.branch1 = nn.Sequential(
                *conv_norm(inputs, inputs, 3, stride, groups=inputs),
                *conv_norm(inputs, half, activation=_relu),
            )
        self.branch2 = nn.Sequential(
            *conv_norm(half if self.splits else inputs, half, activation=_relu),
            *conv_norm(half, half, 3, stride, groups=half),
            *conv_norm(half, half, activation=_relu),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the maps after the unit."""
        left, right = x.chunk(2, dim=1) if self.splits else (x, x)
        return _shuffled(torch.cat((self.branch1(left), self.branch2(right)), dim=1))


def _relu() -> nn.Module:
    return nn.ReLU(inplace=True)


def _shuffled(x: torch.Tensor) -> torch.Tensor:
    """Return the channels of the two halves in turn: 0, k, 1, k + 1, ..."""
    n, channels, height, width = x.shape
    return x.view(n, 2, channels // 2, height, width).transpose(1, 2).reshape(n, channels, height, width)


class ShuffleNetV2(Network):
    """ShuffleNet V2 x1.0 with the attribute names of ``torchvision.models.shufflenet_v2_x1_0``.

    Parameters
    ----------
    classes, channels : int
        Outputs and channels of the image.
    head : {"plain", "hidden"}
        See :data:`~dlrrc_core.baseline.networks.base.HEADS`.

    Notes
    -----
    Weights start as torch draws them, as in torchvision.
    """

    first_name = "conv1.0"
    last_map = "conv5"

    def __init__(self, classes: int, channels: int, head: str) -> None:
        super().__init__(channels)
        self.conv1 = conv_norm(channels, FIRST, 3, 2, activation=_relu)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        inputs = FIRST
        for number, (outputs, units) in enumerate(SHUFFLENET_V2, start=2):
            stage = [Unit(inputs, outputs, 2), *(Unit(outputs, outputs, 1) for _ in range(units - 1))]
            setattr(self, f"stage{number}", nn.Sequential(*stage))
            inputs = outputs
        self.conv5 = conv_norm(inputs, LAST, activation=_relu)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = alone(dense(LAST, classes, head))

    def maps(self, images: torch.Tensor) -> torch.Tensor:
        """Return the maps of the last convolution, at 1/32 of the size."""
        return self.conv5(self.stage4(self.stage3(self.stage2(self.maxpool(self.conv1(images))))))
