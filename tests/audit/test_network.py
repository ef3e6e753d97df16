"""Parameter counts against torchvision, MONAI and keras.applications, and the printed counts of Zuo et al. (2021)."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference_values import cases

from dlrrc_core.audit import network, network_backbones
from dlrrc_core.problems import UsageError

# num_params of the weights tables of torchvision, https://pytorch.org/vision/stable/models.html
PUBLISHED = {
    "mobilenet-v2": 3_504_872,
    "shufflenet-v2-x1.0": 2_278_604,
    "efficientnet-b0": 5_288_548,
    "resnet34": 21_797_672,
    "resnet50": 25_557_032,
    "resnet101": 44_549_160,
    "vgg16": 138_357_544,
    "densenet121": 7_978_856,
    "inception-v3-side": 27_161_264,
    "alexnet": 61_100_840,
}
# Zuo et al. (2021), Front Oncol 11:746750, Table 1: total and trainable parameters as printed
ZUO_BOTH = {
    "ShuffleNet": (1_272_859, 1_256_679, ("shufflenet-v2-x1.0", "one-layer", 3)),
    "EfficientNet": (4_053_414, 4_011_391, ("efficientnet-b0-keras", "one-layer", 3)),
    "ResNet-34": (21_829_058, 21_812_034, ("resnet34", "hidden-1024", 2)),
    "ResNet-50": (25_662_403, 25_609_283, ("resnet50", "hidden-1024", 3)),
    "ResNet-101": (44_706_755, 44_601_411, ("resnet101", "hidden-1024", 3)),
}


def named(found: network.Explanation) -> tuple[str, str, int]:
    return found.network.backbone, found.network.head, found.network.classes


@pytest.mark.parametrize("case", cases("parameter-counts.json"))
def test_counts_of_other_packages(case: dict[str, Any]) -> None:
    # integers, no tolerance; made by validation/parameter_counts.py with torch 2.13, torchvision 0.28, keras 3.15, MONAI 1.6
    found = network.count(case["backbone"], case["classes"], case["head"], case["size"])
    ours = {
        "trainable": found.trainable,
        "total": found.total,
        "multiplications": found.macs,
        "outputs": found.stored,
    }
    expected = {name: value for name, value in case["expected"].items() if name in ours}
    assert {name: ours[name] for name in expected} == expected
    if "published" in case:
        published = case["published"]
        assert found.trainable == published["num_params"]
        side = (*found.size[:-2], published["side"], published["side"])
        macs = network.count(case["backbone"], case["classes"], case["head"], side).macs
        # printed with three decimals; worst difference seen 0.10 % (Inception-v3)
        assert macs / 1e9 == pytest.approx(published["gmacs"], rel=0.002)


@pytest.mark.parametrize(("backbone", "number"), PUBLISHED.items())
def test_counts_of_the_documentation(backbone: str, number: int) -> None:
    assert network.count(backbone).trainable == number


@pytest.mark.parametrize(("total", "trainable", "expected"), ZUO_BOTH.values(), ids=ZUO_BOTH)
def test_zuo_both_counts_have_one_network(total: int, trainable: int, expected: tuple[str, str, int]) -> None:
    found = network.explain(total, trainable)
    both = [e for e in found if e.total and e.trainable]
    assert [named(e) for e in both] == [expected]
    assert found[0] == both[0]


def test_zuo_mobilenet_needs_two_networks() -> None:
    # 1280 x 3 + 3 and 1280 x 2 + 2 parameters behind the same backbone
    found = network.explain(2_261_827, 2_226_434)
    assert not any(e.total and e.trainable for e in found)
    assert {(named(e), e.total) for e in found} == {
        (("mobilenet-v2", "one-layer", 3), True),
        (("mobilenet-v2", "one-layer", 2), False),
    }


def test_first_explanation_takes_less_than_two_seconds() -> None:
    network_backbones.body.cache_clear()
    network._body_sum.cache_clear()
    begin = time.process_time()
    network.explain(25_662_403, 25_609_283)
    assert time.process_time() - begin < 2  # seen: 0.1


def test_frozen_backbone() -> None:
    net = network.count("resnet50", 2, "one-layer")
    found = network.explain(net.total, 2048 * 2 + 2, backbones=["resnet50"])
    assert [(named(e), e.frozen) for e in found if e.trainable] == [(("resnet50", "one-layer", 2), True)]


@given(
    backbone=st.sampled_from(sorted(set(network.BACKBONES) - {"unet", "unet-norm"})),
    head=st.sampled_from(["one-layer", "hidden-256", "five-narrowing"]),
    classes=st.integers(1, 20),
    keras=st.booleans(),
)
def test_explain_finds_what_count_made(backbone: str, head: str, classes: int, keras: bool) -> None:
    made = network.count(backbone, classes, head)
    found = network.explain(made.total if keras else made.trainable, made.trainable, [backbone], [head])
    assert made in [e.network for e in found if e.total and e.trainable]


@given(st.sampled_from(sorted(network.BACKBONES)), st.integers(1, 3))
def test_parameters_do_not_depend_on_the_image_size(backbone: str, times: int) -> None:
    plan = network.BACKBONES[backbone]
    larger = tuple(32 * times * n // 16 if n < 32 else n * times for n in plan.size)
    a, b = network.count(backbone), network.count(backbone, size=larger)
    assert (a.trainable, a.moving) == (b.trainable, b.moving)
    assert a.windowed <= a.macs <= b.macs


def test_layers_add_up() -> None:
    net = network.count("densenet121", 4, "hidden-512")
    passed = network.layers("densenet121", 4, "hidden-512")
    assert net.trainable == sum(layer.weights for layer in passed)
    assert net.head_weights == 1024 * 512 + 512 + 512 * 4 + 4


def test_original_alone_is_searched() -> None:
    net = network.count("resnet18", 5)
    assert network.explain(net.trainable, heads=["original"], backbones=["resnet18"])[0].network == net


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: network.count("resnet5"), "unknown backbone 'resnet5'"),
        (lambda: network.count("resnet50", 0), "classes is 0; allowed"),
        (lambda: network.count("resnet50", True), "classes is True; allowed"),
        (lambda: network.count("resnet50", 2, "none of it"), "unknown head"),
        (lambda: network.count("resnet50", 2, size=(224,)), "2 whole numbers"),
        (lambda: network.count("resnet50", 2, size=(0, 224)), "2 whole numbers"),
        (lambda: network.count("alexnet", 2, size=(4, 4)), "allowed: a larger image"),
        (lambda: network.count("resnet50", 2, channels=0), "channels is 0"),
        (lambda: network.count("unet", 2, "one-layer"), "allowed for unet: original, none"),
        (lambda: network.explain(), "neither a total"),
        (lambda: network.explain(0), "total is 0"),
        (lambda: network.explain(1.5), "total is 1.5"),
        (lambda: network.explain(5, backbones=["x"]), "unknown backbone"),
        (lambda: network.explain(5, heads=["x"]), "unknown head"),
    ],
)
def test_bad_input(call: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        call()
