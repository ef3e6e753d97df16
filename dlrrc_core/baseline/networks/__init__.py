"""The networks of the baseline, written from their papers, with the attribute names of torchvision so that its weights load."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch

from dlrrc_core.baseline.networks.base import HEADS, Network
from dlrrc_core.baseline.networks.efficientnet import EfficientNetB0
from dlrrc_core.baseline.networks.measures import flops, parameters, shapes
from dlrrc_core.baseline.networks.mobilenet import MobileNetV2
from dlrrc_core.baseline.networks.resnet import ResNet
from dlrrc_core.baseline.networks.shufflenet import ShuffleNetV2
from dlrrc_core.baseline.networks.weights import load_weights
from dlrrc_core.problems import UsageError, one_of

__all__ = ["CATALOGUE", "HEADS", "NETWORKS", "Network", "build", "flops", "load_weights", "parameters", "shapes"]

NETWORKS: dict[str, Callable[[int, int, str], Network]] = {
    "mobilenetv2": MobileNetV2,
    "shufflenetv2": ShuffleNetV2,
    "efficientnet_b0": EfficientNetB0,
    "resnet18": partial(ResNet, 18),
    "resnet34": partial(ResNet, 34),
    "resnet50": partial(ResNet, 50),
    "resnet101": partial(ResNet, 101),
    "resnet18_3d": partial(ResNet, 18, axes=3),
}
"""What makes each network from classes, channels and head."""
CATALOGUE = {
    "mobilenetv2": "mobilenet-v2",
    "shufflenetv2": "shufflenet-v2-x1.0",
    "efficientnet_b0": "efficientnet-b0",
    "resnet18": "resnet18",
    "resnet34": "resnet34",
    "resnet50": "resnet50",
    "resnet101": "resnet101",
    "resnet18_3d": "resnet18-3d",
}
"""Names of the same networks in :data:`dlrrc_core.audit.network.BACKBONES`."""
MOST = {"classes": 100_000, "channels": 1000}


def build(name: str, classes: int = 2, channels: int = 3, head: str = "plain", seed: int | None = None) -> Network:
    """Return a network with weights as they are before training.

    Parameters
    ----------
    name : str
        Key of :data:`NETWORKS`.
    classes : int, default 2
        Outputs, from 1.
    channels : int, default 3
        Channels of the image, from 1.
    head : {"plain", "hidden"}, default ``"plain"``
        ``"hidden"`` puts a dense layer of 1024 with ReLU before the classes.
    seed : int, optional
        The same seed gives the same weights and leaves torch's own random numbers alone; by default those are used.

    Returns
    -------
    Network
        In training mode, on torch's default device, float32.

    Raises
    ------
    UsageError
        When a name does not exist or a number is out of range; every problem is named.

    Notes
    -----
    Layers, names, order and initial distributions are those of torchvision 0.28 (with one seed the very same weights), with
    its dropout (0.2 for MobileNetV2 and EfficientNet-B0) and stochastic depth (EfficientNet-B0). ``resnet18_3d`` is
    ``resnet18`` with every layer in three dimensions.
    """
    problems = []
    for value, allowed, what in ((name, NETWORKS, "network"), (head, HEADS, "head")):
        try:
            one_of(value, allowed, what)
        except UsageError as error:
            problems.append(str(error))
    for what, number in (("classes", classes), ("channels", channels)):
        if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= MOST[what]:
            problems.append(f"{what} is {number!r}; allowed: a whole number from 1 to {MOST[what]}")
    if problems:
        raise UsageError("; ".join(problems))
    with torch.random.fork_rng(devices=[], enabled=seed is not None):
        if seed is not None:
            torch.default_generator.manual_seed(seed)
        model = NETWORKS[name](classes, channels, head)
    model.recipe = {"name": name, "classes": classes, "channels": channels, "head": head}
    return model
