"""Domain shift: statistics on answers made by hand, copies with another scanner's marks, and the experiment from start to end."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT
from sklearn.metrics import roc_auc_score

from dlrrc_core.baseline import experiments, phantom, store
from dlrrc_core.baseline.experiments.domain_shift import varied
from dlrrc_core.baseline.findings import domain_shift
from dlrrc_core.chapters.baseline_domain_shift import DomainShift
from dlrrc_core.problems import UsageError
from dlrrc_core.tables import Numbers

ABOUT = store.experiment(ROOT, "domain-shift")


def rows(right: list[int], **keys: Any) -> list[dict[str, Any]]:
    """Return answers, one patient after the other: right with probability 0.9, wrong with 0.8; classes take turns."""
    found = []
    for k, ok in enumerate(right):
        label = k % 2
        called, sure = (label, 0.9) if ok else (1 - label, 0.8)
        p = sure if called else 1 - sure
        shown = f"{p - 0.05:.3f} {p + 0.05:.3f}"
        found.append({**keys, "patient": f"P{k:05d}", "label": label, "probabilities": shown})
    return found


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    """Return a run with two seeds: everything is right at home, and elsewhere what the lists say."""
    found = []
    for seed in (1, 2):
        shift = {"question": "shift", "seed": seed, "effect": 1.0, "confounding": 0.0}
        for training in domain_shift.TRAININGS:
            found += rows([1] * 8, **shift, training=training, test="A", shift=0.0)
            for centre in "BCD":
                right = [1, 1, 1, 1, 1, 1, 0, 0] if training == "one" else [1] * 7 + [0]
                found += rows(right, **shift, training=training, test=centre, shift=1.0)
        keys = {"question": "confounding", "seed": seed, "training": "two", "effect": 0.0, "confounding": 0.9}
        for test, wrong in (("internal", 1), ("apart", 4), ("turned round", 7), ("external", 4)):
            found += rows([0] * wrong + [1] * (8 - wrong), **keys, test=test, shift=1.0)
    return pd.DataFrame(found)


@pytest.fixture(scope="module")
def found(table: pd.DataFrame) -> dict[str, Any]:
    """Return the statistics of that run."""
    record = SimpleNamespace(parameters={"classes": ["clear cell", "papillary"]})
    return domain_shift.statistics(SimpleNamespace(tables={"cases": table}, record=record))


def test_accuracy_confidence_and_loss(found: dict[str, Any]) -> None:
    place = found["shift"]["trainings"]["one"]["tests"]["D_100"]
    # by hand: 6 of 8 right in each seed; the answer has 0.9 where right and 0.8 where wrong
    assert place["accuracy"]["percent"] == pytest.approx(75)
    assert place["accuracy"]["n"] == 16
    assert place["confidence"]["percent"] == pytest.approx(100 * (6 * 0.9 + 2 * 0.8) / 8)
    assert place["over"]["percent"] == pytest.approx(87.5 - 75)
    assert place["second"]["percent"] == pytest.approx(50)  # one answer of each class is wrong
    assert place["lost"]["points"] == pytest.approx(25)
    # McNemar: four pairs differ, all in one direction, so P = 2 / 2^4
    assert place["lost"]["p"] == pytest.approx(0.125)
    assert not place["seen"]
    assert place["seeds"] == [{"seed": seed, "accuracy": 75.0, "second": 50.0} for seed in (1, 2)]


def test_calibration_error_by_hand(found: dict[str, Any]) -> None:
    # bins of 0.1 that hold their upper edge: 12 answers of 0.9 are all right, 4 of 0.8 are all wrong
    place = found["shift"]["trainings"]["one"]["tests"]["D_100"]
    assert place["ece"]["percent"] == pytest.approx(100 * (12 * 0.1 + 4 * 0.8) / 16)


def test_area_against_scikit_learn(table: pd.DataFrame, found: dict[str, Any]) -> None:
    here = table[(table["training"] == "one") & (table["test"] == "D")]
    mean = [np.mean([float(each) for each in text.split()]) for text in here["probabilities"]]
    expected = 100 * roc_auc_score(here["label"], mean)
    assert found["shift"]["trainings"]["one"]["tests"]["D_100"]["roc_auc"]["percent"] == pytest.approx(expected)


def test_remedies_and_all_centres(found: dict[str, Any]) -> None:
    three = found["shift"]["trainings"]["three"]
    assert three["gained"]["never_seen"]["points"] == pytest.approx(12.5)
    assert three["gained"]["home"]["points"] == 0
    # over all centres: 32 scans of 8 patients a seed; 29 right against 26
    assert three["all"]["accuracy"]["percent"] == pytest.approx(100 * 29 / 32)
    assert three["gained"]["all"]["points"] == pytest.approx(100 * 3 / 32)
    assert three["gained"]["all"]["p"] is None  # a patient has four scans
    assert three["all"]["accuracy"]["patients"] == 16
    assert three["tests"]["C_100"]["seen"]
    assert not three["tests"]["D_100"]["seen"]


def test_confounding(found: dict[str, Any]) -> None:
    place = found["confounding"]["effect_0"]["confounding_90"]
    accuracies = {name: place[name]["accuracy"]["percent"] for name in domain_shift.TESTS}
    assert accuracies == pytest.approx({"internal": 87.5, "apart": 50, "turned_round": 12.5, "external": 50})
    assert place["external"]["lost"]["points"] == pytest.approx(37.5)


def test_areas_are_compared_patient_by_patient(table: pd.DataFrame, found: dict[str, Any]) -> None:
    place = found["shift"]["trainings"]["one"]["tests"]
    home, away = (place[name]["roc_auc"]["percent"] for name in ("A_0", "D_100"))
    assert place["D_100"]["lost_area"]["points"] == pytest.approx(home - away)
    assert "lost_area" not in place["A_0"]


def test_networks_with_one_answer_are_named(table: pd.DataFrame) -> None:
    confounded = table["question"] == "confounding"
    one_answer = table.assign(
        probabilities=np.where(confounded & (table["seed"] == 2), "0.900 0.800", table["probabilities"])
    )
    record = SimpleNamespace(parameters={"classes": ["clear cell", "papillary"]})
    run = SimpleNamespace(tables={"cases": one_answer}, record=record)
    found = domain_shift.statistics(run)
    place = found["confounding"]["effect_0"]["confounding_90"]
    assert place["constant"] == [2]
    assert [each["accuracy"] for each in place["internal"]["seeds"]] == pytest.approx([87.5, 50])
    said = words(DomainShift(run, Numbers(found)).confounding_sentence())
    assert "by seed 87.5, 50.0)" in said
    assert "network of seed 2 gives every patient of all these sets the same answer" in said


def test_no_network_is_named_that_answers_both_ways(found: dict[str, Any]) -> None:
    assert found["confounding"]["effect_0"]["confounding_90"]["constant"] == []
    said = words(DomainShift(SimpleNamespace(), Numbers(found)).confounding_sentence())
    assert "the same answer" not in said
    assert "by seed 12.5, 12.5)" in said  # turned round


def words(said: Any) -> str:
    """Return the text of a sentence."""
    return re.sub("<[^>]+>", "", said.data)


def by_hand(
    lost: list[float | None], area: list[float | None], over: list[float | None], sure: float = 80.0, less: float = 2.0
) -> DomainShift:
    """Return a chapter with two centres and one confounded training, whose intervals are given."""

    def place(**more: Any) -> dict[str, Any]:
        plain = {name: {"percent": 80.0, "interval": [75.0, 85.0]} for name in ("accuracy", "roc_auc", "ece")}
        return {"seeds": [{"seed": 1, "accuracy": 80.0}], **plain, **more}

    home = place(centre="A", confidence={"percent": 85.0}, over={"percent": 5.0, "interval": [-1.0, 9.0]})
    away = {
        "confidence": {"percent": sure},
        "over": {"percent": 9.0, "interval": over},
        "lost": {"points": 10.0, "interval": lost},
    }
    there = place(centre="B", **away, lost_area={"points": 1.0, "interval": area}, less_sure=less)
    confounded = {"effect": 0.5, "confounding": 0.9, "internal": home, "turned_round": there}
    numbers = {
        "shift": {"trainings": {"one": {"tests": {"A_0": home, "B_100": there}}}},
        "confounding": {"effect_50": {"confounding_90": confounded}},
        "largest": 100,
    }
    return DomainShift(SimpleNamespace(), Numbers(numbers))


@pytest.mark.parametrize(
    ("lost", "area", "there", "absent"),
    [
        ([-1.0, 8.0], [-1.0, 2.0], "At none of these centres does the interval of the lost accuracy", "threshold"),
        ([1.0, 8.0], [-1.0, 2.0], "leaves room for a loss of area as well", "At none"),
        ([1.0, 8.0], [-3.0, -0.5], "threshold no longer fits.", "leaves room"),
        ([1.0, 8.0], [0.5, 2.0], "At B accuracy and area both fall", "threshold"),
        ([1.0, 8.0], [None, None], "the loss of area has no interval", "threshold"),
        ([None, None], [None, None], "At none of these centres", "threshold"),
    ],
)
def test_ranking_follows_the_intervals(lost: list[float], area: list[float], there: str, absent: str) -> None:
    said = words(by_hand(lost, area, [-1.0, 5.0]).shift_sentence())
    assert there in said
    assert absent not in said


def test_confidence_follows_the_intervals() -> None:
    area = [-1.0, 2.0]
    said = words(by_hand([1.0, 8.0], area, [-1.0, 5.0]).confidence_sentence())
    assert "At no centre does the interval" in said
    assert "At B, where the accuracy falls, the mean probability falls with it." in said
    said = words(by_hand([1.0, 8.0], area, [-1.0, 5.0], sure=86.0).confidence_sentence())
    assert "falls with it" not in said
    said = words(by_hand([1.0, 8.0], area, [4.0, 14.0]).confidence_sentence())
    assert "At B the network is surer than it is right, by +9.0 points (95 % interval 4.0 to 14.0)." in said
    assert "At no centre" not in said


def test_readers_are_not_warned_only_where_probabilities_stay() -> None:
    area = [-1.0, 2.0]
    said = words(by_hand([1.0, 8.0], area, [4.0, 14.0]).sure_sentence())
    assert "surer than they are right, by +9.0 points" in said
    assert (
        "lower by 10.0 points, the mean probability by 2.0: a reader who sees only the probabilities is not warned"
        in said
    )
    assert "not warned" not in words(by_hand([1.0, 8.0], area, [4.0, 14.0], less=8.0).sure_sentence())
    said = words(by_hand([1.0, 8.0], area, [-4.0, 14.0]).sure_sentence())
    assert "does not lie above 0 there" in said
    assert "not warned" not in said


def test_copies_keep_the_originals() -> None:
    slices = phantom.slices(phantom.Cohort(patients=4, slices_per_patient=2, size=24, roi="tumour"))
    more = varied(slices, 3, 1)
    assert len(more) == 3 * len(slices)
    np.testing.assert_array_equal(more.pixels[: len(slices)], slices.pixels)
    np.testing.assert_array_equal(more.label, np.tile(slices.label, 3))
    np.testing.assert_array_equal(more.patient, np.tile(slices.patient, 3))
    apart = np.abs(more.pixels[len(slices) :].astype(int) - np.tile(slices.pixels, (2, 1, 1, 1)).astype(int))
    assert apart.mean(axis=(1, 2, 3)).min() > 0  # no copy is its original
    np.testing.assert_array_equal(varied(slices, 3, 1).pixels, more.pixels)
    assert (varied(slices, 3, 2).pixels != more.pixels).any()


@pytest.mark.slow
def test_from_start_to_end(tmp_path: Path) -> None:
    asked = ABOUT.scales["tiny"] | {"network": "shufflenetv2", "confoundings": [0.0, 1.0], "valid": 0.3}
    run = experiments.run("domain-shift", "tiny", asked, 1, tmp_path)
    table = run.tables["cases"]
    shift = table[table["question"] == "shift"]
    assert sorted(shift["training"].unique()) == sorted(domain_shift.TRAININGS)
    home, away = (shift[(shift["training"] == "one") & (shift["test"] == each)] for each in "AD")
    assert home["patient"].tolist() == away["patient"].tolist()  # the same patients, scanned elsewhere
    assert home["label"].tolist() == away["label"].tolist()
    # without effect and confounding nothing is trained
    assert table.loc[table["question"] == "confounding", "confounding"].unique().tolist() == [1.0]
    chapter = DomainShift(run, Numbers(domain_shift.statistics(run)))
    for show in (chapter.shift_figure, chapter.remedy_figure, chapter.confounding_figure):
        assert "<table" in show().html
    for say in (
        chapter.design_sentence,
        chapter.shift_sentence,
        chapter.confidence_sentence,
        chapter.remedy_sentence,
        chapter.confounding_sentence,
        chapter.sure_sentence,
        chapter.fair_sentence,
    ):
        assert "nan" not in say().data


def test_wrong_parameters_are_named_together() -> None:
    with pytest.raises(UsageError) as caught:
        experiments.run("domain-shift", "tiny", {"effect": 2.0, "new_slices": 0, "shift": 1.0})
    for name in ("effect", "new_slices", "shift"):
        assert name in str(caught.value)
