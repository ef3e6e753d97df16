"""Light devices: statistics on tables made by hand, and the experiment from start to end."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from conftest import ROOT

from dlrrc_core.baseline import experiments, phantom, store
from dlrrc_core.baseline.experiments.bare import normalised
from dlrrc_core.baseline.findings import common, light_devices, provenance
from dlrrc_core.baseline.networks import build
from dlrrc_core.baseline.training import Classifier
from dlrrc_core.chapters.baseline_light_devices import LightDevices
from dlrrc_core.problems import UsageError
from dlrrc_core.tables import Numbers

ABOUT = store.experiment(ROOT, "light-devices")
SENTENCES = ("machine", "cost", "memory", "export", "eight_bits", "even", "faster")


def latency(network: str, size: int, milliseconds: dict[str, float]) -> list[dict[str, Any]]:
    """Return the times of one network, by way of running it."""
    return [
        {
            "network": network, "size": size, "runtime": runtime, "precision": precision, "threads": 1, "repeats": 7,
            "median_ms": milliseconds[way], "quartile_1_ms": milliseconds[way] - 1, "quartile_3_ms": milliseconds[way] + 1,
            "least_ms": 1.0, "largest_ms": 99.0, "memory_before_mib": 60.0, "memory_peak_mib": 100.0, "load": 1.5,
        }
        for way, (runtime, precision) in light_devices.WAYS.items()
    ]  # fmt: skip


def cases(version: str, calls: list[int]) -> list[dict[str, Any]]:
    """Return one image per patient; classes take turns."""
    return [
        {
            "seed": 1,
            "version": version,
            "patient": f"P{k:05d}",
            "label": k % 2,
            "probabilities": "0.9000" if call else "0.1000",
        }
        for k, call in enumerate(calls)
    ]


@pytest.fixture(scope="module")
def run() -> Any:
    """Return a run with two networks, and a trained one that loses one of eight answers by eight bits."""
    shared = {"trainable": 1, "largest_difference": 2e-6, "images": 4}
    networks = [
        {
            "network": "resnet34", "size": 256, "parameters": 21_000, "flops": 9e9, "float32_mib": 81.0, "int8_mib": 20.25, **shared,
        },
        {
            "network": "mobilenetv2", "size": 256, "parameters": 2_000, "flops": 8e8, "float32_mib": 9.0, "int8_mib": 3.0, **shared,
        },
    ]  # fmt: skip
    times = latency("resnet34", 256, {"torch": 80, "onnx": 40, "int8": 20})
    times += latency("mobilenetv2", 256, {"torch": 30, "onnx": 10, "int8": 16})
    right = [k % 2 for k in range(8)]
    answers = cases("torch float32", right) + cases("onnx float32", right)
    answers += cases("onnx int8", [1, *right[1:]])
    pairs = [
        {"seed": 1, "pair": light_devices.PAIRS["export"], "images": 8, "same_answers": 1.0, "largest_difference": 1e-6,
         "largest_probability_difference": 1e-7, "mean_probability_difference": 1e-8},
        {"seed": 1, "pair": light_devices.PAIRS["eight_bits"], "images": 8, "same_answers": 0.875, "largest_difference": np.nan,
         "largest_probability_difference": 0.8, "mean_probability_difference": 0.1},
    ]  # fmt: skip
    tables = {
        "networks": pd.DataFrame(networks),
        "latency": pd.DataFrame(times),
        "cases": pd.DataFrame(answers),
        "agreement": pd.DataFrame(pairs),
    }
    record = SimpleNamespace(
        parameters={"network": "mobilenetv2", "size": 48}, hardware={"cpu": "a computer", "cores": 2, "memory_gib": 4.2}
    )
    return SimpleNamespace(tables=tables, record=record)


@pytest.fixture(scope="module")
def found(run: Any) -> dict[str, Any]:
    """Return the statistics of that run."""
    return light_devices.statistics(run)


def test_costs(found: dict[str, Any]) -> None:
    assert found["order"] == ["mobilenetv2", "resnet34"]  # by parameters
    large, small = (found["networks"][name]["px_256"] for name in ("resnet34", "mobilenetv2"))
    assert large["gflops"] == 9
    assert large["faster"] == {"onnx": 2, "int8": 2}
    assert small["faster"]["int8"] == pytest.approx(10 / 16)
    assert large["file_smaller"] == 4
    assert large["onnx"]["network_mib"] == 40
    assert large["onnx"]["images_per_second"] == 25


def test_loss_by_eight_bits(found: dict[str, Any]) -> None:
    trained = found["trained"]
    assert trained["versions"]["onnx"]["image"]["accuracy"]["percent"] == 100
    assert trained["versions"]["int8"]["image"]["accuracy"]["percent"] == pytest.approx(87.5)
    lost = trained["lost"]["image"]
    assert lost["points"] == pytest.approx(12.5)
    assert lost["changed"] == {"answers": 1, "patients": 1, "became_right": 0, "became_wrong": 1, "even": 0}
    assert lost["interval"] == [None, None]  # one patient changed
    assert trained["pairs"]["export"]["same"] == 100
    assert trained["pairs"]["eight_bits"]["same"] == pytest.approx(87.5)
    assert trained["pairs"]["eight_bits"]["largest_difference"] is None


def said(whole: list[str], small: list[str], in_file: float = 0.0) -> tuple[dict[str, Any], str, str]:
    """Return the difference and both sentences for the probabilities of patients, whose classes take turns."""

    def samples(texts: list[str]) -> Any:
        rows = [
            {"seed": 1, "patient": f"P{k:05d}", "label": k % 2, "probabilities": text} for k, text in enumerate(texts)
        ]
        return common.samples(pd.DataFrame(rows), ("image",))["image"]

    lost = light_devices.eight_bits(samples(whole), samples(small))
    accuracy = {"accuracy": {"percent": 0.0}}
    pair = {
        "same": 100.0 - 100 * lost["changed"]["answers"] / (2 * len(whole)),
        "images": 2 * len(whole),
        "same_in_file": in_file,
    }
    trained = {
        "network": "mobilenetv2", "size": 32, "seeds": [1], "lost": {"image": lost}, "pairs": {"eight_bits": pair},
        "versions": {key: {"image": accuracy} for key in ("onnx", "int8")},
    }  # fmt: skip
    chapter = LightDevices(SimpleNamespace(), Numbers({"trained": trained}))  # type: ignore[arg-type]
    plain = [re.sub("<[^>]+>", "", each().data) for each in (chapter.eight_bits_sentence, chapter.even_sentence)]
    return lost, plain[0], plain[1]


def test_even_answers_are_counted_and_called_class_1() -> None:
    # truths 0, 1, 0, 1, two images each; in eight bits two images of the second patient and one of the third are even
    lost, eight, even = said(
        ["0.1 0.2", "0.4 0.4", "0.3 0.4", "0.9 0.6"], ["0.1 0.2", "0.5 0.5000", "0.5 0.4", "0.9 0.4"], 87.5
    )
    assert lost["changed"] == {"answers": 4, "patients": 3, "became_right": 2, "became_wrong": 2, "even": 3}
    assert lost["even"] == {"onnx": 0, "int8": 3, "onnx_patients": 0, "int8_patients": 2}
    # called class 0, only the last image changes: 6 of 8 are right in float32, 5 of 8 in eight bits
    assert lost["even_is_0"] == {"accuracy": {"onnx": 75.0, "int8": 62.5}, "same": 87.5}
    assert lost["points"] == 0
    assert "fewer than 10" in eight
    assert "95 % interval" not in eight
    assert "0 probabilities are exactly 0.5 in float32 and 3 in eight bits (patients: 2)" in even
    assert "among the changed answers they are 3" in even
    assert "counted them as class 0 and gives 87.5 %" in even


def test_an_interval_needs_ten_patients_that_changed() -> None:
    right = ["0.1 0.1", "0.9 0.9"] * 20
    lost, eight, even = said(right, right)
    assert lost["interval"] == [None, None]
    assert "No answer changed" in eight
    assert "nothing depends on how such an answer is called" in even
    # the first patients are wrong on one image in eight bits
    for changed, given in ((9, False), (10, True), (20, True)):
        small = [("0.1 0.9" if k < changed else text) for k, text in enumerate(right)]
        lost, eight, even = said(right, small)
        assert lost["changed"] == {
            "answers": changed, "patients": changed, "became_right": 0, "became_wrong": changed, "even": 0,
        }  # fmt: skip
        assert (lost["interval"][0] is not None) == given
        assert ("in float32 more answers were right" in eight) == given
        assert ("fewer than 10" in eight) != given
        backwards, eight, _ = said(small, right)
        assert backwards["points"] == -lost["points"]
        assert ("in eight bits more answers were right" in eight) == given
    # as many become right as wrong
    whole = [("0.1 0.9" if k < 10 else text) for k, text in enumerate(right)]
    small = [("0.1 0.9" if 10 <= k < 20 else text) for k, text in enumerate(right)]
    lost, eight, _ = said(whole, small)
    assert lost["points"] == 0
    assert lost["interval"][0] < 0 < lost["interval"][1]
    assert "holds 0 and leaves open" in eight


def test_memory_is_the_printed_one(found: dict[str, Any]) -> None:
    assert found["published"]["memory"] == "less than 10 GB while training and predicting"  # record of zuo2021


def test_chapter_names_networks_that_eight_bits_slow_down(run: Any, found: dict[str, Any]) -> None:
    chapter = LightDevices(run, Numbers({"run": {"hardware": run.record.hardware}, **found}))
    words = chapter.faster_sentence().data
    assert "slower than float32 for MobileNetV2." in words
    assert "zuo2021" in chapter.memory_sentence().data
    assert "a computer" in (machine := chapter.machine_sentence().data)
    assert "2</" in machine
    assert "4</" in machine
    assert chapter.figure().html.count("ResNet-34") >= 3


@pytest.mark.parametrize("channels", [1, 3])
def test_bare_network_gets_what_the_classifier_gives_it(channels: int) -> None:
    slices = phantom.slices(phantom.Cohort(patients=2, slices_per_patient=1, size=32))
    model = Classifier(build("shufflenetv2", channels=channels, seed=1), [90.0], [60.0], channels).eval()
    with torch.no_grad():
        expected = model(torch.from_numpy(slices.pixels))
        given = model.network(torch.from_numpy(normalised(model, slices)))
    # the same sums in another order of memory: worst difference seen 1e-7 of answers of about 0.1
    np.testing.assert_allclose(given, expected, atol=1e-5)


@pytest.mark.slow
def test_from_start_to_end(tmp_path: Path) -> None:
    run = experiments.run("light-devices", "tiny", ABOUT.scales["tiny"], 1, tmp_path)
    assert len(run.tables["latency"]) == 3
    assert (run.tables["latency"]["median_ms"] > 0).all()
    network = run.tables["networks"].iloc[0]
    assert network["largest_difference"] < 1e-3
    assert network["int8_mib"] < network["float32_mib"]
    export = run.tables["agreement"].set_index("pair").loc[light_devices.PAIRS["export"]]
    assert export["same_answers"] == 1
    chapter = LightDevices(run, Numbers({"run": provenance(run), **light_devices.statistics(run)}))
    assert "<table" in chapter.figure().html
    assert "<table" in chapter.accuracy_table().html
    for say in SENTENCES:
        assert "nan" not in getattr(chapter, f"{say}_sentence")().data


def test_wrong_parameters_are_named_together() -> None:
    with pytest.raises(UsageError) as caught:
        experiments.run("light-devices", "tiny", {"networks": ["resnet18"], "repeats": 0, "runs": 1})
    for name in ("networks", "repeats", "runs"):
        assert name in str(caught.value)
