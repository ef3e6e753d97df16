"""Networks with parallel paths, layer by layer: GoogLeNet and Inception-v3."""

from __future__ import annotations

from dlrrc_core.audit.network_layers import Sizes, Tape

GOOGLENET = (  # 1x1 | before 3x3, 3x3 | before the second 3x3, second 3x3 | after the pooling; None is a pooling
    (64, 96, 128, 16, 32, 32),
    (128, 128, 192, 32, 96, 64),
    None,
    (192, 96, 208, 16, 48, 64),
    (160, 112, 224, 24, 64, 64),
    (128, 128, 256, 24, 64, 64),
    (112, 144, 288, 32, 64, 64),
    (256, 160, 320, 32, 128, 128),
    None,
    (256, 160, 320, 32, 128, 128),
    (384, 192, 384, 48, 128, 128),
)
Step = tuple[int, Sizes]


def googlenet(tape: Tape) -> Tape:
    """Pass GoogLeNet (Szegedy et al., 2015, CVPR; with batch normalisation and without the two side classifiers).

    Parameters
    ----------
    tape : Tape
        At the input image.

    Returns
    -------
    Tape
        Before the classifier.
    """
    tape.conv(64, 7, 2).pool(3, 2, up=True).conv(64, 1).conv(192, 3).pool(3, 2, up=True)
    second = False
    for block in GOOGLENET:
        if block is None:
            tape.pool(2 if second else 3, 2, up=True)
            second = True
            continue
        a, b_in, b, c_in, c, d = block
        paths = [_path(tape, *steps) for steps in ([(a, 1)], [(b_in, 1), (b, 3)], [(c_in, 1), (c, 3)])]
        _merge(tape, *paths, tape.branch().pool(3, 1, 1).conv(d, 1))
    return tape


def inception_v3(tape: Tape) -> Tape:
    """Pass Inception-v3 (Szegedy et al., 2016, CVPR) without its side classifier, up to the last block.

    Parameters
    ----------
    tape : Tape
        At the input image.

    Returns
    -------
    Tape
        Before the classifier.

    Notes
    -----
    The Keras version has no scale in its batch normalisations.
    """
    _step(tape, 32, 3, 2, 0)
    _step(tape, 32, 3, 1, 0)
    _step(tape, 64, 3)
    tape.pool(3, 2)
    _step(tape, 80, 1)
    _step(tape, 192, 3, 1, 0)
    tape.pool(3, 2)
    for pooled in (32, 64, 64):
        paths = [_path(tape, *steps) for steps in ([(64, 1)], [(48, 1), (64, 5)], [(64, 1), (96, 3), (96, 3)])]
        _merge(tape, *paths, _pooled(tape, pooled))
    _shrink(tape, [(384, 3)], [(64, 1), (96, 3), (96, 3)])
    for width in (128, 160, 160, 192):
        long: list[Step] = [(width, 1), (width, (7, 1)), (width, (1, 7)), (width, (7, 1)), (192, (1, 7))]
        paths = [_path(tape, *steps) for steps in ([(192, 1)], [(width, 1), (width, (1, 7)), (192, (7, 1))], long)]
        _merge(tape, *paths, _pooled(tape, 192))
    _shrink(tape, [(192, 1), (320, 3)], [(192, 1), (192, (1, 7)), (192, (7, 1)), (192, 3)])
    for _ in range(2):
        forks = [_path(tape, (384, 1)), _path(tape, (448, 1), (384, 3))]
        forked = [_path(fork, (384, kernel)) for fork in forks for kernel in ((1, 3), (3, 1))]
        _merge(tape, _path(tape, (320, 1)), *forked, _pooled(tape, 192))
    return tape


def _step(tape: Tape, out: int, kernel: Sizes, stride: int = 1, padding: int | None = None) -> Tape:
    return tape.conv(out, kernel, stride, padding, norm=False, act=False).norm(scale=not tape.keras).act()


def _path(tape: Tape, *steps: Step) -> Tape:
    """Return a new path of convolutions that keep the size."""
    path = tape.branch()
    for out, kernel in steps:
        _step(path, out, kernel)
    return path


def _pooled(tape: Tape, out: int) -> Tape:
    return _step(tape.branch().pool(3, 1, 1), out, 1)


def _shrink(tape: Tape, *paths: list[Step]) -> None:
    """Halve the size on every path: the last convolution of each, and a pooling, have stride 2 and no padding."""
    shrunk = [_step(_path(tape, *steps[:-1]), *steps[-1], 2, 0) for steps in paths]
    _merge(tape, *shrunk, tape.branch().pool(3, 2))


def _merge(tape: Tape, first: Tape, *others: Tape) -> None:
    first.join(*others)
    tape.channels, tape.size = first.channels, first.size


def inception_v3_classifiers(tape: Tape, classes: int) -> Tape:
    """Pass the classifier of Inception-v3 and its side classifier, which torchvision counts and a finished model drops.

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
    side = Tape(768, (17, 17), tape.layers, tape.keras, tape.head)
    _step(_step(side.pool(5, 3), 128, 1), 768, 5, 1, 0).pool_to().dense(classes)
    return tape.pool_to().dense(classes)
