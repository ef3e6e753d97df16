"""Networks of the baseline against torchvision, MONAI, the counts of the audit, and the printed numbers of Zuo et al. (2021)."""

from __future__ import annotations

import hashlib
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from reference_values import FOLDER
from torch import nn

from dlrrc_core.audit import network
from dlrrc_core.baseline import networks
from dlrrc_core.baseline.networks import measures, printed
from dlrrc_core.problems import UsageError

ROOT = Path(__file__).parents[2]
FLAT = [name for name in networks.NETWORKS if name != "resnet18_3d"]
SMALL = ["mobilenetv2", "shufflenetv2", "efficientnet_b0", "resnet18"]
# num_params with 1000 classes, https://pytorch.org/vision/stable/models.html
PUBLISHED = {
    "mobilenetv2": 3_504_872,
    "shufflenetv2": 2_278_604,
    "efficientnet_b0": 5_288_548,
    "resnet18": 11_689_512,
    "resnet34": 21_797_672,
    "resnet50": 25_557_032,
    "resnet101": 44_549_160,
}
# torchvision 0.28.0 with torch 2.13.0+cpu, one thread: torch.manual_seed(7), the network with num_classes=5 and no weights; SHA-256 of
# the lines "key shape" of its state dict; answers for the second of four 64 x 64 waves in training mode after torch.manual_seed(3)
# (dropout and stochastic depth included), then for one wave in evaluation mode
TORCHVISION = {
    "mobilenetv2": (
        "dffccfeeea47d24eaa660dc2318eb0d435f862c5c4d2ad39ec0af939efa31361",
        [0.320957631, -0.127273321, -0.357919991, 0.289919019, 0.175065994],
        [0.0140483258, -0.0174446013, -0.00252586603, 0.0121269198, -0.0449292548],
    ),
    "shufflenetv2": (
        "21cf9a8ba72fb65ad3136360dbc487dfc95c20d9da2aa52ae49b67e255b0b0b2",
        [-0.0581097715, -0.213672787, -0.381190896, -0.354612857, -0.189028397],
        [0.00856795162, 0.0221966058, -0.0282457303, -0.0313542858, -0.00606220774],
    ),
    "efficientnet_b0": (
        "8a3f1ebf973c175f43fb1a0a477054f04c92a57ddd94187a0d8f081471f6420c",
        [-2.36780357, -3.11252356, 4.00733662, -6.19016027, -5.39893961],
        [-0.0491146334, 0.0867913514, 0.00642485172, 0.0242444053, -0.0208061822],
    ),
    "resnet18": (
        "01ca11a245e56ac47e1f9e7d5b2bd00f8433fb705c0240940afc06b7e4fdb417",
        [0.904324293, 0.28045702, 0.0193737037, 0.225616381, -0.433663845],
        [0.271243006, 0.547712624, 0.0475237556, 0.0809570998, -0.298222631],
    ),
    "resnet34": (
        "36a2fc63c33668d434aaea259b7ecaeefa7c358ce03455342bd7c1b27c1ffa61",
        [0.0233627632, -0.325402528, 0.332259744, -0.0887769982, 0.0458905585],
        [-1.07079768, -0.218264669, 1.94560444, -0.912246168, -1.17637312],
    ),
    "resnet50": (
        "b9d7d8175ed7d61dd03541bce54ad786f4d2399228a4c1bfb3e3abf9ed574be2",
        [0.438521713, -0.190417007, -0.688655436, -0.129358843, 0.0109630721],
        [0.0692186728, -0.025486771, -0.0943055153, -0.018509008, 0.0406904928],
    ),
    "resnet101": (
        "5e236729d13716d4bc92461616dc212ffffc9c17a79584d19e7f21f6e8907bd7",
        [0.557723105, -0.278488427, 0.149356276, 0.663978398, 0.54794693],
        [0.139239609, 0.0184160732, 0.0200605653, 0.0533881113, -0.0361394137],
    ),
}
# MONAI 1.6.1, nets.resnet18(spatial_dims=3, n_input_channels=3, num_classes=5, conv1_t_size=7, conv1_t_stride=2, shortcut_type="B",
# bias_downsample=False), parameters as in waved(); layout, answers for one volume and for the second of four while training
MONAI = (
    "b4bf49ca284710f9b6acad65dcfa5442e7abe1c56dbfa9a31cec6e6298f7db18",
    [0.18185016512870789, -0.5427447557449341, 0.5886512994766235, -0.756371259689331, 1.0401029586791992],
    [15.755784034729004, -16.0850830078125, 15.974907875061035, -15.86330795288086, 15.746720314025879],
)


