"""Small test sets: exact shares against an enumeration of all test sets, drawn ones against exact ones, and the experiment itself."""

from __future__ import annotations

from itertools import combinations, product
from math import comb
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT
from scipy.stats import beta, binom

from dlrrc_core.baseline import experiments, store
from dlrrc_core.baseline.findings import small_test
from dlrrc_core.baseline.findings import small_test_draws as draws
from dlrrc_core.baseline.findings.small_test_draws import Answers, Design
from dlrrc_core.chapters.baseline_small_test import SmallTest
from dlrrc_core.problems import UsageError
from dlrrc_core.tables import Numbers

TINY = {
    "network": "shufflenetv2", "size": 16, "patients": 20, "slices_per_patient": 2, "epochs": 1, "augmentation": "none",
    "new_patients": 20, "new_slices": 3, "effects": [1.0], "seeds": [1, 2],
}  # fmt: skip


def pool(seed: int, networks: int, patients: int, images: int, accuracy: float = 0.75) -> Answers:
    """Return answers of networks that share hard patients."""
    rng = np.random.default_rng(seed)
    hard = rng.normal(size=(1, patients, 1))
    noise = rng.normal(size=(networks, patients, images))
    return Answers((hard + noise) / np.sqrt(2) < np.sqrt(2) * (accuracy - 0.5) * 2, np.arange(patients) % 2)


def table(found: Answers) -> pd.DataFrame:
    """Return answers as the table of a run."""
    rows = []
    for seed, right in enumerate(found.right, 1):
        for k, (label, each) in enumerate(zip(found.label, right, strict=True)):
            probabilities = " ".join(f"{0.9 if ok == bool(label) else 0.1:.3f}" for ok in each)
            rows.append(
                {
                    "effect": 1.0,
                    "seed": seed,
                    "patient": f"P{k:05d}",
                    "label": int(label),
                    "probabilities": probabilities,
                }
            )
    return pd.DataFrame(rows)


def enumerated(right: np.ndarray, label: np.ndarray, design: Design) -> np.ndarray:
    """Return the joint distribution by going through every test set there is."""
    counts = np.zeros((design.all_cases + 1, design.all_images + 1))
    subsets = list(combinations(range(right.shape[1]), design.images))
    sets = product(*(combinations(np.flatnonzero(label == value), design.cases) for value in (0, 1)))
    for chosen in sets:
        for images in product(subsets, repeat=design.all_cases):
            per_case = [right[who, list(which)].sum() for who, which in zip(sum(chosen, ()), images, strict=True)]
            counts[sum(each > design.images / 2 for each in per_case), sum(per_case)] += 1
    return counts / counts.sum()


@pytest.mark.parametrize("seed", range(3))
def test_joint_distribution_is_that_of_all_test_sets(seed: int) -> None:
    found, design = pool(seed, 1, 6, 4), Design(2, 3)
    expected = enumerated(found.right[0], found.label, design)
    # worst difference seen 2e-17
    np.testing.assert_allclose(draws.joint(found.right[0], found.label, design), expected, atol=1e-14)


def test_joint_distribution_has_the_mean_of_the_hypergeometric_counts() -> None:
    found, design = pool(5, 1, 400, 5), Design()
    shares = draws.joint(found.right[0], found.label, design)
    true = small_test.balanced(draws.case_probability(found.right[0], design)[None], found.label)[0]
    assert shares.sum() == pytest.approx(1, abs=1e-12)
    assert shares.sum(axis=1) @ np.arange(11) / 10 == pytest.approx(true, abs=1e-12)
    assert shares.sum(axis=0) @ np.arange(31) / 30 == pytest.approx(
        small_test.balanced(found.right.mean(axis=2), found.label)[0], abs=1e-12
    )


def test_sure_cases_give_the_hypergeometric_distribution() -> None:
    # every case is either always right or always wrong: of 200 in each class 150 and 120 are right
    label = np.repeat([0, 1], 200)
    right = np.r_[np.arange(200) < 150, np.arange(200) < 120][:, None].repeat(5, axis=1)
    perfect = draws.joint(right, label, Design())[-1].sum()
    assert perfect == pytest.approx(comb(150, 5) * comb(120, 5) / comb(200, 5) ** 2, rel=1e-12)


def test_equal_cases_of_many_patients_approach_the_binomial() -> None:
    # every patient has 3 of 4 images right: 3 drawn have 2 or 3 right, so that every case is right; with 2 of 4 half of them are
    label = np.arange(100) % 2
    right = np.tile([True, True, False, False], (100, 1))
    shares = draws.joint(right, label, Design()).sum(axis=1)
    np.testing.assert_allclose(shares, binom.pmf(np.arange(11), 10, 0.5), atol=1e-12)


