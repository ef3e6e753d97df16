"""Parameter counts: how many a network has, and which networks have a printed number of them.

The layers come from :mod:`dlrrc_core.audit.network_models` and its neighbours; a count is the sum of the parameters of all
layers, a number of multiplications that of theirs. Keras counts the moving statistics of batch normalisation as
non-trainable parameters, PyTorch does not count them at all; both totals are given.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

from dlrrc_core.audit.network_backbones import BACKBONES, HEADS, body, checked, head_layers, layers
from dlrrc_core.audit.network_layers import Layer
from dlrrc_core.problems import UsageError, one_of

__all__ = ["BACKBONES", "HEADS", "Count", "Explanation", "count", "explain", "layers"]

CLASSES = (*range(1, 21), 1000)  # what is tried to explain a count, unless told otherwise
CHANNELS = (3, 1)


@dataclass(frozen=True)
class Count:
    """Parameters and multiplications of one network.

    Attributes
    ----------
    backbone, head : str
        Keys of :data:`BACKBONES` and :data:`HEADS`.
    classes, channels : int
        Outputs of the last layer and channels of the image.
    size : tuple of int
        Pixels along each axis.
    trainable : int
        Trainable parameters; what ``sum(p.numel() for p in model.parameters())`` gives in PyTorch.
    moving : int
        Moving statistics, which Keras adds as non-trainable parameters.
    head_weights : int
        Trainable parameters of the classifier alone.
    macs : int
        Multiplications, each with an addition, for one image forward; FLOPs are twice this number.
    stored, outputs : int
        Numbers that convolutions and dense layers hand on for one image, and numbers that all layers hand on.
    windowed : int
        Multiplications of the convolutions with a kernel above 1, which fast algorithms can reduce.
    """

    backbone: str
    head: str
    classes: int
    channels: int
    size: tuple[int, ...]
    trainable: int
    moving: int
    head_weights: int
    macs: int
    stored: int
    outputs: int
    windowed: int

    @property
    def total(self) -> int:
        """Parameters as Keras prints them: trainable and moving statistics."""
        return self.trainable + self.moving


def _sum(passed: Iterable[Layer]) -> tuple[int, ...]:
    """Return trainable, moving, multiplications, handed on by convolutions and dense layers, by all, and windowed."""
    found = [0] * 6
    for layer in passed:
        found[0] += layer.weights
        found[1] += layer.fixed
        found[2] += layer.macs
        found[3] += layer.outputs if layer.kind in ("conv", "dense") else 0
        found[4] += layer.outputs
        found[5] += layer.macs if layer.window > 1 else 0
    return tuple(found)


@lru_cache(maxsize=512)
def _body_sum(backbone: str, size: tuple[int, ...], channels: int) -> tuple[int, ...]:
    return _sum(body(backbone, size, channels).layers)


def count(
    backbone: str, classes: int = 1000, head: str = "original", size: Sequence[int] | None = None, channels: int = 3
) -> Count:
    """Return the parameters and multiplications of a network; the arguments are those of :func:`layers`.

    Returns
    -------
    Count

    Raises
    ------
    UsageError
        As in :func:`layers`.

    Notes
    -----
    Sums over the layers of the formulas in :mod:`dlrrc_core.audit.network_layers`. Checked against torchvision, MONAI and
    ``keras.applications`` (``validation/parameter_counts.py``).
    """
    plan, shape = checked(backbone, classes, head, size, channels)
    after = _sum(head_layers(plan, body(backbone, shape, channels), classes, head))
    before = _body_sum(backbone, shape, channels)
    trainable, moving, *others = (a + b for a, b in zip(before, after, strict=True))
    return Count(backbone, head, classes, channels, shape, trainable, moving, after[0], *others)


@dataclass(frozen=True)
class Explanation:
    """One network that has the printed numbers of parameters.

    Attributes
    ----------
    network : Count
    counting : str
        How the total is counted: ``with moving statistics`` (Keras), ``without moving statistics`` (PyTorch), or
        ``not compared`` where only the trainable count agrees.
    frozen : bool
        Whether the trainable count is that of the classifier alone.
    total, trainable : bool
        Which of the two printed numbers it explains.
    """

    network: Count
    counting: str
    frozen: bool
    total: bool
    trainable: bool


def explain(
    total: int | None = None,
    trainable: int | None = None,
    backbones: Iterable[str] | None = None,
    heads: Iterable[str] | None = None,
    classes: Iterable[int] = CLASSES,
    channels: Iterable[int] = CHANNELS,
) -> tuple[Explanation, ...]:
    """Return the networks that have the printed numbers of parameters.

    Parameters
    ----------
    total, trainable : int, optional
        As printed; at least one.
    backbones, heads : iterable of str, optional
        What to try; everything by default.
    classes, channels : iterable of int
        What to try; by default 1 to 20 and 1000 classes, and images of 3 or 1 channels.

    Returns
    -------
    tuple of Explanation
        Networks that explain both numbers come first, then those that explain one; 3 channels before 1.

    Raises
    ------
    UsageError
        When neither number is given, one is below 1, or a name does not exist.

    Notes
    -----
    Exact equality of integers; no rounding. The search is complete over what is tried. Where the two printed numbers are
    explained by different networks only, they cannot both belong to one of the networks tried.
    """
    if total is None and trainable is None:
        raise UsageError("neither a total nor a trainable count; allowed: one of them or both")
    for name, value in (("total", total), ("trainable", trainable)):
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
            raise UsageError(f"{name} is {value!r}; allowed: a whole number from 1")
    heads = tuple(HEADS) if heads is None else tuple(one_of(head, HEADS, "head") for head in heads)
    classes, channels = tuple(classes), tuple(channels)
    found: set[Explanation] = set()
    for backbone in BACKBONES if backbones is None else backbones:
        plan = BACKBONES[one_of(backbone, BACKBONES, "backbone")]
        plain = plan.classifier is None and not plan.segments
        for head in heads:
            if plan.segments and head not in ("original", "none"):
                continue
            if head == "original" and plain and "one-layer" in heads:
                continue  # the same network
            for outputs, deep in product((1,) if head == "none" else classes, channels):
                found.update(_matches(count(backbone, outputs, head, None, deep), total, trainable))
    return tuple(sorted(found, key=_rank))


def _rank(found: Explanation) -> tuple[bool, bool, int, str, str, int, str]:
    """Sort both numbers before one, a trained backbone before a frozen one, more channels before fewer, then by name."""
    net, both = found.network, found.total and found.trainable
    return not both, found.frozen, -net.channels, net.backbone, net.head, net.classes, found.counting


def _matches(network: Count, total: int | None, trainable: int | None) -> list[Explanation]:
    """Return how one network has one or both numbers; nothing when it has neither."""
    totals = {"with moving statistics": network.total, "without moving statistics": network.trainable}
    if network.moving == 0:
        del totals["with moving statistics"]
    same = {name for name, value in totals.items() if value == total}
    full = network.trainable == trainable
    partly = network.head_weights == trainable and network.head != "none" and bool(same)
    if same:
        return [Explanation(network, name, partly and not full, True, full or partly) for name in sorted(same)]
    return [Explanation(network, "not compared", False, False, True)] if full else []
