"""The ensemble of images and clinical variables: the experiment at a size of seconds, and its statistics on tables made by hand."""

from __future__ import annotations

import re
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT
from scipy import stats
from sklearn import metrics

from dlrrc_core.baseline import experiments, phantom, store
from dlrrc_core.baseline.experiments import ensemble
from dlrrc_core.baseline.findings import ensemble as findings
from dlrrc_core.baseline.findings import find
from dlrrc_core.chapters.baseline_ensemble import Ensemble
from dlrrc_core.problems import UsageError
from dlrrc_core.tables import Numbers

TINY = store.experiment(ROOT, "ensemble").scales["tiny"]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> store.StoredRun:
    """Return the tiny run."""
    return experiments.run("ensemble", "tiny", TINY, 1, tmp_path_factory.mktemp("runs"))


def counted(run: store.StoredRun, part: str) -> int:
    """Return the patients of a set."""
    rows = run.tables["answers"].query("model == 'clinical' and calibration == 'none'")
    return sum(len(text.split()) for text in rows[rows["set"] == part]["probabilities"])


def test_sets_are_those_of_the_split(run: store.StoredRun) -> None:
    sizes = {part: counted(run, part) for part in ("training", "validation", "test", "new patients")}
    assert sum(list(sizes.values())[:3]) == TINY["patients"]
    assert sizes["new patients"] == TINY["new_patients"]
    assert abs(sizes["training"] - 0.7 * TINY["patients"]) <= 1
    answers = run.tables["answers"]
    assert set(answers[answers["set"] == "out of bag"]["model"]) == {"bagging, training", "bagging, validation"}
    # a mean is the mean of its parts (four digits are stored)
    plain = answers[(answers["set"] == "new patients") & (answers["calibration"] == "none") & (answers["label"] == 1)]
    held = {row.model: np.array(row.probabilities.split(), dtype=float) for row in plain.itertuples()}
    parts = [held[name] for name in ("first sequence", "second sequence", "clinical")]
    np.testing.assert_allclose(held["mean of three"], np.mean(parts, axis=0), atol=1e-4)


def test_chapter_can_be_read(run: store.StoredRun) -> None:
    chapter = Ensemble(run, Numbers(findings.statistics(run)))
    words = [
        chapter.parts_sentence(),
        chapter.clinical_sentence(),
        chapter.optimism_sentence(),
        chapter.source_sentence(),
        chapter.combiner_sentence(),
        chapter.calibration_sentence(),
    ]
    tables = [chapter.table(), chapter.zero_table(), chapter.optimism_table(), chapter.calibration_table()]
    text = " ".join(
        [*(each.data for each in words), *(each.html for each in tables), chapter.reliability_figure().html]
    )
    assert "nan" not in text.lower()
    # Xi et al. (2020), table 2: accuracy of the ensemble in training, validation and test
    assert all(printed in chapter.printed_table().html for printed in ("0.95", "0.75", "0.70"))


def test_combiner_that_learns_from_training_answers_trusts_them_too_much() -> None:
    """Networks that know their training cases by heart and nothing else: the combiner believes them, out of bag too."""
    rng = np.random.default_rng(3)
    n, new = 400, 400
    truth, later = np.arange(n) % 2, np.arange(new) % 2
    parts = {"training": np.arange(280), "validation": np.arange(280, 360), "test": np.arange(360, 400)}
    heart = np.where(np.arange(n) < 280, 0.1 + 0.8 * truth, rng.random(n))
    clinical, clinical_new = (
        np.clip(0.5 + 0.15 * (2 * y - 1) + rng.normal(0, 0.15, y.size), 0, 1) for y in (truth, later)
    )
    three = (np.stack([heart, heart, clinical], axis=1), np.stack([*rng.random((2, new)), clinical_new], axis=1))
    rows, lines = ensemble.combined(three, (truth, later), parts, trees=100, seed=1)
    table = pd.DataFrame(rows).assign(seed=1).query("calibration == 'none'")

    def accuracy(model: str, part: str) -> float:
        own = findings.sample(table[(table["model"] == model) & (table["set"] == part)])
        return float((own.call == own.truth).mean())

    for part in ("training", "out of bag"):
        assert accuracy("bagging, training", part) > 0.99
    # nothing but chance: SD 2.5 points with 400 patients
    assert abs(accuracy("bagging, training", "new patients") - 0.5) < 0.1
    # the clinical variable alone is right in Phi(1) = 84 %; learned from the validation answers most of it is found
    best = stats.norm.cdf(1)
    assert accuracy("regression, validation", "new patients") == pytest.approx(best, abs=0.07)
    assert accuracy("bagging, validation", "out of bag") < accuracy("bagging, validation", "validation")
    assert {(line["model"], line["calibration"]) for line in lines} >= {("bagging, training", "platt")}


