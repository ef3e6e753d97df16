"""The training loop: data on the device, batches by number, no wait for the device inside an epoch."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

from dlrrc_core.baseline.training import checkpoint
from dlrrc_core.baseline.training.data import Images, check
from dlrrc_core.baseline.training.errors import memory_errors
from dlrrc_core.baseline.training.model import Classifier
from dlrrc_core.baseline.training.parallel import ALONE, Replicas
from dlrrc_core.baseline.training.runrecord import PeakMemory, run_record
from dlrrc_core.baseline.training.settings import Settings
from dlrrc_core.baseline.training.surroundings import surroundings
from dlrrc_core.baseline.training.trainer import Trainer

Row = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Fit:
    """A trained model.

    Attributes
    ----------
    model : Classifier
        With the weights of the best epoch, in evaluation mode, on the device of the settings.
    history : list of dict
        One row per epoch: ``epoch`` (from 1), ``train_loss``, ``train_accuracy`` (means over the epoch while it was learned, augmented,
        with dropout), ``valid_loss``, ``valid_accuracy`` (afterwards, as they are), ``learning_rate``, ``seconds``,
        ``images_per_second`` (training images through the training steps).
    record : dict
        What DLRRC items 16-25 ask for, see :mod:`dlrrc_core.baseline.training.runrecord`.
    """

    model: Classifier
    history: list[Row]
    record: dict[str, Any]


def fit(
    train: Images,
    valid: Images,
    settings: Settings,
    folder: Path,
    *,
    progress: bool = False,
    resume: bool = True,
    on_epoch: Callable[[Row], None] | None = None,
    replicas: Replicas = ALONE,
) -> Fit:
    """Train a network.

    Parameters
    ----------
    train, valid : Slices or Volumes
        Images to learn from, and images that decide when to stop and which weights to keep.
    settings : Settings
        Every hyper-parameter.
    folder : Path
        For the checkpoint; made when its parent exists.
    progress : bool, default False
        Whether a bar is shown, one step per epoch; quiet when the output is no terminal.
    resume : bool, default True
        Whether a checkpoint in the folder is continued (a finished one is returned at once) or overwritten.
    on_epoch : callable, optional
        Called with each new row of the history.
    replicas : Replicas, optional
        This process among several, see :mod:`dlrrc_core.baseline.training.distributed`.

    Returns
    -------
    Fit

    Raises
    ------
    UsageError
        When data and settings do not fit, the device or folder is missing, or the checkpoint is of another training.
    TrainingError
        When the loss is not finite or memory is short; the last good checkpoint stays.

    Notes
    -----
    A training that was killed at any moment and is continued gives on the CPU the same weights and history (times aside), bit for bit,
    as one that was not, with the same torch and number of threads.
    """
    check(train, valid, settings)
    device = settings.usable_device()
    path = checkpoint.prepared(folder) / checkpoint.NAME
    shape = train.pixels.shape[1:]
    memory = PeakMemory(device)
    with (
        surroundings(settings, device, replicas.rank),
        memory_errors(settings.network, settings.batch, shape, settings.device, path),
    ):
        trainer = Trainer(train, valid, settings, device, path, replicas)
        if resume and path.is_file():
            trainer.restore(checkpoint.load(path, settings, trainer.data, replicas.count, device))
        elif replicas.rank == 0:
            path.unlink(missing_ok=True)
        replicas.wait()
        bar = tqdm(
            total=settings.epochs,
            initial=len(trainer.history),
            unit="epoch",
            file=sys.stderr,
            disable=None if progress and replicas.rank == 0 else True,
        )
        with bar:
            while not trainer.finished:
                row = trainer.epoch()
                bar.set_postfix(
                    {name: f"{row[name]:.4g}" for name in ("train_loss", "valid_loss", "valid_accuracy")}, refresh=False
                )
                bar.update()
                if on_epoch is not None:
                    on_epoch(dict(row))
        model = trainer.best_model()
    record = run_record(model, train, valid, settings, trainer.history, memory.peak(), processes=replicas.count)
    return Fit(model, [dict(row) for row in trainer.history], record)
