"""Strong against weak supervision: a network that is shown the annotated tumour, and one that is shown whole slices with the patient's label.

Arms, after Li et al. (2025), whose two grades are here two subtypes of the simulator: ``strong`` is a 3D ResNet-18 on a cube around the
tumour, learned from rotated copies; ``weak`` a 2D ResNet-18 on the slices through the lesion, each standardised by itself. Two arms that
the paper does not have lie between: ``box``, the 2D network on the slices of the cube, so that what the annotation gives and what the third
dimension gives can be told apart, and ``kidney``, the 2D network on slices of the region of the diseased kidney. Every arm learns from the
same patients and answers on the same new ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from pydantic import Field, field_validator
from scipy import ndimage

from dlrrc_core.baseline import phantom, predictions
from dlrrc_core.baseline.experiments import common
from dlrrc_core.baseline.experiments.grid import Outcome
from dlrrc_core.baseline.slices import Slices
from dlrrc_core.baseline.training import Volumes, fit, predict, split
from dlrrc_core.baseline.training.plan import plan

Arm = Literal["strong", "box", "kidney", "weak"]
GREY, PER_SD = 127.5, 42.5  # grey values of a standardised slice: its mean, and one standard deviation


class Parameters(common.Training):
    """Parameters of the experiment, beside those of every training.

    Of the shared ones ``patients`` is the largest training cohort (214 in the paper), ``network`` is that of the 2D
    arms, ``size`` of the arms ``kidney`` and ``weak``, ``roi`` of the arm ``weak``, and ``slices_per_patient`` is the largest number of
    slices of a patient that are learned from; answers are given on every slice. The paper prints its learning rate, batch and number of
    rounds in a supplement that was not seen: those here are ours.

    Attributes
    ----------
    arms : tuple of str, default ("strong", "box", "kidney", "weak")
    shares : tuple of float, default (0.25, 0.5, 1)
        Shares of ``patients`` that are learned from; the smaller cohorts are part of the larger ones.
    effects : tuple of float, default (0.5, 1)
        Size of the difference between the classes, 0 (none) to 1.
    classes : tuple of str, default ("clear cell", "chromophobe")
        Subtypes that stand for low and high grade: the second enhances less.
    network_3d : str, default "resnet18_3d"
        Network of the strong arm.
    crop : int, default 32
        Edge of the cube, voxels, and of the slices of the arm ``box``, pixels.
    angles : tuple of float, default (30, 60, 90, 180)
        Degrees by which the copies of a cube are turned in the plane of the slices; the printed 856 = 214 x 4 leaves out the original. With
        as many angles as slices of a patient every arm learns from about the same number of images in as many steps; a 3D network that
        takes five steps a round knows its running moments of batch normalisation too late, and answers with one class for all.
    standardise : bool, default True
        Whether each slice of the arms ``kidney`` and ``weak`` gets mean 0 and standard deviation 1.
    valid : float, default 0.2
        Share of the patients that end the training; the paper names no such set.
    new_patients : int, default 400
        Patients of the test set.
    """

    network: str = "resnet18"
    size: int = Field(256, ge=16, le=1024)
    patients: int = Field(214, ge=10, le=100_000)
    roi: Literal["slice", "kidney", "tumour"] = "slice"
    learning_rate: float = Field(0.001, gt=0)
    augmentation: Literal["none", "light", "15-fold"] = "light"
    arms: tuple[Arm, ...] = Field(("strong", "box", "kidney", "weak"), min_length=1)
    shares: tuple[float, ...] = Field((0.25, 0.5, 1.0), min_length=1)
    effects: tuple[float, ...] = Field((0.5, 1.0), min_length=1)
    classes: tuple[str, str] = ("clear cell", "chromophobe")
    network_3d: str = "resnet18_3d"
    crop: int = Field(32, ge=16, le=128)
    angles: tuple[float, ...] = Field((30.0, 60.0, 90.0, 180.0), min_length=1)
    standardise: bool = True
    valid: float = Field(0.2, gt=0, lt=1)
    new_patients: int = Field(400, ge=4)

    @field_validator("shares")
    @classmethod
    def _shares(cls, values: tuple[float, ...]) -> tuple[float, ...]:
        """Refuse shares of the cohort that are none."""
        if wrong := [value for value in values if not 0 < value <= 1]:
            raise ValueError(f"shares has {', '.join(f'{value:g}' for value in wrong)}; allowed: above 0, at most 1")
        return values


def jobs(parameters: Parameters) -> list[dict[str, Any]]:
    """Return one job per arm, effect, size of the training cohort and seed."""
    cohorts = sorted({round(parameters.patients * share) for share in parameters.shares})
    return [
        {"arm": arm, "effect": effect, "patients": patients, "seed": seed}
        for arm in parameters.arms
        for effect in parameters.effects
        for patients in cohorts
        for seed in parameters.seeds
    ]


def work(parameters: Parameters, job: Mapping[str, Any], folder: Path) -> Outcome:
    """Train one network and return its answers on every slice, or on the cube, of the new patients."""
    world = phantom.Cohort(
        patients=job["patients"],
        classes=parameters.classes,
        effect=job["effect"],
        slices_per_patient=None,
        seed=job["seed"],
    )
    # beyond the largest cohort, so that every arm and cohort meets the same new patients
    later = world.changed(patients=parameters.new_patients, first=parameters.patients + 1)
    strong = job["arm"] == "strong"
    chosen = common.settings(parameters, job["seed"], **({"network": parameters.network_3d} if strong else {}))
    learned: Volumes | Slices
    if strong:
        cubes, test = (_cubes(parameters, each) for each in (world, later))
        train, valid = (cubes.select(index) for index in _parts(parameters, cubes, job["seed"]))
        learned = turned(train, parameters.angles)
        result = fit(learned, valid, chosen, folder)
        found = predict(result.model, test, chosen)[:, 1]
        rows = [
            {"patient": str(patient), "label": int(label), "probabilities": f"{value:.4f}"}
            for patient, label, value in zip(test.patient, test.label, found, strict=True)
        ]
    else:
        pool, unseen = (_slices(parameters, each, job["arm"]) for each in (world, later))
        learned, ending = (
            thinned(pool.select(index), parameters.slices_per_patient)
            for index in _parts(parameters, pool, job["seed"])
        )
        result = fit(learned, ending, chosen, folder)
        rows = predictions.rows(unseen, predict(result.model, unseen, chosen))
    sizes = phantom.patients(later)["size_cm"]
    cases = [{**row, "size_cm": round(float(sizes[row["patient"]]), 2)} for row in rows]
    steps = plan(len(learned), chosen, 1, torch.device("cpu")).steps
    facts = {"training": result.record, "steps_per_round": steps}
    return Outcome({"cases": cases, "curves": common.history(result)}, facts=facts)


def turned(cubes: Volumes, angles: Sequence[float]) -> Volumes:
    """Return copies of cubes, turned in the plane of the slices.

    Parameters
    ----------
    cubes : Volumes
        Originals, which are among the copies only if 0 is among the angles.
    angles : sequence of float
        Degrees, counter-clockwise.

    Returns
    -------
    Volumes
        First all cubes at the first angle, then all at the second; linear interpolation, the border repeated outside.
    """
    copies = [
        ndimage.rotate(cubes.pixels, angle, axes=(-1, -2), reshape=False, order=1, mode="nearest") for angle in angles
    ]
    many = cubes.select(np.tile(np.arange(len(cubes)), len(angles)))
    return replace(many, pixels=np.concatenate(copies))


def thinned(slices: Slices, most: int) -> Slices:
    """Return at most so many slices of each patient, evenly spaced from the first to the last."""
    chosen = []
    for patient in np.unique(slices.patient):
        own = np.flatnonzero(slices.patient == patient)
        own = own[np.argsort(slices.position[own])]
        places = np.linspace(0, len(own) - 1, most).round().astype(int) if most > 1 else np.array([len(own) // 2])
        chosen.append(own if len(own) <= most else own[places])
    return slices.select(np.sort(np.concatenate(chosen)))


def standardised(slices: Slices) -> Slices:
    """Return slices of which each has the same mean and standard deviation, in grey values; beyond three deviations they are cut off."""
    flat = slices.pixels.astype(np.float32)
    axes = (1, 2, 3)
    spread = flat.std(axis=axes, keepdims=True)
    z = (flat - flat.mean(axis=axes, keepdims=True)) / np.where(spread > 0, spread, 1)
    return replace(slices, pixels=np.clip(np.rint(GREY + PER_SD * z), 0, 255).astype(np.uint8))


def _parts(parameters: Parameters, images: Slices | Volumes, seed: int) -> tuple[Any, ...]:
    """Return the numbers of the images for learning, and of those that end it; the same patients in every arm."""
    return split(images, "patient", (1 - parameters.valid, parameters.valid), seed)


def _slices(parameters: Parameters, cohort: phantom.Cohort, arm: str) -> Slices:
    """Return the slices of a cohort as an arm sees them."""
    if arm == "box":
        return phantom.slices(cohort.changed(roi="tumour", size=parameters.crop), parameters.device)
    roi = "kidney" if arm == "kidney" else parameters.roi
    whole = phantom.slices(cohort.changed(roi=roi, size=parameters.size), parameters.device)
    return standardised(whole) if parameters.standardise else whole


def _cubes(parameters: Parameters, cohort: phantom.Cohort) -> Volumes:
    """Return the cubes around the tumours of a cohort."""
    found = phantom.crops(cohort, parameters.crop, parameters.device)
    return Volumes(255 * found.voxels, found.label, found.patient, found.centre, found.classes)