def wave(*shape: int) -> torch.Tensor:
    number = torch.Size(shape).numel()
    return torch.sin(torch.arange(number, dtype=torch.float64) * 0.37).reshape(shape).float()


def waved(model: nn.Module) -> None:
    """Give every parameter values that any program can make again."""
    for number, (key, value) in enumerate(model.named_parameters()):
        drawn = torch.sin(torch.arange(value.numel(), dtype=torch.float64) * 0.73 + number).reshape(value.shape)
        scaled = 1 + 0.1 * drawn if key.endswith("weight") else 0.1 * drawn
        value.data.copy_(drawn * (2 / value[0].numel()) ** 0.5 if value.ndim > 1 else scaled)


def layout(model: nn.Module) -> str:
    lines = "\n".join(f"{key} {tuple(value.shape)}" for key, value in model.state_dict().items())
    return hashlib.sha256(lines.encode()).hexdigest()


def answered(model: nn.Module, images: torch.Tensor) -> torch.Tensor:
    with torch.no_grad(), measures.evaluating(model):
        return model(images)


@pytest.mark.parametrize("name", FLAT)
def test_layout_and_weights_are_those_of_torchvision(name: str) -> None:
    expected, training, after = TORCHVISION[name]
    model = networks.build(name, 5, seed=7)
    assert layout(model) == expected
    torch.manual_seed(3)
    with torch.no_grad():
        found = model(wave(4, 3, 64, 64))[1]
    # worst difference seen 0 on the machine of the reference; normal numbers may differ in the last bits between processors
    assert found.tolist() == pytest.approx(training, rel=2e-3, abs=2e-3)
    assert answered(model, wave(1, 3, 64, 64))[0].tolist() == pytest.approx(after, rel=2e-3, abs=2e-4)


def test_volumes_are_those_of_monai() -> None:
    expected, evaluation, training = MONAI
    model = networks.build("resnet18_3d", 5)
    assert layout(model) == expected
    waved(model)
    # worst difference seen 0
    assert answered(model, wave(1, 3, 32, 32, 32))[0].tolist() == pytest.approx(evaluation, abs=1e-4)
    with torch.no_grad():
        assert model(wave(4, 3, 32, 32, 32))[1].tolist() == pytest.approx(training, rel=1e-4)


@pytest.mark.parametrize(("name", "number"), PUBLISHED.items())
def test_published_counts(name: str, number: int) -> None:
    assert networks.parameters(networks.build(name, 1000)).trainable == number


@pytest.mark.parametrize("name", networks.NETWORKS)
@pytest.mark.parametrize(("classes", "channels", "head"), [(2, 3, "plain"), (3, 1, "hidden")])
def test_counts_and_operations_of_the_audit(name: str, classes: int, channels: int, head: str) -> None:
    # integers, no tolerance; the audit adds up formulas layer by layer and builds nothing
    with torch.device("meta"):
        model = networks.build(name, classes, channels, head)
    size = (40, 64) if model.axes == 2 else (24, 32, 40)
    before = {"plain": "one-layer", "hidden": "hidden-1024"}[head]
    expected = network.count(networks.CATALOGUE[name], classes, before, size, channels)
    assert networks.parameters(model) == (expected.trainable, expected.total)
    assert networks.flops(model, (2, channels, *size)) == 2 * 2 * expected.macs


@pytest.mark.parametrize("name", networks.NETWORKS)
def test_counts_of_other_packages(name: str) -> None:
    # tests/reference/parameter-counts.json: torchvision 0.28.0, MONAI 1.6.1, keras 3.15.1; integers, no tolerance
    cases = json.loads((FOLDER / "parameter-counts.json").read_text(encoding="utf-8"))["cases"]
    backbone = networks.CATALOGUE[name]
    heads = {"original": "plain", "hidden-1024": "hidden"}
    mine = [case for case in cases if case["backbone"] == backbone and case["head"] in heads]
    assert mine
    for case in mine:
        with torch.device("meta"):
            model = networks.build(name, case["classes"], head=heads[case["head"]])
        counted = networks.parameters(model)
        assert (counted.trainable, counted.total) == (case["expected"]["trainable"], case["expected"]["total"])


