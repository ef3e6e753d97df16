"""Heat maps: statistics on a table made by hand, and the experiment from start to end."""

from __future__ import annotations

import io
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT
from PIL import Image

from dlrrc_core.baseline import experiments, store
from dlrrc_core.baseline.experiments import explanation as experiment
from dlrrc_core.baseline.findings import explanation
from dlrrc_core.baseline.rates import Options
from dlrrc_core.chapters.baseline_explanation import Explanation
from dlrrc_core.problems import UsageError
from dlrrc_core.tables import Numbers

ABOUT = store.experiment(ROOT, "explanation")
FEW = Options(draws=200)


def rows(condition: str, where: str, hits: list[float], right: list[int]) -> list[dict[str, Any]]:
    """Return two slices per patient with given hits and answers."""
    found = []
    for k, (hit, ok) in enumerate(zip(hits, right, strict=True)):
        patient = k // 2
        label = patient % 2
        called = label if ok else 1 - label
        found.append(
            {
                "condition": condition, "seed": 1, "layer": "features.6", "cells": 6, "set": where,
                "patient": f"P{patient:05d}", "slice": k % 2, "label": label, "probability": 0.9 if called else 0.1,
                "hit": hit, "mass": 0.5 if hit else None, "chance": 0.1, "area": 0.25, "middle": 1,
            }
        )  # fmt: skip
    return found


