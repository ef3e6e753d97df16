"""Training times and memory against measurements that others made, and the table of cards."""

from __future__ import annotations

import json
import shutil
from math import inf
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference_values import FOLDER as REFERENCE
from reference_values import cases

from dlrrc_core.audit import compute, hardware
from dlrrc_core.audit.network import count
from dlrrc_core.problems import DataError, UsageError

TIMES = json.loads((REFERENCE / "training-times.json").read_text(encoding="utf-8"))["cases"]
SAVED = [case for case in cases("parameter-counts.json") if "saved_bytes" in case.values[0]["expected"]]
CARDS = sorted(hardware.cards().values(), key=lambda card: card.name)


def card(text: str) -> hardware.Card:
    found = hardware.find_card(text)
    assert found is not None
    return found


@pytest.mark.parametrize("case", TIMES, ids=lambda case: case["name"])
@pytest.mark.parametrize("precision", ["fp32", "mixed"])
@pytest.mark.parametrize("backbone", ["vgg16", "resnet152"])
def test_measured_times_are_plausible_and_expected(case: dict[str, Any], precision: str, backbone: str) -> None:
    # 48 measured times of github.com/u39kun/deep-learning-benchmark, batch of 16; the nominal share of the peak was 0.05
    # to 1.32 (VGG16 with fast algorithms), so all lie inside the ranges
    hours = case[backbone][precision] / 1000 / 3600
    net = count(backbone)
    found = compute.check_time(net, 16, 1, hours, card(case["card"]), precision=precision)
    assert found.verdict == "plausible"
    assert found.low <= hours <= found.high


@pytest.mark.parametrize("case", SAVED)
def test_memory_range_holds_what_pytorch_keeps(case: dict[str, Any]) -> None:
    # torch.autograd.graph.saved_tensors_hooks; kept bytes were 1.32 to 4.73 times the least and 0.31 to 0.57 of the most
    net = count(case["backbone"], case["classes"], case["head"], case["size"])
    found = compute.check_memory(net, 1, card("A100 80 GB"), precision="fp32", optimiser="sgd")
    step = next(step for step in found.steps if step.name == "passed on between layers")
    assert step.low <= case["expected"]["saved_bytes"] / 2**30 <= step.high


@pytest.mark.parametrize(
    ("text", "name"),
    [
        # as in data/papers/*/paper.yaml
        ("NVIDIA GeForce RTX 2080Ti (11 GB)", "GeForce RTX 2080 Ti"),
        ("two NVIDIA V100", "Tesla V100 32 GB"),  # the memory is not printed: the larger one
        ("NVIDIA Tesla V100 32 GB", "Tesla V100 32 GB"),
        ("Tesla V100-SXM2-16GB", "Tesla V100 16 GB"),
        ("single RTX 3090", "GeForce RTX 3090"),
        ("NVIDIA A100 40GB (2 for FullRes)", "A100 40 GB"),
        ("80GB NVIDIA A100", "A100 80 GB"),
        ("Tesla T4 (16GB)", "Tesla T4"),
        ("Quadro P6000 (acknowledgement only)", "Quadro P6000"),
        ("2 NVIDIA A40 GPUs", "A40"),
        ("Nvidia RTX A6000", "RTX A6000"),
        ("NVIDIA Quadro RTX 6000", "Quadro RTX 6000"),
        ("four Tesla P40 24GB (all but the L variant)", "Tesla P40"),
        ("GTX 1080Ti", "GeForce GTX 1080 Ti"),
        ("GeForce RTX3090", "GeForce RTX 3090"),
        ("GTX 1080", "GeForce GTX 1080"),
        ("NVIDIA GPUs, type not given", None),
        ("", None),
    ],
)
def test_names_of_cards(text: str, name: str | None) -> None:
    found = hardware.find_card(text)
    assert (found.name if found else None) == name


def test_peak_by_precision() -> None:
    # NVIDIA A100 datasheet: 19.5, TF32 156, FP16 312 TFLOP/s; GTX 1080 Ti has no matrix units, its half precision no source
    assert card("A100").peak("fp32") == pytest.approx((19.5e12, 156e12), rel=1e-3)
    assert card("A100").peak("mixed") == pytest.approx((19.5e12, 312e12), rel=1e-3)
    assert card("1080 Ti").peak("fp32") == pytest.approx((11.34e12, 11.34e12))
    assert card("1080 Ti").peak(None)[1] == inf
    with pytest.raises(UsageError, match="unknown precision 'fp8'"):
        card("A100").peak("fp8")


def test_both_ways_agree() -> None:
    net, gpu = count("resnet50", size=(200, 200)), card("V100")
    expected = compute.expected_time(net, 1000, 500, gpu, number=2)
    for hours in (expected.low * 1.01, expected.high * 0.99):
        assert compute.check_time(net, 1000, 500, hours, gpu, number=2).verdict == "plausible"
    assert compute.check_time(net, 1000, 500, expected.low / 1.5, gpu, number=2).verdict == "too fast for the card"
    assert compute.check_time(net, 1000, 500, expected.high * 1.5, gpu, number=2).verdict == "slower than expected"


def test_work_is_the_product_of_its_steps() -> None:
    # VGG16 at 224: 15.47 G multiplications (https://pytorch.org/vision/stable/models.html: 15.47 GFLOPS)
    steps = {s.name: s for s in compute.expected_time(count("vgg16"), 100, 10, card("2080 Ti")).steps}
    assert steps["forward pass of one image"].high == pytest.approx(2 * 15.47, rel=1e-3)
    assert steps["work"].high == pytest.approx(2 * 15.47 * 3.5, rel=1e-3)  # 1000 images: G becomes T
    assert steps["forward pass of one image"].low > 2 * 15.47 / 4
    assert all(step.assumption and step.low <= step.high for step in steps.values())


