"""The physics of the simulator against the Hounsfield scale, geometry, Parseval's theorem and brute force."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from dlrrc_core.baseline import phantom
from dlrrc_core.baseline.phantom import Cohort, measure, parameters, patient, scan
from dlrrc_core.baseline.phantom.shapes import Texture, cylinder, ellipsoid, grid

CALM = parameters.scanner("A", 1.0).model_copy(update={"noise": 0.0})


def scanned(hu, own, pixel=0.8, seed=0):
    """Slices of given HU as a scanner gives them."""
    shape = (*hu.shape[:-2], hu.shape[-2] + 2 * scan.BORDER, hu.shape[-1] + 2 * scan.BORDER)
    white = np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)
    return scan.degrade(torch.as_tensor(hu, dtype=torch.float32), torch.as_tensor(white), pixel, own).numpy()


@pytest.mark.parametrize("name", ["A", "B", "C", "D"])
@pytest.mark.parametrize("pixel", [0.8, 1.5, 6.0])
def test_water_has_the_offset_as_mean_and_the_noise_as_sd(name, pixel):
    own = parameters.scanner(name, 1.0)
    seen = scanned(np.zeros((20, 96, 96)), own, pixel)  # water: 0 HU by definition
    # correlated noise: the mean of 184,320 pixels keeps up to 0.3 HU; worst deviation of the SD seen 0.3 %
    assert seen.mean() == pytest.approx(own.offset, abs=0.5)
    assert seen.std() == pytest.approx(own.noise, rel=0.02)


def test_a_sharper_kernel_has_more_power_at_high_frequencies():
    share = {}
    for name in ("B", "A", "C"):  # soft, medium, sharp
        seen = scanned(np.zeros((20, 128, 128)), parameters.scanner(name, 1.0).model_copy(update={"offset": 0.0}))
        power = (np.abs(np.fft.fft2(seen)) ** 2).mean(axis=0)
        frequency = np.hypot(np.fft.fftfreq(128, 0.8)[:, None], np.fft.fftfreq(128, 0.8)[None])
        share[name] = power[frequency > 0.4].sum() / power.sum()
    assert share["B"] < 0.5 * share["A"] < 0.5 * share["C"]


@pytest.mark.parametrize("resolution", [0.2, 0.4])
def test_a_wave_at_the_resolution_keeps_half_its_contrast(resolution):
    own = CALM.model_copy(update={"resolution": resolution, "offset": 0.0})
    steps = np.arange(480) * 0.25
    wave = np.tile(100 * np.cos(2 * np.pi * resolution * steps), (1, 64, 1))
    seen = scanned(wave, own, 0.25)[0, 32, 80:400]  # four-fold steps of whole waves, away from the borders
    amplitude = 2 * np.abs(np.mean(seen * np.exp(-2j * np.pi * resolution * steps[80:400])))
    assert amplitude == pytest.approx(50.0, rel=0.01)


def test_edge_enhancement_overshoots_and_a_soft_kernel_does_not():
    step = np.zeros((1, 64, 64))
    step[..., 32:] = 100.0
    assert (
        scanned(step, CALM).max() < 101.5
    )  # a Gaussian does not overshoot; cut off at the pixels' frequency it rings by 0.8
    sharp = parameters.scanner("C", 1.0).model_copy(update={"noise": 0.0, "offset": 0.0, "edge": 1.5})
    assert scanned(step, sharp).max() > 103


@pytest.mark.parametrize("pixel", [1.0, 2.0, 5.0])
@pytest.mark.parametrize("thickness", [1.0, 5.0])
def test_partial_volumes_add_up_to_the_volume(pixel, thickness):
    size, axes = round(120 / pixel), np.array([24.0, 17.0, 30.0])
    heights = np.arange(-45, 45, thickness) + thickness / 2
    on = grid((-60, 60), (-60, 60), size, heights, thickness, "cpu")
    turn = (np.cos(0.5), np.sin(0.5))
    share, radius = ellipsoid(on, np.array([3.3, -2.1, 1.7]), axes, turn)
    # geometry: 4/3 pi a b c; the width is of first order; worst deviation seen 2.2 % (5 mm voxels)
    assert float(share.sum()) * on.pixel**2 * thickness == pytest.approx(4 / 3 * np.pi * axes.prod(), rel=0.03)
    assert bool((share[radius > 1.6] == 0).all())
    flat = cylinder(on, 1.2, 0.4, 40, 25)
    assert float(flat.sum()) * on.pixel**2 == pytest.approx(np.pi * 40 * 25, rel=0.01)


def test_texture_has_variance_one_and_averages_as_voxels_do():
    texture = Texture(np.random.default_rng(1), np.zeros(3), np.array([90.0, 90.0, 60.0]), 4.0)
    fine = grid((-64, 64), (-64, 64), 128, np.arange(-39.5, 40), 1.0, "cpu")
    coarse = grid((-64, 64), (-64, 64), 16, np.arange(-36, 40, 8.0), 8.0, "cpu")
    values = texture.on(fine).numpy()
    assert values.std() == pytest.approx(1.0, abs=0.05)
    blocks = values.reshape(10, 8, 16, 8, 16, 8).mean(axis=(1, 3, 5))  # brute force: means of 8 x 8 x 8 mm
    direct = texture.on(coarse).numpy()
    assert np.corrcoef(blocks.ravel(), direct.ravel())[0, 1] > 0.98
    assert direct.std() == pytest.approx(blocks.std(), rel=0.1)


@pytest.mark.parametrize("centre", ["A", "B", "C"])
def test_measured_hu_are_those_that_were_set(centre):
    cohort = Cohort(patients=20, size=160, centres=(centre,))
    for number in np.flatnonzero(phantom.patients(cohort).size_cm > 4.5)[:3] + 1:
        seen = phantom.volume(cohort, int(number))
        table = measure.tissue_means(seen)
        checked = table[table.tissue.isin(["muscle", "liver", "spleen", "aorta", "tumour"]) & (table.voxels >= 150)]
        assert {"muscle", "tumour"} <= set(checked.tissue)
        error = checked.true_mean - checked.set
        # textures have mean 0 only on average over an organ; worst seen over 48 patients: tumour 4.5, aorta 6.6 HU
        assert error.abs().max() < 8, checked
        offset = checked["mean"] - checked.true_mean
        assert offset.to_numpy() == pytest.approx(np.full(len(offset), seen.patient.scanner.offset), abs=3.0)


def test_fat_is_near_minus_hundred_and_urine_near_water():
    table = phantom.describe()
    # textbook: fat about -100 HU (-50 to -120), water 0 HU by definition, air -1000 HU
    for phase in range(3):
        tissues = phantom.physics().tissues
        assert -120 < tissues["fat"].hu[phase][0] < -80
        assert abs(tissues["urine"].hu[phase][0]) <= 10
        assert tissues["air"].hu[phase] == (-1000, 0)
    seen = phantom.volume(Cohort(patients=1, size=192), 1)
    measured = measure.tissue_means(seen, erode=2).set_index(["tissue", "phase"])
    assert -120 < measured.loc[("fat", "unenhanced"), "mean"] < -80
    assert table.source.str.len().min() > 0


@pytest.mark.parametrize("centre", ["A", "C"])
def test_noise_in_the_liver_is_that_of_the_scanner(centre):
    cohort = Cohort(patients=12, size=128, centres=(centre,))
    checked = 0
    for number in cohort.numbers:
        seen = phantom.volume(cohort, number)
        inside = seen.labels == seen.tissues.index("liver")
        inside[:, :8] = inside[:, -8:] = False
        if inside.sum() < 8000 or checked == 2:
            continue
        noise = (seen.hu["unenhanced"] - seen.true["unenhanced"])[inside]
        away = (
            np.abs(noise - seen.patient.scanner.offset) < 5 * seen.patient.scanner.noise
        )  # not the organ's blurred edge
        # blurred texture and edges add a little; worst seen 1.5 %
        assert noise[away].std() == pytest.approx(seen.patient.scanner.noise, rel=0.04)
        checked += 1
    assert checked == 2


def test_phases_share_the_geometry_and_contrast_enhances():
    seen = phantom.volume(Cohort(patients=2, size=96), 2)
    inside = seen.labels == seen.tissues.index("cortex")
    means = [seen.hu[phase][inside].mean() for phase in phantom.PHASES]
    assert means[0] < 60 < 100 < min(means[1:])  # without contrast a kidney has 30 to 50 HU
    medulla = seen.labels == seen.tissues.index("medulla")
    early, late = (seen.hu[phase][medulla].mean() for phase in phantom.PHASES[1:])
    assert early < late  # contrast reaches the medulla later
    assert early < means[1] - 30  # and in between cortex and medulla are told apart
    assert seen.mask.shape == seen.labels.shape == seen.hu["unenhanced"].shape
    assert seen.spacing == (5.0, pytest.approx(380 / 96), pytest.approx(380 / 96))
    assert np.diff(seen.position) == pytest.approx(np.full(len(seen.position) - 1, 5.0))


def test_lower_tube_voltage_enhances_more():
    cohort = Cohort(patients=1)
    at_120 = patient.draw(cohort, 1)
    at_100 = patient.draw(cohort.changed(centres=("D",)), 1)
    factor = parameters.scanner("D", 1.0).iodine
    gain_120, gain_100 = (drawn.mass.hu - drawn.mass.hu[0] for drawn in (at_120, at_100))
    assert gain_100 == pytest.approx(factor * gain_120)
    assert at_100.mass.hu[0] == at_120.mass.hu[0]


def test_effect_moves_parameters_on_a_straight_line():
    values = [3.0, 7.0, 11.0]
    assert parameters.between(3.0, values, 0.0) == parameters.between(11.0, values[::-1], 0.0) == 7.0
    assert parameters.between(3.0, values, 1.0) == 3.0
    assert parameters.between(3.0, values, 0.5) == 5.0


def test_spokes_are_seen_in_chromophobe_tumours_only_with_contrast():
    cohort = Cohort(patients=60, classes=("chromophobe", "papillary"), size=96, roi="tumour")
    table = phantom.patients(cohort)
    assert table[table.label == 0].wheel.mean() > 0.2 > table[table.label == 1].wheel.mean()
    number = int(np.flatnonzero(table.wheel.to_numpy())[0]) + 1
    seen = phantom.volume(cohort, number)
    inside = seen.labels == seen.tissues.index("tumour")
    plain, early = (seen.true[phase][inside].std() for phase in phantom.PHASES[:2])
    assert early > 1.5 * plain
