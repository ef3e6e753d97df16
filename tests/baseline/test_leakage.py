"""The leakage experiment: what is divided how, its numbers on answers made by hand, and verdicts over trainings, also of the recipe."""

from __future__ import annotations

import re
from copy import deepcopy
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT
from scipy import stats as sps
from statsmodels.stats.proportion import proportion_confint

from dlrrc_core.baseline import phantom, store
from dlrrc_core.baseline.experiments import leakage
from dlrrc_core.baseline.findings import find
from dlrrc_core.baseline.findings.common import over_trainings, side
from dlrrc_core.baseline.findings.leakage import statistics
from dlrrc_core.baseline.findings.recipe import departures, full
from dlrrc_core.baseline.slices import Slices
from dlrrc_core.chapters.baseline_leakage import Leakage
from dlrrc_core.chapters.baseline_recipe import Recipe
from dlrrc_core.tables import Numbers

PARAMETERS = leakage.Parameters(size=32, patients=20, slices_per_patient=5, copies=2)


@pytest.fixture(scope="module")
def cohort() -> Slices:
    """Return a small cohort."""
    return phantom.slices(phantom.Cohort(patients=20, slices_per_patient=5, size=32, effect=0.0, seed=3))


@pytest.mark.parametrize(("condition", "shared"), [("image", True), ("copies", True), ("patient", False)])
def test_who_is_on_both_sides(cohort: Slices, condition: leakage.Condition, shared: bool) -> None:
    train, valid, held_out = leakage.parted(PARAMETERS, cohort, condition, 1)
    copies = 2 if condition == "copies" else 1
    assert len(train) + len(valid) + len(held_out) == copies * len(cohort)
    both = set(train.patient) & set(held_out.patient)
    assert bool(both) is shared
    assert abs(len(train) / (copies * len(cohort)) - 0.7) < 0.06


def test_jobs_cover_every_condition_and_seed() -> None:
    jobs = leakage.jobs(leakage.Parameters())
    assert len(jobs) == 2 * 2 * 5 + 5  # copies only without signal
    assert len({tuple(job.values()) for job in jobs}) == len(jobs)


def run_of(rows: list[dict[str, object]]) -> store.StoredRun:
    """Return a run with these cases."""
    curves = [
        {"condition": "image", "effect": 0.0, "seed": seed, "epoch": epoch, "valid_accuracy": accuracy}
        | {name: 0.0 for name in ("train_loss", "train_accuracy", "valid_loss")}
        for seed, accuracies in ((1, (0.5, 0.9)), (2, (0.7, 0.6)))
        for epoch, accuracy in enumerate(accuracies, 1)
    ]
    about = store.experiment(ROOT, "leakage")
    parts = {"train": {"images": 40, "patients": 14}, "valid": {"images": 6, "patients": 2}}
    jobs = [
        {"condition": "image", "effect": 0.0, "training": {"data": parts, "stopping": {"best_epoch": kept}}}
        for kept in (2, 1)
    ]
    record = SimpleNamespace(facts={"jobs": jobs})
    tables = {"cases": pd.DataFrame(rows), "curves": pd.DataFrame(curves)}
    return store.StoredRun(about, record, tables, ROOT)  # type: ignore[arg-type]


def test_numbers_by_hand() -> None:
    """Two seeds of 20 patients with three images each; in each seed 15 patients have all images right, 5 have one of three."""
    rows: list[dict[str, object]] = []
    for seed in (1, 2):
        for name in ("held out", "new patients"):
            for k in range(20):
                label = k % 2
                right, wrong = ("0.9", "0.1") if label else ("0.1", "0.9")
                texts = [right] * 3 if k < 15 else [right, wrong, wrong]
                rows.append(
                    {
                        "condition": "image",
                        "effect": 0.0,
                        "seed": seed,
                        "set": name,
                        "patient": f"P{k:02}",
                        "label": label,
                    }
                    | {"probabilities": " ".join(texts)}
                )
    found = statistics(run_of(rows))["conditions"]["image"]["effect_0"]
    pooled = found["new_patients"]["pooled"]
    assert pooled["image"]["accuracy"]["n"] == 120
    assert pooled["image"]["accuracy"]["patients"] == 40  # patients of two seeds are different ones
    assert pooled["image"]["accuracy"]["percent"] == pytest.approx(100 * 100 / 120)
    votes = pooled["votes"]["accuracy"]
    assert votes["percent"] == 75
    # Wilson's interval, from statsmodels
    assert np.allclose(votes["interval"], 100 * np.array(proportion_confint(30, 40, method="wilson")), atol=1e-9)
    assert [each["votes"]["accuracy"]["percent"] for each in found["held_out"]["seeds"]] == [75, 75]
    assert found["selected"] == {"lowest": 70.0, "mean": 80.0, "highest": 90.0}
    assert found["epochs"] == 2
    assert found["learned"] == {
        "train": {"images": 40, "patients": 14},
        "valid": {"images": 6, "patients": 2},
        "kept": [2, 1],
    }


