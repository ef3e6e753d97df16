"""Heat maps (Grad-CAM) of networks that learned a difference between the classes, the patients, or the scanner.

Condition ``signal``: the classes differ, split by patient. ``leak``: they do not differ and the images are split at random, so that a network
can only know patients. ``scanner``: they do not differ, and each class comes mostly from one centre. Where the maps point is compared
with the true outline of the tumour.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure
from pydantic import Field

from dlrrc_core.baseline import explain, networks, phantom
from dlrrc_core.baseline.experiments import common
from dlrrc_core.baseline.experiments.bare import normalised
from dlrrc_core.baseline.experiments.grid import Outcome
from dlrrc_core.baseline.slices import Slices
from dlrrc_core.baseline.training import Fit, split
from dlrrc_core.problems import one_of

Floats = npt.NDArray[np.float64]
Subtype = Literal["chromophobe", "papillary", "clear cell"]
CONDITIONS = ("signal", "leak", "scanner")
LAST = "last"
SHOWN = 4  # slices in a picture
DOTS = 100  # per inch


class Parameters(common.Training):
    """Parameters of the experiment, beside those of every training.

    Attributes
    ----------
    patients, slices_per_patient, epochs : int, default 300, 10 and 12
        Of the conditions ``signal`` and ``scanner``.
    leaked_patients, leaked_slices, leaked_epochs : int, default 74, 25 and 30
        Of the condition ``leak``: fewer patients with more slices each, as in the seed paper.
    augmentation : {"none", "light", "15-fold"}, default "light"
    learning_rate : float, default 0.002
    classes : (str, str), default ("clear cell", "papillary")
        The two subtypes that differ most in the simulator.
    confounding : float, default 0.95
        Probability that the class decides about the centre in the condition ``scanner``.
    layers : tuple of str, default ("features.6", "features.13", "last")
        Maps that are weighed: modules of the network, or ``last``. The first is shown in the pictures.
    train, valid : float, default 0.8 and 0.1
        Shares of the patients (of the images in the condition ``leak``); the rest is held out.
    new_patients : int, default 200
        Patients of the second test set.
    new_slices : int, default 5
        Images of each of them.
    shuffles : int, default 36
        Copies of each map with its cells in random places, which say how often chance points to the tumour.
    """

    patients: int = Field(300, ge=4, le=100_000)
    slices_per_patient: int = Field(10, ge=1, le=1000)
    epochs: int = Field(12, ge=1)
    leaked_patients: int = Field(74, ge=4, le=100_000)
    leaked_slices: int = Field(25, ge=4, le=1000)
    leaked_epochs: int = Field(30, ge=1)
    augmentation: Literal["none", "light", "15-fold"] = "light"
    learning_rate: float = Field(0.002, gt=0)
    classes: tuple[Subtype, Subtype] = ("clear cell", "papillary")
    confounding: float = Field(0.95, ge=0, le=1)
    layers: tuple[str, ...] = Field(("features.6", "features.13", LAST), min_length=1)
    train: float = Field(0.8, gt=0, lt=1)
    valid: float = Field(0.1, gt=0, lt=1)
    new_patients: int = Field(200, ge=4)
    new_slices: int = Field(5, ge=1)
    shuffles: int = Field(36, ge=1)


def jobs(parameters: Parameters) -> list[dict[str, Any]]:
    """Return one job per condition and seed."""
    return [{"condition": condition, "seed": seed} for condition in CONDITIONS for seed in parameters.seeds]


def work(parameters: Parameters, job: Mapping[str, Any], folder: Path) -> Outcome:
    """Train one network and measure its heat maps on held out slices and on those of new patients."""
    seed, condition = job["seed"], job["condition"]
    leak = condition == "leak"
    world = _world(parameters, condition, seed)
    cohort = phantom.slices(world, parameters.device)
    later = world.changed(
        patients=parameters.new_patients,
        slices_per_patient=parameters.new_slices,
        first=max(parameters.patients, parameters.leaked_patients) + 1,
    )
    rest = common.rest(parameters)
    chosen_parts = split(cohort, "image" if leak else "patient", (parameters.train, parameters.valid, rest), seed)
    train, valid, held_out = (cohort.select(index) for index in chosen_parts)
    tests = {"held out": held_out, "new patients": phantom.slices(later, parameters.device)}
    chosen = common.settings(parameters, seed, epochs=parameters.leaked_epochs if leak else parameters.epochs)
    result, answers = common.trained(chosen, train, valid, tests, folder)
    rows = [
        {"set": name, **row}
        for name, slices in tests.items()
        for row in _measured(parameters, result, slices, answers[name][:, 1])
    ]
    pictures = {}
    if seed == parameters.seeds[0]:
        shown = _chosen(tests["new patients"].label, answers["new patients"][:, 1], tests["new patients"].patient)
        pictures[condition] = picture(
            parameters, result, tests["new patients"].select(shown), answers["new patients"][shown, 1]
        )
    tables = {"maps": rows, "curves": common.history(result)}
    return Outcome(tables, pictures, facts={"training": result.record})


def _world(parameters: Parameters, condition: str, seed: int) -> phantom.Cohort:
    """Return the cohort of one condition."""
    world = common.world(parameters, seed, effect=1.0 if condition == "signal" else 0.0)
    if condition == "leak":
        return world.changed(patients=parameters.leaked_patients, slices_per_patient=parameters.leaked_slices)
    if condition == "scanner":
        return world.changed(centres=("C", "A"), confounding=parameters.confounding)
    return world


def _module(result: Fit, layer: str) -> str:
    """Return the name of the module of a layer."""
    network = result.model.network
    names = [name for name, _ in network.named_modules() if name]
    return network.last_map if layer == LAST else one_of(layer, names, "layers")


def _measured(parameters: Parameters, result: Fit, slices: Slices, probability: Floats) -> list[dict[str, Any]]:
    """Return one row per slice and layer: where the map of the given answer points."""
    assert slices.mask is not None  # the simulator always gives it
    masks, images, rows = slices.mask, normalised(result.model, slices), []
    low, high = (parameters.size - 1) // 2, parameters.size // 2 + 1
    middle = np.asarray(masks[:, low:high, low:high].all(axis=(1, 2)))
    order = _numbers(slices)
    for layer in parameters.layers:
        module = _module(result, layer)
        raw = explain.grad_cam(result.model.network, images, layer=module, enlarge=False)
        maps = explain.enlarged(raw, masks.shape[1:])
        chance = explain.shuffled_hits(raw, masks, parameters.shuffles)
        cells = networks.shapes(result.model.network, parameters.size)[module][-1]
        mass = explain.mass_in_mask(maps, masks)
        for k in range(len(slices)):
            pointed = explain.pointing_game(maps[k : k + 1], masks[k : k + 1])
            rows.append(
                {
                    "layer": layer,
                    "cells": cells,
                    "patient": str(slices.patient[k]),
                    "slice": int(order[k]),
                    "label": int(slices.label[k]),
                    "probability": round(float(probability[k]), 4),
                    "hit": round(pointed["share"], 4),
                    "mass": None if np.isnan(mass[k]) else round(float(mass[k]), 4),
                    "chance": round(float(chance[k]), 4),
                    "area": round(pointed["chance"], 4),
                    "middle": int(middle[k]),
                }
            )
    return rows


def _numbers(slices: Slices) -> npt.NDArray[np.int64]:
    """Return the number of each slice within its patient, from the foot."""
    found = np.zeros(len(slices), dtype=np.int64)
    for name in np.unique(slices.patient):
        own = np.flatnonzero(slices.patient == name)
        found[own[np.argsort(slices.position[own], kind="stable")]] = np.arange(len(own))
    return found


def _chosen(label: npt.NDArray[np.int64], probability: Floats, patient: npt.NDArray[np.str_]) -> list[int]:
    """Return slices of different patients: the first right and wrong answers in turn, not the best looking ones."""
    right = (probability >= 0.5) == (label == 1)
    _, first = np.unique(patient, return_index=True)
    middle = [int(np.flatnonzero(patient == patient[k])[np.count_nonzero(patient == patient[k]) // 2]) for k in first]
    good, bad = [k for k in middle if right[k]], [k for k in middle if not right[k]]
    half = SHOWN // 2
    taken = good[:half] + bad[:half]
    return (taken + [k for k in middle if k not in taken])[:SHOWN]


def picture(parameters: Parameters, result: Fit, slices: Slices, probability: Floats) -> bytes:
    """Return slices with heat map and true outline as PNG, 560 pixels wide.

    Parameters
    ----------
    parameters : Parameters
        Of the experiment; the first of its layers is shown.
    result : Fit
        The network.
    slices : Slices
        At most four.
    probability : numpy.ndarray of float, shape (n,)
        Of class 1.
    """
    assert slices.mask is not None
    module = _module(result, parameters.layers[0])
    maps = explain.grad_cam(result.model.network, normalised(result.model, slices), layer=module)
    figure = Figure(figsize=(5.6, 3.4), dpi=DOTS, facecolor="white", layout="constrained")
    axes = figure.subplots(2, SHOWN, squeeze=False)
    for column in range(SHOWN):
        for each in axes[:, column]:
            each.set_axis_off()
        if column >= len(slices):
            continue
        right = (probability[column] >= 0.5) == (slices.label[column] == 1)
        for row, each in enumerate(axes[:, column]):
            each.imshow(slices.pixels[column, 0], cmap="gray", vmin=0, vmax=255, interpolation="nearest")
            if row:
                each.imshow(maps[column], cmap="jet", vmin=0, vmax=1, alpha=0.4, interpolation="bilinear")
            each.contour(slices.mask[column], [0.5], colors="white", linewidths=1.2)
        axes[0, column].set_title("right" if right else "wrong", fontsize=9)
    stream = io.BytesIO()
    figure.savefig(stream, format="png", metadata={"Software": None})  # the same bytes with every version of matplotlib
    return stream.getvalue()
