"""Two sequences, clinical variables and what combines them, after Xi et al. (2020), on simulated patients.

One network per sequence (two phases of the simulator stand for T1 post-contrast and T2), a logistic regression of the clinical variables,
and combiners of the three answers. The paper fitted its bagging classifier to the training data; here each combiner of that kind is fitted
to the training answers and to the validation answers, and both meet new patients. Probabilities are also recalibrated on the validation
set: by temperature, and by Platt's method as in the paper.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import Field
from sklearn.ensemble import BaggingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from dlrrc_core.baseline import phantom
from dlrrc_core.baseline.experiments import common
from dlrrc_core.baseline.experiments.grid import Outcome
from dlrrc_core.baseline.recalibration import platt, temperature
from dlrrc_core.baseline.slices import Slices
from dlrrc_core.baseline.training import split

Floats = npt.NDArray[np.float64]
Phase = Literal["unenhanced", "corticomedullary", "nephrographic"]
PARTS = ("training", "validation", "test")
NEW = "new patients"
OUT_OF_BAG = (
    "out of bag"  # answers of an ensemble on the cases that it was fitted to, each from the trees that did not see it
)
CALIBRATIONS = {"temperature": temperature, "platt": platt}


class Parameters(common.Training):
    """Parameters of the experiment, beside those of every training.

    Of the shared ones ``slices_per_patient`` is 1, as each patient gives one image with three channels, ``roi`` only counts for
    ``planes`` "neighbours", and ``best_by`` is "accuracy", as the paper chose its networks. The paper's images had 200 pixels along each
    side; its five dense layers, ImageNet weights, weighted loss and choice of the best of 100 trainings are left out.

    Attributes
    ----------
    share : float, default 655 / 1162
        Share of patients of class 1; in the paper malignant lesions.
    effect : float, default 1
        How much the images tell about the class, 0 to 1.
    clinical_effects : tuple of float, default (0, 0.5, 1)
        How much age and sex tell; tumour volume never does. The images stay the same.
    phases : tuple of two str, default ("corticomedullary", "nephrographic")
        Phases of the simulator for the two sequences.
    planes : {"orthogonal", "neighbours"}, default "orthogonal"
        Red, green and blue: the largest axial, sagittal and coronal section of the tumour, as the paper says, or the slice through its
        middle between the slices before and after.
    train, valid : float, default 0.7 and 0.2
        Shares of the patients; the rest is the test set.
    trees : int, default 100
        Of the bagging classifier.
    new_patients : int, default 1000
        Of the second test set.
    """

    network: str = "resnet50"
    size: int = Field(128, ge=16, le=128)
    patients: int = Field(1162, ge=20, le=100_000)
    slices_per_patient: int = Field(1, ge=1, le=1)
    batch: int = Field(16, ge=2)
    epochs: int = Field(200, ge=1)
    patience: int | None = Field(50, ge=1)
    best_by: Literal["loss", "accuracy"] = "accuracy"
    learning_rate: float = Field(0.001, gt=0)
    augmentation: Literal["none", "light", "15-fold"] = "light"
    share: float = Field(655 / 1162, gt=0, lt=1)
    effect: float = Field(1.0, ge=0, le=1)
    clinical_effects: tuple[float, ...] = Field((0.0, 0.5, 1.0), min_length=1)
    phases: tuple[Phase, Phase] = ("corticomedullary", "nephrographic")
    planes: Literal["orthogonal", "neighbours"] = "orthogonal"
    train: float = Field(0.7, gt=0, lt=1)
    valid: float = Field(0.2, gt=0, lt=1)
    trees: int = Field(100, ge=50, le=10_000)
    new_patients: int = Field(1000, ge=4)


def jobs(parameters: Parameters) -> list[dict[str, Any]]:
    """Return one job per seed."""
    return [{"seed": seed} for seed in parameters.seeds]


def work(parameters: Parameters, job: Mapping[str, Any], folder: Path) -> Outcome:
    """Train both networks, then every model of each clinical effect, and return their answers on every set."""
    seed = job["seed"]
    world = common.world(
        parameters, seed, patients=_counts(parameters.patients, parameters.share), slices_per_patient=1
    )
    later = world.changed(patients=_counts(parameters.new_patients, parameters.share), first=world.total + 1)
    known, unseen = (pictures(parameters, each) for each in (world, later))
    rest = common.rest(parameters)
    parts = dict(zip(PARTS, split(known[0], "patient", (parameters.train, parameters.valid, rest), seed), strict=True))
    images: list[tuple[Floats, Floats]] = []
    curves: list[dict[str, Any]] = []
    trainings: dict[str, Any] = {}
    for phase, old, new in zip(parameters.phases, known, unseen, strict=True):
        chosen = common.settings(parameters, seed)
        place = folder / phase
        place.mkdir(exist_ok=True)
        result, found = common.trained(
            chosen, old.select(parts["training"]), old.select(parts["validation"]), {"old": old, "new": new}, place
        )
        images.append((found["old"][:, 1], found["new"][:, 1]))
        curves += [{"phase": phase, **row} for row in common.history(result)]
        trainings[phase] = result.record
    truth = (known[0].label, unseen[0].label)
    answers: list[dict[str, Any]] = []
    lines: list[dict[str, Any]] = []
    for effect in parameters.clinical_effects:
        clinical = _clinical([each.changed(clinical_effect=effect) for each in (world, later)], truth[0], parts)
        three = tuple(np.stack([images[0][k], images[1][k], clinical[k]], axis=1) for k in (0, 1))
        found_here, lines_here = combined(three, truth, parts, parameters.trees, seed)
        answers += [{"clinical_effect": effect, **row} for row in found_here]
        lines += [{"clinical_effect": effect, **row} for row in lines_here]
    return Outcome({"answers": answers, "recalibrations": lines, "curves": curves}, facts={"trainings": trainings})


def combined(
    three: Sequence[Floats],
    truth: Sequence[npt.NDArray[np.int64]],
    parts: Mapping[str, npt.NDArray[np.int64]],
    trees: int,
    seed: int,
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the answers of every model on every set, and how they were recalibrated.

    Parameters
    ----------
    three : two arrays of float, shape (patients, 3)
        Probabilities from the first and second sequence and the clinical variables: of the cohort, and of new patients.
    truth : two arrays of int, shape (patients,)
        Classes likewise.
    parts : mapping of str to numpy.ndarray of int
        Places of training, validation and test patients in the cohort.
    trees : int
        Of the bagging classifier.
    seed : int
        Of the bagging classifier.

    Returns
    -------
    (list of dict, list of dict)
        Rows of the tables ``answers`` and ``recalibrations``.
    """
    old, new = three
    models = {
        "first sequence": (old[:, 0], new[:, 0]),
        "second sequence": (old[:, 1], new[:, 1]),
        "clinical": (old[:, 2], new[:, 2]),
        "mean of sequences": (old[:, :2].mean(axis=1), new[:, :2].mean(axis=1)),
        "mean of three": (old.mean(axis=1), new.mean(axis=1)),
    }
    sets = {
        name: {**{part: found[0][index] for part, index in parts.items()}, NEW: found[1]}
        for name, found in models.items()
    }
    calibrating = {name: found["validation"] for name, found in sets.items()}
    for part in ("training", "validation"):
        index = parts[part]
        for kind, model in _combiners(trees, seed).items():
            name = f"{kind}, {part}"
            model.fit(old[index], truth[0][index])
            sets[name] = {each: model.predict_proba(old[at])[:, 1] for each, at in parts.items()}
            sets[name][NEW] = model.predict_proba(new)[:, 1]
            calibrating[name] = sets[name]["validation"]
            if kind == "bagging":
                sets[name][OUT_OF_BAG] = model.oob_decision_function_[:, 1]
                if (
                    part == "validation"
                ):  # what the trees give back on their own cases is no test of their probabilities
                    calibrating[name] = sets[name][OUT_OF_BAG]
    truths = {part: truth[0][index] for part, index in parts.items()} | {NEW: truth[1]}
    rows, lines = [], []
    for name, found in sets.items():
        own = truths | {OUT_OF_BAG: truths[name.partition(", ")[2] or "validation"]}
        for part, probability in found.items():
            rows += _rows(name, part, "none", probability, own[part])
        for method, fitted in CALIBRATIONS.items():
            line = fitted(calibrating[name], truths["validation"])
            lines.append({"model": name, "calibration": method, "slope": line.slope, "intercept": line.intercept})
            rows += _rows(name, NEW, method, line(found[NEW]), truths[NEW])
    return rows, lines