def test_drawn_test_sets_follow_the_exact_distribution() -> None:
    found, design = pool(7, 2, 60, 5), Design()
    counts = draws.drawn(found, design, 20_000, 3)
    for k in range(2):
        exact = draws.joint(found.right[k], found.label, design)
        for which, share in ((0, exact.sum(axis=1)), (1, exact.sum(axis=0))):
            shown = np.bincount(counts[:, k, which], minlength=len(share)) / len(counts)
            # five standard errors of the commonest share; worst seen 2.1
            assert np.abs(shown - share).max() < 5 * 0.5 / np.sqrt(len(counts))
    assert (counts == draws.drawn(found, design, 20_000, 3)).all()
    assert not (counts[:100] == draws.drawn(found, design, 20_000, 4)[:100]).all()


def test_the_best_of_independent_networks() -> None:
    # k networks with independent counts of one distribution F: the best has F^k
    found, design = pool(2, 4, 200, 5), Design()
    same = Answers(np.repeat(found.right[:1], 4, axis=0), found.label)
    counts = draws.drawn(same, design, 40_000, 1)
    exact = draws.joint(same.right[0], same.label, design).sum(axis=1)
    true = [float(draws.case_probability(same.right[0], design).mean())] * 4
    together = draws.chosen(counts, true, design, 1)
    assert {each.shown for each in together} == {together[0].shown}  # four times the same network: no choice
    for each in draws.chosen(draws.separate(counts, 1), true, design, 1):
        best = np.diff(np.cumsum(exact) ** each.k, prepend=0)
        assert each.shown == pytest.approx(best @ np.arange(11) / 10, abs=0.004)  # worst seen 0.0012
        assert each.perfect == pytest.approx(best[-1], abs=0.01)  # worst seen 0.002
        assert each.true == pytest.approx(true[0])


def test_the_better_network_is_chosen_more_often() -> None:
    label = np.arange(100) % 2
    right = np.stack([np.ones((100, 5), bool), np.tile([True, False, False, True, False], (100, 1))])
    first, second = draws.chosen(draws.drawn(Answers(right, label), Design(), 500, 1), [1.0, 0.3], Design(), 1)
    assert first.true == pytest.approx(0.65, abs=0.05)
    assert (second.true, second.shown, second.perfect) == (1, 1, 1)


def test_cases_needed() -> None:
    # Clopper-Pearson with all n right: the lower limit is 0.025^(1/n), so n = ceil(log 0.025 / log(1 - width))
    wide = small_test.needed(100, 10)
    assert wide["clopper_pearson"] == int(np.ceil(np.log(0.025) / np.log(0.8))) == 17
    assert small_test.needed(100, 5)["clopper_pearson"] == int(np.ceil(np.log(0.025) / np.log(0.9))) == 36
    # Wilson with all n right: the lower limit is n / (n + z^2), so n = ceil(z^2 (1 - w) / w); z^2 = 3.8415
    assert wide["wilson"] == int(np.ceil(3.841459 * 0.8 / 0.2)) == 16
    ninety = small_test.needed(90, 5)["clopper_pearson"]
    x = np.array([0.9 * (ninety - 1), 0.9 * ninety])
    n = np.array([ninety - 1, ninety])
    widths = beta.ppf(0.975, x + 1, n - x) - beta.ppf(0.025, x, n - x + 1)
    assert widths[0] > 0.1 >= widths[1]
    assert draws.smallest(lambda n: 1.0, 0.5) is None


def test_clustering_at_its_ends() -> None:
    design, label = Design(), np.arange(40) % 2
    alike = np.repeat(np.random.default_rng(1).random(40) < 0.7, 5).reshape(1, 40, 5)
    found = small_test.clustering(Answers(alike, label), design)
    assert found["icc"] == pytest.approx(1)
    assert found["effective_images"] == pytest.approx(10)  # three images of a case say as much as one
    free = np.random.default_rng(1).random((1, 4000, 5)) < 0.7
    assert abs(small_test.clustering(Answers(free, np.arange(4000) % 2), design)["icc"]) < 0.02


