"""What can go wrong while a network is trained, said so that a person can mend it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from dlrrc_core.problems import UsageError

MEMORY_WORDS = ("out of memory", "not enough memory", "can't allocate memory", "alloc_failed")


class TrainingError(UsageError):
    """Training cannot go on: the loss is not finite, memory is short, or the network cannot be compiled."""


def not_finite(
    what: str, epoch: int, step: int, learning_rate: float, precision: str, kept: Path | None
) -> TrainingError:
    """Return the error for a value that is NaN or infinite.

    Parameters
    ----------
    what : str
        ``training loss``, ``validation loss`` or ``weights``.
    epoch, step : int
        Where it was found, counted from 1.
    learning_rate : float
        Of that step.
    precision : str
        Of that training.
    kept : Path or None
        The last checkpoint from before.
    """
    advice = "lower the learning rate, or look for an image or label that is out of range"
    if precision != "float32":
        advice += f", or use precision 'float32' (found {precision})"
    place = f"the last good checkpoint is kept: {kept}" if kept else "there is no checkpoint from before"
    return TrainingError(
        f"the {what} is not finite in epoch {epoch}, step {step}, at learning rate {learning_rate:g}; allowed: a finite number; {advice}; {place}"
    )


@contextmanager
def memory_errors(
    network: str, batch: int, shape: tuple[int, ...], device: str, kept: Path | None = None
) -> Iterator[None]:
    """Turn "out of memory" of torch, of any device, into a TrainingError that says what to lower.

    Parameters
    ----------
    network : str
        Name of the network.
    batch : int
        Images at a time.
    shape : tuple of int
        Shape of one image.
    device : str
        Where.
    kept : Path, optional
        Checkpoint, named when it exists.
    """
    try:
        yield
    except (RuntimeError, MemoryError) as error:  # torch.OutOfMemoryError is a RuntimeError
        short = isinstance(error, (torch.OutOfMemoryError, MemoryError))
        if not short and not any(word in str(error).lower() for word in MEMORY_WORDS):
            raise
        place = f"; the last checkpoint is kept: {kept}" if kept is not None and kept.is_file() else ""
        size = " x ".join(map(str, shape))
        raise TrainingError(
            f"out of memory on {device}: {network} with batches of {batch} images of {size}; "
            f"lower the batch, the image size or the network, or use precision 'bf16'{place}"
        ) from error
