"""Networks of one centre at another centre, what might help, and networks whose class and centre went together in training.

Question ``shift``: trained on centre A, on A with more augmentation, on two or three centres with as many patients in all; tested on the
same new patients scanned at each centre, with scanners that differ by more and more. Question ``confounding``: the first class comes
mostly from centre C and the second mostly from A, at no and at a middle difference between the classes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import Field
from scipy.ndimage import gaussian_filter

from dlrrc_core.baseline import phantom, predictions
from dlrrc_core.baseline.experiments import common
from dlrrc_core.baseline.experiments.grid import Outcome
from dlrrc_core.baseline.phantom import Cohort
from dlrrc_core.baseline.slices import Slices, joined
from dlrrc_core.baseline.training import Settings, split

CENTRES = ("A", "B", "C", "D")
TOGETHER = ("C", "A")  # centre of the first and of the second class where class and centre go together
TRAININGS = {"one": ("A",), "fifteen": ("A",), "varied": ("A",), "two": ("A", "B"), "three": ("A", "B", "C")}
"""What is trained in the question ``shift`` and where its patients come from; ``fifteen`` has the 15-fold augmentation, ``varied`` copies
as other scanners might have given them."""
PLAIN = "one"
DIGITS = 3  # of the stored probabilities: there are many
Subtype = Literal["chromophobe", "papillary", "clear cell"]


class Parameters(common.Training):
    """Parameters of the experiment, beside those of every training.

    Every network sees about as many images: one without copies is trained for ``epochs * variants_per_epoch`` rounds.

    Attributes
    ----------
    augmentation : {"none", "light", "15-fold"}, default "light"
        Of every training but that with the 15-fold augmentation.
    classes : (str, str), default ("clear cell", "papillary")
        The two subtypes that differ most in the simulator, so that there is accuracy to lose.
    effect : float, default 1
        Size of the difference between the classes in the question ``shift``.
    shifts : tuple of float, default (0.25, 0.5, 0.75, 1)
        How far the scanners of the test are from that of centre A.
    effects : tuple of float, default (0, 0.5)
        Size of the difference between the classes in the question ``confounding``.
    confoundings : tuple of float, default (0, 0.5, 0.9, 1)
        Probability that the class decides about the centre. Without effect and without confounding there is nothing to learn, and nothing
        is trained.
    valid : float, default 0.15
        Share of the patients that end the training.
    new_patients : int, default 200
        Patients of every test set.
    new_slices : int, default 10
        Images of each of them.
    """

    augmentation: Literal["none", "light", "15-fold"] = "light"
    classes: tuple[Subtype, Subtype] = ("clear cell", "papillary")
    effect: float = Field(1.0, ge=0, le=1)
    shifts: tuple[float, ...] = Field((0.25, 0.5, 0.75, 1.0), min_length=1)
    effects: tuple[float, ...] = Field((0.0, 0.5), min_length=1)
    confoundings: tuple[float, ...] = Field((0.0, 0.5, 0.9, 1.0), min_length=1)
    valid: float = Field(0.15, gt=0, lt=1)
    new_patients: int = Field(200, ge=4)
    new_slices: int = Field(10, ge=1)


def jobs(parameters: Parameters) -> list[dict[str, Any]]:
    """Return one job per question and seed: its networks share test patients."""
    return [{"question": question, "seed": seed} for seed in parameters.seeds for question in ("shift", "confounding")]


def work(parameters: Parameters, job: Mapping[str, Any], folder: Path) -> Outcome:
    """Train the networks of one question and return their answers on every test set."""
    world = common.world(parameters, job["seed"])
    return (_shift if job["question"] == "shift" else _confounding)(parameters, world, folder)


def _shift(parameters: Parameters, world: Cohort, folder: Path) -> Outcome:
    """Train on one, two and three centres and test on each, with scanners that differ more and more."""
    new = _new(parameters, world)
    tests = {("A", 0.0): phantom.slices(new, parameters.device)}
    for shift in parameters.shifts:
        for centre in CENTRES[1:]:
            tests[centre, shift] = phantom.slices(new.changed(centres=(centre,), shift=shift), parameters.device)
    largest = max(parameters.shifts)
    found: dict[str, list[dict[str, Any]]] = {"cases": [], "curves": []}
    records = {}
    for number, (training, centres) in enumerate(TRAININGS.items()):
        cohort = phantom.slices(world.changed(centres=centres), parameters.device)
        keys = {"training": training, "effect": parameters.effect, "confounding": 0.0}
        # what lies between is only asked of the network that might need help
        asked = tests if training == PLAIN else {key: tests[key] for key in tests if key[1] in (0.0, largest)}
        place = folder / str(number)
        records[training] = _learned(parameters, cohort, training, world.seed, asked, keys, place, found)
    return Outcome(found, facts={"trainings": records})


def _confounding(parameters: Parameters, world: Cohort, folder: Path) -> Outcome:
    """Train where class and centre go together, and test where they do, where they do not, the other way round and elsewhere."""
    found: dict[str, list[dict[str, Any]]] = {"cases": [], "curves": []}
    records: list[dict[str, Any]] = []
    for effect in parameters.effects:
        for confounding in parameters.confoundings:
            if not effect and not confounding:
                continue  # nothing to learn
            own = world.changed(effect=effect, centres=TOGETHER, confounding=confounding)
            new = _new(parameters, own)
            kinds = {
                "internal": new,
                "apart": new.changed(confounding=0.0),
                "turned round": new.changed(centres=TOGETHER[::-1]),
                "external": new.changed(centres=("B", "D"), confounding=0.0),
            }
            tests = {(name, 1.0): phantom.slices(each, parameters.device) for name, each in kinds.items()}
            keys = {"training": "two", "effect": effect, "confounding": confounding}
            cohort = phantom.slices(own, parameters.device)
            place = folder / str(len(records))
            records.append(_learned(parameters, cohort, "two", world.seed, tests, keys, place, found))
    return Outcome(found, facts={"trainings": records})


def _new(parameters: Parameters, world: Cohort) -> Cohort:
    """Return the cohort of new patients."""
    return world.changed(
        patients=parameters.new_patients, slices_per_patient=parameters.new_slices, first=parameters.patients + 1
    )


def _learned(
    parameters: Parameters,
    cohort: Slices,
    training: str,
    seed: int,
    tests: Mapping[tuple[str, float], Slices],
    keys: Mapping[str, Any],
    folder: Path,
    found: dict[str, list[dict[str, Any]]],
) -> dict[str, Any]:
    """Train one network, add its answers and learning curve to the tables and return its record."""
    folder.mkdir(parents=True, exist_ok=True)
    train, valid = (
        cohort.select(index) for index in split(cohort, "patient", (1 - parameters.valid, parameters.valid), seed)
    )
    if training == "varied":
        train = varied(train, parameters.variants_per_epoch, seed)
    chosen = _settings(parameters, training, seed)
    names = {f"{name} {shift:g}": (name, shift) for name, shift in tests}
    sets = {text: tests[key] for text, key in names.items()}
    result, answers = common.trained(chosen, train, valid, sets, folder)
    for text, (name, shift) in names.items():
        rows = predictions.rows(sets[text], answers[text], DIGITS)
        found["cases"] += [{**keys, "test": name, "shift": shift, **row} for row in rows]
    found["curves"] += [{**keys, **row} for row in common.history(result)]
    return result.record


def _settings(parameters: Parameters, training: str, seed: int) -> Settings:
    """Return the settings of a training: as many images are seen in each."""
    if training == "fifteen":
        return common.settings(parameters, seed, augmentation="15-fold")
    if training == "varied":
        return common.settings(parameters, seed)
    more = parameters.variants_per_epoch
    patience = None if parameters.patience is None else parameters.patience * more
    return common.settings(parameters, seed, epochs=parameters.epochs * more, patience=patience)


def varied(slices: Slices, copies: int, seed: int) -> Slices:
    """Return the slices with copies as other scanners might have given them.

    Parameters
    ----------
    slices : Slices
        The originals, which stay.
    copies : int
        Images per original, itself included.
    seed : int
        Of the amounts.

    Returns
    -------
    Slices
        The originals, then the copies.

    Notes
    -----
    For each copy a blur (standard deviation 0 to 1 pixel), noise (0 to 15 grey values), a factor of contrast about the grey value of
    soft tissue (0.85 to 1.25) and an offset (-6 to 6), each drawn evenly. With the window of 400 HU a grey value is 1.6 HU. The ranges
    are assumed; they hold the scanners of the simulator, which is the best case for such a remedy.
    """
    rng = np.random.default_rng(seed)
    parts = [slices]
    tissue = 120.0  # 28 HU in the window from -160 to 240 HU
    for _ in range(copies - 1):
        n = len(slices)
        blur, noise = rng.uniform(0, 1, n), rng.uniform(0, 15, n)
        factor, offset = rng.uniform(0.85, 1.25, n), rng.uniform(-6, 6, n)
        pixels = np.empty_like(slices.pixels)
        for k, image in enumerate(slices.pixels.astype(np.float32)):
            seen = gaussian_filter(image, (0, blur[k], blur[k]))
            seen = tissue + factor[k] * (seen - tissue) + offset[k] + noise[k] * rng.standard_normal(image.shape)
            pixels[k] = np.clip(np.round(seen), 0, 255)
        parts.append(replace(slices, pixels=pixels))
    return joined(parts)
