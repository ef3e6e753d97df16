"""Networks with wide convolutions, layer by layer: ResNet, VGG, AlexNet, DenseNet, U-Net."""

from __future__ import annotations

from dlrrc_core.audit.network_layers import Tape

RESNET = {  # blocks in each of the four stages, and whether a block has three convolutions
    "18": ((2, 2, 2, 2), False),
    "34": ((3, 4, 6, 3), False),
    "50": ((3, 4, 6, 3), True),
    "101": ((3, 4, 23, 3), True),
    "152": ((3, 8, 36, 3), True),
}
VGG = {  # convolutions between the five poolings
    "16": (2, 2, 3, 3, 3),
    "19": (2, 2, 4, 4, 4),
}
ALEXNET = (
    (64, 11, 4, 2),
    (192, 5, 1, 2),
    (384, 3, 1, 1),
    (256, 3, 1, 1),
    (256, 3, 1, 1),
)  # out, kernel, stride, padding
DENSENET_121 = (6, 12, 24, 16)


def resnet(tape: Tape, depth: str, stem: tuple[int, ...] | int = 7, stem_stride: tuple[int, ...] | int = 2) -> Tape:
    """Pass a ResNet in two or three dimensions.

    Parameters
    ----------
    tape : Tape
        At the input image.
    depth : str
        A key of :data:`RESNET`.
    stem, stem_stride : int or tuple of int
        Kernel and stride of the first convolution; a stem of more than one number belongs to a three-dimensional
        network, which (as in torchvision's ``r3d_18``) has no pooling after it.

    Returns
    -------
    Tape
        Before the global pooling.

    Notes
    -----
    He et al. (2016), CVPR. The Keras version has a bias in every convolution and the stride in the first of the three.
    """
    blocks, deep = RESNET[depth]
    tape.conv(64, stem, stem_stride, bias=tape.keras)
    if isinstance(stem, int):
        tape.pool(3, 2, 1)
    for stage, number in enumerate(blocks):
        for block in range(number):
            _residual(tape, 64 * 2**stage, 2 if stage and not block else 1, deep)
    return tape


def _residual(tape: Tape, width: int, stride: int, deep: bool) -> None:
    out, bias = width * (4 if deep else 1), tape.keras
    if stride > 1 or tape.channels != out:
        tape.branch().conv(out, 1, stride, bias=bias, act=False)
    if deep:
        first, second = (stride, 1) if tape.keras else (1, stride)
        tape.conv(width, 1, first, bias=bias).conv(width, 3, second, bias=bias).conv(out, 1, bias=bias, act=False)
    else:
        tape.conv(width, 3, stride, bias=bias).conv(width, 3, bias=bias, act=False)
    tape.act()


def vgg(tape: Tape, depth: str, norm: bool = False) -> Tape:
    """Pass the convolutions of VGG (Simonyan and Zisserman, 2015, ICLR) up to the last pooling.

    Parameters
    ----------
    tape : Tape
        At the input image.
    depth : str
        A key of :data:`VGG`.
    norm : bool, default False
        Whether batch normalisation follows each convolution.

    Returns
    -------
    Tape
        Before the classifier.
    """
    for stage, number in enumerate(VGG[depth]):
        for _ in range(number):
            tape.conv(64 * 2 ** min(stage, 3), bias=True, norm=norm)
        tape.pool(2, 2)
    return tape


def vgg_classifier(tape: Tape, classes: int) -> Tape:
    """Pass the classifier of VGG: two layers of 4096 and the classes.

    Parameters
    ----------
    tape : Tape
        Behind the convolutions.
    classes : int
        Outputs of the last layer.

    Returns
    -------
    Tape
        At the classes.
    """
    size = tape.size if tape.keras else (7, 7)
    return tape.pool_to(*size).dense(4096, act=True).dense(4096, act=True).dense(classes)


def alexnet(tape: Tape) -> Tape:
    """Pass the convolutions of AlexNet (Krizhevsky, 2014, one column; as in torchvision) up to the last pooling.

    Parameters
    ----------
    tape : Tape
        At the input image.

    Returns
    -------
    Tape
        Before the classifier.
    """
    for number, (out, kernel, stride, padding) in enumerate(ALEXNET):
        tape.conv(out, kernel, stride, padding, bias=True, norm=False)
        if number in (0, 1, 4):
            tape.pool(3, 2)
    return tape


def alexnet_classifier(tape: Tape, classes: int) -> Tape:
    """Pass the classifier of AlexNet: two layers of 4096 and the classes.

    Parameters
    ----------
    tape : Tape
        Behind the convolutions.
    classes : int
        Outputs of the last layer.

    Returns
    -------
    Tape
        At the classes.
    """
    return tape.pool_to(6, 6).dense(4096, act=True).dense(4096, act=True).dense(classes)


def densenet(tape: Tape, blocks: tuple[int, ...] = DENSENET_121, growth: int = 32) -> Tape:
    """Pass a DenseNet (Huang et al., 2017, CVPR): every layer adds ``growth`` channels, transitions halve them.

    Parameters
    ----------
    tape : Tape
        At the input image.
    blocks : tuple of int
        Layers in each block.
    growth : int, default 32
        Channels that every layer adds.

    Returns
    -------
    Tape
        Before the classifier.
    """
    tape.conv(2 * growth, 7, 2).pool(3, 2, 1)
    for stage, number in enumerate(blocks):
        for _ in range(number):
            new = tape.branch().norm().act().conv(4 * growth, 1).conv(growth, 3, norm=False, act=False)
            tape.join(new)
        tape.norm().act()
        if stage < len(blocks) - 1:
            tape.conv(tape.channels // 2, 1, norm=False, act=False).pool(2, 2)
    return tape


def unet(tape: Tape, norm: bool = False, width: int = 64, depth: int = 4) -> Tape:
    """Pass a U-Net with padding, up to the layer before the classes.

    Parameters
    ----------
    tape : Tape
        At the input image; each side a multiple of ``2 ** depth``.
    norm : bool, default False
        Whether batch normalisation follows each convolution in place of its bias.
    width, depth : int
        Channels of the first level and number of poolings.

    Returns
    -------
    Tape
        Before the last convolution, of kernel 1.

    Notes
    -----
    Ronneberger et al. (2015), MICCAI, with transposed convolutions of kernel 2.
    """

    def twice(out: int) -> None:
        for _ in range(2):
            tape.conv(out, 3, bias=not norm, norm=norm)

    kept = []
    twice(width)
    for level in range(1, depth + 1):
        kept.append(tape.branch())
        tape.pool(2, 2)
        twice(width * 2**level)
    for skipped in reversed(kept):
        tape.up(skipped.channels).join(skipped)
        twice(skipped.channels)
    return tape