# Zuo et al. (2021), Front Oncol 11:746750, Table 1 (converted text): total, trainable
TABLE_1 = {
    "MobileNetV2": (2_261_827, 2_226_434),
    "ShuffleNet": (1_272_859, 1_256_679),
    "EfficientNet": (4_053_414, 4_011_391),
    "ResNet-34": (21_829_058, 21_812_034),
    "ResNet-50": (25_662_403, 25_609_283),
    "ResNet-101": (44_706_755, 44_601_411),
}
# head and classes that give the total, and those that give the trainable count; only MobileNetV2 needs two networks
NEEDED = {
    "MobileNetV2": (("plain", 3), ("plain", 2)),
    "ShuffleNet": (("plain", 3), ("plain", 3)),
    "EfficientNet": (("plain", 3), ("plain", 3)),
    "ResNet-34": (("hidden", 2), ("hidden", 2)),
    "ResNet-50": (("hidden", 3), ("hidden", 3)),
    "ResNet-101": (("hidden", 3), ("hidden", 3)),
}


def test_table_1_is_read_from_the_record() -> None:
    assert {pair.model: (pair.total, pair.trainable) for pair in printed.printed(ROOT)} == TABLE_1


@pytest.mark.parametrize("model", TABLE_1)
def test_every_printed_number_comes_from_a_built_network(model: str) -> None:
    pair = next(each for each in printed.printed(ROOT) if each.model == model)
    found = {each.number: (each.head, each.classes) for each in printed.origins(pair)}
    assert len(printed.origins(pair)) == 2  # nothing else among both heads and 1 to 20 classes
    assert (found["total"], found["trainable"]) == NEEDED[model]
    for number, (head, classes) in found.items():
        built = networks.parameters(networks.build(pair.network, classes, head=head))
        keras = 7 if model == "EfficientNet" and number == "total" else 0  # its layer Normalization
        assert getattr(built, number) + keras == TABLE_1[model][number == "trainable"]


def test_a_number_that_no_network_has() -> None:
    assert printed.origins(printed.Printed("x", "resnet18", 5, 6)) == ()


def test_shapes_of_table_3() -> None:
    # Zuo et al. (2021), Table 3 (converted text), MobileNetV2 at 256 x 256 with 2 classes; Table 1 needs 3 classes for its total
    rows = printed.layers(ROOT)
    assert len(rows) == 23
    model = networks.build("mobilenetv2", 2)
    found = networks.shapes(model, 256)
    names = [*(f"features.{k}" for k in range(19)), "avgpool", "classifier.0", "classifier.1"]
    assert rows[0].output == (256, 256, model.channels)
    for row, name in zip(rows[1:], names, strict=True):
        channels, *sides = found[name]
        assert (*(side for side in sides if side > 1), channels) == row.output, row.layer
    sides = [256, *(found[name][1] for name in names[:19])]
    strides = [before // after for before, after in pairwise(sides)]
    assert strides == [row.stride for row in rows[1:20]]
    assert model.classifier[0].p == 0.2  # row 22


def test_shapes_of_sandler() -> None:
    # Sandler et al. (2018), CVPR, Table 2, at 224 x 224: input of each stage as side^2 x channels
    table = [(112, 32), (112, 16), (56, 24), (28, 32), (14, 64), (14, 96), (7, 160), (7, 320), (7, 1280)]
    found = networks.shapes(networks.build("mobilenetv2", 1000), (224, 224))
    last = [0, 1, 3, 6, 10, 13, 16, 17, 18]
    assert [found[f"features.{k}"] for k in last] == [(channels, side, side) for side, channels in table]


@pytest.mark.parametrize("name", networks.NETWORKS)
def test_last_map_is_what_is_pooled(name: str) -> None:
    model = networks.build(name, head="hidden", channels=1)
    found = networks.shapes(model, 64)
    assert found[model.last_map][1:] == (2,) * model.axes
    assert found["avgpool"] == (found[model.last_map][0], *(1,) * model.axes)
    assert isinstance(model.get_submodule(model.first_name), nn.Conv2d | nn.Conv3d)
    assert model.training
    assert all(part._forward_hooks == {} for part in model.modules())


def test_seed_leaves_other_random_numbers_alone() -> None:
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    one, two = (networks.build("shufflenetv2", seed=5) for _ in range(2))
    assert torch.equal(torch.rand(3), expected)
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), two.parameters(), strict=True))
    other = networks.build("shufflenetv2", seed=6)
    assert not torch.equal(one.conv1[0].weight, other.conv1[0].weight)