def test_interval_over_trainings_is_that_of_scipy() -> None:
    values = [56.75, 50.0, 55.1667, 70.8333, 51.1667]
    found = over_trainings(values)
    wanted = sps.t.interval(0.95, 4, loc=np.mean(values), scale=sps.sem(values))
    assert np.allclose(found["interval"], wanted, atol=1e-9)  # worst seen 1e-14
    assert (found["lowest"], found["highest"], found["n"]) == (50.0, 70.8333, 5)
    assert over_trainings([60.0])["interval"] == [None, None]


@pytest.mark.parametrize(
    ("interval", "null", "where"),
    [
        ([51, 60], 50, "above"),
        ([40, 49], 50, "below"),
        ([46.4, 67.1], 50, "open"),
        ([0, 1], 0, "open"),
        ([None, None], 0, "unknown"),
    ],
)
def test_side_of_an_interval(interval: list[float | None], null: float, where: str) -> None:
    assert side(interval, null) == where


@cache
def _known() -> tuple[store.StoredRun, dict[str, Any]]:
    return find(ROOT, "leakage")


def known() -> tuple[store.StoredRun, dict[str, Any]]:
    """Return the stored run and a copy of its numbers."""
    run, numbers = _known()
    return run, deepcopy(numbers)


def test_stored_run_shows_leakage() -> None:
    """The stored run: images of a split by image above 95 %, patients at chance without a signal and above it with one."""
    stored, numbers = known()
    assert len(numbers["seeds"]) == 5
    found = numbers["conditions"]
    assert found["image"]["effect_0"]["held_out"]["pooled"]["image"]["accuracy"]["percent"] > 95
    for condition in ("image", "patient", "copies"):
        low, high = found[condition]["effect_0"]["new_patients"]["pooled"]["votes"]["accuracy"]["interval"]
        assert low < 50 < high, condition
    low, high = found["patient"]["effect_0"]["held_out"]["pooled"]["image"]["accuracy"]["interval"]
    assert low < 50 < high
    # over trainings the split by patient is not told apart from tossing a coin, over patients of the given networks it is
    at = found["patient"]["effect_100"]["new_patients"]
    assert at["pooled"]["image"]["accuracy"]["interval"][0] > 50
    assert side(at["trainings"]["image"]["interval"], 50) == "open"
    pairs = [found[name]["effect_100"]["new_patients"]["trainings"]["image"]["values"] for name in ("image", "patient")]
    wanted = sps.ttest_rel(*pairs).confidence_interval()
    assert np.allclose(numbers["splits"]["effect_100"]["interval"], wanted, atol=1e-9)
    assert [found[name]["effect_100"]["learned"]["train"]["patients"] for name in ("image", "patient")] == [74, 52]
    assert stored.record.parameters["effects"] == [0.0, 1.0]


def test_chapter_says_what_was_measured() -> None:
    run, numbers = known()
    chapter = Leakage(run, Numbers(numbers))
    text = chapter.no_effect_sentence().data
    path = "conditions.image.effect_0.held_out.pooled.image.accuracy.percent"
    assert f'data-stat="{path}"' in text
    assert f">{chapter.n.value(path):.1f}<" in text
    assert "<svg" in chapter.figure().html
    assert chapter.table().html.count("<tr") == 1 + 3 * len(chapter.places)


def plain(html: str) -> str:
    """Return a sentence without its tags."""
    return re.sub("<[^>]+>", "", html)


def changed(**ends: tuple[float, float]) -> Leakage:
    """Return the chapter with other intervals over trainings: ``patient`` (split by patient, new patients) and ``splits``."""
    run, numbers = known()
    if "patient" in ends:
        place = numbers["conditions"]["patient"]["effect_100"]["new_patients"]["trainings"]["image"]
        place["interval"] = list(ends["patient"])
    if "splits" in ends:
        numbers["splits"]["effect_100"]["interval"] = list(ends["splits"])
    return Leakage(run, Numbers(numbers))


