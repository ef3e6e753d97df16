"""The recipe of Zuo et al. (2021) from start to end: cohort, split, training, test, run record, and what the checklist says to it.

The cohort is simulated, or a folder of DICOM series that :mod:`dlrrc_core.baseline.images` reads.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from dlrrc_core.baseline import phantom, predictions
from dlrrc_core.baseline.evaluate import evaluate
from dlrrc_core.baseline.experiments import common
from dlrrc_core.baseline.experiments.grid import Outcome
from dlrrc_core.baseline.slices import Slices
from dlrrc_core.baseline.training import selfscore, split, with_robustness
from dlrrc_core.repository import here


class Parameters(common.Training):
    """Parameters of the recipe, beside those of every training.

    Attributes
    ----------
    data : str, default "phantom"
        ``phantom``, or the folder of a cohort that ``dlrrc cohort build`` made.
    unit : {"image", "patient"}, default "patient"
        What is dealt out; the seed paper does not say.
    effect : float, default 1
        Size of the difference between the simulated classes.
    train, valid : float, default 0.9 and 0.1
        Shares as in the seed paper; for a cohort on disk the rest is the test set, for the simulator it has to be 0 and the test
        patients are new ones.
    new_patients : int, default 200
        Simulated patients of the test set.
    draws : int, default 2000
        Bootstrap samples of the evaluation.
    """

    data: str = "phantom"
    unit: Literal["image", "patient"] = "patient"
    effect: float = Field(1.0, ge=0, le=1)
    train: float = Field(0.9, gt=0, lt=1)
    valid: float = Field(0.1, gt=0, lt=1)
    new_patients: int = Field(200, ge=4)
    draws: int = Field(2000, ge=100)


def jobs(parameters: Parameters) -> list[dict[str, Any]]:
    """Return one job per seed."""
    return [{"seed": seed} for seed in parameters.seeds]


def work(parameters: Parameters, job: Mapping[str, Any], folder: Path) -> Outcome:
    """Train one network and return its learning curve, its answers on the test set, its evaluation and its run record."""
    train, valid, test = parted(parameters, job["seed"])
    chosen = common.settings(parameters, job["seed"])
    result, answers = common.trained(chosen, train, valid, {"test": test}, folder)
    found = evaluate(
        test.label, answers["test"][:, 1], list(test.patient), test.position, draws=parameters.draws, seed=job["seed"]
    )
    record = with_robustness(result.record, {"seeds": list(parameters.seeds)})
    return Outcome(
        {
            "cases": predictions.rows(test, answers["test"]),
            "curves": common.history(result),
            "cohort": [_counts(name, part) for name, part in (("train", train), ("valid", valid), ("test", test))],
            "checklist": _checklist(record),
        },
        facts={"evaluation": found, "record": record},
    )


def parted(parameters: Parameters, seed: int) -> tuple[Slices, Slices, Slices]:
    """Return training, validation and test slices."""
    if parameters.data != "phantom":
        from dlrrc_core.baseline.images import read_cohort  # needs pydicom, which the simulator does not

        cohort = read_cohort(parameters.data, parameters.size, parameters.roi)
        rest = common.rest(parameters)
        parts = [
            cohort.select(chosen)
            for chosen in split(cohort, parameters.unit, (parameters.train, parameters.valid, rest), seed)
        ]
        return parts[0], parts[1], parts[2]
    world = common.world(parameters, seed)
    cohort = phantom.slices(world, parameters.device)
    parts = [
        cohort.select(chosen) for chosen in split(cohort, parameters.unit, (parameters.train, parameters.valid), seed)
    ]
    new = world.changed(patients=parameters.new_patients, first=parameters.patients + 1)
    return parts[0], parts[1], phantom.slices(new, parameters.device)


def _checklist(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what the run record answers to the items of the checklist on training."""
    checklist = here().checklist
    return [
        {
            "item": number,
            "answer": code,
            "units": checklist.units[number][code],
            "most": checklist.max_units[number],
            "evidence": evidence,
        }
        for number, (code, evidence) in selfscore.answers(record, checklist).items()
    ]


def _counts(name: str, part: Slices) -> dict[str, Any]:
    """Return how many patients and images of each class a part holds."""
    table = part.patients()
    return {
        "part": name,
        "patients": len(table),
        "images": len(part),
        "patients_class_0": int((table["label"] == 0).sum()),
        "patients_class_1": int((table["label"] == 1).sum()),
    }