@pytest.mark.parametrize("name", SMALL)
def test_recipe_makes_it_again(name: str) -> None:
    model = networks.build(name, 4, 1, "hidden", seed=2)
    assert layout(networks.build(**model.recipe)) == layout(model)


def test_stochastic_depth_leaves_out_its_share_and_keeps_the_mean() -> None:
    from dlrrc_core.baseline.networks.efficientnet import StochasticDepth

    layer = StochasticDepth(0.2)
    torch.manual_seed(0)
    found = layer(torch.ones(20_000, 2, 1, 1))[:, 0, 0, 0]
    # binomial: standard error of the share 0.003, four of them
    assert (found == 0).double().mean().item() == pytest.approx(0.2, abs=0.012)
    assert set(found.unique().tolist()) == {0.0, 1.25}
    assert torch.equal(layer.eval()(torch.ones(3, 1, 1, 1)), torch.ones(3, 1, 1, 1))
    net = networks.build("efficientnet_b0")
    depths = [part.probability for part in net.modules() if isinstance(part, StochasticDepth)]
    assert depths == pytest.approx(
        [0.2 * k / 16 for k in range(16)]
    )  # torchvision: stochastic_depth_prob 0.2, 16 blocks


@settings(deadline=None, max_examples=8)
@given(st.integers(1, 4), st.sampled_from(["mobilenetv2", "shufflenetv2"]))
def test_images_do_not_influence_each_other(number: int, name: str) -> None:
    model = networks.build(name, seed=1)
    waved(model)
    images = wave(number, 3, 32, 32)
    together = answered(model, images)
    alone = torch.cat([answered(model, images[k : k + 1]) for k in range(number)])
    assert torch.allclose(together, alone, rtol=1e-4, atol=1e-5)