def test_sections_are_where_the_tumour_is_largest() -> None:
    z, y, x = np.meshgrid(*(np.arange(12),) * 3, indexing="ij")
    mask = (z - 3) ** 2 + (y - 5) ** 2 + (x - 8) ** 2 <= 9
    voxels = np.stack([z, y, x]).astype(np.float32) / 255  # each voxel knows its place
    found = ensemble.sections(voxels, mask)
    assert found.shape == (3, 3, 12, 12)
    axial, sagittal, coronal = (found[:, k] for k in range(3))
    assert (axial[0] == 3).all()
    assert (sagittal[2] == 8).all()
    assert (coronal[1] == 5).all()


def test_images_do_not_depend_on_the_clinical_effect() -> None:
    world = phantom.Cohort(patients=(2, 2), size=16, seed=1)
    parameters = ensemble.Parameters(size=16)
    first, other = (ensemble.pictures(parameters, world.changed(clinical_effect=effect)) for effect in (0.0, 1.0))
    assert np.array_equal(first[0].pixels, other[0].pixels)
    assert not np.array_equal(first[0].pixels, first[1].pixels)
    assert first[0].pixels.shape == (4, 3, 16, 16)
    beside = ensemble.pictures(ensemble.Parameters(size=16, planes="neighbours"), world.changed(slices_per_patient=1))
    assert beside[0].pixels.shape == (4, 3, 16, 16)


def by_hand() -> dict[str, pd.DataFrame]:
    """Return answers of two seeds; every model answers alike, except those named here."""
    usual = {0: "0.1 0.2 0.6 0.3", 1: "0.9 0.8 0.4 0.7 0.6"}
    other = {"clinical": {0: "0.6 0.7 0.1 0.2", 1: "0.9 0.4 0.8 0.7 0.55"}}
    rows = []
    lines = []
    names = list(dict.fromkeys(name for pair in findings.PAIRS for name in pair))
    for seed in (1, 2):
        for model in [*names, "clinical"]:
            sets = [*findings.SETS, *(["out of bag"] if model.startswith("bagging") else [])]
            for part in sets:
                for calibration in ("none", "temperature", "platt") if part == "new patients" else ("none",):
                    for label, text in other.get(model, usual).items():
                        if part == "training":
                            text = {0: "0.1 0.1", 1: "0.9 0.9"}[label]
                        place = {"seed": seed, "clinical_effect": 0.5, "model": model, "set": part}
                        rows.append(place | {"calibration": calibration, "label": label, "probabilities": text})
            for method in ("temperature", "platt"):
                place = {"seed": seed, "clinical_effect": 0.5, "model": model, "calibration": method}
                lines.append(place | {"slope": 0.5 * seed, "intercept": 0.0})
    return {"answers": pd.DataFrame(rows), "recalibrations": pd.DataFrame(lines)}


def test_statistics_by_hand(run: store.StoredRun) -> None:
    found = findings.statistics(store.StoredRun(run.about, run.record, by_hand(), run.folder))
    place = found["clinical"]["clinical_50"]
    # of nine patients the third of each class is wrong; the second seed has the same answers of other patients
    new = place["models"]["mean_of_three"]["new_patients"]
    assert new["accuracy"]["percent"] == pytest.approx(100 * 7 / 9)
    assert new["accuracy"]["patients"] == 18
    low, high = stats.binomtest(14, 18).proportion_ci(method="wilson")
    assert new["accuracy"]["interval"] == pytest.approx([100 * low, 100 * high])
    truth, probability = [0, 0, 0, 0, 1, 1, 1, 1, 1] * 2, [0.1, 0.2, 0.6, 0.3, 0.9, 0.8, 0.4, 0.7, 0.6] * 2
    assert new["roc_auc"]["percent"] == pytest.approx(100 * metrics.roc_auc_score(truth, probability))
    # optimism: all right in training; a combiner fitted to validation answers is held against these
    assert place["optimism"]["first_sequence"]["difference"]["mean"] == pytest.approx(100 * 2 / 9)
    assert place["optimism"]["bagging_training"]["fitted"] == pytest.approx(100)
    assert place["optimism"]["bagging_validation"]["fitted"] == pytest.approx(100 * 7 / 9)
    assert "out_of_bag" not in place["optimism"]["first_sequence"]
    # the zero rule: five of nine
    zero = place["zero_rule"]["mean_of_three"]["new_patients"]
    assert zero["percent"] == pytest.approx(100 * 5 / 9)
    assert zero["p"] == pytest.approx(stats.binomtest(14, 18, 5 / 9).pvalue)
    calibration = place["calibration"]["clinical"]["none"]
    right = [0.6, 0.7, 0.1, 0.2, 0.9, 0.4, 0.8, 0.7, 0.55] * 2
    assert calibration["brier"]["value"] == pytest.approx(metrics.brier_score_loss(truth, right))
    assert sum(each["n"] for each in calibration["bins"]) == 18
    heat = place["calibration"]["clinical"]["temperature"]["temperature"]
    assert heat == pytest.approx({"lowest": 1, "mean": 1.5, "highest": 2})  # slopes 0.5 and 1
    same = next(each for each in place["paired"] if each["second"] == "mean of three")
    assert same["accuracy"]["percent"] == same["roc_auc"]["percent"] == 0


