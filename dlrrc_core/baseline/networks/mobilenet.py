"""MobileNetV2 at width 1.0 (Sandler et al., 2018, CVPR)."""

from __future__ import annotations

import torch
from torch import nn

from dlrrc_core.audit.network_light import MOBILENET_V2
from dlrrc_core.baseline.networks.base import Network, conv_norm, dense, kaiming

FIRST, LAST, DROPOUT = 32, 1280, 0.2


class InvertedResidual(nn.Module):
    """Widen by a convolution of kernel 1, filter each channel by itself, narrow without activation; add the input if it fits."""

    def __init__(self, inputs: int, outputs: int, stride: int, expansion: int) -> None:
        super().__init__()
        hidden = inputs * expansion
        widen = [conv_norm(inputs, hidden, activation=_relu6)] if expansion > 1 else []
        filtered = conv_norm(hidden, hidden, 3, stride, groups=hidden, activation=_relu6)
        self.conv = nn.Sequential(*widen, filtered, *conv_norm(hidden, outputs))
        self.adds = stride == 1 and inputs == outputs

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the maps after the block."""
        return x + self.conv(x) if self.adds else self.conv(x)


def _relu6() -> nn.Module:
    return nn.ReLU6(inplace=True)


class MobileNetV2(Network):
    """MobileNetV2 with the attribute names of ``torchvision.models.mobilenet_v2``.

    Parameters
    ----------
    classes, channels : int
        Outputs and channels of the image.
    head : {"plain", "hidden"}
        See :data:`~dlrrc_core.baseline.networks.base.HEADS`.
    """

    classifier_name = "classifier"
    first_name = "features.0.0"
    last_map = "features.18"

    def __init__(self, classes: int, channels: int, head: str) -> None:
        super().__init__(channels)
        blocks: list[nn.Module] = [conv_norm(channels, FIRST, 3, 2, activation=_relu6)]
        inputs = FIRST
        for expansion, outputs, repeats, stride in MOBILENET_V2:
            for unit in range(repeats):
                blocks.append(InvertedResidual(inputs, outputs, 1 if unit else stride, expansion))
                inputs = outputs
        blocks.append(conv_norm(inputs, LAST, activation=_relu6))
        self.features = nn.Sequential(*blocks)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Sequential(nn.Dropout(DROPOUT), *dense(LAST, classes, head))
        kaiming(self)
        for layer in self.classifier.modules():
            if isinstance(layer, nn.Linear):
                nn.init.normal_(layer.weight, 0, 0.01)
                nn.init.zeros_(layer.bias)

    def maps(self, images: torch.Tensor) -> torch.Tensor:
        """Return the maps of the last convolution, at 1/32 of the size."""
        return self.features(images)
