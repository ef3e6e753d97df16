"""The chapter on the simulator: likeness of slices, areas without folding, verdicts that follow the numbers."""

from __future__ import annotations

import re
from itertools import combinations, product
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from dlrrc_core.baseline import phantom
from dlrrc_core.baseline.experiments import simulator as experiment
from dlrrc_core.baseline.findings import simulator
from dlrrc_core.baseline.slices import Slices
from dlrrc_core.chapters.baseline_simulator import Simulator
from dlrrc_core.tables import Numbers


def slices(grey: list[float], labels: list[int], repeats: int = 2) -> Slices:
    """Return flat slices whose whole area is tumour, some of each patient."""
    each = np.repeat(np.array(grey, dtype=np.uint8), repeats)
    count = len(each)
    return Slices(
        pixels=np.broadcast_to(each[:, None, None, None], (count, 1, 4, 4)).copy(),
        label=np.repeat(np.array(labels), repeats),
        patient=np.repeat([f"P{k}" for k in range(len(grey))], repeats),
        position=np.tile(np.arange(repeats, dtype=float), len(grey)),
        centre=np.repeat("A", count),
        classes=("one", "other"),
        mask=np.ones((count, 4, 4), dtype=bool),
    )


def test_area_is_not_turned_round() -> None:
    grey, labels = [10, 40, 30, 20, 60, 50], [0, 0, 0, 1, 1, 1]
    cohort = slices(grey, labels)
    up, down = (experiment.tumour_auc(cohort, bright) for bright in (1, 0))
    assert up.value == pytest.approx(roc_auc_score(labels, grey))
    assert down.value == pytest.approx(1 - roc_auc_score(labels, grey))
    assert down.value < 0.5  # stays where it is
    assert up.interval is not None
    assert up.interval[0] < up.value < up.interval[1]
    assert up.patients == 6


def test_direction_is_that_of_the_physics() -> None:
    for classes, bright in ((("chromophobe", "papillary"), 0), (("papillary", "clear cell"), 1)):
        assert experiment.brighter(phantom.Cohort(classes=classes)) == bright


def test_chance_against_every_way_of_dealing() -> None:
    rng = np.random.default_rng(1)
    cohort = slices([0.0] * 8, [0, 1] * 4, 3)
    who = np.repeat(np.arange(8), 3)
    others = (who + rng.integers(1, 8, size=who.size)) % 8
    shares = []
    for first in combinations(range(8), 4):
        label = np.isin(np.arange(8), first)
        shares.append((label[who] == label[others]).mean())
    low, high = experiment.by_chance(cohort, 3 * others, 1)
    # 2000 draws of 70 ways: the percentiles are among the same few values; worst difference seen 0
    assert low == pytest.approx(np.percentile(shares, 2.5, method="inverted_cdf"), abs=0.05)
    assert high == pytest.approx(np.percentile(shares, 97.5, method="inverted_cdf"), abs=0.05)
    assert low < np.mean(shares) < high


def test_difference_against_scikit_learn() -> None:
    found = simulator.difference(phantom.describe(), "chromophobe", "papillary")
    subtypes = phantom.physics().subtypes
    patterns = np.array(list(product((0, 1), repeat=4)))
    p1, p0 = (
        np.array([np.prod([s if k else 1 - s for k, s in zip(row, share, strict=True)]) for row in patterns])
        for share in (
            [getattr(subtypes[name], each) for each in simulator.FEATURES] for name in ("chromophobe", "papillary")
        )
    )
    score = np.round(np.log(p1 / p0), 9)
    area = roc_auc_score([1] * 16 + [0] * 16, np.tile(score, 2), sample_weight=np.concatenate([p1, p0]))
    assert found["features"] == pytest.approx(area, abs=1e-9)
    rng = np.random.default_rng(1)
    one, other = rng.normal(74, 20, 40_000), rng.normal(54, 16, 40_000)
    # standard error of the area of so many draws: 0.0016
    assert found["attenuation"] == pytest.approx(roc_auc_score([1] * 40_000 + [0] * 40_000, [*one, *other]), abs=0.006)


def chapter(**changes: Any) -> Simulator:
    """Return a chapter with numbers made by hand."""
    likeness = {
        "slices": 800, "same_patient_percent": 99.0, "same_class_percent": 49.0, "chance": [45.0, 54.0], "auc": 0.45,
        "interval": [0.34, 0.57],
    }  # fmt: skip
    skin = {"set": 35.0, "measured": -5.8, "worst": 1.7}
    numbers = {
        "likeness": {"effect_0": likeness | changes.pop("none", {}), "effect_100": likeness | changes.pop("whole", {})},
        "difference": {"classes": ["chromophobe", "papillary"], "features": 0.84, "attenuation": 0.78},
        "tissues": {"skin": skin, "fat": {"set": -100.0, "measured": -101.0, "worst": 1.0}},
        "near": 5.0,
        "away": ["skin"],
    }
    return Simulator(SimpleNamespace(), Numbers(numbers | changes))  # type: ignore[arg-type]