def test_paired_differences_over_trainings(run: store.StoredRun) -> None:
    """The seeds of the tables made by hand answer alike but for two patients of the second."""
    tables = by_hand()
    rows = tables["answers"]
    chosen = (
        (rows["model"] == "bagging, validation") & (rows["set"] == "new patients") & (rows["calibration"] == "none")
    )
    rows.loc[chosen & (rows["seed"] == 2) & (rows["label"] == 1), "probabilities"] = "0.9 0.2 0.4 0.3 0.6"
    found = findings.statistics(store.StoredRun(run.about, run.record, tables, run.folder))
    assert found["sizes"] == {"training": 4, "validation": 9, "test": 9, "new_patients": 9}
    pair = next(each for each in found["clinical"]["clinical_50"]["paired"] if each["first"] == "bagging, validation")
    assert pair["trainings"]["values"] == pytest.approx([0, -100 * 2 / 9])
    low, high = stats.t.interval(0.95, 1, loc=-100 / 9, scale=stats.sem([0, -100 * 2 / 9]))
    assert pair["trainings"]["interval"] == pytest.approx([low, high])
    assert pair["accuracy"]["percent"] == pytest.approx(-100 / 9)  # both seeds have nine patients


@pytest.fixture(scope="module")
def known(run: store.StoredRun) -> tuple[store.StoredRun, dict[str, Any]]:
    """Return a run with the tables made by hand at three clinical effects, and its numbers."""
    hand = by_hand()
    tables = {
        name: pd.concat([table.assign(clinical_effect=effect) for effect in (0.0, 0.5, 1.0)], ignore_index=True)
        for name, table in hand.items()
    }
    made = store.StoredRun(run.about, run.record, tables, run.folder)
    return made, findings.statistics(made)


def told(known: tuple[store.StoredRun, dict[str, Any]], metric: str, seconds: str, **ends: list[float]) -> Ensemble:
    """Return the chapter with other intervals: those of a metric for the second model of the pairs, by clinical effect."""
    numbers = deepcopy(known[1])
    for effect, interval in ends.items():
        for pair in numbers["clinical"][effect]["paired"]:
            if pair["second"].endswith(seconds):
                pair[metric]["interval"] = interval
    return Ensemble(known[0], Numbers(numbers))


def test_source_verdict_follows_the_intervals(known: tuple[store.StoredRun, dict[str, Any]]) -> None:
    effects = ("clinical_0", "clinical_50", "clinical_100")
    not_shown, explains, mixed = (
        "do not show that a combiner",
        "which would explain this",
        "does not explain all of this",
    )
    better, worse = [0.5, 4.0], [-8.0, -2.5]
    for texts, verdict in (
        ([worse, worse, [-2.0, 3.0]], not_shown),
        ([[-2.0, 3.0]] * 3, not_shown),
        ([better] * 3, explains),
        ([[-2.0, 3.0], better, better], explains),
        ([worse, [-2.0, 3.0], better], mixed),
    ):
        said = told(known, "accuracy", ", training", **dict(zip(effects, texts, strict=True))).source_sentence().data
        assert [words in said for words in (not_shown, explains, mixed)] == [
            words == verdict for words in (not_shown, explains, mixed)
        ]
        text = re.sub("<[^>]+>", "", said)
        counts = [sum(pair == kind for pair in texts) * 2 for kind in (better, worse, [-2.0, 3.0])]  # of two combiners
        wanted = "{} lie above 0 by their intervals over patients, {} below and {} are not told apart from 0".format(
            *counts
        )
        assert wanted in text
        assert "4 training and 9 validation patients" in text
        assert all(f"points at {effect} %" in text for effect in (0, 50, 100))


@pytest.mark.slow
def test_stored_run_does_not_show_that_source_matters() -> None:
    stored, numbers = find(ROOT, "ensemble")
    text = re.sub("<[^>]+>", "", Ensemble(stored, Numbers(numbers)).source_sentence().data)
    assert "0 lie above 0 by their intervals over patients, 2 below and 4 are not told apart" in text
    assert "252 training and 72 validation patients" in text
    assert "do not show that a combiner" in text


@pytest.mark.parametrize(
    ("interval", "words"),
    [
        ([-0.5, 0.5], "no more than chance explains"),
        ([-2.0, -0.1], "lowered the area"),
        ([0.1, 2.0], "rose all the same"),
    ],
)
def test_vote_of_a_part_that_knows_nothing(
    known: tuple[store.StoredRun, dict[str, Any]], interval: list[float], words: str
) -> None:
    said = told(known, "roc_auc", "mean of sequences", clinical_0=interval).clinical_sentence().data
    assert words in said
    assert "mean over the networks of" in said


def test_wrong_parameters_are_named_together(tmp_path: Path) -> None:
    wrong = {"planes": "orthogonl", "trees": 3, "slices_per_patient": 2}
    with pytest.raises(UsageError) as caught:
        experiments.run("ensemble", "tiny", wrong, 1, tmp_path)
    for piece in ("planes is 'orthogonl'", "did you mean 'orthogonal'", "trees is 3", "slices_per_patient is 2"):
        assert piece in str(caught.value)
