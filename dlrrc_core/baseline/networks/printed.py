"""The printed parameter counts and layers of Zuo et al. (2021), and which built networks have them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import torch

from dlrrc_core import strict_yaml
from dlrrc_core.audit.network_light import KERAS_INPUT_STATISTICS
from dlrrc_core.audit.study_checks import read_table
from dlrrc_core.baseline.networks import CATALOGUE, HEADS, build, parameters
from dlrrc_core.baseline.networks.measures import Parameters
from dlrrc_core.problems import UsageError, one_of
from dlrrc_core.records import Paper
from dlrrc_core.repository import find_root

PAPER = "zuo2021"
LINE = re.compile(r"output None,([\d,]+); stride (\d+|/); filter .+")


@dataclass(frozen=True)
class Printed:
    """The two numbers of one network in Table 1.

    Attributes
    ----------
    model : str
        Its name in the paper.
    network : str
        Key of :data:`dlrrc_core.baseline.networks.NETWORKS`.
    total, trainable : int
        As printed.
    """

    model: str
    network: str
    total: int
    trainable: int


@dataclass(frozen=True)
class Origin:
    """One network that has a printed number.

    Attributes
    ----------
    number : {"total", "trainable"}
        Which of the two.
    head : str
        Key of :data:`dlrrc_core.baseline.networks.HEADS`.
    classes : int
    counting : str
        What is counted besides the parameters.
    """

    number: str
    head: str
    classes: int
    counting: str


@dataclass(frozen=True)
class Row:
    """One layer of Table 3.

    Attributes
    ----------
    layer : str
        As printed.
    output : tuple of int
        Height, width and channels, or channels alone.
    stride : int or None
    """

    layer: str
    output: tuple[int, ...]
    stride: int | None


def printed(root: Path | None = None) -> tuple[Printed, ...]:
    """Return the six pairs of numbers of Table 1, from the record of the paper.

    Parameters
    ----------
    root : Path, optional
        Root of the checkout; by default the one that holds the working directory.

    Returns
    -------
    tuple of Printed
        In the order of the table.

    Notes
    -----
    Which network a name means is read from ``data/audit/training_claims.csv``. The values were copied from a converted text.
    """
    place = root or find_root()
    compute = _compute(place)
    ours = {backbone: name for name, backbone in CATALOGUE.items()}
    claims = read_table(place / "data/audit/training_claims.csv")
    backbone = {row["model"]: row["backbone"] for row in claims if row["paper"] == PAPER}
    totals, trainable = compute["parameters_total"], compute["parameters_trainable"]
    return tuple(
        Printed(model, ours[backbone[model]], _whole(totals[model]), _whole(trainable[model])) for model in totals
    )


def layers(root: Path | None = None) -> tuple[Row, ...]:
    """Return the layers of MobileNetV2 as Table 3 prints them; the argument is that of :func:`printed`."""
    rows = []
    for numbered, text in _compute(root or find_root())["table_3_mobilenetv2"].items():
        found = LINE.fullmatch(text)
        if found is None:
            raise UsageError(f"Table 3 of {PAPER} holds '{numbered}: {text}'; allowed: output, stride and filter")
        output = tuple(int(n) for n in found[1].split(","))
        rows.append(Row(numbered.split(" ", 1)[1], output, None if found[2] == "/" else int(found[2])))
    return tuple(rows)


def origins(pair: Printed, classes: Iterable[int] = range(1, 21), channels: int = 3) -> tuple[Origin, ...]:
    """Return which heads and numbers of classes give each of two printed numbers.

    Parameters
    ----------
    pair : Printed
        One row of :func:`printed`.
    classes : iterable of int, default 1 to 20
        What is tried.
    channels : int, default 3
        Channels of the image.

    Returns
    -------
    tuple of Origin
        Every head and number of classes whose built network has the number exactly; empty when there is none.

    Notes
    -----
    A total counts the moving statistics of batch normalisation, as Keras does, and for EfficientNet the 7 numbers of Keras's
    layer ``Normalization`` as well. Both printed numbers belong to one network where one head and one number of classes give
    both. Checked against :func:`dlrrc_core.audit.network.explain`, which counts without building.
    """
    keras = KERAS_INPUT_STATISTICS if pair.network.startswith("efficientnet") else 0
    counting = "with moving statistics" + (" and Keras's input statistics" if keras else "")
    found = []
    for head in HEADS:
        for outputs in classes:
            counted = _counted(pair.network, outputs, channels, head)
            if counted.total + keras == pair.total:
                found.append(Origin("total", head, outputs, counting))
            if counted.trainable == pair.trainable:
                found.append(Origin("trainable", head, outputs, "parameters alone"))
    return tuple(found)


@cache
def _built(name: str, classes: int, channels: int, head: str) -> Parameters:
    """Return the counts of a network that is built without memory for its weights."""
    with torch.device("meta"):
        return parameters(build(name, classes, channels, head))


def _counted(name: str, classes: int, channels: int, head: str) -> Parameters:
    """Return the counts for any number of classes: each class adds the same, so two networks are built."""
    one, two = (_built(name, outputs, channels, head) for outputs in (1, 2))
    each = two.trainable - one.trainable
    return Parameters(one.trainable + (classes - 1) * each, one.total + (classes - 1) * each)


def _compute(root: Path) -> dict[str, Any]:
    """Return what the record of the paper holds about computing."""
    path = root / "data/papers" / PAPER / "paper.yaml"
    compute: dict[str, Any] = strict_yaml.validate(strict_yaml.load(path, root), Paper).compute
    for name in ("parameters_total", "parameters_trainable", "table_3_mobilenetv2"):
        one_of(name, compute, f"entry of compute in {PAPER}")
    return compute


def _whole(number: object) -> int:
    return int(str(number).replace(",", ""))
