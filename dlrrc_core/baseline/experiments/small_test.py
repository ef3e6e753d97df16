"""How much a small test set can say: several networks, trained alike, answer one large cohort of new patients.

Small test sets are drawn from these answers afterwards, see :mod:`dlrrc_core.baseline.findings.small_test`. The networks of one effect
differ in their split, initial weights and order of images only, as networks do that are tried one after the other on one data set.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from dlrrc_core.baseline import phantom, predictions
from dlrrc_core.baseline.experiments import common
from dlrrc_core.baseline.experiments.grid import Outcome
from dlrrc_core.baseline.training import split

Subtype = Literal["chromophobe", "papillary", "clear cell"]
DIGITS = 3  # of the stored probabilities: there are many


class Parameters(common.Training):
    """Parameters of the experiment on small test sets, beside those of every training; each seed is one network of every effect.

    Attributes
    ----------
    classes : (str, str), default ("clear cell", "papillary")
        The two subtypes that differ most in the simulator, so that high accuracies can be reached.
    effects : tuple of float, default (0.5, 0.75, 1)
        Size of the difference between the classes, 0 (none) to 1; sets the true accuracy.
    valid : float, default 0.1
        Share of the patients that end the training.
    cohort : int, default 1
        Seed of the simulated patients, the same for all networks.
    new_patients : int, default 400
        Patients from whom test sets are drawn, half of each class.
    new_slices : int, default 5
        Images of each of them; a test set takes three.
    """

    classes: tuple[Subtype, Subtype] = ("clear cell", "papillary")
    effects: tuple[float, ...] = Field((0.5, 0.75, 1.0), min_length=1)
    valid: float = Field(0.1, gt=0, lt=1)
    cohort: int = Field(1, ge=0, lt=2**32)
    new_patients: int = Field(400, ge=10)
    new_slices: int = Field(5, ge=3)


def jobs(parameters: Parameters) -> list[dict[str, Any]]:
    """Return one job per effect: its networks share patients, which take longer to draw than a network takes to answer them."""
    return [{"effect": effect} for effect in parameters.effects]


def work(parameters: Parameters, job: Mapping[str, Any], folder: Path) -> Outcome:
    """Train one network per seed and return the answers of each on the new patients."""
    world = common.world(parameters, parameters.cohort, effect=job["effect"])
    later = world.changed(
        patients=parameters.new_patients, first=parameters.patients + 1, slices_per_patient=parameters.new_slices
    )
    known, new = phantom.slices(world, parameters.device), phantom.slices(later, parameters.device)
    tables: dict[str, list[dict[str, Any]]] = {"cases": [], "curves": []}
    records = []
    for seed in parameters.seeds:
        chosen = common.settings(parameters, seed)
        train, valid = (
            known.select(part) for part in split(known, "patient", (1 - parameters.valid, parameters.valid), seed)
        )
        result, answers = common.trained(chosen, train, valid, {"new": new}, folder / f"seed-{seed}")
        tables["cases"] += [{"seed": seed, **row} for row in predictions.rows(new, answers["new"], DIGITS)]
        tables["curves"] += [{"seed": seed, **row} for row in common.history(result)]
        records.append({"seed": seed, **{name: value for name, value in result.record.items() if name != "curves"}})
    return Outcome(tables, facts={"trainings": records})
