"""ResNet (He et al., 2016, CVPR) with 18, 34, 50 and 101 layers for images, and with 18 layers for volumes."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import nn

from dlrrc_core.baseline.networks.base import Network, alone, dense, kaiming

BLOCKS = {  # blocks in each of the four stages, and whether a block has three convolutions
    18: ((2, 2, 2, 2), False),
    34: ((3, 4, 6, 3), False),
    50: ((3, 4, 6, 3), True),
    101: ((3, 4, 23, 3), True),
}
CONVOLUTION = {2: nn.Conv2d, 3: nn.Conv3d}
NORMALISATION = {2: nn.BatchNorm2d, 3: nn.BatchNorm3d}
MAXIMUM = {2: nn.MaxPool2d, 3: nn.MaxPool3d}
MEAN = {2: nn.AdaptiveAvgPool2d, 3: nn.AdaptiveAvgPool3d}


def _conv(axes: int, inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Module:
    return CONVOLUTION[axes](inputs, outputs, kernel, stride, kernel // 2, bias=False)


class Basic(nn.Module):
    """Two convolutions of kernel 3 beside a shortcut."""

    widening: ClassVar[int] = 1

    def __init__(self, axes: int, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        shortcut = _shortcut(axes, inputs, width, stride)
        self.conv1 = _conv(axes, inputs, width, 3, stride)
        self.bn1 = NORMALISATION[axes](width)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = _conv(axes, width, width, 3)
        self.bn2 = NORMALISATION[axes](width)
        self.downsample = shortcut

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the maps after the block."""
        kept = x if self.downsample is None else self.downsample(x)
        x = self.relu(self.bn1(self.conv1(x)))
        return self.relu(self.bn2(self.conv2(x)) + kept)


class Bottleneck(nn.Module):
    """Convolutions of kernel 1, 3 and 1 beside a shortcut; the second has the stride, as in torchvision."""

    widening: ClassVar[int] = 4

    def __init__(self, axes: int, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        outputs = width * self.widening
        shortcut = _shortcut(axes, inputs, outputs, stride)
        self.conv1 = _conv(axes, inputs, width, 1)
        self.bn1 = NORMALISATION[axes](width)
        self.conv2 = _conv(axes, width, width, 3, stride)
        self.bn2 = NORMALISATION[axes](width)
        self.conv3 = _conv(axes, width, outputs, 1)
        self.bn3 = NORMALISATION[axes](outputs)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = shortcut

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the maps after the block."""
        kept = x if self.downsample is None else self.downsample(x)
        x = self.relu(self.bn1(self.conv1(x)))
        x = self.relu(self.bn2(self.conv2(x)))
        return self.relu(self.bn3(self.conv3(x)) + kept)


def _shortcut(axes: int, inputs: int, outputs: int, stride: int) -> nn.Module | None:
    """Return a convolution of kernel 1 where channels or size change; nothing where they stay."""
    if stride == 1 and inputs == outputs:
        return None
    return nn.Sequential(_conv(axes, inputs, outputs, 1, stride), NORMALISATION[axes](outputs))


class ResNet(Network):
    """ResNet with the attribute names of ``torchvision.models.resnet``.

    Parameters
    ----------
    depth : {18, 34, 50, 101}
        Layers with weights.
    classes, channels : int
        Outputs and channels of the image.
    head : {"plain", "hidden"}
        See :data:`~dlrrc_core.baseline.networks.base.HEADS`.
    axes : {2, 3}, default 2
        3 replaces every layer by the one for volumes, kernels and strides the same along all axes; the attribute names stay
        those of two dimensions (``torchvision.models.video.r3d_18`` has another stem and other names, its weights do not fit).
    """

    last_map = "layer4"

    def __init__(self, depth: int, classes: int, channels: int, head: str, axes: int = 2) -> None:
        super().__init__(channels, axes)
        numbers, deep = BLOCKS[depth]
        block = Bottleneck if deep else Basic
        self.conv1 = CONVOLUTION[axes](channels, 64, 7, 2, 3, bias=False)
        self.bn1 = NORMALISATION[axes](64)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = MAXIMUM[axes](3, 2, 1)
        inputs = 64
        for stage, number in enumerate(numbers):
            width = 64 * 2**stage
            blocks = []
            for unit in range(number):
                blocks.append(block(axes, inputs, width, 2 if stage and not unit else 1))
                inputs = width * block.widening
            setattr(self, f"layer{stage + 1}", nn.Sequential(*blocks))
        self.avgpool = MEAN[axes](1)
        self.fc = alone(dense(inputs, classes, head))
        kaiming(self)

    def maps(self, images: torch.Tensor) -> torch.Tensor:
        """Return the maps of the fourth stage, at 1/32 of the size."""
        x = self.maxpool(self.relu(self.bn1(self.conv1(images))))
        return self.layer4(self.layer3(self.layer2(self.layer1(x))))
