"""The record of a training: every fact that DLRRC items 16 to 25 ask for, as plain values for JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dlrrc_core.baseline import networks
from dlrrc_core.baseline.training.data import Images
from dlrrc_core.baseline.training.model import Classifier, digest
from dlrrc_core.baseline.training.settings import Settings
from dlrrc_core.baseline.training.workload import PeakMemory, hardware, software
from dlrrc_core.problems import UsageError

__all__ = ["PeakMemory", "hardware", "run_record", "software", "with_robustness"]

PASSES = 3  # forward, and twice as much backward
CURVES = ("train_loss", "train_accuracy", "valid_loss", "valid_accuracy")
ROBUST = ("seeds", "folds", "centres", "members")


def run_record(
    model: Classifier,
    train: Images,
    valid: Images,
    settings: Settings,
    history: Sequence[Mapping[str, Any]],
    memory: Mapping[str, Any],
    robustness: Mapping[str, Any] | None = None,
    processes: int = 1,
) -> dict[str, Any]:
    """Return the record of a training.

    Parameters
    ----------
    model : Classifier
        With its final weights.
    train, valid : Slices or Volumes
        What it was trained and validated on.
    settings : Settings
        Every hyper-parameter.
    history : sequence of mapping
        Rows of :class:`dlrrc_core.baseline.training.Fit`.
    memory : mapping
        Result of :meth:`PeakMemory.peak`.
    robustness : mapping, optional
        See :func:`with_robustness`; one training alone has none.
    processes : int, default 1
        That trained together.

    Returns
    -------
    dict
        ``software`` (item 16), ``hardware`` (17), ``model`` (18), ``time`` (19), ``hyperparameters`` (20), ``curves`` (21), ``stopping``
        (22), ``robustness`` (23), ``initial_weights`` (24), ``workload`` (25); ``data`` (with
        ``patients_in_both`` parts: 0 after a split by patient), ``normalisation`` and ``weights_sha256`` beside.

    Notes
    -----
    Operations are those of :func:`dlrrc_core.baseline.networks.flops`; a training step counts as three passes forward, the usual
    convention (the way back takes a product with the weights and one with the images for each product on the way there).
    """
    operations = networks.flops(model.network, (1, model.channels, *_shape(train, settings)[1:]))
    seen = _images_per_epoch(len(train), settings) * len(history)
    seconds = [float(row["seconds"]) for row in history]
    record: dict[str, Any] = {
        "software": software(),
        "hardware": hardware(settings.device) | {"processes": processes},
        "model": _model(model, train, settings, operations),
        "time": {
            "epochs": len(history),
            "epochs_allowed": settings.epochs,
            "seconds_total": sum(seconds),
            "seconds_per_epoch": sum(seconds) / max(len(seconds), 1),
        },
        # how the images were divided is no hyper-parameter here: they came divided, and `data` tells how
        "hyperparameters": settings.model_dump(exclude={"split", "train", "valid"}),
        "curves": {name: [float(row[name]) for row in history] for name in CURVES},
        "stopping": _stopping(settings, history),
        "robustness": None,
        "initial_weights": {
            "kind": "random" if settings.weights is None else "pre-trained",
            "source": "distributions of torchvision's networks" if settings.weights is None else settings.weights,
            "seed": settings.seed,
        },
        "workload": {
            "flops_per_image_forward": operations,
            "flops_per_image_training": PASSES * operations,
            "images_seen": seen,
            "flops_total": PASSES * operations * seen,
            "peak_memory_bytes": memory["bytes"],
            "peak_memory_of": memory["of"],
            "images_per_second": float(np.median([row["images_per_second"] for row in history])) if history else None,
        },
        "data": {"patients_in_both": len(np.intersect1d(train.patient, valid.patient))}
        | {
            name: {
                "images": len(part),
                "patients": len(np.unique(part.patient)),
                "per_class": dict(
                    zip(part.classes, np.bincount(part.label, minlength=len(part.classes)).tolist(), strict=True)
                ),
            }
            for name, part in (("train", train), ("valid", valid))
        },
        "normalisation": {
            "mean": model.mean.tolist(),
            "sd": model.sd.tolist(),
            "of": "grey values of the training images, per channel",
        },
        "weights_sha256": digest(model),
    }
    return with_robustness(record, robustness) if robustness else record


def with_robustness(record: Mapping[str, Any], robustness: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record that says in which larger design the training stands.

    Parameters
    ----------
    record : mapping
        Result of :func:`run_record`.
    robustness : mapping
        At least one of ``seeds``, ``folds``, ``centres`` and ``members`` (of an ensemble): how many, or a list of them.

    Returns
    -------
    dict

    Raises
    ------
    UsageError
        When none of these is given.
    """
    if not set(robustness) & set(ROBUST):
        raise UsageError(
            f"robustness has {', '.join(map(str, robustness)) or 'nothing'}; allowed: one or more of {', '.join(ROBUST)}"
        )
    return {**record, "robustness": dict(robustness)}


def _shape(images: Images, settings: Settings) -> tuple[int, ...]:
    """Return the shape of one image as the network sees it."""
    channels, *axes = images.pixels.shape[1:]
    return (channels, *(axes if settings.size is None else (settings.size, settings.size)))


def _images_per_epoch(images: int, settings: Settings) -> int:
    """Return how many images an epoch shows."""
    return images * (settings.variants_per_epoch if settings.augmentation == "15-fold" else 1)


def _model(model: Classifier, train: Images, settings: Settings, operations: int) -> dict[str, Any]:
    """Return size of the model against those of data and machine, with the reason in words."""
    counted = networks.parameters(model.network)
    shape = _shape(train, settings)
    held = " x ".join(map(str, shape))
    task = f"{len(train.classes)} classes ({', '.join(train.classes)})"
    return {
        "network": settings.network,
        "head": settings.head,
        "task": f"classification of images into {task}",
        "input": list(shape),
        "parameters_trainable": counted.trainable,
        "parameters_total": counted.total,
        "training_images": len(train),
        "parameters_per_training_image": counted.trainable / len(train),
        "flops_per_image": operations,
        "why": (
            f"{settings.network} is made for the classification of images and ends in {task}; its input is {held};"
            f" {counted.trainable:,} trainable parameters stand against {len(train):,} training images, with augmentation"
            f" '{settings.augmentation}', weights chosen on validation images, and {operations / 1e6:,.1f} million operations"
            f" per image, which the device '{settings.device}' did at the stated images per second"
        ),
    }


def _stopping(settings: Settings, history: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the rule that ended the training and what it did."""
    ranks = [settings.rank(row["valid_loss"], row["valid_accuracy"]) for row in history]
    best = ranks.index(min(ranks)) + 1 if ranks else None
    better = {"loss": "lower validation loss", "accuracy": "higher validation accuracy"}[settings.best_by]
    decided = settings.patience is not None
    rule = (
        f"training ends after {settings.patience} epochs without a {better}, at the latest after {settings.epochs}"
        if decided
        else f"training ends after {settings.epochs} epochs"
    )
    return {
        "rule": f"{rule}; the weights of the best epoch are kept",
        "measure": f"validation {settings.best_by}",
        "ends_training": decided,
        "patience": settings.patience,
        "best_epoch": best,
        "stopped_early": len(history) < settings.epochs,
    }
