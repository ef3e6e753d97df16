"""Augmentation on the device against scipy, and the order of an epoch."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage
from trainingkit import made, settings

from dlrrc_core.baseline.training import augment
from dlrrc_core.baseline.training.augment import Changes, apply, blurred, expand, fifteen, light, warped
from dlrrc_core.baseline.training.plan import plan
from dlrrc_core.problems import UsageError

CPU = torch.device("cpu")


def noise(n: int, height: int = 20, width: int = 26, channels: int = 2) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(5).uniform(0, 255, (n, channels, height, width)).astype(np.float32))


def changes(n: int, **given: object) -> Changes:
    none = {"angle": 0.0, "flip_x": 1.0, "flip_y": 1.0, "sigma": 0.0, "factor": 1.0}
    return Changes(**{name: torch.as_tensor(given.get(name, value)).float().expand(n) for name, value in none.items()})


@pytest.mark.parametrize("shape", [(24, 24), (20, 27), (31, 18)])
def test_rotation_is_that_of_scipy(shape: tuple[int, int]) -> None:
    angles = [-20.0, -5.0, 7.5, 20.0, 90.0]
    images = noise(len(angles), *shape)
    turned = warped(images, changes(len(angles), angle=[math.radians(each) for each in angles])).numpy()
    for image, angle, result in zip(images.numpy(), angles, turned, strict=True):
        for plane, found in zip(image, result, strict=True):
            # order 1 and grid-constant: bilinear with zeros outside, as grid_sample; worst difference seen 8e-4 of 255
            wanted = ndimage.rotate(plane.astype(float), angle, reshape=False, order=1, mode="grid-constant", cval=0)
            assert np.abs(found - wanted).max() < 0.01


def test_flips_are_those_of_numpy() -> None:
    images = noise(3)
    found = warped(images, changes(3, flip_x=[1, -1, 1], flip_y=[1, 1, -1])).numpy()
    # worst difference seen 3e-4 of 255: the grid of grid_sample has the precision of float32
    np.testing.assert_allclose(found[0], images[0], atol=0.01)
    np.testing.assert_allclose(found[1], images[1].numpy()[:, :, ::-1], atol=0.01)
    np.testing.assert_allclose(found[2], images[2].numpy()[:, ::-1], atol=0.01)


def test_blur_is_that_of_scipy() -> None:
    sigmas = [0.5, 0.8, 1.0, 1.25, 0.0]
    images = noise(len(sigmas))
    found = blurred(images, torch.tensor(sigmas), 1.25).numpy()
    for image, sigma, result in zip(images.numpy(), sigmas, found, strict=True):
        for plane, blurry in zip(image, result, strict=True):
            # mirror is what torch calls reflect; worst difference seen 5e-5 of 255
            wanted = ndimage.gaussian_filter(plane.astype(float), sigma, mode="mirror") if sigma else plane
            assert np.abs(blurry - wanted).max() < 1e-3


def test_brightness_multiplies_and_stays_in_range() -> None:
    images = noise(3)
    found = apply(images, changes(3, factor=[1.0, 1.3, 0.7])).numpy()
    for factor, image, result in zip((1.0, 1.3, 0.7), images.numpy(), found, strict=True):
        np.testing.assert_allclose(result, np.clip(image * factor, 0, 255), atol=0.02)
    assert found.max() <= 255


def test_the_fifteen_variants_are_the_documented_ones() -> None:
    drawn = fifteen(torch.arange(15), torch.Generator().manual_seed(3))
    limits = augment.AMOUNTS
    for variant in range(15):
        geometry, intensity = variant // 3, variant % 3
        angle = math.degrees(float(drawn.angle[variant]))
        assert (limits.degrees[0] <= abs(angle) <= limits.degrees[1]) == (geometry >= 3)
        assert np.sign(round(angle, 6)) == {3: 1, 4: -1}.get(geometry, 0)
        assert (drawn.flip_x[variant] == -1) == (geometry == 1)
        assert (drawn.flip_y[variant] == -1) == (geometry == 2)
        assert (limits.sigma[0] <= drawn.sigma[variant] <= limits.sigma[1]) == (intensity == 0)
        assert np.sign(float(drawn.factor[variant]) - 1) == (0, 1, -1)[intensity]
    images = apply(noise(1).expand(15, -1, -1, -1), drawn)
    assert len({image.numpy().tobytes() for image in images}) == 15


def test_every_image_has_amounts_of_its_own_and_a_seed_repeats_them() -> None:
    variant = torch.full((40,), 9)  # rotated left, blurred
    first = fifteen(variant, torch.Generator().manual_seed(1))
    again = fifteen(variant, torch.Generator().manual_seed(1))
    other = fifteen(variant, torch.Generator().manual_seed(2))
    assert len(set(first.angle.tolist())) == len(set(first.sigma.tolist())) == 40
    assert torch.equal(first.angle, again.angle)
    assert not torch.equal(first.angle, other.angle)


def test_light_changes_little() -> None:
    drawn = light(2000, torch.Generator().manual_seed(1))
    assert drawn.angle.abs().max() <= math.radians(10)
    assert ((drawn.factor - 1).abs() <= 0.1 + 1e-6).all()
    assert drawn.sigma.max() == 0
    # 2000 fair coins: within five standard deviations (0.056) of a half
    assert abs(float((drawn.flip_x == -1).float().mean()) - 0.5) < 0.056


def test_all_planes_of_a_volume_change_alike() -> None:
    volume = torch.stack([noise(4), noise(4) * 0.5, noise(4) * 0.25], dim=2)
    drawn = fifteen(torch.tensor([0, 4, 9, 14]), torch.Generator().manual_seed(1))
    whole = apply(volume, drawn)
    assert whole.shape == volume.shape
    for depth in range(3):
        np.testing.assert_allclose(whole[:, :, depth], apply(volume[:, :, depth], drawn), atol=1e-4)


def test_what_a_gpu_does_for_all_images_is_what_a_cpu_does_for_some() -> None:
    images = noise(6)
    drawn = fifteen(torch.tensor([0, 1, 2, 3, 4, 12]), torch.Generator().manual_seed(1))
    everywhere = (blurred(warped(images, drawn), drawn.sigma, 1.25) * drawn.factor[:, None, None, None]).clamp(0, 255)
    np.testing.assert_allclose(apply(images, drawn), everywhere, atol=1e-3)


def test_expand_keeps_the_patients_and_moves_the_masks() -> None:
    slices = made(4, 2, size=24)
    mask = np.zeros((8, 24, 24), dtype=bool)
    mask[:, 2:12, 4:9] = True
    many = expand(replace(slices, mask=mask), copies=15, seed=4)
    assert len(many) == 15 * len(slices)
    for name in ("label", "patient", "position", "centre"):
        np.testing.assert_array_equal(getattr(many, name), np.repeat(getattr(slices, name), 15))
    assert many.pixels.dtype == np.uint8
    assert many.mask is not None
    kinds = {each.tobytes() for each in many.mask[:15]}
    assert {mask[0].tobytes(), mask[0, :, ::-1].tobytes(), mask[0, ::-1].tobytes()} <= kinds
    assert 3 < len(kinds) <= 9  # three geometries without an amount, and up to six angles
    assert len({each.tobytes() for each in many.pixels[:15]}) == 15
    np.testing.assert_array_equal(many.pixels, expand(slices, 15, seed=4).pixels)
    assert (expand(slices, 15, seed=5).pixels != many.pixels).any()
    assert len(expand(slices, copies=2)) == 16
    for copies in (0, 16):
        with pytest.raises(UsageError, match="1 to 15"):
            expand(slices, copies=copies)


@pytest.mark.parametrize("each", [1, 4, 15])
def test_an_epoch_visits_every_image_in_different_variants(each: int) -> None:
    order = plan(11, settings(variants_per_epoch=each, augmentation="15-fold"), 1, CPU)
    pairs = list(zip(order.image.tolist(), order.variant.tolist(), strict=True))
    assert len(set(pairs)) == len(pairs) == 11 * each
    assert np.bincount(order.image).tolist() == [each] * 11
    if each == 15:
        assert set(pairs) == {(image, variant) for image in range(11) for variant in range(15)}


def test_the_order_depends_on_seed_and_epoch_alone() -> None:
    first = plan(50, settings(), 3, CPU)
    assert torch.equal(first.image, plan(50, settings(learning_rate=0.1), 3, CPU).image)
    assert not torch.equal(first.image, plan(50, settings(), 4, CPU).image)
    assert not torch.equal(first.image, plan(50, settings(seed=9), 3, CPU).image)


@given(st.integers(2, 200), st.integers(2, 30), st.integers(1, 4))
def test_steps_are_of_one_size_and_never_too_small_for_batch_normalisation(
    images: int, batch: int, processes: int
) -> None:
    images = max(images, 2 * processes)
    order = plan(images, settings(batch=batch, augmentation="none"), 1, CPU, processes)
    sizes = np.diff(order.borders)
    assert (order.borders[0], order.borders[-1], order.sizes().sum()) == (0, images, images)
    assert sizes.max() - sizes.min() <= 1
    assert sizes.min() >= 2 * processes
    assert sizes.max() <= max(batch, 4 * processes)
