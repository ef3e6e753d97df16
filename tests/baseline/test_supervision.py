"""Strong against weak supervision: the experiment at a size of seconds, and its statistics on tables made by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT
from scipy import stats

from dlrrc_core.baseline import experiments, store
from dlrrc_core.baseline.cases import sample
from dlrrc_core.baseline.experiments import supervision
from dlrrc_core.baseline.findings import supervision as findings
from dlrrc_core.baseline.slices import Slices
from dlrrc_core.baseline.training import Volumes
from dlrrc_core.chapters.baseline_supervision import Supervision
from dlrrc_core.problems import UsageError
from dlrrc_core.tables import Numbers

TINY = store.experiment(ROOT, "supervision").scales["tiny"]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> store.StoredRun:
    """Return the tiny run of every arm."""
    return experiments.run("supervision", "tiny", TINY, 1, tmp_path_factory.mktemp("runs"))


def test_every_arm_answers_on_the_same_new_patients(run: store.StoredRun) -> None:
    cases = run.tables["cases"]
    assert set(cases["arm"]) == {"strong", "box", "kidney", "weak"}
    per_arm = cases.groupby("arm")["patient"].agg(set)
    assert len(per_arm["strong"]) == TINY["new_patients"]
    assert per_arm["strong"] == per_arm["box"] == per_arm["kidney"] == per_arm["weak"]
    known = {f"P{number:05d}" for number in range(1, TINY["patients"] + 1)}
    assert not per_arm["weak"] & known
    counts = cases.assign(slices=cases["probabilities"].astype(str).str.split().str.len())
    slices = counts.pivot_table(index="patient", columns="arm", values="slices")
    assert (slices["strong"] == 1).all()
    assert (slices["box"] == slices["weak"]).all()
    sizes = cases.groupby("patient")["size_cm"].agg(["min", "max"])
    # every slice of 5 mm within 85 % of the height, at least 0.8 of the largest diameter (three axes, SD 10 %, 8 patients)
    assert (sizes["min"] == sizes["max"]).all()
    assert (slices["weak"] <= np.floor(0.85 * 10 * sizes["max"] / 5)).all()


def test_chapter_can_be_read(run: store.StoredRun) -> None:
    chapter = Supervision(run, Numbers(findings.statistics(run)))
    words = [
        chapter.areas_sentence(),
        chapter.training_sentence(),
        chapter.paired_sentence(),
        chapter.power_sentence(),
        chapter.perfect_sentence(),
        chapter.asymmetry_sentence(),
    ]
    tables = [
        chapter.table(),
        chapter.training_table(),
        chapter.sizes_table(),
        chapter.rule_table(),
        chapter.says_table(),
    ]
    text = " ".join([*(each.data for each in words), *(each.html for each in tables), chapter.figure().html])
    assert "nan" not in text.lower()
    # Li et al. (2025), table 3: the rule on corticomedullary images, 92 test patients
    assert "0.859" in chapter.printed_table().html
    assert findings.printed_n() == 92


def job(seed: int, losses: list[float], accuracies: list[float], steps: int) -> dict[str, Any]:
    """Return the facts of one network; six validation images of class x and four of class y."""
    best = losses.index(min(losses)) + 1
    record = {
        "data": {"train": {"patients": 30, "images": 90}, "valid": {"per_class": {"x": 6, "y": 4}}},
        "time": {"epochs": len(losses)},
        "workload": {"images_seen": 90 * len(losses)},
        "model": {"parameters_trainable": 1000},
        "stopping": {"best_epoch": best},
        "curves": {"valid_loss": losses, "valid_accuracy": accuracies},
    }
    return {"seed": seed, "steps_per_round": steps, "training": record}


def test_what_counts_as_learned() -> None:
    # entropy of 0.6 and 0.4: -0.6 ln 0.6 - 0.4 ln 0.4 = 0.6730
    found = findings.training(
        [
            job(1, [0.7, 0.65, 0.9], [0.5, 0.7, 0.8], 4),  # both are better than knowing nothing
            job(2, [0.68, 0.9, 1.2], [0.8, 0.9, 0.9], 4),  # loss is not
            job(3, [0.9, 0.8, 0.67], [0.9, 0.9, 0.6], 4),  # no more right answers than class x for every image
            job(4, [0.9, 0.672, 0.8], [0.9, 0.61, 0.6], 4),
        ]
    )
    assert [each["learned"] for each in found["seeds"]] == [True, False, False, True]
    assert (found["learned"], found["networks"]) == (2, 4)
    assert [each["kept"] for each in found["seeds"]] == [2, 1, 3, 2]
    assert [each["kept_steps"] for each in found["seeds"]] == [8, 4, 12, 8]
    assert (found["images"], found["rounds"], found["steps"], found["seen"]) == (90, 3, 12, 270)


def test_difference_over_trainings() -> None:
    strong = {"seeds": [{"seed": seed, "roc_auc": value} for seed, value in ((1, 80.0), (2, 70.0), (3, 75.0))]}
    other = {"seeds": [{"seed": seed, "roc_auc": value} for seed, value in ((3, 70.0), (1, 70.0), (2, 71.0))]}
    found = findings._over_trainings(strong, other)
    assert [each["percent"] for each in found["seeds"]] == pytest.approx([10, -1, 5])
    # scipy.stats.t, mean 14 / 3 and standard error 5.5076 / sqrt(3)
    expected = stats.t.interval(0.95, 2, np.mean([10, -1, 5]), stats.sem([10, -1, 5]))
    assert found["interval"] == pytest.approx(list(expected))
    assert findings._over_trainings({"seeds": strong["seeds"][:1]}, other)["interval"] == [None, None]


@pytest.mark.parametrize("arm", ["strong", "box", "kidney", "weak"])
def test_tiny_trainings_are_counted(run: store.StoredRun, arm: str) -> None:
    found = findings.statistics(run)["training"]["effect_100"]["patients_12"][arm]
    assert found["patients"] == 8  # of 6 of each class 2 end the training (0.4 of 6 is 2.4)
    assert found["images"] == (8 if arm == "strong" else 16)  # one turned copy, or two slices of each
    assert found["steps"] == 1  # a batch holds 24
    assert found["seen"] == found["images"]


def test_reduced_set_gives_every_arm_the_same_training() -> None:
    reduced = store.experiment(ROOT, "supervision").scales["reduced"]
    # as many turned copies as slices of a patient, and no arm ends before the others
    assert len(reduced["angles"]) == reduced["slices_per_patient"]
    assert reduced["patience"] is None


def by_hand() -> pd.DataFrame:
    """Return answers whose numbers can be counted: ten patients of each arm, the first five of class 1."""
    rows = []
    strings = {
        "weak": [
            "0.9 0.9 0.9 0.9",  # class 1: a run of four
            "0.9 0.9 0.9",  # too few slices for the rule
            "0.9 0.9 0.1 0.9 0.9",  # no run of more than three
            "0.9 0.9 0.9 0.9 0.1 0.1 0.1 0.1",  # runs of both classes
            "0.2 0.2 0.2 0.2 0.2",
            "0.1 0.1 0.1 0.1",  # class 0 from here
            "0.1 0.1 0.1",
            "0.9 0.9 0.9 0.9",
            "0.6 0.1 0.6 0.1",
            "0.3 0.3 0.3 0.3 0.3 0.3",
        ],
        "strong": ["0.9", "0.8", "0.7", "0.6", "0.55", "0.4", "0.3", "0.2", "0.1", "0.95"],
    }
    for arm, texts in strings.items():
        for k, text in enumerate(texts):
            place = {"arm": arm, "effect": 1.0, "patients": 40, "seed": 1}
            rows.append(place | {"patient": f"P{k}", "label": int(k < 5), "probabilities": text, "size_cm": 3.0 + k})
    return pd.DataFrame(rows)


def test_statistics_by_hand(run: store.StoredRun) -> None:
    found = findings.statistics(store.StoredRun(run.about, run.record, {"cases": by_hand()}, run.folder))
    place = found["arms"]["effect_100"]["patients_40"]
    weak, strong = place["weak"]["levels"], place["strong"]["levels"]["cube"]
    # of class 1: patients 0 and 3 have a run of four; of class 0: patient 7 has
    assert weak["consecutive_slices"]["sensitivity"]["percent"] == pytest.approx(40)
    assert weak["consecutive_slices"]["specificity"]["percent"] == pytest.approx(80)
    # mean probabilities of class 1: 0.9, 0.9, 0.74, 0.5, 0.2; of class 0: 0.1, 0.1, 0.9, 0.35, 0.3
    assert weak["mean_probability"]["sensitivity"]["percent"] == pytest.approx(80)
    assert weak["mean_probability"]["specificity"]["percent"] == pytest.approx(80)
    # strong: class 1 all at least 0.5; of class 0 only the last is wrong, above all five
    assert strong["sensitivity"]["percent"] == pytest.approx(100)
    assert strong["specificity"]["percent"] == pytest.approx(80)
    assert strong["roc_auc"]["percent"] == pytest.approx(100 * 20 / 25)
    # diameters 3 and 4 cm against 5 to 12 cm; the first two are all of class 1, so that nothing can be said about small tumours
    assert place["weak"]["sizes"]["small"] is None
    assert place["weak"]["sizes"]["large"]["mean_probability"]["sensitivity"]["percent"] == pytest.approx(100 * 2 / 3)
    paired = found["paired"]["effect_100"]["patients_40"]["weak"]
    # rule: right on 0, 3, 5, 6, 8, 9; strong on all but 9: only strong right 1, 2, 4, 7, only the rule right 9
    gap = paired["consecutive_slices"]["accuracy"]
    assert gap["percent"] == pytest.approx(100 * (9 - 6) / 10)
    assert gap["p"] == pytest.approx(stats.binomtest(1, 5).pvalue)
    differences = np.array([0, 1, 1, 0, 1, 0, 0, 1, 0, -1])
    half = 1.959964 * differences.std() / np.sqrt(92) * 100
    assert paired["consecutive_slices"]["half_width_printed_n"] == pytest.approx(half, rel=1e-5)


def test_rule_taken_apart() -> None:
    table = by_hand().query("arm == 'weak'")
    found = findings.rule(findings.samples(table, ["image"])["image"])
    # runs of class 1: 0, 3, 7; of class 0: 3, 4, 5, 9; both: 3; neither: 1, 2, 6, 8
    assert found["says"] == pytest.approx({"one": 20, "zero": 30, "both": 10, "neither": 40})
    assert found["positive"] == pytest.approx({"sensitivity": 40, "specificity": 80})
    # turned round, class 0 is answered in 3, 4, 5, 9 only
    assert found["mirrored"] == pytest.approx({"sensitivity": 60, "specificity": 40})
    assert found["perfect"] == pytest.approx(80)  # four of five patients of class 1 have four slices or more
    assert found["by_slices"]["up_to_3"] == {
        "patients": 2,
        "positive_sensitivity": 0,
        "positive_specificity": 100,
        "mean_probability_sensitivity": 100,
        "mean_probability_specificity": 100,
    }
    assert found["by_slices"]["9_or_more"]["patients"] == 0
    assert found["by_slices"]["9_or_more"]["positive_sensitivity"] is None


def test_rule_of_right_answers_is_perfect() -> None:
    counts = np.array([3, 4, 5, 3, 9, 2])
    truth, patient = np.repeat([1, 1, 1, 0, 0, 0], counts), np.repeat(np.arange(6), counts)
    found = findings.rule(sample(truth, truth.astype(float), patient, np.arange(truth.size)))
    assert found["positive"]["sensitivity"] == pytest.approx(found["perfect"]) == pytest.approx(100 * 2 / 3)
    assert found["positive"]["specificity"] == 100


def test_turned_cubes() -> None:
    rng = np.random.default_rng(1)
    pixels = rng.uniform(0, 255, (2, 1, 4, 6, 6)).astype(np.float32)
    cubes = Volumes(pixels, np.array([0, 1]), np.array(["a", "b"]), np.array(["A", "A"]), ("x", "y"))
    many = supervision.turned(cubes, (90, 180))
    assert list(many.patient) == ["a", "b", "a", "b"]
    # numpy turns exactly by quarters; interpolation leaves float32 rounding (worst difference seen 2e-5 of 255)
    np.testing.assert_allclose(many.pixels[:2], np.rot90(pixels, 1, axes=(-2, -1)), atol=1e-3)
    np.testing.assert_allclose(many.pixels[2:], np.rot90(pixels, 2, axes=(-2, -1)), atol=1e-3)


def some_slices(counts: tuple[int, ...]) -> Slices:
    """Return random slices, as many per patient as asked, with positions against their order."""
    n = sum(counts)
    rng = np.random.default_rng(2)
    return Slices(
        pixels=rng.integers(0, 256, (n, 1, 8, 8), dtype=np.uint8),
        label=np.repeat(np.arange(len(counts)) % 2, counts),
        patient=np.repeat([f"P{k}" for k in range(len(counts))], counts),
        position=-np.arange(n, dtype=float),
        centre=np.full(n, "A"),
        classes=("x", "y"),
    )


def test_thinned_keeps_ends_and_few() -> None:
    slices = some_slices((7, 2, 5))
    thin = supervision.thinned(slices, 3)
    assert thin.patients()["slices"].tolist() == [3, 2, 3]
    assert (-thin.position).tolist() == [0, 3, 6, 7, 8, 9, 11, 13]  # first, middle and last of each patient
    assert (-supervision.thinned(slices, 1).position).tolist() == [3, 7, 11]


def test_standardised_slices_have_one_mean_and_deviation() -> None:
    slices = some_slices((4,))
    dark = Slices(
        **{**{name: getattr(slices, name) for name in slices.__dataclass_fields__}, "pixels": slices.pixels // 4 + 20}
    )
    flat = supervision.standardised(dark).pixels.astype(float)
    # uniform noise reaches 1.73 deviations, so nothing is cut; rounding to grey values moves a mean by less than 0.5
    np.testing.assert_allclose(flat.mean(axis=(1, 2, 3)), 127.5, atol=0.5)
    np.testing.assert_allclose(flat.std(axis=(1, 2, 3)), 42.5, atol=0.5)
    constant = Slices(
        **{**{name: getattr(slices, name) for name in slices.__dataclass_fields__}, "pixels": 0 * slices.pixels + 7}
    )
    assert set(np.unique(supervision.standardised(constant).pixels)) <= {127, 128}


def test_wrong_parameters_are_named_together(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        experiments.run("supervision", "tiny", {"arms": ("strnog",), "shares": (0.5, 1.5), "crop": 4}, 1, tmp_path)
    for piece in ("arms", "shares has 1.5; allowed: above 0, at most 1", "crop is 4"):
        assert piece in str(caught.value)
