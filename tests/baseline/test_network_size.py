"""Parabola, test for an inverted U and power against independent formulas; the findings on made tables; the experiment itself."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT
from scipy import stats as sps
from statsmodels.stats.power import TTestPower

from dlrrc_core.baseline import experiments, networks, store
from dlrrc_core.baseline.findings import network_size
from dlrrc_core.baseline.findings import network_size_curve as curve
from dlrrc_core.chapters.baseline_network_size import NetworkSize
from dlrrc_core.problems import UsageError
from dlrrc_core.tables import Numbers

TINY = {
    "size": 16, "patients": 20, "slices_per_patient": 2, "epochs": 1, "augmentation": "none", "new_patients": 10, "new_slices": 3,
    "networks": ["mobilenetv2", "shufflenetv2"], "learning_rates": [0.005], "seeds": [1, 2],
}  # fmt: skip
SIZES = {"shufflenetv2": 1_255_222, "mobilenetv2": 2_225_858, "efficientnet_b0": 4_009_534, "resnet34": 21_279_426}


def made(
    accuracy: dict[str, float], seeds: int = 3, patients: int = 100, rate: float = 0.005
) -> dict[str, pd.DataFrame]:
    """Return tables of a run in which each network has a given accuracy; patients are as hard for all networks of a seed."""
    cases, curves, trainings = [], [], []
    for seed in range(1, seeds + 1):
        rng = np.random.default_rng(seed)
        hard = rng.random(patients)
        for name, share in accuracy.items():
            key = {"network": name, "seed": seed, "learning_rate": rate}
            converged = share > 0.55
            right = 0.7 * hard + 0.3 * rng.random(patients) < share
            for k, ok in enumerate(right):
                p = 0.5 + (0.3 if ok == (k % 2 == 1) else -0.3)
                cases.append({**key, "patient": f"P{k:05d}", "label": k % 2, "probabilities": f"{p:.3f} {p:.3f}"})
            loss = 0.4 if converged else 0.69
            rest = {"train_accuracy": 0.5, "valid_loss": loss, "valid_accuracy": 0.5}
            curves += [{**key, "epoch": e, "train_loss": 0.7 if e == 1 else loss, **rest} for e in (1, 2)]
            extra = {"parameters": SIZES[name], "train_images": 10, "epochs": 2, "seconds": 1.0, "problem": None}
            trainings.append({**key, **extra})
    return {name: pd.DataFrame(rows) for name, rows in (("cases", cases), ("curves", curves), ("trainings", trainings))}


def stored(*tables: dict[str, pd.DataFrame], rates: tuple[float, ...] = (0.005,)) -> SimpleNamespace:
    """Return tables as a run."""
    parameters = {
        "learning_rates": list(rates), "patients": 74, "new_patients": 100, "classes": ["clear cell", "papillary"], "effect": 1.0,
        "epochs": 2, "batch": 24, "augmentation": "15-fold", "variants_per_epoch": 15,
    }  # fmt: skip
    together = {name: pd.concat([each[name] for each in tables]) for name in tables[0]}
    return SimpleNamespace(
        tables=together, record=SimpleNamespace(parameters=parameters), about=SimpleNamespace(id="network-size")
    )


def test_parabola_is_that_of_the_normal_equations() -> None:
    rng = np.random.default_rng(1)
    x, block = np.tile([6.1, 6.3, 6.6, 7.3, 7.4, 7.6], 3), np.repeat([1, 2, 3], 6)
    y = 80 - 5 * (x - 6.9) ** 2 + block + rng.normal(size=18)
    found = curve.parabola(x, y, block)
    # intercepts of the blocks taken out by hand, then the normal equations
    within = np.column_stack([v - np.array([v[block == b].mean() for b in block]) for v in (x, x**2)])
    inside = y - np.array([y[block == b].mean() for b in block])
    inverse = np.linalg.inv(within.T @ within)
    b1, b2 = inverse @ within.T @ inside
    residual = inside - within @ [b1, b2]
    freedom = 18 - 3 - 2
    variance = residual @ residual / freedom * inverse
    assert found.freedom == freedom
    assert found.curvature == pytest.approx(b2, rel=1e-9)
    half = sps.t.ppf(0.975, freedom) * np.sqrt(variance[1, 1])
    assert found.interval == pytest.approx((b2 - half, b2 + half), rel=1e-8)
    for end, at, tail in ((found.low, 6.1, sps.t.sf), (found.high, 7.6, sps.t.cdf)):
        gradient = np.array([1, 2 * at])
        slope, error = gradient @ [b1, b2], np.sqrt(gradient @ variance @ gradient)
        assert (end.x, end.slope, end.error) == pytest.approx((at, slope, error), rel=1e-6)
        assert end.p == pytest.approx(tail(slope / error, freedom), rel=1e-6)
    assert found.p_inverted_u == max(found.low.p, found.high.p)
    assert found.turning_point == pytest.approx(-b1 / (2 * b2), rel=1e-9)


def test_parabola_without_blocks_is_numpy_polyfit() -> None:
    x = np.array([1.0, 2, 3, 5, 8, 9])
    y = np.array([2.0, 3, 5, 4, 1, 0.5])
    found = curve.parabola(x, y)
    a, b, c = np.polyfit(x, y, 2)
    assert found.curvature == pytest.approx(a)
    assert found.turning_point == pytest.approx(-b / (2 * a))
    line = np.array(found.line)
    np.testing.assert_allclose(line[:, 1], np.polyval([a, b, c], line[:, 0]), rtol=1e-9)


@pytest.mark.parametrize(
    ("shape", "seen"),
    [
        (lambda x: 90 - 20 * (x - 6.9) ** 2, True),
        (lambda x: 90 + 20 * (x - 6.9) ** 2, False),
        (lambda x: 10 * x, False),
        (
            lambda x: 90 - 5 * (x - 7.7) ** 2,
            False,
        ),  # bent, but rising everywhere: the quadratic term alone would mislead
    ],
)
def test_only_an_inverted_u_is_one(shape, seen: bool) -> None:
    x = np.tile([6.1, 6.3, 6.6, 7.3, 7.4, 7.6], 5)
    noise = np.random.default_rng(2).normal(scale=0.5, size=30)
    found = curve.parabola(x, shape(x) + noise, np.repeat(range(5), 6))
    assert (found.p_inverted_u < 0.05) is seen


def test_level_of_the_test_without_any_relation() -> None:
    # an intersection-union test has a level of at most 5 %; seen: 0 of 400
    rng, x = np.random.default_rng(3), np.tile([6.1, 6.3, 6.6, 7.3, 7.4, 7.6], 3)
    found = [curve.parabola(x, rng.normal(size=18), np.repeat(range(3), 6)).p_inverted_u < 0.05 for _ in range(400)]
    assert np.mean(found) < 0.05 + 2 * np.sqrt(0.05 * 0.95 / 400)


def test_too_little_for_a_parabola() -> None:
    assert curve.parabola([1, 2, 1, 2], [1, 2, 3, 4]) is None  # two sizes
    assert curve.parabola([1, 2, 3], [1, 2, 4]) is None  # any three points lie on one
    assert curve.parabola([1, 2, 3, 4], [1, 4, 9, 16]) is None  # nothing left around it
    with pytest.raises(UsageError, match="3 sizes, 2 values"):
        curve.parabola([1, 2, 3], [1, 2])


@pytest.mark.parametrize("seeds", [3, 5, 10])
def test_detectable_difference_is_that_of_statsmodels(seeds: int) -> None:
    # statsmodels gives the effect size d of a paired t test; standard error 1 is a standard deviation of sqrt(n)
    wanted = TTestPower().solve_power(nobs=seeds, alpha=0.05, power=0.8, alternative="two-sided") * np.sqrt(seeds)
    assert curve.detectable(1.0, seeds - 1) == pytest.approx(wanted, rel=1e-4)  # worst seen 3e-8


def test_detectable_drop_is_found_in_four_of_five() -> None:
    x, block = np.tile([6.1, 6.3, 6.6, 7.3, 7.4, 7.6], 3), np.repeat(range(3), 6)
    rng = np.random.default_rng(5)
    # the noise of this design is 1; the drop of a fit with a residual of s counts s times that
    first = curve.parabola(x, rng.normal(size=18), block)
    drop = first.detectable_drop / first.residual
    middle, half = (6.1 + 7.6) / 2, (7.6 - 6.1) / 2
    truth = -drop * ((x - middle) / half) ** 2
    found = [curve.parabola(x, truth + rng.normal(size=18), block).p < 0.05 for _ in range(400)]
    assert np.mean(found) == pytest.approx(0.8, abs=0.06)  # three standard errors; seen 0.80


def test_outcomes_and_differences_by_hand() -> None:
    tables = made({"mobilenetv2": 0.8, "resnet34": 0.6})
    values = network_size.by_training(tables["trainings"], tables["cases"], tables["curves"])
    assert values["network"].tolist() == ["mobilenetv2"] * 3 + ["resnet34"] * 3
    rows = tables["cases"][(tables["cases"]["network"] == "resnet34") & (tables["cases"]["seed"] == 2)]
    p = rows["probabilities"].str.split().str[0].astype(float)
    right = 100 * ((p >= 0.5) == rows["label"]).mean()
    assert values.loc[4, "case"] == values.loc[4, "image"] == pytest.approx(right)
    told = network_size.differences(values, "case")[0]
    pairs = values["case"].to_numpy()[:3] - values["case"].to_numpy()[3:]
    test = sps.ttest_rel(values["case"].to_numpy()[:3], values["case"].to_numpy()[3:])
    assert told["mean"] == pytest.approx(pairs.mean())
    assert told["p"] == pytest.approx(test.pvalue)
    assert told["interval"] == pytest.approx(list(test.confidence_interval()))


def test_single_comparison_by_hand() -> None:
    tables = made({"mobilenetv2": 0.8, "resnet34": 0.6}, seeds=4, patients=50)
    told = curve.single_comparison(tables["cases"])
    wide = tables["cases"].assign(
        right=(tables["cases"]["probabilities"].str.split().str[0].astype(float) >= 0.5) == tables["cases"]["label"]
    )
    wide = wide.pivot_table(index=["seed", "patient"], columns="network", values="right", aggfunc="sum").astype(float)
    each = wide["mobilenetv2"] - wide["resnet34"]
    spread = each.groupby("seed").var().mean()
    between = max(0, each.groupby("seed").mean().var() - spread / 50)
    assert told["per_patient"] == pytest.approx(100 * np.sqrt(spread))
    assert told["between_trainings"] == pytest.approx(100 * np.sqrt(between))
    ten = told["detectable"][0]
    assert ten["patients"] == 10
    assert ten["points"] == pytest.approx(100 * (1.959964 + 0.841621) * np.sqrt(between + spread / 10), rel=1e-6)
    one = tables["cases"][tables["cases"]["seed"] == 1]
    assert curve.single_comparison(one)["detectable"] == []
    assert (told["networks"], told["pairs"]) == (2, 1)


def test_single_comparison_with_and_without_networks_that_failed() -> None:
    """Two networks alike, and one that never converges in one of three trainings: the spread is that of its failure."""
    tables = made({"shufflenetv2": 0.8, "mobilenetv2": 0.8, "resnet34": 0.8})
    cases, curves = tables["cases"], tables["curves"]
    cases.loc[(cases["network"] == "resnet34") & (cases["seed"] == 2), "probabilities"] = "0.200 0.200"
    curves.loc[(curves["network"] == "resnet34") & (curves["seed"] == 2), "train_loss"] = 0.69
    run = stored(tables)
    n = Numbers(network_size.statistics(run))
    every, sure = (n.value(f"rates.rate_5000.single.{which}") for which in ("all", "converged"))
    assert (every["networks"], every["pairs"], sure["networks"], sure["pairs"]) == (3, 3, 2, 1)
    alone = curve.single_comparison(cases[cases["network"] != "resnet34"])
    assert sure == alone
    assert sure["between_trainings"] < 3 < 10 < every["between_trainings"]
    chapter = NetworkSize(run, n)
    text = re.sub("<[^>]+>", "", chapter.power_sentence().data)
    assert "trainings this short (2 rounds of 7 steps)" in text
    assert "Among all networks (3): " in text
    assert "Among networks of which every training converged (2): " in text
    assert "(ResNet-34), that is in the spread" in text
    assert chapter.single_table().html.count("<tr") == 1 + 2
    curves["train_loss"] = 0.69
    none = NetworkSize(run, Numbers(network_size.statistics(stored(tables))))
    assert "There are too few of networks of which every training converged" in none.power_sentence().data
    assert "NaN" not in none.single_table().html


def test_stored_run_gives_both_spreads() -> None:
    single = {
        rate: found["single"]
        for rate, found in network_size.statistics(store.best(ROOT, "network-size"))["rates"].items()
    }
    for found in single.values():
        assert found["converged"]["networks"] < found["all"]["networks"] == 6
    at = single["rate_5000"]
    assert at["converged"]["between_trainings"] < at["all"]["between_trainings"]


def test_a_planted_inverted_u_is_visible_and_the_chapter_says_so() -> None:
    shape = {"shufflenetv2": 0.65, "mobilenetv2": 0.82, "efficientnet_b0": 0.9, "resnet34": 0.6}
    flat = dict.fromkeys(shape, 0.8) | {"resnet34": 0.5}
    run = stored(made(shape), made(flat, rate=0.001), rates=(0.005, 0.001))
    n = Numbers(network_size.statistics(run))
    assert n.value("first") == "rate_5000"
    assert (n.value("rounds"), n.value("steps")) == (2, 7)  # 10 images in 15 variants make 7 batches of 24 or fewer
    assert n.value("rates.rate_5000.fits.image.all.seeds.inverted_u") is True
    networks_found = n.value("rates.rate_1000.networks")
    assert [row["network"] for row in networks_found] == list(shape)  # by size
    assert [row["converged"] for row in networks_found] == [3, 3, 3, 0]
    assert n.value("rates.rate_1000.fits.image.converged.seeds.n") == 9
    low, high = networks_found[0]["image"]["interval"]
    assert low < networks_found[0]["image"]["percent"] < high
    chapter = NetworkSize(run, n)
    said = {name: getattr(chapter, name)().data for name in dir(chapter) if name.endswith("_sentence")}
    assert "For all trainings" in said["answer_sentence"]
    assert "**visible**" in said["answer_sentence"]
    assert "ResNet-34 <span" in said["convergence_sentence"]
    assert "points with" in said["power_sentence"]
    for piece in (chapter.figure(), chapter.fit_table(), chapter.difference_table()):
        assert "NaN" not in piece.html
    falling = Numbers(network_size.statistics(stored(made({name: 0.9 - 0.05 * k for k, name in enumerate(shape)}))))
    assert "**not visible**" in NetworkSize(run, falling).answer_sentence().data


def test_one_seed_and_a_failed_training() -> None:
    tables = made({"mobilenetv2": 0.8, "shufflenetv2": 0.7}, seeds=1)
    gone = tables["cases"]["network"] == "shufflenetv2"
    tables["cases"] = tables["cases"][~gone]
    tables["curves"] = tables["curves"][tables["curves"]["network"] != "shufflenetv2"]
    run = stored(tables)
    n = Numbers(network_size.statistics(run))
    assert n.value("rates.rate_5000.networks.0.failed") == 1
    assert n.value("rates.rate_5000.networks.0.converged") == 0
    chapter = NetworkSize(run, n)
    assert "too little" in chapter.answer_sentence().data
    assert chapter.units_sentence().data == ""
    assert "One seed says nothing" in chapter.power_sentence().data
    assert "Learning rate" in chapter.figure().html


def test_printed_values_are_those_of_the_record() -> None:
    # data/papers/zuo2021/paper.yaml, Table 1
    rows = {row["model"]: row for row in network_size.printed()}
    assert [row["model"] for row in rows.values() if row["converged"]] == ["ShuffleNet", "MobileNetV2", "ResNet-34"]
    assert rows["MobileNetV2"] | {"log10": None} == {
        "network": "mobilenetv2", "model": "MobileNetV2", "parameters": 2_226_434, "log10": None,
        "validation": 96.864, "test": 100, "converged": True,
    }  # fmt: skip
    assert rows["ResNet-101"]["validation"] is rows["ResNet-101"]["test"] is None


def test_experiment_from_end_to_end(tmp_path: Path) -> None:
    run = experiments.run("network-size", "tiny", TINY, processes=1, into=tmp_path)
    assert run.tables["cases"].groupby(["network", "seed"]).size().tolist() == [10] * 4
    assert set(run.tables["cases"]["patient"]) == {f"P{k:05d}" for k in range(21, 31)}  # the first 20 are for training
    sizes = run.tables["trainings"].groupby("network")["parameters"].first()
    for name, count in sizes.items():
        assert count == networks.parameters(networks.build(str(name), 2, 1)).trainable
    assert run.tables["trainings"]["problem"].isna().all()
    found = network_size.statistics(run)
    assert found["rates"]["rate_5000"]["fits"]["image"]["all"]["seeds"] is None  # two networks


def test_a_training_that_fails_is_a_row(tmp_path: Path) -> None:
    asked = {**TINY, "networks": ["shufflenetv2"], "seeds": [1], "learning_rates": [1e30, 0.005], "epochs": 2}
    run = experiments.run("network-size", "tiny", asked, processes=1, into=tmp_path)
    assert "not finite" in run.tables["trainings"]["problem"][0]
    assert set(run.tables["cases"]["learning_rate"]) == {0.005}


def test_wrong_parameters_are_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        experiments.run(
            "network-size", "tiny", {**TINY, "networks": ["resnet35"], "valid": 1.5, "seed": 1}, into=tmp_path
        )
    for words in ("resnet35", "valid", "did you mean 'seeds'?"):
        assert words in str(caught.value)


def test_scales_are_parameters() -> None:
    from dlrrc_core.baseline.experiments.network_size import Parameters

    about = store.experiment(ROOT, "network-size")
    assert set(about.scales) == set(store.SCALES)
    for scale in about.scales.values():
        assert Parameters(**scale).learning_rates[0] == 0.005  # that of the seed paper comes first
