"""Export of a network to ONNX."""

from __future__ import annotations

import copy
import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import torch

from dlrrc_core.baseline.networks import Network
from dlrrc_core.baseline.networks.measures import blank
from dlrrc_core.problems import UsageError

INPUT, OUTPUT = "images", "answers"
KNOWN_WARNING = r"`isinstance\(treespec, LeafSpec\)` is deprecated"  # torch 2.13, in its own exporter
KNOWN_MESSAGE = "torchvision is not installed"  # its operators are not needed here


def export(model: Network, path: Path | str, size: int | Sequence[int]) -> Path:
    """Write a network as an ONNX file that takes any number of images at once.

    Parameters
    ----------
    model : Network
        From :func:`dlrrc_core.baseline.networks.build`; it stays as it is, a copy on the CPU is exported.
    path : Path or str
        Ends in ``.onnx``; its folder is made, an older file is replaced.
    size : int or sequence of int
        Pixels along each axis; one number stands for all.

    Returns
    -------
    Path
        The file. Input ``images`` (batch, channels, ...), output ``answers`` (batch, classes), before softmax.

    Raises
    ------
    UsageError
        When the name does not end in ``.onnx`` or the network does not take the size.

    Notes
    -----
    By ``torch.onnx.export`` through ``torch.export``, in evaluation mode and float32; the exporter folds batch normalisation into
    the convolutions. Check the file with
    :func:`dlrrc_core.baseline.deploy.check`.
    """
    target = Path(path)
    if target.suffix != ".onnx":
        raise UsageError(f"the file is {target.name}; allowed: a name that ends in .onnx")
    sides = (size,) * model.axes if isinstance(size, int) else tuple(size)
    given = blank(model, (2, model.channels, *sides)).float().cpu()
    exported = copy.deepcopy(model).float().cpu().eval()
    with torch.no_grad():
        exported(given)  # its own message where the size does not fit
    target.parent.mkdir(parents=True, exist_ok=True)
    with _quiet():
        torch.onnx.export(
            exported,
            (given,),
            str(target),
            input_names=[INPUT],
            output_names=[OUTPUT],
            dynamic_shapes=({0: torch.export.Dim("batch")},),
            dynamo=True,
            external_data=False,
            verbose=False,
        )
    return target


@contextmanager
def _quiet() -> Iterator[None]:
    """Leave out one warning and one message of torch's exporter; everything else is shown."""

    def needed(record: logging.LogRecord) -> bool:
        return KNOWN_MESSAGE not in record.getMessage()

    logger = logging.getLogger("torch.onnx._internal.exporter._registration")
    logger.addFilter(needed)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", KNOWN_WARNING, FutureWarning)
            yield
    finally:
        logger.removeFilter(needed)
