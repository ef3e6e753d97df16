"""Whether a printed training time, or a batch in a card's memory, is plausible: one rough deduction, both ways.

Every result lists its steps, each with a range and the assumption behind it. A verdict other than ``plausible`` is given
only where the ranges do not meet at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isfinite

from dlrrc_core.audit.hardware import Card
from dlrrc_core.audit.network import Count
from dlrrc_core.problems import UsageError, one_of

PLAUSIBLE, UNKNOWN = "plausible", "unknown"
FAST, SLOW, FULL = "too fast for the card", "slower than expected", "does not fit memory"
FORWARD_AND_BACKWARD = {"all": (2.5, 3.5), "head": (1.0, 3.5)}
FACTOR_SOURCE = (
    "forward and backward pass cost about 3 forward passes (Hobbhahn 2022, epochai.org/blog/measure-FLOPs-empirically: "
    "backward to forward 2:1); half a pass either way for the first layer, other layers and the optimiser"
)
FAST_ALGORITHM = 4  # Lavin and Gray (2016), CVPR, arXiv 1509.09308: arithmetic reduced by up to this factor
FAST_SOURCE = "fast algorithms need down to 1/4 of the multiplications of windowed convolutions (Lavin and Gray 2016)"
UTILISATION = (0.01, 0.75)
UTILISATION_SOURCE = (
    "measured shares of the peak speed: 0.3 to 0.75 for most networks, below 0.04 for some with depthwise convolutions "
    "(Hobbhahn 2022, Tesla P100); down to 0.01 where images arrive slowly (an allowance without a source)"
)
OPTIMISER_COPIES = {"sgd": 0, "momentum": 1, "rmsprop": 1, "adam": 2}
OVERHEAD = (0.0, 2.0)  # GiB of workspace and of the card's own programs; an allowance without a source
GIB = 2**30
Amount = float | tuple[float, float]


@dataclass(frozen=True)
class Step:
    """One step of a deduction.

    Attributes
    ----------
    name : str
    low, high : float
        The range.
    unit : str
    assumption : str
        What the range rests on.
    """

    name: str
    low: float
    high: float
    unit: str
    assumption: str


@dataclass(frozen=True)
class Assessment:
    """The result of a deduction.

    Attributes
    ----------
    verdict : str
        ``plausible``, ``too fast for the card``, ``slower than expected``, ``does not fit memory`` or ``unknown``.
    message : str
        In plain words.
    low, high : float
        What is to be expected: hours, or GiB of memory; ``high`` is infinite where there is no bound.
    steps : tuple of Step
        In order, with the assumption of each.
    """

    verdict: str
    message: str
    low: float
    high: float
    steps: tuple[Step, ...]


def expected_time(
    network: Count,
    images: Amount,
    epochs: Amount,
    card: Card,
    number: int = 1,
    precision: str | None = None,
    trained: str = "all",
) -> Assessment:
    """Return the hours of training to expect.

    Parameters
    ----------
    network : Count
        From :func:`dlrrc_core.audit.network.count`, at the image size of the paper.
    images, epochs : float or tuple of float
        Training images in one epoch (augmented ones included) and epochs; a pair is a range.
    card : Card
        From :func:`dlrrc_core.audit.hardware.find_card`.
    number : int, default 1
        Cards used together.
    precision : {"fp32", "mixed"} or None
        What the paper says; None leaves it open.
    trained : {"all", "head"}, default ``"all"``
        ``"head"`` where the backbone is frozen.

    Returns
    -------
    Assessment
        Verdict ``plausible``; ``low`` and ``high`` in hours.

    Raises
    ------
    UsageError
        When an amount is not above 0 or a name does not exist.

    Notes
    -----
    ``2 x multiplications x 3 x images x epochs / (cards x peak x utilisation)``, every factor a range. Validation passes,
    loading and saving are not counted. Checked against the times that github.com/u39kun/deep-learning-benchmark measured.
    """
    work, (low, high), steps = _work_and_peak(network, images, epochs, card, number, precision, trained)
    hours = work[0] / (high * UTILISATION[1]) / 3600, work[1] / (low * UTILISATION[0]) / 3600
    steps += (
        Step("utilisation", *UTILISATION, "share of peak", UTILISATION_SOURCE),
        Step("time", *hours, "hours", "training passes only; no validation, loading or saving"),
    )
    return Assessment(PLAUSIBLE, f"{_span(*hours)} hours are to be expected on {number} x {card.name}", *hours, steps)


def check_time(
    network: Count,
    images: Amount | None,
    epochs: Amount | None,
    hours: Amount | None,
    card: Card | None,
    number: int = 1,
    precision: str | None = None,
    trained: str = "all",
) -> Assessment:
    """Compare a printed training time with what the card can do.

    Parameters
    ----------
    network, images, epochs, card, number, precision, trained
        As in :func:`expected_time`; None where the paper does not say.
    hours : float or tuple of float or None
        As printed.

    Returns
    -------
    Assessment
        ``too fast for the card`` where even the least work needs more than the peak speed; ``slower than expected`` where
        even the most work needs less than 1 % of it; ``unknown`` where something is not printed or not in the table.
    """
    values = {"images": images, "epochs": epochs, "time": hours, "card": card}
    missing = [name for name, value in values.items() if value is None]
    if images is None or epochs is None or hours is None or card is None:
        return Assessment(UNKNOWN, f"not known: {', '.join(missing)}; nothing can be compared", 0.0, inf, ())
    shortest, longest = (value * 3600 for value in _amount("hours", hours))
    work, (low, high), steps = _work_and_peak(network, images, epochs, card, number, precision, trained)
    nominal = 6 * network.macs * _middle(images) * _middle(epochs) / _middle((shortest, longest))
    speed = work[0] / longest, work[1] / shortest
    expected = expected_time(network, images, epochs, card, number, precision, trained)
    steps += (Step("sustained speed", speed[0] / 1e12, speed[1] / 1e12, "TFLOP/s", "work divided by the printed time"),)
    steps += expected.steps[-2:]
    known = high if isfinite(high) else low
    said = f"the printed time means about {nominal / 1e12:.3g} TFLOP/s; {number} x {card.name} has at most {known / 1e12:.3g}"
    if speed[0] > high:
        verdict, said = FAST, f"{said}; even the least work in that time is above it; check the publisher's copy"
    elif speed[0] > known:
        verdict, said = UNKNOWN, f"{said} with ordinary arithmetic, and its matrix units are not in the table"
    elif speed[1] < low * UTILISATION[0]:
        verdict, said = SLOW, f"{said}; even the most work in that time uses less than 1 % of it"
    else:
        verdict = PLAUSIBLE
    return Assessment(verdict, said, expected.low, expected.high, steps)


def check_memory(
    network: Count,
    batch: int | None,
    card: Card | None,
    number: int = 1,
    optimiser: str | None = None,
    precision: str | None = None,
    trained: str = "all",
) -> Assessment:
    """Compare what training keeps in memory with the card.

    Parameters
    ----------
    network, card, number, precision, trained
        As in :func:`expected_time`; the batch is shared among the cards.
    batch : int or None
        Images in one step.
    optimiser : {"sgd", "momentum", "rmsprop", "adam"} or None
        None leaves it open.

    Returns
    -------
    Assessment
        ``does not fit memory`` where even the least is above the memory; ``low`` and ``high`` in GiB for each card.

    Notes
    -----
    Least: parameters, gradients, copies of the optimiser, and what convolutions and dense layers hand on, all kept until
    the backward pass. Most: what every layer hands on, and as much again for its gradients, and an allowance. Recomputing
    what was not kept (gradient checkpointing) needs less than the least. Checked against what PyTorch keeps.
    """
    if batch is None or card is None:
        missing = [name for name, value in {"batch": batch, "card": card}.items() if value is None]
        return Assessment(UNKNOWN, f"not known: {', '.join(missing)}; nothing can be compared", 0.0, inf, ())
    _check_number(number, trained)
    _amount("batch", batch)
    known = OPTIMISER_COPIES
    copies = tuple(known.values()) if optimiser is None else (known[one_of(optimiser.lower(), known, "optimiser")],)
    learned = network.trainable if trained == "all" else network.head_weights
    few, many = (4 * (network.total + learned * (1 + n)) / GIB for n in (min(copies), max(copies)))
    card.peak(precision)  # refuses a precision that does not exist
    share = -(-batch // number)
    least, most = (4 if precision == "fp32" else 2), (2 if precision == "mixed" else 4)
    kept = network.stored * least * share / GIB if trained == "all" else 0.0
    passed = 2 * network.outputs * most * share / GIB
    steps = (
        Step("parameters, gradients, optimiser", few, many, "GiB", f"{min(copies)} to {max(copies)} copies, 4 bytes"),
        Step(
            "passed on between layers",
            kept,
            passed,
            "GiB",
            f"{share} images, {least} to {most} bytes, no recomputation",
        ),
        Step("allowance", *OVERHEAD, "GiB", "workspace and the card's own programs; no source"),
    )
    low, high = sum(step.low for step in steps), sum(step.high for step in steps)
    said = f"training needs about {_span(low, high)} GiB on each card; {card.name} has {card.memory:g}"
    if low > card.memory:
        return Assessment(FULL, f"{said}; even the least is above it, unless parts were recomputed", low, high, steps)
    return Assessment(PLAUSIBLE, said if high <= card.memory else f"{said}, which may be enough", low, high, steps)


def _work_and_peak(
    network: Count, images: Amount, epochs: Amount, card: Card, number: int, precision: str | None, trained: str
) -> tuple[tuple[float, float], tuple[float, float], tuple[Step, ...]]:
    """Return the arithmetic of the whole training in FLOP, the peak of all cards in FLOP/s, and the steps to both."""
    _check_number(number, trained)
    factor, seen, times = FORWARD_AND_BACKWARD[trained], _amount("images", images), _amount("epochs", epochs)
    least = 2 * (network.macs - network.windowed * (1 - 1 / FAST_ALGORITHM))
    forward = least, 2.0 * network.macs
    work = tuple(forward[i] * factor[i] * seen[i] * times[i] for i in (0, 1))
    peak = tuple(value * number for value in card.peak(precision))
    size = " x ".join(str(n) for n in network.size)
    steps = (
        Step(
            "forward pass of one image",
            least / 1e9,
            forward[1] / 1e9,
            "GFLOP",
            f"{network.backbone}, {size}; {FAST_SOURCE}",
        ),
        Step("passes for one training image", *factor, "forward passes", FACTOR_SOURCE),
        Step("images x epochs", seen[0] * times[0], seen[1] * times[1], "images", "as printed"),
        Step("work", work[0] / 1e12, work[1] / 1e12, "TFLOP", "product of the above"),
        Step(
            "peak speed",
            peak[0] / 1e12,
            peak[1] / 1e12,
            "TFLOP/s",
            f"{number} card(s), {precision or 'any precision'}; {card.row}",
        ),
    )
    return (work[0], work[1]), (peak[0], peak[1]), steps


def _check_number(number: int, trained: str) -> None:
    one_of(trained, FORWARD_AND_BACKWARD, "part that is trained")
    if isinstance(number, bool) or not isinstance(number, int) or number < 1:
        raise UsageError(f"number of cards is {number!r}; allowed: a whole number from 1")


def _amount(name: str, value: Amount) -> tuple[float, float]:
    low, high = value if isinstance(value, tuple) else (value, value)
    if not (isfinite(low) and isfinite(high) and 0 < low <= high):
        raise UsageError(f"{name} is {value}; allowed: a number above 0, or a pair of them with the smaller first")
    return float(low), float(high)


def _middle(value: Amount) -> float:
    low, high = value if isinstance(value, tuple) else (value, value)
    return float(low + high) / 2


def _span(low: float, high: float) -> str:
    return f"{low:.2g} to {high:.2g}"
