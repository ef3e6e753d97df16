"""Whether accuracy follows the number of parameters in a parabola at n = 74, and what the learning rate does to which networks converge.

Zuo et al. (2021) compared six networks on one cohort, once each. Here every network is trained on the same cohorts with the same split by
patient, at two learning rates, and tested on patients that no network saw. A seed is a cohort, a split and new initial weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from dlrrc_core.baseline import networks, phantom, predictions
from dlrrc_core.baseline.experiments import common
from dlrrc_core.baseline.experiments.grid import Outcome
from dlrrc_core.baseline.slices import Slices
from dlrrc_core.baseline.training import TrainingError, split
from dlrrc_core.problems import one_of

Network = Annotated[str, AfterValidator(lambda name: one_of(name, networks.NETWORKS, "network"))]
Subtype = Literal["chromophobe", "papillary", "clear cell"]
Row = dict[str, Any]
DIGITS = 3  # of the stored probabilities: there are many
SIX = ("resnet101", "resnet50", "resnet34", "efficientnet_b0", "mobilenetv2", "shufflenetv2")


class Parameters(common.Learning):
    """Parameters of the experiment on the size of networks; those not described are as in :class:`~.common.Learning`.

    Attributes
    ----------
    networks : tuple of str
        By default the six of the seed paper, the slowest first, so that processors are busy to the end.
    learning_rates : tuple of float, default (0.005, 0.001)
        The first is that of the seed paper and the one that findings are about.
    classes : (str, str), default ("clear cell", "papillary")
        The two subtypes that differ most in the simulator, so that networks can reach the accuracies of the seed paper.
    effect : float, default 1
        Size of the difference between the classes, 0 (none) to 1.
    valid : float, default 0.1
        Share of the patients that end the training.
    new_patients : int, default 400
        Patients of the test set, others for each seed.
    new_slices : int, default 5
        Images of each of them.
    """

    networks: tuple[Network, ...] = Field(SIX, min_length=1)
    learning_rates: tuple[float, ...] = Field((0.005, 0.001), min_length=1)
    classes: tuple[Subtype, Subtype] = ("clear cell", "papillary")
    effect: float = Field(1.0, ge=0, le=1)
    valid: float = Field(0.1, gt=0, lt=1)
    new_patients: int = Field(400, ge=4)
    new_slices: int = Field(5, ge=1)
    seeds: tuple[common.Seed, ...] = Field(tuple(range(1, 11)), min_length=1)

    def training(self, network: str, learning_rate: float) -> common.Training:
        """Return the parameters of one network at one learning rate."""
        values = {name: getattr(self, name) for name in common.Learning.model_fields}
        return common.Training(**values, network=network, learning_rate=learning_rate)


def jobs(parameters: Parameters) -> list[dict[str, Any]]:
    """Return one job per network and seed; the learning rates share its patients."""
    return [{"network": network, "seed": seed} for network in parameters.networks for seed in parameters.seeds]


def work(parameters: Parameters, job: Mapping[str, Any], folder: Path) -> Outcome:
    """Train one network at every learning rate and return its answers on the new patients."""
    train, valid, new = patients(parameters, job["seed"])
    tables: dict[str, list[Row]] = {"cases": [], "curves": [], "trainings": []}
    records = []
    for rate in parameters.learning_rates:
        # no checkpoints: with Adam one of ResNet-101 takes half a gigabyte, and what a job found is kept anyway
        chosen = common.settings(parameters.training(job["network"], rate), job["seed"], checkpoint_epochs=0)
        size = networks.parameters(networks.build(chosen.network, len(train.classes), train.pixels.shape[1]))
        row: Row = {"learning_rate": rate, "parameters": size.trainable, "train_images": len(train)}
        try:
            result, answers = common.trained(chosen, train, valid, {"new": new}, folder / f"rate-{rate:g}")
        except TrainingError as error:
            tables["trainings"].append({**row, "epochs": 0, "seconds": None, "problem": str(error)})
            continue
        time = result.record["time"]
        tables["trainings"].append({**row, "epochs": time["epochs"], "seconds": time["seconds_total"], "problem": None})
        tables["cases"] += [{"learning_rate": rate, **each} for each in predictions.rows(new, answers["new"], DIGITS)]
        tables["curves"] += [{"learning_rate": rate, **each} for each in common.history(result)]
        records.append(
            {"learning_rate": rate, **{name: value for name, value in result.record.items() if name != "curves"}}
        )
    return Outcome(tables, facts={"trainings": records})


def patients(parameters: Parameters, seed: int) -> tuple[Slices, Slices, Slices]:
    """Return slices for training and validation, split by patient, and of new patients; the same for all networks."""
    world = common.world(parameters, seed)
    later = world.changed(
        patients=parameters.new_patients, first=parameters.patients + 1, slices_per_patient=parameters.new_slices
    )
    known = phantom.slices(world, parameters.device)
    train, valid = split(known, "patient", (1 - parameters.valid, parameters.valid), seed)
    return known.select(train), known.select(valid), phantom.slices(later, parameters.device)
