"""Make tests/reference/parameter-counts.json: parameters and multiplications of networks as other packages count them.

published: num_params and _ops (10^9 multiplications) of the weights tables of torchvision's documentation.
total, trainable: sums over the tensors of the models of torchvision, MONAI and keras.applications, built without weights.
multiplications: half of what torch.utils.flop_counter.FlopCounterMode counts for one image forward.
outputs: numbers that convolutions and dense layers hand on for one image, by forward hooks.
saved_bytes: what torch.autograd keeps for the backward pass of one image in training, parameters left out (batch of 2, halved).
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from importlib.metadata import version
from math import prod
from pathlib import Path
from typing import Any

os.environ["KERAS_BACKEND"] = "torch"

import keras
import torch
import torchvision
from monai.networks.nets import resnet18 as monai_resnet18
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

PACKAGES = ("torch", "torchvision", "keras", "monai")
TORCHVISION = {  # our name: torchvision's name, side of the image
    "resnet18": ("resnet18", 224),
    "resnet34": ("resnet34", 224),
    "resnet50": ("resnet50", 224),
    "resnet101": ("resnet101", 224),
    "resnet152": ("resnet152", 224),
    "vgg16": ("vgg16", 224),
    "vgg19": ("vgg19", 224),
    "alexnet": ("alexnet", 224),
    "densenet121": ("densenet121", 224),
    "mobilenet-v2": ("mobilenet_v2", 224),
    "shufflenet-v2-x1.0": ("shufflenet_v2_x1_0", 224),
    "efficientnet-b0": ("efficientnet_b0", 224),
    "efficientnet-b1": ("efficientnet_b1", 240),
    "efficientnet-b2": ("efficientnet_b2", 260),
    "efficientnet-b3": ("efficientnet_b3", 300),
    "googlenet": ("googlenet", 224),
    "inception-v3": ("inception_v3", 299),
    "inception-v3-side": ("inception_v3", 299),
}
KERAS = {
    "resnet50-keras": "ResNet50",
    "resnet101-keras": "ResNet101",
    "resnet152-keras": "ResNet152",
    "vgg16": "VGG16",
    "vgg19": "VGG19",
    "densenet121": "DenseNet121",
    "mobilenet-v2": "MobileNetV2",
    "efficientnet-b0-keras": "EfficientNetB0",
    "efficientnet-b1-keras": "EfficientNetB1",
    "efficientnet-b2-keras": "EfficientNetB2",
    "efficientnet-b3-keras": "EfficientNetB3",
    "inception-v3-keras": "InceptionV3",
}


def forward(model: nn.Module, size: tuple[int, ...]) -> dict[str, int]:
    """Return multiplications and the numbers handed on by convolutions and dense layers for one image."""
    handed_on: list[int] = []
    for module in model.modules():
        if isinstance(module, nn.Conv2d | nn.Conv3d | nn.Linear | nn.ConvTranspose2d):
            module.register_forward_hook(lambda _m, _i, out: handed_on.append(out.numel()))
    model.eval()
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(torch.zeros(1, 3, *size))
    return {"multiplications": counter.get_total_flops() // 2, "outputs": sum(handed_on)}


def saved_bytes(model: nn.Module, size: tuple[int, ...]) -> int:
    """Return the bytes of all different tensors that are kept for the backward pass, for one image of a batch of two."""
    own = {p.data_ptr() for p in (*model.parameters(), *model.buffers())}
    kept: dict[int, int] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        if tensor.data_ptr() not in own:
            kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    model.train()
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        result = model(torch.zeros(2, 3, *size))
        return sum(kept.values()) // 2 if result is not None else 0


def torch_case(name: str, model: nn.Module, size: tuple[int, ...], **more: Any) -> dict[str, Any]:
    """Return one case; PyTorch's parameters are all trainable, the moving statistics are buffers."""
    trainable = sum(p.numel() for p in model.parameters())
    moving = sum(b.numel() for n, b in model.named_buffers() if not n.endswith("num_batches_tracked"))
    expected = {"trainable": trainable, "total": trainable + moving, **forward(model, size)}
    return {"name": name, **more, "size": list(size), "expected": expected}


