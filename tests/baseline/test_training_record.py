"""The record of a training reaches every point of DLRRC items 16 to 25, each by facts of its own."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from trainingkit import apart, made, settings

from dlrrc_core.baseline import networks
from dlrrc_core.baseline.training import Fit, fit, split, with_robustness
from dlrrc_core.baseline.training.selfscore import RULES, answers, points
from dlrrc_core.baseline.training.workload import PeakMemory, hardware, software
from dlrrc_core.problems import UsageError
from dlrrc_core.repository import Repository
from dlrrc_core.scoring import score

ITEMS = range(16, 26)


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Fit:
    train, valid = apart()
    return fit(train, valid, settings(), tmp_path_factory.mktemp("record") / "run")


@pytest.fixture
def record(result: Fit) -> dict[str, Any]:
    return copy.deepcopy(with_robustness(result.record, {"seeds": [1, 2, 3, 4, 5]}))


def test_our_own_runs_reach_full_marks(record: dict[str, Any], repo: Repository) -> None:
    given = answers(json.loads(json.dumps(record, allow_nan=False)), repo.checklist)
    assert list(given) == list(ITEMS)
    assert {code for code, _ in given.values()} == {"yes"}
    assert all(len(evidence) > 5 for _, evidence in given.values())
    assert points(record, repo.checklist) == (25.0, 25.0)  # ten items of 2.5 points in Zuo et al. (2023), Table 2
    whole = score({number: code for number, (code, _) in given.items()}, repo.checklist)
    assert whole.interval[0] == 25.0


FACTS = [
    ("software", "torch", 16),
    ("software", "python", 16),
    ("hardware", "cpu", 17),
    ("hardware", "device", 17),
    ("model", "why", 18),
    ("model", "parameters_trainable", 18),
    ("model", "flops_per_image", 18),
    ("time", "epochs", 19),
    ("time", "seconds_total", 19),
    ("hyperparameters", "batch", 20),
    ("hyperparameters", "learning_rate", 20),
    ("curves", "train_loss", 21),
    ("curves", "valid_accuracy", 21),
    ("stopping", "rule", 22),
    ("stopping", "patience", 22),
    ("robustness", "seeds", 23),
    ("initial_weights", "kind", 24),
    ("initial_weights", "source", 24),
]


@pytest.mark.parametrize(("section", "fact", "item"), FACTS)
def test_without_a_fact_exactly_its_item_is_lost(
    record: dict[str, Any], repo: Repository, section: str, fact: str, item: int
) -> None:
    del record[section][fact]
    assert lost(record, repo) == [item]


@pytest.mark.parametrize(
    ("item", "section"), [(item, section) for item, (section, _) in zip(ITEMS, RULES.values(), strict=True)]
)
def test_without_a_section_exactly_its_item_is_lost(
    record: dict[str, Any], repo: Repository, item: int, section: str
) -> None:
    del record[section]
    assert lost(record, repo) == [item]
    assert points(record, repo.checklist) == (22.5, 25.0)


def lost(record: dict[str, Any], repo: Repository) -> list[int]:
    return [number for number, (code, _) in answers(record, repo.checklist).items() if code == "no"]


def test_what_does_not_suffice(result: Fit, record: dict[str, Any], repo: Repository) -> None:
    assert lost(result.record, repo) == [23]  # one training alone
    assert lost(with_robustness(result.record, {"seeds": [1]}), repo) == [23]
    assert lost(with_robustness(result.record, {"folds": 5}), repo) == []
    with pytest.raises(UsageError, match="robustness has epochs; allowed: one or more of seeds, folds"):
        with_robustness(result.record, {"epochs": 3})
    workload = record["workload"]
    record["workload"] = {**workload, "flops_total": None}
    assert lost(record, repo) == []  # memory alone answers the item
    record["workload"] = {**workload, "flops_total": None, "peak_memory_bytes": None}
    assert lost(record, repo) == [25]
    record["workload"] = workload
    record["stopping"]["ends_training"] = False
    assert lost(record, repo) == [22]
    record["stopping"]["ends_training"] = True
    record["curves"]["valid_loss"] = record["curves"]["valid_loss"][:-1]
    assert lost(record, repo) == [21]


def test_the_record_tells_how_many_patients_are_in_both_parts(tmp_path: Path) -> None:
    images = made(8)
    learned, checked = split(images, "image", (0.7, 0.3), seed=1)
    record = fit(images.select(learned), images.select(checked), settings(epochs=1), tmp_path / "run").record
    expected = len(set(images.patient[learned]) & set(images.patient[checked]))
    assert record["data"]["patients_in_both"] == expected > 0


def test_a_fixed_number_of_epochs_is_no_rule(tmp_path: Path, repo: Repository) -> None:
    fixed = fit(*apart(), settings(epochs=1, patience=None), tmp_path / "run").record
    assert lost(with_robustness(fixed, {"seeds": 3}), repo) == [22]


def test_a_checklist_without_the_items_is_refused(record: dict[str, Any], repo: Repository) -> None:
    fields = {name: getattr(repo.checklist, name) for name in type(repo.checklist).model_fields}
    fields["parts"] = tuple(part for part in repo.checklist.parts if part.id != "IV")
    with pytest.raises(UsageError, match="has no item epochs-time, hyperparameters"):
        answers(record, type(repo.checklist).model_construct(**fields))


def test_the_numbers_of_the_record_are_right(result: Fit) -> None:
    record, history = result.record, result.history
    train, _ = apart()
    assert record["curves"]["valid_loss"] == [row["valid_loss"] for row in history]
    assert record["time"]["seconds_total"] == pytest.approx(sum(row["seconds"] for row in history))
    assert record["hyperparameters"] == settings().model_dump(exclude={"split", "train", "valid"})
    assert record["stopping"]["best_epoch"] == int(np.argmin([row["valid_loss"] for row in history])) + 1
    workload = record["workload"]
    assert workload["images_seen"] == len(train) * 2 * len(history)
    forward = networks.flops(networks.build("shufflenetv2", channels=1), (1, 1, 32, 32))
    assert workload["flops_per_image_forward"] == forward
    assert workload["flops_total"] == 3 * forward * workload["images_seen"]
    assert workload["peak_memory_bytes"] > 50 * 2**20  # torch alone takes more
    assert record["data"]["train"] == {"images": 18, "patients": 6, "per_class": {"papillary": 9, "chromophobe": 9}}
    assert record["data"]["patients_in_both"] == 0
    assert record["hardware"]["threads"] == torch.get_num_threads()
    assert software()["torch"] == str(torch.__version__)


def test_on_a_gpu_its_name_and_memory_are_recorded(
    monkeypatch: pytest.MonkeyPatch, record: dict[str, Any], repo: Repository
) -> None:
    class About:
        name, total_memory = "NVIDIA H200", 141 * 2**30

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: About)
    monkeypatch.setattr(torch.cuda, "reset_peak_memory_stats", lambda device: None)
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda device: 12345)
    record["hardware"] = hardware("cuda:0")
    assert (record["hardware"]["gpu"], record["hardware"]["gpu_memory_gib"]) == ("NVIDIA H200", 141.0)
    assert answers(record, repo.checklist)[17] == ("yes", "NVIDIA H200, 141.0 GiB")
    del record["hardware"]["gpu"]
    assert lost(record, repo) == [17]
    assert PeakMemory(torch.device("cuda:0")).peak() == {"bytes": 12345, "of": "tensors on the GPU"}
