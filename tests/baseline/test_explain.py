"""Grad-CAM against class activation maps and finite differences; pointing game and mass against counting."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from dlrrc_core.baseline import explain, networks
from dlrrc_core.problems import UsageError


def ready(name: str, **arguments: Any) -> networks.Network:
    """Return a network whose moving statistics fit its input, so that the maps are not all zero."""
    model = networks.build(name, seed=1, **arguments)
    for part in model.modules():
        if isinstance(part, nn.BatchNorm2d | nn.BatchNorm3d):
            part.momentum = 1.0  # one batch sets the statistics
    torch.manual_seed(0)
    with torch.no_grad():
        model(pictures(4, model))
    return model.eval()


def scaled(cam: np.ndarray) -> np.ndarray:
    highest = cam.max(axis=tuple(range(1, cam.ndim)), keepdims=True)
    return np.divide(cam, highest, out=np.zeros_like(cam), where=highest > 0)


def pictures(n: int, model: networks.Network, side: int = 64) -> torch.Tensor:
    sides = (side, side + 16) if model.axes == 2 else (32, 40, 48)
    return torch.randn(n, model.channels, *sides, generator=torch.Generator().manual_seed(n))


def enlarged(raw: np.ndarray, sides: tuple[int, ...]) -> np.ndarray:
    """Enlarge the axes after the first linearly, one after another; half a pixel of the small map stays constant at the edge."""
    for axis, side in enumerate(sides, start=1):
        n = raw.shape[axis]
        at = (np.arange(side) + 0.5) * n / side - 0.5
        raw = np.apply_along_axis(lambda line, at=at, n=n: np.interp(at, np.arange(n), line), axis, raw)
    return raw


@pytest.mark.parametrize("name", ["resnet18", "mobilenetv2", "shufflenetv2", "efficientnet_b0", "resnet18_3d"])
def test_one_dense_layer_gives_the_class_activation_map(name: str) -> None:
    # Zhou et al. (2016), CVPR: weights of the class times the maps; Grad-CAM is its ReLU up to a factor (Selvaraju et al., 2017, section 3.1)
    model = ready(name, classes=3)
    images = pictures(3, model)
    classifier = model.get_submodule(model.classifier_name)
    last = classifier if isinstance(classifier, torch.nn.Linear) else classifier[-1]
    with torch.no_grad():
        maps = model.maps(images).numpy().astype(float)
        weights = last.weight.numpy().astype(float)
    cams = [np.maximum(np.tensordot(maps, weights[number], axes=(1, 0)), 0) for number in range(3)]
    assert sum(cam.any() for cam in cams) >= 2
    for number, cam in enumerate(cams):
        expected = scaled(enlarged(cam, tuple(images.shape[2:])))
        # worst difference seen 1.1e-6
        np.testing.assert_allclose(explain.grad_cam(model, images, number), expected, atol=1e-4)


@pytest.mark.parametrize(("name", "layer"), [("mobilenetv2", "features.3"), ("shufflenetv2", "conv1.1")])
def test_other_layers_against_finite_differences(name: str, layer: str) -> None:
    # the mean derivative by a map is the change of the answer when the whole map rises, divided by its positions
    model = ready(name, head="hidden").double()
    image = pictures(1, model, 32).double()
    part, kept = model.get_submodule(layer), []

    def raised(by: float) -> np.ndarray:
        """Return the answers for class 1 when one map after the other rises everywhere."""

        def rise(_module: Any, _inputs: Any, output: torch.Tensor) -> torch.Tensor:
            kept.append(output[0].numpy().copy())
            return output + by * torch.eye(output.shape[1], dtype=output.dtype)[:, :, None, None]

        handle = part.register_forward_hook(rise)
        with torch.no_grad():
            answers = model(image.expand(part_channels, -1, -1, -1))
        handle.remove()
        return answers[:, 1].numpy()

    part_channels = networks.shapes(model, 32)[layer][0]
    slopes = (raised(1e-6) - raised(-1e-6)) / 2e-6
    raw = np.maximum(np.tensordot(slopes, kept[0], axes=(0, 0)), 0)[None]
    assert raw.any()
    # worst difference seen 3e-8
    found = explain.grad_cam(model, image, 1, layer)
    np.testing.assert_allclose(found, scaled(enlarged(raw, tuple(image.shape[2:]))), atol=1e-4)


def test_nothing_is_left_behind() -> None:
    model = ready("resnet18")
    model.train()
    model.layer1.eval()
    for each in model.fc.parameters():
        each.requires_grad = False
    before = {key: value.clone() for key, value in model.state_dict().items()}
    explain.grad_cam(model, pictures(2, model))
    assert model.training
    assert not model.layer1.training
    assert all(not part._forward_hooks and not part._backward_hooks for part in model.modules())
    assert all(each.grad is None for each in model.parameters())
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
    with pytest.raises(UsageError):
        explain.grad_cam(model, pictures(2, model)[:, :1])
    assert all(not part._forward_hooks for part in model.modules())


def test_answer_is_the_default_and_batches_do_not_matter() -> None:
    model = ready("resnet18", channels=1)
    images = pictures(5, model)
    with torch.no_grad():
        answer = model(images).argmax(1).numpy()
    maps = explain.grad_cam(model, images)
    assert maps.shape == (5, 64, 80)
    assert maps.dtype == np.float32
    assert maps.min() >= 0
    assert maps.max() <= 1
    np.testing.assert_allclose(explain.grad_cam(model, images.numpy(), answer, batch=2), maps, atol=1e-5)
    with torch.no_grad():
        frozen = explain.grad_cam(model.requires_grad_(False), images)
    np.testing.assert_allclose(frozen, maps, atol=1e-6)


def test_map_is_zero_where_nothing_speaks_for_the_class() -> None:
    model = ready("resnet18")
    with torch.no_grad():
        model.fc.weight[1] = -1.0  # maps after ReLU are never below 0
    assert not explain.grad_cam(model, pictures(2, model), 1).any()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"layer": "layer5"}, "unknown layer 'layer5'"),
        ({"layer": "fc"}, "layer 'fc' gives no maps"),
        ({"classes": 2}, "class 2 to 2; allowed: 0 to 1"),
        ({"classes": [0, 1, 0]}, "allowed: one whole number, or 2"),
        ({"classes": 0.5}, "allowed: one whole number"),
    ],
)
def test_wrong_arguments(arguments: dict[str, Any], message: str) -> None:
    model = networks.build("resnet18")
    with pytest.raises(UsageError, match=message):
        explain.grad_cam(model, pictures(2, model), **arguments)


def masks(n: int, seed: int) -> np.ndarray:
    found = np.random.default_rng(seed).random((n, 6, 7)) < 0.3
    found[:, 2, 3] = True
    return found


@settings(max_examples=50)
@given(n=st.integers(1, 6), seed=st.integers(0, 10**6))
def test_pointing_game_by_counting(n: int, seed: int) -> None:
    inside = masks(n, seed)
    heights = np.random.default_rng(seed + 1).integers(0, 5, inside.shape).astype(float)  # with ties
    hits = 0.0
    for height, mask in zip(heights, inside, strict=True):
        points = [(i, j) for i in range(6) for j in range(7) if height[i, j] == height.max()]
        hits += sum(bool(mask[point]) for point in points) / len(points)
    found = explain.pointing_game(heights, inside)
    assert found == pytest.approx({"share": hits / n, "chance": inside.sum() / inside.size, "hits": hits, "n": n})
    expected = [(h * m).sum() / h.sum() for h, m in zip(heights, inside, strict=True)]
    np.testing.assert_allclose(explain.mass_in_mask(heights, inside), expected)


def test_random_points_hit_as_often_as_chance() -> None:
    rng = np.random.default_rng(3)
    inside = np.zeros((4000, 20, 20), dtype=bool)
    inside[:, 3:9, 5:15] = True  # 60 of 400 pixels
    found = explain.pointing_game(rng.random(inside.shape), inside)
    assert found["chance"] == pytest.approx(0.15)
    assert found["share"] == pytest.approx(0.15, abs=0.023)  # four standard errors of 4000 draws
    assert explain.pointing_game(np.zeros_like(inside, dtype=float), inside)["share"] == pytest.approx(0.15)
    np.testing.assert_allclose(explain.mass_in_mask(np.ones(inside.shape), inside), 0.15)


def square(sides: tuple[int, int], rows: slice, columns: slice) -> np.ndarray:
    """Return one mask that is true in a rectangle."""
    found = np.zeros((1, *sides), dtype=bool)
    found[0, rows, columns] = True
    return found


@pytest.mark.parametrize("heights", [(0, 0, 1, 2, 3, 5), (6, 5.9, 5.9, 1, 1, 0), (7, 7, 7, 7, 6, 1), (0,) * 6])
def test_chance_of_a_grid_is_that_of_every_order_of_its_cells(heights: tuple[float, ...]) -> None:
    # all 720 orders of 1 x 6 cells, enlarged by numpy.interp; the closer the heights, the more often a cell at the border wins
    inside = square((4, 24), slice(0, 4), slice(7, 15))
    every = enlarged(np.array(list(permutations(heights)), dtype=float).reshape(-1, 1, 6), (4, 24))
    points = every >= every.max(axis=(1, 2), keepdims=True) - 1e-9
    hits = (points & inside).sum(axis=(1, 2)) / points.sum(axis=(1, 2))
    found = explain.shuffled_hits(np.array(heights).reshape(1, 1, 6), inside, draws=6000)
    # four standard errors of 6000 draws; worst difference seen 0.0024
    assert found == pytest.approx(hits.mean(), abs=4 * hits.std() / np.sqrt(6000) + 1e-9)


def test_chance_where_it_is_known() -> None:
    rng = np.random.default_rng(4)
    # five pixels a cell: the middle of a cell is a pixel, so that the highest point is that of the highest cell
    raw, middle = rng.random((20, 3, 3)), np.repeat(square((15, 15), slice(7, 8), slice(7, 8)), 20, axis=0)
    np.testing.assert_allclose(explain.shuffled_hits(raw, middle, draws=9), 1 / 9)
    # 2 x 2 cells are highest in a corner block; the tumour has a quarter of the image and is never met
    tumour = np.repeat(square((16, 16), slice(4, 12), slice(4, 12)), 20, axis=0)
    assert not explain.shuffled_hits(rng.random((20, 2, 2)), tumour).any()
    # maps without any height, and of one cell, have the area
    for flat in (np.zeros((20, 3, 3)), rng.random((20, 1, 1))):
        np.testing.assert_allclose(explain.shuffled_hits(flat, tumour), 1 / 4)
    # as fine as the image: any of the 256 pixels
    fine = explain.shuffled_hits(rng.random((20, 16, 16)), tumour, draws=256)
    np.testing.assert_allclose(fine, 1 / 4)
    volume = np.zeros((1, 9, 9, 9), dtype=bool)
    volume[0, 4, 4, 4] = True
    np.testing.assert_allclose(explain.shuffled_hits(rng.random((1, 3, 3, 3)), volume, draws=27), 1 / 27)


def test_equal_points_stay_equal_after_enlarging() -> None:
    flat = explain.enlarged(np.full((1, 5, 5), 0.7), (48, 48))
    inside = square((48, 48), slice(0, 12), slice(0, 48))
    assert explain.pointing_game(flat, inside)["share"] == 1 / 4  # float32 rounding had made some of them the highest


def test_maps_of_the_layer_give_the_same_places() -> None:
    model = ready("resnet18")
    images = pictures(4, model)
    raw = explain.grad_cam(model, images, 1, "layer2", enlarge=False)
    assert raw.shape == (4, 8, 10)
    maps = explain.enlarged(raw, (64, 80))
    expected = explain.grad_cam(model, images, 1, "layer2")
    # each is scaled by its own maximum; worst difference seen 1e-7
    np.testing.assert_allclose(scaled(maps), expected, atol=1e-5)


def test_shuffling_what_does_not_fit() -> None:
    with pytest.raises(UsageError, match="as many maps as masks"):
        explain.shuffled_hits(np.ones((2, 3, 3)), np.ones((1, 9, 9), dtype=bool))
    with pytest.raises(UsageError, match="draws is 0; allowed: 1"):
        explain.shuffled_hits(np.ones((1, 3, 3)), np.ones((1, 9, 9), dtype=bool), draws=0)
    with pytest.raises(UsageError, match="the mask is empty"):
        explain.shuffled_hits(np.ones((1, 3, 3)), np.zeros((1, 9, 9), dtype=bool))


def test_tolerance_widens_the_mask() -> None:
    heights, inside = np.zeros((1, 9, 9)), np.zeros((1, 9, 9), dtype=bool)
    inside[0, 4, 4] = True
    heights[0, 4, 7] = 1
    found = [explain.pointing_game(heights, inside, tolerance) for tolerance in (0, 2.9, 3)]
    assert [each["share"] for each in found] == [0, 0, 1]
    # points of the grid within a distance of 3: 29 (Gauss circle problem, OEIS A000328)
    assert found[2]["chance"] == pytest.approx(29 / 81)


def test_mass_of_an_empty_map_is_not_defined() -> None:
    heights = np.stack([np.zeros((3, 3)), np.eye(3)])
    inside = np.zeros((2, 3, 3), dtype=bool)
    inside[:, 0] = True
    np.testing.assert_allclose(explain.mass_in_mask(heights, inside), [np.nan, 1 / 3])


class Brightness(networks.Network):
    """The answer for class 1 is the mean of the image after smoothing: it can rest on bright pixels alone."""

    last_map = "smooth"

    def __init__(self) -> None:
        super().__init__(channels=1)
        self.recipe = {"name": "brightness", "classes": 2}
        self.smooth = nn.Conv2d(1, 1, 5, 2, 2, bias=False)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(1, 2)
        nn.init.constant_(self.smooth.weight, 1 / 25)
        self.fc.weight.data = torch.tensor([[-1.0], [1.0]])

    def maps(self, images: torch.Tensor) -> torch.Tensor:
        return self.smooth(images)


def test_a_bright_spot_is_found_where_only_brightness_counts() -> None:
    rng = np.random.default_rng(0)
    images = rng.normal(0, 0.1, (40, 1, 64, 64)).astype(np.float32)
    inside = np.zeros((40, 64, 64), dtype=bool)
    for k in range(40):
        y, x = rng.integers(0, 44, 2)
        inside[k, y : y + 20, x : x + 20] = True
    images[:, 0][inside] += 2
    maps = explain.grad_cam(Brightness(), images, 1)
    found = explain.pointing_game(maps, inside)
    assert (found["share"], found["chance"]) == (1, pytest.approx(400 / 4096))
    assert explain.mass_in_mask(maps, inside).min() > 0.7  # noise and smoothed edges have the rest
    assert not (explain.grad_cam(Brightness(), np.abs(images), 0)).any()


@pytest.mark.parametrize(
    ("heights", "inside", "message"),
    [
        (np.zeros((2, 3, 3)), np.ones((2, 3, 4), dtype=bool), "allowed: the same shape"),
        (np.zeros((2, 3, 3)), np.ones((2, 3, 3)), "type float64; allowed"),
        (np.zeros((0, 3, 3)), np.ones((0, 3, 3), dtype=bool), "at least one"),
        (
            np.full((2, 3, 3), np.nan),
            np.zeros((2, 3, 3), dtype=bool),
            r"mask is empty in 2 of 2 .* not finite in 2 of 2",
        ),
    ],
)
def test_what_does_not_fit(heights: np.ndarray, inside: np.ndarray, message: str) -> None:
    for measure in (explain.pointing_game, explain.mass_in_mask):
        with pytest.raises(UsageError, match=message):
            measure(heights, inside)


def test_other_wrong_numbers() -> None:
    inside = np.ones((1, 3, 3), dtype=bool)
    with pytest.raises(UsageError, match="tolerance is -1; allowed: 0"):
        explain.pointing_game(np.ones((1, 3, 3)), inside, -1)
    with pytest.raises(UsageError, match="a map goes down to -1"):
        explain.mass_in_mask(-np.ones((1, 3, 3)), inside)
