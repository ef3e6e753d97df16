"""What a built network holds and costs: parameters, shapes of its layers, operations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode


class Parameters(NamedTuple):
    """Numbers of parameters.

    Attributes
    ----------
    trainable : int
        Parameters that training changes.
    total : int
        All parameters and the moving mean and variance of every batch normalisation, as Keras prints it.
    """

    trainable: int
    total: int


def parameters(model: nn.Module) -> Parameters:
    """Return the numbers of parameters of a network.

    Parameters
    ----------
    model : torch.nn.Module

    Returns
    -------
    tuple
        ``trainable`` and ``total``, see :class:`Parameters`.

    Notes
    -----
    torchvision's ``num_params`` is the trainable number. Checked against torchvision 0.28 and ``keras.applications`` 3.15
    (``tests/reference/parameter-counts.json``); Keras's EfficientNet has 7 more, of its layer ``Normalization``.
    """
    held = list(model.parameters())
    moving = [value for key, value in model.named_buffers() if key.endswith(("running_mean", "running_var"))]
    return Parameters(
        sum(each.numel() for each in held if each.requires_grad), sum(each.numel() for each in [*held, *moving])
    )


@contextmanager
def evaluating(model: nn.Module) -> Iterator[nn.Module]:
    """Put a network into evaluation mode and every part back into the mode it had."""
    before = [(part, part.training) for part in model.modules()]
    model.eval()
    try:
        yield model
    finally:
        for part, mode in before:
            part.training = mode


def blank(model: nn.Module, shape: Sequence[int]) -> torch.Tensor:
    """Return zeros of a shape on the device and in the precision of a network."""
    first = next(model.parameters())
    return torch.zeros(tuple(shape), device=first.device, dtype=first.dtype)


def shapes(model: Any, size: int | Sequence[int]) -> dict[str, tuple[int, ...]]:
    """Return the shape that every layer hands on for one image.

    Parameters
    ----------
    model : Network
        Its weights and moving statistics stay as they are.
    size : int or sequence of int
        Pixels along each axis; one number stands for all.

    Returns
    -------
    dict of str to tuple of int
        By name of the module, in the order in which they finish: channels, then pixels along each axis.
    """
    sides = (size,) * model.axes if isinstance(size, int) else tuple(size)
    found: dict[str, tuple[int, ...]] = {}

    def note(name: str) -> Any:
        return lambda _module, _inputs, output: found.__setitem__(name, tuple(output.shape[1:]))

    handles = [part.register_forward_hook(note(name)) for name, part in model.named_modules() if name]
    try:
        with evaluating(model), torch.no_grad():
            model(blank(model, (1, model.channels, *sides)))
    finally:
        for handle in handles:
            handle.remove()
    return found


def flops(model: nn.Module, shape: Sequence[int]) -> int:
    """Return the floating point operations of one pass forward.

    Parameters
    ----------
    model : torch.nn.Module
    shape : sequence of int
        Shape of the input, images first.

    Returns
    -------
    int
        Twice the multiplications of convolutions and dense layers: a multiplication and an addition each.

    Notes
    -----
    Counted by ``torch.utils.flop_counter.FlopCounterMode`` while the network runs; half of it is the number of multiplications
    of :func:`dlrrc_core.audit.network.count`.
    """
    with evaluating(model), torch.no_grad(), FlopCounterMode(display=False) as counter:
        model(blank(model, shape))
    return int(counter.get_total_flops())