def pictures(parameters: Parameters, cohort: phantom.Cohort) -> tuple[Slices, Slices]:
    """Return one image with three channels per patient, for each of the two sequences."""
    if parameters.planes == "neighbours":
        first, second = (
            phantom.slices(cohort.changed(stack="2.5d", phase=phase), parameters.device) for phase in parameters.phases
        )
        return first, second
    found = phantom.crops(cohort.changed(stack="phases"), parameters.size, parameters.device)
    chosen = [phantom.PHASES.index(phase) for phase in parameters.phases]
    pixels = np.stack([sections(voxels, mask) for voxels, mask in zip(found.voxels, found.mask, strict=True)])
    middle = np.zeros(len(found))
    first, second = (
        Slices(pixels[:, k], found.label, found.patient, middle, found.centre, found.classes, clinical=found.clinical)
        for k in chosen
    )
    return first, second


def sections(voxels: npt.NDArray[np.float32], mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint8]:
    """Return the axial, sagittal and coronal section in which a tumour is largest, as red, green and blue.

    Parameters
    ----------
    voxels : numpy.ndarray of float, shape (phases, size, size, size)
        Grey values 0 to 1; axes z, y, x after the phases.
    mask : numpy.ndarray of bool, shape (size, size, size)
        The tumour.

    Returns
    -------
    numpy.ndarray of uint8, shape (phases, 3, size, size)
    """
    z, y, x = (int(mask.sum(axis=others).argmax()) for others in ((1, 2), (0, 2), (0, 1)))
    planes = np.stack([voxels[:, z], voxels[:, :, :, x], voxels[:, :, y]], axis=1)
    return np.rint(255 * planes).astype(np.uint8)


