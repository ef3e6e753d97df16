"""EfficientNet-B0 (Tan and Le, 2019, ICML)."""

from __future__ import annotations

import torch
from torch import nn

from dlrrc_core.audit.network_light import EFFICIENTNET
from dlrrc_core.baseline.networks.base import Network, conv_norm, dense, kaiming

FIRST, LAST, DROPOUT, STOCHASTIC_DEPTH = 32, 1280, 0.2, 0.2


class Gate(nn.Module):
    """Weigh each channel by what all channels hold on average (squeeze and excitation; Hu et al., 2018, CVPR)."""

    def __init__(self, channels: int, squeezed: int) -> None:
        super().__init__()
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc1 = nn.Conv2d(channels, squeezed, 1)
        self.fc2 = nn.Conv2d(squeezed, channels, 1)
        self.activation = nn.SiLU(inplace=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the weighed maps."""
        return x * torch.sigmoid(self.fc2(self.activation(self.fc1(self.avgpool(x)))))


class StochasticDepth(nn.Module):
    """Leave the block out for some images while training (Huang et al., 2016, ECCV).

    Parameters
    ----------
    probability : float
        Share of images for which the block is left out; the others are divided by the rest, so that the mean stays.
    """

    def __init__(self, probability: float) -> None:
        super().__init__()
        self.probability = probability

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the maps, zero for the images left out."""
        if not self.training or self.probability == 0:
            return x
        stays = 1 - self.probability
        return x * x.new_empty((x.shape[0], 1, 1, 1)).bernoulli_(stays).div_(stays)


class MBConv(nn.Module):
    """Inverted residual block with a gate before the narrowing convolution."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expansion: int, left_out: float) -> None:
        super().__init__()
        hidden = inputs * expansion
        widen = [conv_norm(inputs, hidden, activation=_silu)] if expansion > 1 else []
        self.block = nn.Sequential(
            *widen,
            conv_norm(hidden, hidden, kernel, stride, groups=hidden, activation=_silu),
            Gate(hidden, max(1, inputs // 4)),
            conv_norm(hidden, outputs),
        )
        self.stochastic_depth = StochasticDepth(left_out)
        self.adds = stride == 1 and inputs == outputs

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the maps after the block."""
        return x + self.stochastic_depth(self.block(x)) if self.adds else self.block(x)


def _silu() -> nn.Module:
    return nn.SiLU(inplace=True)


class EfficientNetB0(Network):
    """EfficientNet-B0 with the attribute names of ``torchvision.models.efficientnet_b0``.

    Parameters
    ----------
    classes, channels : int
        Outputs and channels of the image.
    head : {"plain", "hidden"}
        See :data:`~dlrrc_core.baseline.networks.base.HEADS`.

    Notes
    -----
    The probability that a block is left out grows with its depth from 0 to just below 0.2, as in torchvision.
    """

    classifier_name = "classifier"
    first_name = "features.0.0"
    last_map = "features.8"

    def __init__(self, classes: int, channels: int, head: str) -> None:
        super().__init__(channels)
        stages: list[nn.Module] = [conv_norm(channels, FIRST, 3, 2, activation=_silu)]
        inputs, passed, depth = FIRST, 0, sum(stage[-1] for stage in EFFICIENTNET)
        for expansion, kernel, stride, outputs, repeats in EFFICIENTNET:
            blocks = []
            for unit in range(repeats):
                left_out = STOCHASTIC_DEPTH * passed / depth
                blocks.append(MBConv(inputs, outputs, kernel, 1 if unit else stride, expansion, left_out))
                inputs, passed = outputs, passed + 1
            stages.append(nn.Sequential(*blocks))
        stages.append(conv_norm(inputs, LAST, activation=_silu))
        self.features = nn.Sequential(*stages)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Sequential(nn.Dropout(DROPOUT), *dense(LAST, classes, head))
        kaiming(self)
        for layer in self.classifier.modules():
            if isinstance(layer, nn.Linear):
                bound = layer.out_features**-0.5
                nn.init.uniform_(layer.weight, -bound, bound)
                nn.init.zeros_(layer.bias)

    def maps(self, images: torch.Tensor) -> torch.Tensor:
        """Return the maps of the last convolution, at 1/32 of the size."""
        return self.features(images)