def test_verdicts_follow_the_intervals() -> None:
    missed, found = (
        "do not show that networks trained like this find",
        "networks trained like this find the difference.",
    )
    for chapter, there in (
        (changed(), False),
        (changed(patient=(46.4, 67.1)), False),
        (changed(patient=(50.1, 63.5)), True),
    ):
        text = plain(chapter.effect_sentence().data)
        assert (missed in text) is not there
        assert (f"on average, {found}" in text) is there
    assert "lies below 50 %" in plain(changed(patient=(40.0, 49.0)).effect_sentence().data)
    for chapter, more in (
        (changed(), False),
        (changed(splits=(0.2, 12.0)), True),
        (changed(splits=(-9.0, -1.0)), True),
    ):
        text = plain(chapter.splits_sentence().data)
        assert ("more than chance explains" in text) is more
        assert ("not told apart from no difference" in text) is not more
        assert "622 images of 74 patients; split by patient, 624 images of 52 patients, and 8 other patients" in text


def test_votes_and_copies_follow_the_numbers() -> None:
    run, numbers = known()
    chapter = Leakage(run, Numbers(numbers))
    assert "does not mend it" in chapter.votes_sentence().data
    assert "harder to learn by heart" in chapter.copies_sentence().data
    assert "though the class cannot be told" in chapter.selected_sentence().data
    places = numbers["conditions"]
    places["image"]["effect_0"]["held_out"]["pooled"]["votes"]["accuracy"]["interval"] = [48.0, 58.0]
    places["copies"]["effect_0"]["selected"]["highest"] = 99.0
    places["patient"]["effect_0"]["selected"]["mean"] = 50.0
    assert "does not mend it" not in chapter.votes_sentence().data
    assert "harder to learn by heart" not in chapter.copies_sentence().data
    assert "though the class cannot be told" not in chapter.selected_sentence().data


def recipe(interval: tuple[float, float], changes: list[dict[str, Any]]) -> Recipe:
    """Return the chapter on the recipe with made numbers; it shares the verdict over trainings with that on leakage."""
    told = over_trainings([58.3, 54.0, 54.2]) | {"interval": list(interval)}
    n = Numbers({"coin": 50.0, "accuracy": {"image": told, "mean_probability": told}, "departures": changes})
    return Recipe(known()[0], n)


def test_recipe_says_in_what_it_departs() -> None:
    wanted = full()
    # Zuo et al. (2021) print MobileNetV2, Adam, a learning rate of 0.005 and batches of 24
    assert (wanted["network"], wanted["optimiser"], wanted["learning_rate"], wanted["batch"]) == (
        ("mobilenetv2", "adam", 0.005, 24)
    )
    used = wanted | {"size": 64, "seeds": [1, 2, 3], "device": "cpu"}
    found = departures(used, wanted)
    assert found == [{"name": "size", "used": 64, "full": 256}, {"name": "seeds", "used": 3, "full": 5}]
    text = plain(recipe((49.4, 61.6), found).departures_sentence().data)
    assert "in 2 settings: pixels along each side of an image 64 (not 256); trainings 3 (not 5)." in text
    assert departures(wanted | {"seeds": list(wanted["seeds"])}, wanted) == []
    assert "departs in nothing" in recipe((49.4, 61.6), []).departures_sentence().data
    stored = store.best(ROOT, "recipe")
    names = {each["name"] for each in departures(stored.record.parameters, wanted)}
    assert {"size", "slices_per_patient", "variants_per_epoch", "epochs"} <= names


@pytest.mark.parametrize(
    ("interval", "words"),
    [((49.4, 61.6), "not told apart from 50 %"), ((50.5, 60), ", above 50 %"), ((40, 49), ", below 50 %")],
)
def test_recipe_verdict_follows_the_interval(interval: tuple[float, float], words: str) -> None:
    said = plain(recipe(interval, []).accuracy_sentence().data)
    assert said.count(words) == 2
    assert "58.3, 54.0, 54.2 % of images" in said


def test_printed_number_stands_once() -> None:
    # data/papers/zuo2021/paper.yaml: the abstract and Table 1 print the same validation accuracy of images
    html = recipe((49.4, 61.6), []).printed_table().html
    assert html.count("96.8640") == html.count(">96.8640<") == 1
    assert "our simulation" not in html