def test_unknown_matrix_units_give_no_verdict() -> None:
    net, gpu = count("resnet50"), card("RTX 3090")  # the table has no source for its matrix units
    hours = 6 * net.macs * 1000 / (200e12 * 3600)
    assert compute.check_time(net, 1000, 1, hours, gpu, precision="mixed").verdict == "unknown"


@pytest.mark.parametrize(
    ("given_", "named"),
    [
        ({"images": None}, "images"),
        ({"epochs": None}, "epochs"),
        ({"hours": None}, "time"),
        ({"card": None, "hours": None}, "time, card"),
    ],
)
def test_what_is_not_printed_is_named(given_: dict[str, Any], named: str) -> None:
    full: dict[str, Any] = {"images": 10, "epochs": 1, "hours": 1.0, "card": card("T4")} | given_
    found = compute.check_time(count("resnet18"), **full)
    assert (found.verdict, found.message) == ("unknown", f"not known: {named}; nothing can be compared")


def test_zuo_fits_its_card() -> None:
    # Zuo et al. (2021): MobileNetV2, 256 x 256, batch 24, Adam, RTX 2080Ti with 11 GB, "less than 10 GB while training"
    net = count("mobilenet-v2", 2, "one-layer", (256, 256))
    found = compute.check_memory(net, 24, card("RTX 2080Ti (11 GB)"), optimiser="Adam")
    assert found.verdict == "plausible"
    assert found.high < 10


def test_batch_that_does_not_fit() -> None:
    net = count("resnet50", size=(1024, 1024))
    found = compute.check_memory(net, 256, card("1080 Ti"))
    assert found.verdict == "does not fit memory"
    assert "unless parts were recomputed" in found.message
    assert compute.check_memory(net, 256, card("1080 Ti"), number=256).verdict == "plausible"
    assert compute.check_memory(net, 256, card("1080 Ti"), trained="head").verdict == "plausible"
    assert compute.check_memory(net, None, card("1080 Ti")).verdict == "unknown"


def test_optimiser_states() -> None:
    # Adam keeps two further copies of 25557032 parameters in 4 bytes, gradients one, and ResNet-50 has 53120 statistics
    found = compute.check_memory(count("resnet50"), 1, card("T4"), optimiser="adam")
    assert found.steps[0].low == found.steps[0].high == (4 * 25_557_032 + 53_120) * 4 / 2**30


@given(
    gpu=st.sampled_from(CARDS),
    images=st.integers(1, 10**7),
    epochs=st.integers(1, 1000),
    number=st.integers(1, 8),
    precision=st.sampled_from([None, "fp32", "mixed"]),
    trained=st.sampled_from(["all", "head"]),
)
def test_ranges_are_ordered_and_scale(
    gpu: hardware.Card, images: int, epochs: int, number: int, precision: str | None, trained: str
) -> None:
    net = count("resnet18", 2)
    one = compute.expected_time(net, images, epochs, gpu, number, precision, trained)
    two = compute.expected_time(net, 2 * images, epochs, gpu, number, precision, trained)
    assert 0 <= one.low <= one.high < inf
    assert two.high == pytest.approx(2 * one.high)
    assert two.low == pytest.approx(2 * one.low)
    memory = compute.check_memory(net, images, gpu, number, None, precision, trained)
    assert 0 < memory.low <= memory.high


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda net, gpu: compute.expected_time(net, 0, 1, gpu), "images is 0; allowed"),
        (lambda net, gpu: compute.expected_time(net, (5, 4), 1, gpu), "images is"),
        (lambda net, gpu: compute.expected_time(net, 5, inf, gpu), "epochs is inf"),
        (lambda net, gpu: compute.expected_time(net, 5, 1, gpu, 0), "number of cards is 0"),
        (lambda net, gpu: compute.expected_time(net, 5, 1, gpu, trained="none"), "unknown part that is trained"),
        (lambda net, gpu: compute.check_time(net, 5, 1, -1.0, gpu), "hours is -1.0"),
        (lambda net, gpu: compute.check_memory(net, 0, gpu), "batch is 0"),
        (lambda net, gpu: compute.check_memory(net, 1, gpu, optimiser="x"), "unknown optimiser"),
        (lambda net, gpu: compute.check_memory(net, 1, gpu, precision="x"), "unknown precision"),
    ],
)
def test_bad_input(call: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        call(count("resnet18"), card("T4"))


def test_broken_table(tmp_path: Path) -> None:
    shutil.copy(hardware.FOLDER / hardware.FILE, tmp_path)
    with (tmp_path / hardware.FILE).open("a", encoding="utf-8") as file:
        file.write("X,x,fast,,,,8,,,https://x,2026-11-21,\nY,y,none,,,,8,,,https://x,2026-11-21,\n")
    with pytest.raises(DataError) as caught:
        hardware.cards(tmp_path)
    assert "fast" in str(caught.value)
    assert "Y has no peak speed" in str(caught.value)
    with pytest.raises(DataError, match="cannot be read"):
        hardware.cards(tmp_path / "none")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / hardware.FILE).write_text("a,b\n", encoding="utf-8")
    with pytest.raises(DataError, match="other columns"):
        hardware.cards(tmp_path / "other")