def test_correlation_of_errors() -> None:
    label = np.array([0, 0, 1, 1])
    chances = np.array([[0.0, 1.0, 0.5, 1.0], [0.2, 1.0, 0.8, 1.0]])
    # centred in the classes: (-.5, .5, -.25, .25) and (-.4, .4, -.1, .1)
    expected = (0.4 + 0.05) / np.sqrt((0.5 + 0.125) * (0.32 + 0.02))
    assert small_test.correlation(chances, label) == pytest.approx(expected)
    assert small_test.correlation(chances[:1], label) is None
    assert small_test.correlation(np.array([[1.0] * 4, [0, 1, 0, 1]]), label) is None


def test_statistics_and_chapter_of_a_table() -> None:
    found = pool(3, 3, 60, 5)
    run = SimpleNamespace(
        tables={"cases": table(found)},
        record=SimpleNamespace(parameters={"classes": ["clear cell", "papillary"]}),
        about=SimpleNamespace(id="small-test"),
    )
    n = Numbers(small_test.statistics(run, draws=2000))
    # printed: 10 cases of 3 images, 100 % and 93.3333 %, which is 28 of 30 (data/papers/zuo2021/paper.yaml)
    assert n.value("design") == {"cases": 5, "images": 3, "all_cases": 10, "all_images": 30}
    assert n.value("published") == {
        "case": 100, "image": 93.3333, "images_right": 28, "networks_compared": 3, "networks_tried": 6,
    }  # fmt: skip
    # Clopper-Pearson of 10/10: 0.025^(1/10); Wilson: 10 / (10 + z^2)
    assert n.value("interval.clopper_pearson") == pytest.approx([100 * 0.025**0.1, 100])
    assert n.value("interval.wilson") == pytest.approx([1000 / 13.841459, 100])
    at = "effects.effect_100"
    assert n.value(f"{at}.mean.image.percent") == pytest.approx(100 * found.right.mean())
    low, high = n.value(f"{at}.mean.case.interval")
    assert low < n.value(f"{at}.mean.case.percent") < high
    assert n.value(f"{at}.difference") < 5
    assert [row["k"] for row in n.value(f"{at}.best_of.together")] == [1, 2, 3]
    assert n.value(f"{at}.best_of.apart.2.too_high") > n.value(f"{at}.best_of.together.2.too_high") > 3
    chapter = SmallTest(run, n)
    said = [getattr(chapter, name)().data for name in dir(chapter) if name.endswith("_sentence")]
    assert len(said) == 8
    assert all(said)
    assert "cases right of" not in " ".join(said)
    for piece in (chapter.figure(), chapter.best_figure(), chapter.needed_table()):
        assert "nan" not in piece.html.lower().replace("nano", "")


def test_networks_have_to_answer_the_same_images() -> None:
    whole = table(pool(1, 2, 10, 5))
    with pytest.raises(UsageError, match="different patients or images"):
        draws.answers(whole.iloc[:-1])
    with pytest.raises(UsageError, match=r"the labels are \[1\]"):
        draws.answers(whole[whole["label"] == 1])
    few = draws.answers(whole)
    with pytest.raises(UsageError, match="3 images of each patient, who has 2"):
        draws.case_probability(few.right[0][:, :2], Design())
    with pytest.raises(UsageError, match="a class has 5 patients; allowed: at least 6"):
        draws.joint(few.right[0], few.label, Design(6))


def test_experiment_from_end_to_end(tmp_path: Path) -> None:
    run = experiments.run("small-test", "tiny", TINY, processes=1, into=tmp_path)
    cases = run.tables["cases"]
    assert cases.groupby(["effect", "seed"]).size().tolist() == [20, 20]
    assert cases["patient"].min() == "P00021"  # the first 20 trained the networks
    assert len(run.record.facts["jobs"][0]["trainings"]) == 2
    found = small_test.statistics(run, draws=200)
    assert found["classes"] == ["clear cell", "papillary"]
    assert len(found["effects"]["effect_100"]["networks"]) == 2


def test_wrong_parameters_are_named_at_once(tmp_path: Path) -> None:
    asked = {**TINY, "new_slices": 2, "efects": [1.0], "classes": ["clear cell", "oncocytoma"]}
    with pytest.raises(UsageError) as caught:
        experiments.run("small-test", "tiny", asked, into=tmp_path)
    for words in ("new_slices is 2", "did you mean 'effects'?", "classes.1 is 'oncocytoma'"):
        assert words in str(caught.value)


def test_scales_are_parameters() -> None:
    about = store.experiment(ROOT, "small-test")
    from dlrrc_core.baseline.experiments.small_test import Parameters

    assert set(about.scales) == set(store.SCALES)
    for scale in about.scales.values():
        assert Parameters(**scale).new_slices >= 3
