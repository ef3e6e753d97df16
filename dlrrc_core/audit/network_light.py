"""Networks with depthwise convolutions, layer by layer: MobileNetV2, ShuffleNet V2, EfficientNet."""

from __future__ import annotations

from math import ceil

from dlrrc_core.audit.network_layers import Tape

MOBILENET_V2 = (  # expansion, channels, repeats, stride of the first; Table 2 of the paper
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)
SHUFFLENET_V2 = ((116, 4), (232, 8), (464, 4))  # channels, units at width x1.0; Table 5 of the paper
EFFICIENTNET = (  # expansion, kernel, stride, channels, repeats at B0; Table 1 of the paper
    (1, 3, 1, 16, 1),
    (6, 3, 2, 24, 2),
    (6, 5, 2, 40, 2),
    (6, 3, 2, 80, 3),
    (6, 5, 1, 112, 3),
    (6, 5, 2, 192, 4),
    (6, 3, 1, 320, 1),
)
EFFICIENTNET_SCALE = {"b0": (1.0, 1.0), "b1": (1.0, 1.1), "b2": (1.1, 1.2), "b3": (1.2, 1.4)}  # width, depth
KERAS_INPUT_STATISTICS = 7  # mean and variance of three channels, and a counter, of the layer Normalization


def mobilenet_v2(tape: Tape) -> Tape:
    """Pass MobileNetV2 at width 1.0 (Sandler et al., 2018, CVPR) up to the last convolution.

    Parameters
    ----------
    tape : Tape
        At the input image.

    Returns
    -------
    Tape
        Before the classifier.
    """
    tape.conv(32, 3, 2)
    for expansion, out, repeats, stride in MOBILENET_V2:
        for unit in range(repeats):
            hidden = tape.channels * expansion
            if expansion > 1:
                tape.conv(hidden, 1)
            tape.conv(hidden, 3, stride if not unit else 1, groups=hidden).conv(out, 1, act=False)
    return tape.conv(1280, 1)


def shufflenet_v2(tape: Tape) -> Tape:
    """Pass ShuffleNet V2 x1.0 (Ma et al., 2018, ECCV) up to the last convolution.

    Parameters
    ----------
    tape : Tape
        At the input image.

    Returns
    -------
    Tape
        Before the classifier.
    """
    tape.conv(24, 3, 2).pool(3, 2, 1)
    for channels, units in SHUFFLENET_V2:
        half = channels // 2
        for unit in range(units):
            left = tape.branch()
            if unit:
                left.channels = tape.channels = half  # the image is split
            else:
                left.conv(left.channels, 3, 2, groups=left.channels, act=False).conv(half, 1)
            tape.conv(half, 1).conv(half, 3, 1 if unit else 2, groups=half, act=False).conv(half, 1).join(left)
    return tape.conv(1024, 1)


def efficientnet(tape: Tape, scale: str) -> Tape:
    """Pass an EfficientNet (Tan and Le, 2019, ICML) up to the last convolution.

    Parameters
    ----------
    tape : Tape
        At the input image; with ``keras``, the input statistics are counted as well.
    scale : str
        A key of :data:`EFFICIENTNET_SCALE`.

    Returns
    -------
    Tape
        Before the global pooling.

    Notes
    -----
    Channels are scaled by the width and rounded to a multiple of 8 (never below 90 %), repeats by the depth, rounded up.
    """
    width, depth = EFFICIENTNET_SCALE[scale]
    if tape.keras:
        tape.constants(KERAS_INPUT_STATISTICS)
    tape.conv(_round(32 * width), 3, 2)
    for expansion, kernel, stride, out, repeats in EFFICIENTNET:
        for unit in range(ceil(repeats * depth)):
            squeezed = max(1, tape.channels // 4)
            hidden = tape.channels * expansion
            if expansion > 1:
                tape.conv(hidden, 1)
            tape.conv(hidden, kernel, stride if not unit else 1, groups=hidden)
            gate = tape.branch().pool_to()
            gate.conv(squeezed, 1, bias=True, norm=False).conv(hidden, 1, bias=True, norm=False)
            tape.conv(_round(out * width), 1, act=False)
    return tape.conv(_round(1280 * width), 1)


def _round(channels: float) -> int:
    """Return the nearest multiple of 8 that is not below 90 % of the number."""
    rounded = max(8, int(channels + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * channels else rounded
