"""What the experiments share: parameters of the training, and training with its answers on other slices."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from dlrrc_core.baseline import phantom
from dlrrc_core.baseline.experiments.grid import Parameters
from dlrrc_core.baseline.slices import Slices
from dlrrc_core.baseline.training import Fit, Settings, fit, predict
from dlrrc_core.problems import UsageError

Seed = Annotated[int, Field(ge=1)]
Floats = npt.NDArray[np.float64]
COHORT = ("patients", "classes", "slices_per_patient", "size", "effect", "roi")  # what parameters and a cohort share


class Learning(Parameters):
    """Parameters of every experiment that trains networks; the defaults are the recipe of Zuo et al. (2021).

    Attributes
    ----------
    size : int, default 256
        Pixels along each side of an image.
    patients : int, default 74
        Patients of the training cohort; the seed paper had 74 tumours.
    roi : {"slice", "kidney", "tumour"}, default "tumour"
        What an image shows; the seed paper exported segmented regions.
    slices_per_patient : int, default 25
        The seed paper had 1,854 images of 74 tumours.
    epochs : int, default 30
        Most rounds through the training images; the seed paper does not print how many it took.
    patience : int or None, default 10
        Rounds without a better one on the validation set after which training ends.
    best_by : {"loss", "accuracy"}, default "loss"
        What makes a round better; the seed paper prints the best validation accuracy.
    batch : int, default 24
    optimiser : {"adam", "sgd"}, default "adam"
    augmentation : {"none", "light", "15-fold"}, default "15-fold"
    variants_per_epoch : int, default 15
        In how many of its variants an image is seen in one round.
    precision : {"float32", "bf16", "fp16"}, default "float32"
    compile : bool, default False
    seeds : tuple of int, default (1, 2, 3, 4, 5)
        Each seed is a new cohort, a new split and new initial weights.
    """

    size: int = Field(256, ge=16, le=1024)
    patients: int = Field(74, ge=4, le=100_000)
    roi: Literal["slice", "kidney", "tumour"] = "tumour"
    slices_per_patient: int = Field(25, ge=1, le=1000)
    epochs: int = Field(30, ge=1)
    patience: int | None = Field(10, ge=1)
    best_by: Literal["loss", "accuracy"] = "loss"
    batch: int = Field(24, ge=2)
    optimiser: Literal["adam", "sgd"] = "adam"
    augmentation: Literal["none", "light", "15-fold"] = "15-fold"
    variants_per_epoch: int = Field(15, ge=1, le=15)
    precision: Literal["float32", "bf16", "fp16"] = "float32"
    compile: bool = False
    seeds: tuple[Seed, ...] = Field((1, 2, 3, 4, 5), min_length=1)


class Training(Learning):
    """Parameters of an experiment with one network.

    Attributes
    ----------
    network : str, default "mobilenetv2"
        One of the networks of the baseline.
    learning_rate : float, default 0.005
    """

    network: str = "mobilenetv2"
    learning_rate: float = Field(0.005, gt=0)


def world(parameters: Parameters, seed: int, **changes: Any) -> phantom.Cohort:
    """Return the simulated patients of one job.

    Parameters
    ----------
    parameters : Parameters
        Of the experiment; of :data:`COHORT` those that it has.
    seed : int
        Of the patients.
    **changes
        What differs in this job.
    """
    shared = {name: getattr(parameters, name) for name in COHORT if name in type(parameters).model_fields}
    return phantom.Cohort(**{**shared, "seed": seed, **changes})


def rest(parameters: Any) -> float:
    """Return the share that ``train`` and ``valid`` leave for the test.

    Raises
    ------
    UsageError
        When they leave nothing.
    """
    left = 1 - parameters.train - parameters.valid
    if left < 1e-9:  # 1 - 0.9 - 0.1 is no exact 0
        raise UsageError(
            f"train {parameters.train:g} and valid {parameters.valid:g} leave nothing for the test; allowed: together below 1"
        )
    return left


def settings(parameters: Training, seed: int, **changes: Any) -> Settings:
    """Return the settings of one training.

    Parameters
    ----------
    parameters : Training
        Of the experiment.
    seed : int
        Of initial weights, order and augmentation.
    **changes
        Settings that differ in this job.
    """
    shared = set(Settings.model_fields) & set(type(parameters).model_fields) - {"size", "train", "valid"}
    return Settings(**{**{name: getattr(parameters, name) for name in shared}, "seed": seed, **changes})


def trained(
    chosen: Settings, train: Slices, valid: Slices, others: Mapping[str, Slices], folder: Path
) -> tuple[Fit, dict[str, Floats]]:
    """Train a network and return it with its answers on other slices.

    Parameters
    ----------
    chosen : Settings
        Of the training.
    train, valid : Slices
        What is learned from, and what decides the end of training.
    others : mapping of str to Slices
        What is predicted with the best weights.
    folder : Path
        For checkpoints.

    Returns
    -------
    (Fit, dict of str to numpy.ndarray of float, shape (n, classes))
    """
    result = fit(train, valid, chosen, folder)
    return result, {name: predict(result.model, slices, chosen) for name, slices in others.items()}


def history(result: Fit) -> list[dict[str, Any]]:
    """Return the learning curve as rows: epoch, loss and accuracy of training and validation."""
    wanted = ("epoch", "train_loss", "train_accuracy", "valid_loss", "valid_accuracy")
    return [{name: row[name] for name in wanted} for row in result.history]
