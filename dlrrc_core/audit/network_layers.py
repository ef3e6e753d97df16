"""Layers of a neural network with their sizes, parameters and multiplications, all by formula.

A :class:`Tape` follows one image through a network and writes down every layer. Nothing is computed on an image, so no
deep-learning library is needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod

from dlrrc_core.problems import UsageError

Sizes = int | Sequence[int]


@dataclass(frozen=True)
class Layer:
    """One layer.

    Attributes
    ----------
    kind : str
        ``conv``, ``norm``, ``dense``, ``act``, ``pool`` or ``scale`` (fixed constants).
    weights : int
        Trainable parameters.
    fixed : int
        Numbers that a framework such as Keras counts as non-trainable parameters: the two moving statistics of each
        channel of a batch normalisation.
    macs : int
        Multiplications (each with an addition) for one image.
    outputs : int
        Numbers that the layer hands on for one image.
    head : bool
        Whether the layer belongs to the classifier that follows the backbone.
    window : int
        Positions that a convolution's kernel covers; 1 for all other layers.
    """

    kind: str
    weights: int = 0
    fixed: int = 0
    macs: int = 0
    outputs: int = 0
    head: bool = False
    window: int = 1


@dataclass
class Tape:
    """The state of one image on its way through a network, and the layers passed so far.

    Attributes
    ----------
    channels : int
        Channels at this point.
    size : tuple of int
        Pixels (or voxels) along each axis at this point; its length is the number of dimensions.
    layers : list of Layer
        Shared by the branches of one network.
    keras : bool, default False
        Whether batch normalisation, biases and strides follow ``keras.applications`` instead of torchvision.
    """

    channels: int
    size: tuple[int, ...]
    layers: list[Layer] = field(default_factory=list)
    keras: bool = False
    head: bool = False

    def _add(self, kind: str, weights: int = 0, fixed: int = 0, macs: int = 0, window: int = 1) -> None:
        outputs = self.channels * prod(self.size)
        self.layers.append(Layer(kind, weights, fixed, macs, outputs, self.head, window))

    def _spread(self, value: Sizes) -> tuple[int, ...]:
        return (value,) * len(self.size) if isinstance(value, int) else tuple(value)

    def _slide(self, kernel: Sizes, stride: Sizes, padding: Sizes | None, up: bool = False) -> tuple[int, ...]:
        """Set the size after a window has moved over the image; return the kernel along each axis."""
        k, s = self._spread(kernel), self._spread(stride)
        p = tuple(n // 2 for n in k) if padding is None else self._spread(padding)
        spans = [n + 2 * q - m for n, m, q in zip(self.size, k, p, strict=True)]
        if min(spans) < 0:
            raise UsageError(f"an image of {self.size} pixels at a window of {k}; allowed: a larger image")
        self.size = tuple((-(-a // b) if up else a // b) + 1 for a, b in zip(spans, s, strict=True))
        return k

    def conv(
        self,
        out: int,
        kernel: Sizes = 3,
        stride: Sizes = 1,
        padding: Sizes | None = None,
        groups: int = 1,
        bias: bool = False,
        norm: bool = True,
        act: bool = True,
    ) -> Tape:
        """Pass a convolution, with batch normalisation and activation unless told otherwise.

        Parameters
        ----------
        out : int
            Channels afterwards.
        kernel, stride, padding : int or sequence of int
            Along every axis; padding None is half the kernel.
        groups : int, default 1
            Channels are convolved in this many separate groups.
        bias, norm, act : bool
            Whether a bias, a batch normalisation and an activation follow.

        Returns
        -------
        Tape
            Itself.

        Notes
        -----
        Parameters: ``prod(kernel) * in / groups * out (+ out)``; multiplications: the first term times the positions.
        """
        if self.channels % groups or out % groups:
            raise UsageError(f"{self.channels} -> {out} channels in {groups} groups; allowed: a divisor of both")
        window = prod(self._slide(kernel, stride, padding))
        taps = window * (self.channels // groups) * out
        self.channels = out
        self._add("conv", taps + (out if bias else 0), macs=taps * prod(self.size), window=window)
        if norm:
            self.norm()
        if act:
            self.act()
        return self

    def up(self, out: int, kernel: int = 2) -> Tape:
        """Pass a transposed convolution with stride equal to its kernel and a bias, as the U-Net uses it.

        Parameters
        ----------
        out : int
            Channels afterwards.
        kernel : int, default 2
            Also the stride.

        Returns
        -------
        Tape
            Itself.
        """
        taps = kernel ** len(self.size) * self.channels * out
        positions = prod(self.size)
        self.channels, self.size = out, tuple(n * kernel for n in self.size)
        self._add("conv", taps + out, macs=taps * positions)
        return self

    def norm(self, scale: bool = True) -> Tape:
        """Pass a batch normalisation: shift (and scale) trainable, mean and variance as moving statistics.

        Parameters
        ----------
        scale : bool, default True
            Whether a scale is trained beside the shift.

        Returns
        -------
        Tape
            Itself.
        """
        self._add("norm", self.channels * (2 if scale else 1), 2 * self.channels)
        return self

    def act(self) -> Tape:
        """Pass an activation function."""
        self._add("act")
        return self

    def pool(self, kernel: Sizes, stride: Sizes, padding: Sizes = 0, up: bool = False) -> Tape:
        """Pass a pooling window; ``up`` rounds the size up.

        Parameters
        ----------
        kernel, stride, padding : int or sequence of int
            Along every axis.
        up : bool, default False
            Whether the size is rounded up.

        Returns
        -------
        Tape
            Itself.
        """
        self._slide(kernel, stride, padding, up)
        self._add("pool")
        return self

    def pool_to(self, *size: int) -> Tape:
        """Pass an adaptive pooling to a given size; without one, to a single number per channel.

        Parameters
        ----------
        *size : int
            Positions along each axis.

        Returns
        -------
        Tape
            Itself.
        """
        self.size = size or (1,) * len(self.size)
        self._add("pool")
        return self

    def dense(self, out: int, act: bool = False) -> Tape:
        """Pass a fully connected layer with bias; the image is flattened first.

        Parameters
        ----------
        out : int
            Channels afterwards.
        act : bool, default False
            Whether an activation follows.

        Returns
        -------
        Tape
            Itself.

        Notes
        -----
        Parameters: ``in * out + out``; multiplications: ``in * out``.
        """
        taps = self.channels * prod(self.size) * out
        self.channels, self.size = out, (1,) * len(self.size)
        self._add("dense", taps + out, macs=taps)
        if act:
            self.act()
        return self

    def constants(self, number: int) -> Tape:
        """Pass a layer that only holds fixed numbers.

        Parameters
        ----------
        number : int
            How many.

        Returns
        -------
        Tape
            Itself.
        """
        self._add("scale", fixed=number)
        return self

    def branch(self) -> Tape:
        """Return a second path that starts here and writes into the same list."""
        return Tape(self.channels, self.size, self.layers, self.keras, self.head)

    def join(self, *others: Tape) -> Tape:
        """Put the channels of other paths behind those of this one.

        Parameters
        ----------
        *others : Tape
            Of the same size.

        Returns
        -------
        Tape
            Itself.
        """
        if any(other.size != self.size for other in others):
            sizes = ", ".join(str(tape.size) for tape in (self, *others))
            raise UsageError(f"paths of sizes {sizes} meet; allowed: an image size that keeps them equal")
        self.channels += sum(other.channels for other in others)
        return self