def _combiners(trees: int, seed: int) -> dict[str, Any]:
    """Return what learns to combine three probabilities."""
    bagging = BaggingClassifier(n_estimators=trees, oob_score=True, random_state=seed)
    return {"bagging": bagging, "regression": make_pipeline(StandardScaler(), LogisticRegression())}


def _clinical(
    cohorts: Sequence[phantom.Cohort], truth: npt.NDArray[np.int64], parts: Mapping[str, npt.NDArray[np.int64]]
) -> list[Floats]:
    """Return the probabilities of a logistic regression of age, sex and tumour volume, learned from the training patients."""
    known, unseen = (_variables(phantom.patients(cohort)) for cohort in cohorts)
    model = make_pipeline(StandardScaler(), LogisticRegression())
    model.fit(known[parts["training"]], truth[parts["training"]])
    return [model.predict_proba(each)[:, 1] for each in (known, unseen)]


def _variables(table: pd.DataFrame) -> Floats:
    """Return age (years), sex and the volume of a ball of the tumour's diameter (cm^3), shape (patients, 3)."""
    volume = np.pi / 6 * table["size_cm"] ** 3
    return np.stack([table["age"], table["male"], volume], axis=1).astype(float)


def _counts(patients: int, share: float) -> tuple[int, int]:
    """Return the patients of each class."""
    ones = round(patients * share)
    return patients - ones, ones


def _rows(
    model: str, part: str, calibration: str, probability: Floats, truth: npt.NDArray[np.int64]
) -> list[dict[str, Any]]:
    """Return one row per class: the probabilities of its patients in their order, so that models can be compared in pairs."""
    return [
        {
            "model": model,
            "set": part,
            "calibration": calibration,
            "label": label,
            "probabilities": " ".join(f"{value:.4g}" for value in probability[truth == label]),
        }
        for label in (0, 1)
    ]
