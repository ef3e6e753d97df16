"""What a split by image does to the reported accuracy, when the images hold no sign of the class and when they do.

Conditions: ``image`` splits the images at random; ``patient`` keeps the images of a patient together; ``copies`` makes augmented copies
of all images first and splits these. Every network is also tested on patients that it never saw. Zuo et al. (2021) print shares of 90 and
10 % and do not say of what.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, cast

from pydantic import Field

from dlrrc_core.baseline import phantom, predictions
from dlrrc_core.baseline.experiments import common
from dlrrc_core.baseline.experiments.grid import Outcome
from dlrrc_core.baseline.slices import Slices
from dlrrc_core.baseline.training import expand, split

Condition = Literal["image", "patient", "copies"]


class Parameters(common.Training):
    """Parameters of the leakage experiment, beside those of every training.

    Attributes
    ----------
    effects : tuple of float, default (0, 1)
        Size of the difference between the classes, 0 (none) to 1.
    conditions : tuple of str, default ("image", "patient", "copies")
    copies : int, default 15
        Augmented copies of each image in the condition ``copies``.
    train, valid : float, default 0.7 and 0.1
        Share of the units for learning and for ending the training; the rest is held out.
    new_patients : int, default 200
        Patients of the second test set.
    """

    effects: tuple[float, ...] = (0.0, 1.0)
    conditions: tuple[Condition, ...] = ("image", "patient", "copies")
    copies: int = Field(15, ge=2, le=15)
    train: float = Field(0.7, gt=0, lt=1)
    valid: float = Field(0.1, gt=0, lt=1)
    new_patients: int = Field(200, ge=4)


def jobs(parameters: Parameters) -> list[dict[str, Any]]:
    """Return one job per condition, effect and seed; ``copies`` only with the smallest effect, where all it can show is leakage."""
    return [
        {"condition": condition, "effect": effect, "seed": seed}
        for condition in parameters.conditions
        for effect in (parameters.effects if condition != "copies" else [min(parameters.effects)])
        for seed in parameters.seeds
    ]


def work(parameters: Parameters, job: Mapping[str, Any], folder: Path) -> Outcome:
    """Train one network and test it on the held out images and on new patients."""
    seed = job["seed"]
    world = common.world(parameters, seed, effect=job["effect"])
    cohort = phantom.slices(world, parameters.device)
    later = world.changed(patients=parameters.new_patients, first=parameters.patients + 1)
    train, valid, held_out = parted(parameters, cohort, job["condition"], seed)
    tests = {"held out": held_out, "new patients": phantom.slices(later, parameters.device)}
    changes = {"augmentation": "none"} if job["condition"] == "copies" else {}
    result, answers = common.trained(common.settings(parameters, seed, **changes), train, valid, tests, folder)
    cases = [{"set": name, **row} for name in tests for row in predictions.rows(tests[name], answers[name])]
    return Outcome({"cases": cases, "curves": common.history(result)}, facts={"training": result.record})


def parted(parameters: Parameters, cohort: Slices, condition: Condition, seed: int) -> tuple[Slices, Slices, Slices]:
    """Return training, validation and held out slices of one condition."""
    pool = expand(cohort, parameters.copies, seed) if condition == "copies" else cohort
    rest = common.rest(parameters)
    unit = "patient" if condition == "patient" else "image"
    chosen = split(pool, unit, (parameters.train, parameters.valid, rest), seed)
    return cast(tuple[Slices, Slices, Slices], tuple(pool.select(index) for index in chosen))