class TestWeights:
    def saved(self, folder: Path, name: str, **changed: Any) -> tuple[Path, networks.Network]:
        model = networks.build(name, **({"classes": 10, "seed": 3} | changed))
        torch.save(model.state_dict(), folder / "weights.pth")
        return folder / "weights.pth", model

    def test_same_network(self, tmp_path: Path) -> None:
        path, stored = self.saved(tmp_path, "resnet18")
        model = networks.build("resnet18", 10, seed=4)
        assert networks.load_weights(model, path) == ()
        assert torch.equal(answered(model, wave(2, 3, 32, 32)), answered(stored, wave(2, 3, 32, 32)))

    @pytest.mark.parametrize("name", SMALL)
    @pytest.mark.parametrize("head", networks.HEADS)
    def test_other_classes_keep_the_new_classifier(self, tmp_path: Path, name: str, head: str) -> None:
        path, stored = self.saved(tmp_path, name)
        model = networks.build(name, 2, head=head, seed=4)
        before = {key: value.clone() for key, value in model.state_dict().items()}
        left = networks.load_weights(model, path)
        assert left
        assert all(key.startswith(f"{model.classifier_name}.") for key in left)
        given = stored.state_dict()
        for key, value in model.state_dict().items():
            assert torch.equal(value, before[key] if key in left else given[key])

    @pytest.mark.parametrize("name", SMALL)
    @pytest.mark.parametrize("channels", [1, 5])
    def test_grey_image_has_the_answers_of_three_channels(self, tmp_path: Path, name: str, channels: int) -> None:
        path, stored = self.saved(tmp_path, name)
        model = networks.build(name, 10, channels)
        assert networks.load_weights(model, path) == ()
        for each in (stored, model):
            each.train()
            torch.manual_seed(0)
            with torch.no_grad():
                each(wave(4, 1, 32, 32).expand(-1, each.channels, -1, -1))  # so that the answers are not all zero
        grey = wave(2, 1, 48, 48)
        a, b = (answered(each, grey.expand(-1, each.channels, -1, -1)) for each in (stored, model))
        assert a.abs().max() > 1e-3
        assert torch.allclose(a, b, rtol=1e-3, atol=1e-4)  # worst difference seen 3e-6

    def test_files_without_counters(self, tmp_path: Path) -> None:
        path, stored = self.saved(tmp_path, "resnet18")
        torch.save({k: v for k, v in stored.state_dict().items() if "num_batches" not in k}, path)
        assert networks.load_weights(networks.build("resnet18", 10), path) == ()

    def test_another_network(self, tmp_path: Path) -> None:
        path, _ = self.saved(tmp_path, "resnet18")
        model = networks.build("resnet34")
        before = {key: value.clone() for key, value in model.state_dict().items()}
        with pytest.raises(UsageError, match=r"weights of resnet34: 80 missing: layer1.2.bn1.bias, .* and 72 more"):
            networks.load_weights(model, path)
        assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
        with pytest.raises(UsageError) as failure:
            networks.load_weights(networks.build("resnet50"), path)
        for what in ("missing: layer1.0.bn3.bias", "of another shape: layer1.0.conv1.weight (64, 64, 3, 3) instead of"):
            assert what in str(failure.value)
        with pytest.raises(UsageError, match=r"unexpected: bn1\.bias"):
            networks.load_weights(networks.build("mobilenetv2"), path)

    @pytest.mark.parametrize("content", [b"", b"no weights", b"PK\x03\x04 cut off"])
    def test_broken_file(self, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "weights.pth").write_bytes(content)
        with pytest.raises(UsageError, match=r"weights\.pth cannot be read as weights"):
            networks.load_weights(networks.build("resnet18"), tmp_path / "weights.pth")

    def test_no_file_and_no_weights(self, tmp_path: Path) -> None:
        model = networks.build("shufflenetv2")
        with pytest.raises(UsageError, match="there is no file"):
            networks.load_weights(model, tmp_path / "none.pth")
        torch.save([1, 2], tmp_path / "list.pth")
        with pytest.raises(UsageError, match="holds list and no state dict"):
            networks.load_weights(model, tmp_path / "list.pth")

    def test_code_in_a_file_does_not_run(self, tmp_path: Path) -> None:
        torch.save({"a": Path("x")}, tmp_path / "code.pth")
        with pytest.raises(UsageError, match="cannot be read as weights"):
            networks.load_weights(networks.build("shufflenetv2"), tmp_path / "code.pth")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("resnet5",), "unknown network 'resnet5'; allowed: mobilenetv2, .* did you mean 'resnet50'"),
        (("resnet18", 0), "classes is 0; allowed: a whole number from 1"),
        (("resnet18", True), "classes is True"),
        (("resnet18", 2, 0), "channels is 0; allowed"),
        (("resnet18", 2, 3, "wide"), "unknown head 'wide'; allowed: plain, hidden"),
        (("resnet5", 2.5, "3", "wide"), "unknown network .* unknown head .* classes is 2.5.* channels is '3'"),
    ],
)
def test_wrong_arguments(arguments: tuple[Any, ...], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        networks.build(*arguments)


@pytest.mark.parametrize(
    ("name", "images", "message"),
    [
        ("resnet18", torch.zeros(2, 1, 32, 32), r"shape \(2, 1, 32, 32\); allowed: \(images, 3, height, width\)"),
        ("resnet18", torch.zeros(3, 32, 32), r"shape \(3, 32, 32\)"),
        ("resnet18_3d", torch.zeros(2, 3, 32, 32), "depth, height, width"),
        ("resnet18", torch.zeros(2, 3, 32, 32, dtype=torch.uint8), "type torch.uint8; allowed: floating point"),
        ("mobilenetv2", torch.zeros(2, 3, 32, 15), "images of 32 x 15; allowed: 16 along each axis"),
        ("resnet18_3d", torch.zeros(2, 3, 7, 32, 32), "images of 7 x 32 x 32; allowed: 8 along each axis"),
        ("shufflenetv2", torch.zeros(1, 3, 32, 32), "one image of 32 x 32 while training"),
    ],
)
def test_wrong_images(name: str, images: torch.Tensor, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        networks.build(name)(images)


@pytest.mark.parametrize("name", networks.NETWORKS)
def test_smallest_images_are_taken(name: str) -> None:
    model = networks.build(name)
    side = 16 if model.axes == 2 else 8
    assert answered(model, wave(1, 3, *(side,) * model.axes)).shape == (1, 2)
    assert torch.isfinite(model(wave(2, 3, *(side,) * model.axes))).all()