def torchvision_cases() -> Iterator[dict[str, Any]]:
    """Yield 1000 and 2 classes of every network of torchvision, and the two-dimensional sizes of Zuo and Xi."""
    for ours, (theirs, side) in TORCHVISION.items():
        first = next(iter(torchvision.models.get_model_weights(theirs)))
        for classes, pixels in ((1000, side), (2, side), (3, 256)):
            options = {"init_weights": False} if theirs in ("googlenet", "inception_v3") else {}
            if theirs in ("googlenet", "inception_v3"):
                options["aux_logits"] = ours.endswith("-side")
            model = getattr(torchvision.models, theirs)(weights=None, num_classes=classes, **options)
            case = torch_case(f"torchvision {theirs} {classes} classes {pixels}", model, (pixels, pixels))
            case |= {"backbone": ours, "classes": classes, "head": "original", "package": "torchvision"}
            if classes == 1000 and not ours.endswith("-side"):
                case["expected"]["saved_bytes"] = saved_bytes(model, (side, side))
            if ours.endswith("-side"):  # in evaluation the side classifier is not passed
                del case["expected"]["multiplications"], case["expected"]["outputs"]
            if classes == 1000 and ours != "inception-v3":
                crop = first.transforms().crop_size[0]  # the published multiplications are at this side
                case["published"] = {"num_params": first.meta["num_params"], "gmacs": first.meta["_ops"], "side": crop}
            yield case


def other_cases() -> Iterator[dict[str, Any]]:
    """Yield three-dimensional networks, a U-Net, and heads with hidden layers."""
    video = torchvision.models.video.r3d_18(weights=None, num_classes=400)
    meta = torchvision.models.video.R3D_18_Weights.DEFAULT.meta
    case = torch_case("torchvision r3d_18", video, (16, 112, 112))
    case |= {"backbone": "resnet18-3d-video", "classes": 400, "head": "original", "package": "torchvision"}
    yield case | {"published": {"num_params": meta["num_params"], "gmacs": meta["_ops"], "side": 112}}
    volume = monai_resnet18(
        spatial_dims=3, n_input_channels=3, num_classes=2, conv1_t_stride=2, shortcut_type="B", bias_downsample=False
    )
    case = torch_case("MONAI resnet18 in three dimensions", volume, (32, 32, 32))
    yield case | {"backbone": "resnet18-3d", "classes": 2, "head": "original", "package": "MONAI"}
    for head, widths in (("hidden-1024", (1024,)), ("five-narrowing", (256, 128, 64, 32, 16))):
        model = torchvision.models.resnet50(weights=None)
        steps: list[nn.Module] = []
        before = 2048
        for width in widths:
            steps += [nn.Linear(before, width), nn.ReLU()]
            before = width
        model.fc = nn.Sequential(*steps, nn.Linear(before, 2))
        case = torch_case(f"torchvision resnet50, {head}", model, (200, 200))
        yield case | {"backbone": "resnet50", "classes": 2, "head": head, "package": "torchvision"}


def keras_cases() -> Iterator[dict[str, Any]]:
    """Yield the networks of keras.applications; the total includes the moving statistics."""
    for ours, theirs in KERAS.items():
        model = getattr(keras.applications, theirs)(weights=None)
        trainable = sum(prod(w.shape) for w in model.trainable_weights)
        expected = {"total": model.count_params(), "trainable": trainable}
        yield {
            "name": f"keras {theirs}",
            "package": "keras.applications",
            "backbone": ours,
            "classes": 1000,
            "head": "original",
            "size": list(model.input_shape[1:3]),
            "expected": expected,
        }


def main() -> None:
    """Write the file; the only argument is its path."""
    cases = [*torchvision_cases(), *other_cases(), *keras_cases()]
    made_with = {package: version(package) for package in PACKAGES}
    text = json.dumps({"source": __doc__, "made_with": made_with, "cases": cases}, indent=1, ensure_ascii=False)
    Path(sys.argv[1]).write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