def words(said: Any) -> str:
    """Return the text of a sentence."""
    return re.sub("<[^>]+>", "", said.data)


@pytest.mark.parametrize(
    ("share", "verdict"),
    [
        (49.0, "49.0 %, no different from chance"),
        (44.9, "44.9 %, less than chance"),
        (54.1, "54.1 %, more than chance"),
    ],
)
def test_same_class_follows_the_numbers(share: float, verdict: str) -> None:
    said = words(chapter(none={"same_class_percent": share}, whole={"same_class_percent": 50.0}).likeness_sentence())
    assert f"has the same class in {verdict}" in said
    assert "With the full difference the share is 50.0 %, no different from chance" in said
    assert "45.0 to 54.0 %" in said


@pytest.mark.parametrize(
    ("interval", "verdict"),
    [
        ([0.34, 0.57], "95 % interval 0.34 to 0.57, no different from chance"),
        ([0.51, 0.70], "0.51 to 0.70, better than chance"),
        ([0.30, 0.49], "0.30 to 0.49, below chance"),
        ([None, None], "no interval"),
    ],
)
def test_area_follows_the_numbers(interval: list[float | None], verdict: str) -> None:
    said = words(
        chapter(none={"interval": interval}, whole={"auc": 0.77, "interval": [0.67, 0.85]}).likeness_sentence()
    )
    assert f"{verdict}) without" in said
    assert "0.77 (95 % interval 0.67 to 0.85, better than chance) with the full difference" in said
    assert "chromophobe brighter than papillary" in said


def test_what_a_split_by_image_gives_away_is_said_only_where_it_does() -> None:
    assert "gives away" in words(chapter().likeness_sentence())
    assert "gives away" not in words(chapter(none={"same_patient_percent": 20.0}).likeness_sentence())


def test_most_is_assumed_only_where_features_tell_more() -> None:
    assert "Most of what a network could use is assumed." in words(chapter().difference_sentence())
    other = {"classes": ["clear cell", "papillary"], "features": 0.6, "attenuation": 0.9}
    said = words(chapter(difference=other).difference_sentence())
    assert "Most of" not in said
    assert "attenuation tells more" in said


def test_tissues_that_were_not_measured_as_set() -> None:
    said = words(chapter().tissues_sentence())
    assert "in 1 of 2 tissues" in said
    assert "skin, set 35.0, measured -5.8 HU" in said
    assert "thin layers mix with air and fat" in said
    bad = {"skin": {"set": 35.0, "measured": -5.8, "worst": 30.0}}
    said = words(chapter(tissues=bad).tissues_sentence())
    assert "In skin it is there before the scanner." in said
    assert "thin layers" not in said
    assert words(chapter(away=[]).tissues_sentence()).endswith("in 2 of 2 tissues.")


def test_statistics_of_a_small_run() -> None:
    means = pd.DataFrame(
        [
            {"patient": "P1", "subtype": "papillary", "tissue": tissue, "phase": "unenhanced", "set": 30.0, "true_mean": 31.0, "mean": mean}
            for tissue, mean in (("tumour", 33.0), ("skin", 24.0))
        ]
    )  # fmt: skip
    alike = {
        "slices": 8, "same_patient": 1.0, "same_class": 0.5, "chance_low": 0.25, "chance_high": 0.75, "brighter": "chromophobe",
        "darker": "papillary", "auc": 0.4, "auc_low": np.nan, "auc_high": np.nan, "slices_per_second": 9.0,
    }  # fmt: skip
    likeness = pd.DataFrame([{"effect": 0.0, **alike}, {"effect": 1.0, **alike, "auc_low": 0.1, "auc_high": 0.9}])
    run = SimpleNamespace(tables={"means": means, "likeness": likeness, "physics": phantom.describe()})
    found = simulator.statistics(run)  # type: ignore[arg-type]
    assert found["away"] == ["skin"]  # 6 HU; the tumour has 3
    assert found["tissues"]["skin"]["worst"] == 1
    assert found["likeness"]["effect_0"]["interval"] == [None, None]
    assert found["likeness"]["effect_0"]["chance"] == [25, 75]
    assert found["likeness"]["effect_100"]["interval"] == [0.1, 0.9]
    assert found["tumours"]["papillary"]["unenhanced"]["measured"] == 33
