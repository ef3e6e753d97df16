"""The networks that can be counted: how each is laid out, the classifiers that can follow, and the layers of both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial

from dlrrc_core.audit import network_inception, network_light, network_models
from dlrrc_core.audit.network_layers import Layer, Tape
from dlrrc_core.problems import UsageError, one_of

MAX_CLASSES, MAX_CHANNELS, MAX_SIDE = 100_000, 1000, 10_000


@dataclass(frozen=True)
class Backbone:
    """How a network is laid out.

    Attributes
    ----------
    body : callable
        Takes a :class:`Tape` through everything before the classifier.
    size : tuple of int
        Image size of the original work; also says whether the network has two or three dimensions.
    keras : bool
        Whether it follows ``keras.applications``.
    classifier : callable, optional
        The original classifier, for the networks whose classifier is more than global pooling and one layer.
    segments : bool
        Whether a class is given to every pixel.
    """

    body: Callable[[Tape], Tape]
    size: tuple[int, ...]
    keras: bool = False
    classifier: Callable[[Tape, int], Tape] | None = None
    segments: bool = False


def _backbones() -> dict[str, Backbone]:
    wide, light, paths = network_models, network_light, network_inception
    plain, voxels = (224, 224), (32, 32, 32)
    found = {f"resnet{depth}": Backbone(partial(wide.resnet, depth=depth), plain) for depth in wide.RESNET}
    for depth in ("50", "101", "152"):
        found[f"resnet{depth}-keras"] = Backbone(partial(wide.resnet, depth=depth), plain, keras=True)
    volume = partial(wide.resnet, depth="18", stem=(3, 7, 7), stem_stride=(1, 2, 2))
    found["resnet18-3d-video"] = Backbone(volume, (16, 112, 112))
    found["resnet18-3d"] = Backbone(partial(wide.resnet, depth="18"), voxels)
    for depth in wide.VGG:
        found[f"vgg{depth}"] = Backbone(partial(wide.vgg, depth=depth), plain, False, wide.vgg_classifier)
    found["alexnet"] = Backbone(wide.alexnet, plain, False, wide.alexnet_classifier)
    found["densenet121"] = Backbone(wide.densenet, plain)
    found["mobilenet-v2"] = Backbone(light.mobilenet_v2, plain)
    found["shufflenet-v2-x1.0"] = Backbone(light.shufflenet_v2, plain)
    for scale in light.EFFICIENTNET_SCALE:
        body = partial(light.efficientnet, scale=scale)
        side = {"b0": 224, "b1": 240, "b2": 260, "b3": 300}[scale]
        found[f"efficientnet-{scale}"] = Backbone(body, (side, side))
        found[f"efficientnet-{scale}-keras"] = Backbone(body, (side, side), keras=True)
    found["googlenet"] = Backbone(paths.googlenet, plain)
    found["inception-v3"] = Backbone(paths.inception_v3, (299, 299))
    found["inception-v3-side"] = Backbone(paths.inception_v3, (299, 299), False, paths.inception_v3_classifiers)
    found["inception-v3-keras"] = Backbone(paths.inception_v3, (299, 299), keras=True)
    found["unet"] = Backbone(wide.unet, (256, 256), segments=True)
    found["unet-norm"] = Backbone(partial(wide.unet, norm=True), (256, 256), segments=True)
    return found


BACKBONES = _backbones()
HEADS: dict[str, tuple[int, ...] | None] = {  # widths of the dense layers between global pooling and the classes
    "one-layer": (),
    "hidden-1024": (1024,),
    "hidden-512": (512,),
    "hidden-256": (256,),
    "hidden-128": (128,),
    "five-narrowing": (256, 128, 64, 32, 16),  # Xi et al. (2020)
    "none": None,
    "original": None,
}


@dataclass(frozen=True)
class Body:
    """Everything before the classifier, once counted.

    Attributes
    ----------
    layers : tuple of Layer
    channels : int
        Channels that the classifier receives.
    size : tuple of int
        Positions along each axis that the classifier receives.
    """

    layers: tuple[Layer, ...]
    channels: int
    size: tuple[int, ...]


def checked(
    backbone: str, classes: int, head: str, size: Sequence[int] | None, channels: int
) -> tuple[Backbone, tuple[int, ...]]:
    """Return the plan of a backbone and the image size that applies.

    Raises
    ------
    UsageError
        When a name does not exist or a number is out of range or of another number of dimensions.
    """
    plan = BACKBONES[one_of(backbone, BACKBONES, "backbone")]
    one_of(head, HEADS, "head")
    shape = plan.size if size is None else tuple(size)
    for name, value, most in (("classes", classes, MAX_CLASSES), ("channels", channels, MAX_CHANNELS)):
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
            raise UsageError(f"{name} is {value!r}; allowed: a whole number from 1 to {most}")
    whole = all(isinstance(n, int) and not isinstance(n, bool) and 1 <= n <= MAX_SIDE for n in shape)
    if len(shape) != len(plan.size) or not whole:
        raise UsageError(
            f"size is {shape}; allowed for {backbone}: {len(plan.size)} whole numbers from 1 to {MAX_SIDE}"
        )
    if plan.segments and head not in ("original", "none"):
        raise UsageError(f"head is '{head}'; allowed for {backbone}: original, none")
    return plan, shape


@lru_cache(maxsize=512)
def body(backbone: str, size: tuple[int, ...], channels: int) -> Body:
    """Return the layers before the classifier; the arguments are those of :func:`layers`, already checked."""
    plan = BACKBONES[backbone]
    tape = Tape(channels, size, keras=plan.keras)
    plan.body(tape)
    return Body(tuple(tape.layers), tape.channels, tape.size)


def head_layers(plan: Backbone, before: Body, classes: int, head: str) -> tuple[Layer, ...]:
    """Return the layers of the classifier that follows a backbone.

    Parameters
    ----------
    plan : Backbone
    before : Body
        What :func:`body` gives for this plan.
    classes : int
        Outputs of the last layer.
    head : str
        Key of :data:`HEADS`.

    Returns
    -------
    tuple of Layer
        Empty for the head ``none``.
    """
    tape = Tape(before.channels, before.size, keras=plan.keras, head=True)
    if head == "none":
        return ()
    if plan.segments:
        tape.conv(classes, 1, bias=True, norm=False, act=False)
    elif head == "original" and plan.classifier is not None:
        plan.classifier(tape, classes)
    else:
        tape.pool_to()
        for width in HEADS[head] or ():
            tape.dense(width, act=True)
        tape.dense(classes)
    return tuple(tape.layers)


def layers(
    backbone: str, classes: int = 1000, head: str = "original", size: Sequence[int] | None = None, channels: int = 3
) -> tuple[Layer, ...]:
    """Return every layer of a network.

    Parameters
    ----------
    backbone : str
        Key of :data:`BACKBONES`; ``-keras`` marks the variant of ``keras.applications``.
    classes : int, default 1000
        Outputs of the last layer, from 1.
    head : str, default ``"original"``
        Key of :data:`HEADS`; ``"none"`` leaves the classifier away.
    size : sequence of int, optional
        Pixels along each axis; by default those of the original work.
    channels : int, default 3
        Channels of the image, from 1.

    Returns
    -------
    tuple of Layer

    Raises
    ------
    UsageError
        When a name does not exist or a number is out of range or of another number of dimensions.
    """
    plan, shape = checked(backbone, classes, head, size, channels)
    before = body(backbone, shape, channels)
    return before.layers + head_layers(plan, before, classes, head)
