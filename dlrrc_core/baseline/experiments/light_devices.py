"""What each network costs on one thread of a processor, and whether a trained one answers alike as ONNX file and in eight bits.

Zuo et al. (2021) say that their model can be applied to light devices. Times do not depend on the weights, so they are taken from untrained
networks; the loss of accuracy by eight bits is taken from trained ones. Jobs must run one after the other, or they disturb each other's
times: the notebook asks for one process.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch
from pydantic import Field, field_validator
from scipy.special import softmax

from dlrrc_core.baseline import deploy, networks, phantom, predictions
from dlrrc_core.baseline.experiments import common
from dlrrc_core.baseline.experiments.bare import normalised
from dlrrc_core.baseline.experiments.grid import Outcome
from dlrrc_core.baseline.training import split
from dlrrc_core.problems import one_of

SIX = ("shufflenetv2", "mobilenetv2", "efficientnet_b0", "resnet34", "resnet50", "resnet101")
CHANNELS = 3  # as Table 3 of the seed paper
Subtype = Literal["chromophobe", "papillary", "clear cell"]


class Parameters(common.Training):
    """Parameters of the experiment, beside those of every training, which are about the trained network.

    Attributes
    ----------
    networks : tuple of str, default all six of the seed paper
        What is timed.
    sizes : tuple of int, default (256, 128)
        Pixels along each side of the images that are timed.
    repeats : int, default 50
        Timed images for each network, size and way of running it.
    threads : int, default 1
        Of the processor while timing.
    classes : (str, str), default ("clear cell", "papillary")
        The two subtypes that differ most in the simulator, so that there is accuracy to lose.
    effect : float, default 1
        Size of the difference between the classes, 0 (none) to 1.
    valid : float, default 0.1
        Share of the patients that end the training.
    new_patients : int, default 200
        Patients on whom the ways of running the trained network are compared.
    calibration : int, default 100
        Training images from which the eight bit file takes its ranges.
    """

    networks: tuple[str, ...] = Field(SIX, min_length=1)
    sizes: tuple[int, ...] = Field((256, 128), min_length=1)
    repeats: int = Field(50, ge=1)
    threads: int = Field(1, ge=1)
    classes: tuple[Subtype, Subtype] = ("clear cell", "papillary")
    effect: float = Field(1.0, ge=0, le=1)
    valid: float = Field(0.1, gt=0, lt=1)
    new_patients: int = Field(200, ge=4)
    calibration: int = Field(100, ge=1)

    @field_validator("networks")
    @classmethod
    def _known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        """Refuse networks that do not exist or do not take images."""
        return tuple(one_of(each, SIX, "networks") for each in value)


def jobs(parameters: Parameters) -> list[dict[str, Any]]:
    """Return one job per network and size that is timed, and one per trained network."""
    timed = [{"network": network, "size": size} for network in parameters.networks for size in parameters.sizes]
    return timed + [{"seed": seed} for seed in parameters.seeds]


def work(parameters: Parameters, job: Mapping[str, Any], folder: Path) -> Outcome:
    """Time one network at one size, or train one and compare the ways of running it."""
    return trained(parameters, job["seed"], folder) if "seed" in job else timed(parameters, job, folder)


def timed(parameters: Parameters, job: Mapping[str, Any], folder: Path) -> Outcome:
    """Export one untrained network, check the file and time it in each way of running it."""
    size = job["size"]
    shape = (1, CHANNELS, size, size)
    images = np.random.default_rng(1).standard_normal((4, *shape[1:])).astype(np.float32)  # as after normalisation
    network = settled(networks.build(job["network"], channels=CHANNELS, seed=1), images)
    whole = deploy.export(network, folder / "float32.onnx", size)
    small = deploy.quantise(whole, folder / "int8.onnx", images)
    checked = deploy.check(whole, network, images)
    counted = networks.parameters(network)
    rows = []
    for precision, what in (("float32", network), ("float32", whole), ("int8", small)):
        load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
        found = deploy.latency(what, size, parameters.repeats, parameters.threads)
        unwanted = ("size", "file_mib")  # the first is in the job, the second in the other table
        rows.append({"precision": precision, "load": load, **{k: v for k, v in found.items() if k not in unwanted}})
    facts = {
        "parameters": counted.total,
        "trainable": counted.trainable,
        "flops": networks.flops(network, shape),
        "float32_mib": whole.stat().st_size / 2**20,
        "int8_mib": small.stat().st_size / 2**20,
        "largest_difference": checked["largest_difference"],
        "images": checked["images"],
    }
    for path in (whole, small):
        path.unlink()  # up to 170 MB each
    return Outcome({"networks": [facts], "latency": rows})


def settled(network: networks.Network, images: npt.NDArray[np.float32]) -> networks.Network:
    """Return a network whose batch normalisation has the moments of some images, in evaluation mode.

    Without that the numbers in an untrained network grow or shrink from layer to layer, which neither times nor differences
    should depend on.
    """
    layers = [each for each in network.modules() if isinstance(each, torch.nn.BatchNorm2d)]
    for each in layers:
        each.momentum = 1.0
    network.train()
    with torch.no_grad():
        network(torch.from_numpy(images))
    return network.eval()


def trained(parameters: Parameters, seed: int, folder: Path) -> Outcome:
    """Train one network and return its answers by torch, by ONNX in float32 and in eight bits on new patients."""
    world = common.world(parameters, seed)
    cohort = phantom.slices(world, parameters.device)
    later = world.changed(patients=parameters.new_patients, first=parameters.patients + 1)
    new = phantom.slices(later, parameters.device)
    train, valid = (
        cohort.select(index) for index in split(cohort, "patient", (1 - parameters.valid, parameters.valid), seed)
    )
    chosen = common.settings(parameters, seed, channels=CHANNELS)
    result, answers = common.trained(chosen, train, valid, {"new": new}, folder)
    model = result.model.cpu().eval()
    whole = deploy.export(model.network, folder / "float32.onnx", parameters.size)
    some = np.random.default_rng(seed).permutation(len(train))[: parameters.calibration]
    small = deploy.quantise(whole, folder / "int8.onnx", normalised(model, train.select(some)))
    images = normalised(model, new)
    exported = deploy.check(whole, model.network, images)
    reduced = {"largest_difference": None, **deploy.agreement(whole, small, images)}
    versions = {
        "torch float32": answers["new"],
        "onnx float32": softmax(deploy.answers(whole, images), axis=1),
        "onnx int8": softmax(deploy.answers(small, images), axis=1),
    }
    cases = [{"version": name, **row} for name, found in versions.items() for row in predictions.rows(new, found)]
    pairs = [
        {"pair": "onnx float32 against torch", **exported},
        {"pair": "onnx int8 against onnx float32", **reduced},
    ]
    tables = {"agreement": pairs, "cases": cases, "curves": common.history(result)}
    return Outcome(tables, facts={"training": result.record})
