"""The leakage experiment: what is divided how, and its numbers on answers made by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT
from statsmodels.stats.proportion import proportion_confint

from dlrrc_core.baseline import phantom, store
from dlrrc_core.baseline.experiments import leakage
from dlrrc_core.baseline.findings import find
from dlrrc_core.baseline.findings.leakage import statistics
from dlrrc_core.baseline.slices import Slices
from dlrrc_core.chapters import baseline_leakage

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
    tables = {"cases": pd.DataFrame(rows), "curves": pd.DataFrame(curves)}
    return store.StoredRun(about, None, tables, ROOT)  # type: ignore[arg-type]


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


def test_stored_run_shows_leakage() -> None:
    """The stored run: images of a split by image above 95 %, patients at chance without a signal and above it with one."""
    stored, numbers = find(ROOT, "leakage")
    assert len(numbers["seeds"]) == 5
    found = numbers["conditions"]
    assert found["image"]["effect_0"]["held_out"]["pooled"]["image"]["accuracy"]["percent"] > 95
    for condition in ("image", "patient", "copies"):
        low, high = found[condition]["effect_0"]["new_patients"]["pooled"]["votes"]["accuracy"]["interval"]
        assert low < 50 < high, condition
    low, high = found["patient"]["effect_0"]["held_out"]["pooled"]["image"]["accuracy"]["interval"]
    assert low < 50 < high
    assert found["patient"]["effect_100"]["new_patients"]["pooled"]["image"]["accuracy"]["interval"][0] > 50
    assert stored.record.parameters["effects"] == [0.0, 1.0]


def test_chapter_says_what_was_measured() -> None:
    chapter = baseline_leakage.open_chapter()
    text = chapter.no_effect_sentence().data
    path = "conditions.image.effect_0.held_out.pooled.image.accuracy.percent"
    assert f'data-stat="{path}"' in text
    assert f">{chapter.n.value(path):.1f}<" in text
    assert "<svg" in chapter.figure().html
    assert chapter.table().html.count("<tr") == 1 + 3 * len(chapter.places)