def training(condition: str, seed: int, images: int, rounds: int) -> dict[str, Any]:
    """Return what a run record keeps of one training."""
    data = {"train": {"images": images, "patients": images // 10}}
    kept = {"data": data, "time": {"epochs": rounds}, "workload": {"images_seen": images * rounds}}
    return {"condition": condition, "seed": seed, "training": kept}


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    """Return the statistics of a table in which half of the maps of the leaked network hit."""
    table = []
    for where in explanation.SETS.values():
        table += rows("signal", where, [1, 1, 1, 1, 1, 0, 1, 1], [1] * 8)
        table += rows("leak", where, [1, 0, 0, 0.5, 1, 0, 1, 0.5], [1, 0, 0, 1, 1, 0, 1, 0])
        table += rows("scanner", where, [0, 0, 0, 0, 1, 0, 0, 0], [0, 1] * 4)
    table += [{**row, "layer": "last", "cells": 2, "chance": 0.004} for row in table]
    jobs = [training(each, seed, 400 + 20 * seed, 3) for each in explanation.CONDITIONS for seed in (1, 2)]
    record = SimpleNamespace(facts={"jobs": jobs})
    return explanation.statistics(SimpleNamespace(tables={"maps": pd.DataFrame(table)}, record=record), FEW)


def test_sizes_of_trainings_and_layers_that_cannot_hit(found: dict[str, Any]) -> None:
    # 420 and 440 images of 42 and 44 patients, 3 rounds
    assert found["training"]["leak"] == {"patients": 43, "images": 430, "rounds": 3, "seen": 1290}
    assert [(each["key"], each["able"]) for each in found["layers"]] == [("features_6", True), ("last", False)]
    # the maps of the networks that never hit have no height and say nothing about their layer
    flat = pd.DataFrame({"mass": [None, 0.4], "chance": [0.25, 0.0]})
    assert not explanation.able(flat)


def test_hits_chance_and_mass(found: dict[str, Any]) -> None:
    place = found["conditions"]["leak"]["new_patients"]["features_6"]
    assert place["hit"]["percent"] == pytest.approx(50)  # (1 + 0.5 + 1 + 1 + 0.5) / 8
    assert place["area"]["percent"] == pytest.approx(25)
    assert place["chance"]["percent"] == pytest.approx(10)
    assert place["above"]["percent"] == pytest.approx(50 - 10)
    assert place["middle"]["percent"] == 100
    assert place["accuracy"]["percent"] == pytest.approx(50)
    assert place["mass"]["percent"] == pytest.approx(50)  # maps without height are left out
    assert place["mass"]["n"] == 5
    assert place["hit"]["patients"] == 4
    low, high = place["hit"]["interval"]
    assert low < 50 < high
    assert place["seeds"] == [{"seed": 1, "hit": 50.0}]


def test_right_and_wrong_answers(found: dict[str, Any]) -> None:
    place = found["conditions"]["leak"]["new_patients"]["features_6"]
    assert place["right"]["hit"]["percent"] == pytest.approx(100 * (1 + 0.5 + 1 + 1) / 4)
    assert place["wrong"]["hit"]["percent"] == pytest.approx(100 * 0.5 / 4)
    assert found["conditions"]["signal"]["new_patients"]["features_6"]["wrong"] is None


def test_less_resamples_patients_together(found: dict[str, Any]) -> None:
    place = found["less"]["leak"]["features_6"]
    assert place["percent"] == pytest.approx(87.5 - 50)
    assert place["patients"] == 4  # the same four in both
    # with the same hits in both conditions there is no spread, whatever is drawn
    same = pd.DataFrame(rows("signal", "new patients", [1, 0, 1, 1], [1] * 4))
    equal = explanation.less(same, same, FEW)
    assert equal["percent"] == 0
    assert equal["interval"] == [None, None]


def test_pictures_show_right_and_wrong_of_different_patients() -> None:
    label = np.array([0, 0, 1, 1, 0, 0, 1, 1, 0, 0])
    patient = np.repeat(["a", "b", "c", "d", "e"], 2)
    probability = np.array([0.1, 0.1, 0.2, 0.2, 0.3, 0.3, 0.9, 0.9, 0.2, 0.2])
    assert experiment._chosen(label, probability, patient) == [1, 5, 3, 7]  # one wrong only, so another right one


@pytest.mark.slow
def test_from_start_to_end(tmp_path: Path) -> None:
    run = experiments.run("explanation", "tiny", ABOUT.scales["tiny"], 1, tmp_path)
    table = run.tables["maps"]
    assert table["condition"].unique().tolist() == list(explanation.CONDITIONS)
    assert table["hit"].between(0, 1).all()
    assert table["chance"].between(0, 1).all()
    one = table[table["layer"] == "last"]  # one cell: the same everywhere, wherever it stands
    assert (one["chance"] == one["area"]).all()
    assert (one["hit"] == one["area"]).all()
    assert table["area"].between(0, 1, inclusive="neither").all()
    assert table.groupby("layer")["cells"].first().to_dict() == {"features.6": 4, "features.13": 2, "last": 1}  # of 32
    new = table[table["set"] == "new patients"]
    people = [sorted(group["patient"].unique()) for _, group in new.groupby("condition")]
    assert people[0] == people[1] == people[2]  # the same numbers, so that conditions can be compared by patient
    chapter = Explanation(run, Numbers(explanation.statistics(run)))
    assert "<table" in chapter.figure().html
    assert chapter.pictures().html.count("<img") == len(explanation.CONDITIONS)
    for say in ("learned", "pointing", "above", "less", "answers"):
        assert "nan" not in getattr(chapter, f"{say}_sentence")().data
    for name in ABOUT.pictures:
        content = (run.folder / f"{name}.png").read_bytes()
        assert len(content) < 150_000
        assert 300 <= Image.open(io.BytesIO(content)).width <= 600


def test_wrong_parameters_are_named_together() -> None:
    with pytest.raises(UsageError) as caught:
        experiments.run("explanation", "tiny", {"confounding": 1.5, "leaked_slices": 1, "layer": "last"})
    for name in ("confounding", "leaked_slices", "layer"):
        assert name in str(caught.value)


def test_unknown_layer_is_named(tmp_path: Path) -> None:
    asked = ABOUT.scales["tiny"] | {"layers": ["features.99"]}
    with pytest.raises(UsageError, match=r"features\.99"):
        experiments.run("explanation", "tiny", asked, 1, tmp_path)
