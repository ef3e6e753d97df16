"""Cohorts of the simulator: what depends on what, what a network could learn, and wrong settings."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from dlrrc_core.baseline import phantom
from dlrrc_core.baseline.phantom import Cohort
from dlrrc_core.problems import UsageError

SMALL = {"size": 32, "slices_per_patient": 3}


def same(one, other):
    """Whether two sets of slices hold the same pictures of the same patients."""
    return (
        np.array_equal(one.pixels, other.pixels)
        and np.array_equal(one.mask, other.mask)
        and np.array_equal(one.patient, other.patient)
        and np.array_equal(one.position, other.position)
    )


@cache
def drawn(effect, clinical_effect):
    """1,000 patients without their pictures."""
    return phantom.patients(Cohort(patients=1000, effect=effect, clinical_effect=clinical_effect))


def auc(label, score):
    """The area by its definition: the share of pairs in which the patient of class 1 has the higher score."""
    higher = score[label == 1][:, None] - score[label == 0][None]
    return float((higher > 0).mean() + 0.5 * (higher == 0).mean())


def test_same_seed_same_pictures_and_other_seed_others():
    cohort = Cohort(patients=4, **SMALL)
    first = phantom.slices(cohort)
    assert same(first, phantom.slices(cohort))
    assert not np.array_equal(first.pixels, phantom.slices(cohort.changed(seed=1)).pixels)


@pytest.mark.parametrize("centres", [("A",), ("A", "B", "C")])
def test_a_patient_does_not_depend_on_the_others(centres):
    many = phantom.slices(Cohort(patients=7, centres=centres, **SMALL))
    for number in (2, 5, 7):
        alone = phantom.slices(Cohort(patients=1, first=number, centres=centres, **SMALL))
        chosen = many.select(many.patient == f"P{number:05d}")
        assert same(alone, chosen)
        assert list(alone.label) == list(chosen.label)
        assert alone.clinical.loc[f"P{number:05d}"].equals(many.clinical.loc[f"P{number:05d}"])


@pytest.mark.parametrize(
    "classes", [("chromophobe", "papillary"), ("clear cell", "papillary"), ("clear cell", "chromophobe", "papillary")]
)
def test_without_effect_the_label_changes_nothing(classes):
    settings_ = {"patients": 9, "effect": 0.0, "stack": "phases", "roi": "tumour", **SMALL}
    one = phantom.slices(Cohort(classes=classes, **settings_))
    other = phantom.slices(Cohort(classes=classes[::-1], **settings_))
    names = np.array(one.classes)[one.label]
    others = np.array(other.classes)[other.label]
    assert (names != others).any()  # the classes are swapped, and yet
    assert same(one, other)
    assert one.clinical.equals(other.clinical)


def test_without_effect_the_classes_have_one_distribution():
    table = drawn(0.0, 1.0)
    for column in (
        "unenhanced",
        "corticomedullary",
        "nephrographic",
        "size_cm",
        "necrosis",
        "cysts",
        "wheel",
        "half_width",
    ):
        # 500 against 500 patients: the area has a standard error of at most 0.018
        assert abs(auc(table.label.to_numpy(), table[column].to_numpy().astype(float)) - 0.5) < 0.06, column


@pytest.mark.parametrize("phase", ["corticomedullary", "nephrographic"])
def test_with_full_effect_the_area_is_that_of_two_normal_distributions(phase):
    subtypes, place = phantom.physics().subtypes, phantom.PHASES.index(phase)
    (low, sd_low), (high, sd_high) = subtypes["papillary"].hu[place], subtypes["chromophobe"].hu[place]
    # two normal distributions: AUC = Phi(delta / sqrt(s1^2 + s2^2)), for instance Pepe 2003, The Statistical Evaluation of Medical Tests
    expected = norm.cdf((high - low) / np.hypot(sd_low, sd_high))
    table = drawn(1.0, 0.0)  # label 1 is papillary, the lower one
    # standard error about 0.015; contrast cannot lower the attenuation, which bends few low values
    assert 1 - auc(table.label.to_numpy(), table[phase].to_numpy()) == pytest.approx(expected, abs=0.05)


def test_the_pictures_show_the_effect():
    areas = {}
    for effect in (0.0, 1.0):
        cohort = Cohort(
            patients=160,
            classes=("papillary", "chromophobe"),
            effect=effect,
            roi="tumour",
            size=32,
            slices_per_patient=3,
        )
        shown = phantom.slices(cohort)
        means = np.array([pixels[0][mask].mean() for pixels, mask in zip(shown.pixels, shown.mask, strict=True)])
        score = means.reshape(-1, 3).mean(axis=1)
        table = phantom.patients(cohort)
        areas[effect] = auc(table.label.to_numpy(), score)
        assert np.corrcoef(score, table.corticomedullary)[0, 1] > 0.85
    # 50 against 50: standard error 0.058 at 0.5 and 0.046 at 0.78
    assert abs(areas[0.0] - 0.5) < 0.17
    assert abs(areas[1.0] - 0.78) < 0.14


@pytest.mark.parametrize("roi", ["slice", "tumour"])
def test_slices_show_who_the_patient_is_and_nothing_else(roi):
    shown = phantom.slices(Cohort(patients=100, effect=0.0, size=48, slices_per_patient=8, roi=roi))
    flat = shown.pixels.reshape(len(shown), -1).astype(np.float32)
    squares = (flat**2).sum(axis=1)
    distance = squares[:, None] + squares[None] - 2 * flat @ flat.T
    np.fill_diagonal(distance, np.inf)
    assert (shown.patient[distance.argmin(axis=1)] == shown.patient).mean() > 0.95
    distance[shown.patient[:, None] == shown.patient[None]] = np.inf
    # over 100 patients whose slices agree: standard error at most 0.05
    assert abs((shown.label[distance.argmin(axis=1)] == shown.label).mean() - 0.5) < 0.16


def test_disjoint_cohorts_are_of_one_world():
    both = phantom.slices(Cohort(patients=6, **SMALL))
    later = phantom.slices(Cohort(patients=3, first=4, **SMALL))
    assert set(later.patient) == {"P00004", "P00005", "P00006"}
    assert same(both.select(np.arange(9, 18)), later)


def test_stacks_show_neighbours_and_phases():
    cohort = Cohort(patients=2, size=32, slices_per_patient=5)
    grey, stack = phantom.slices(cohort), phantom.slices(cohort.changed(stack="2.5d"))
    assert np.array_equal(grey.pixels[:, 0], stack.pixels[:, 1])
    assert np.array_equal(stack.pixels[1:5, 0], grey.pixels[:4, 0])  # the slice before
    assert np.array_equal(stack.pixels[:4, 2], grey.pixels[1:5, 0])  # the slice after
    phases = phantom.slices(cohort.changed(stack="phases"))
    for channel, phase in enumerate(phantom.PHASES):
        assert np.array_equal(phases.pixels[:, channel], phantom.slices(cohort.changed(phase=phase)).pixels[:, 0])
    assert np.array_equal(phases.mask, grey.mask)
    repeated = phantom.slices(cohort.changed(channels=3))
    assert all(np.array_equal(repeated.pixels[:, k], grey.pixels[:, 0]) for k in range(3))


def test_every_slice_of_the_scanner_lies_in_the_tumour():
    cohort = Cohort(patients=6, size=32, slices_per_patient=None, centres=("A", "C"))
    shown, table = phantom.slices(cohort), phantom.patients(cohort)
    for name, row in shown.patients().iterrows():
        steps = np.diff(shown.position[shown.patient == name])
        assert steps == pytest.approx(np.full(len(steps), table.thickness[name]))
        assert 1 <= row.slices <= 10 * table.size_cm[name] / table.thickness[name]


def test_centres_differ_only_as_far_as_the_shift_says():
    settings_ = {"patients": 6, **SMALL}
    reference = phantom.slices(Cohort(**settings_))
    unmoved = phantom.slices(Cohort(centres=("B", "C", "D"), shift=0.0, **settings_))
    assert np.array_equal(reference.pixels, unmoved.pixels)
    moved = phantom.slices(Cohort(centres=("B", "C", "D"), shift=1.0, **settings_))
    assert not np.array_equal(reference.pixels, moved.pixels)
    table = phantom.patients(Cohort(patients=300, centres=("C", "B"), centre_weights=(1.0, 3.0), confounding=0.0))
    assert 0.67 < (table.centre == "B").mean() < 0.83  # three quarters; standard error 0.025
    assert abs(np.corrcoef(table.label, table.centre == "B")[0, 1]) < 0.2
    tied = phantom.patients(Cohort(patients=20, centres=("C", "B"), confounding=1.0))
    assert list(tied.centre) == ["C", "B"] * 10


def test_clinical_variables_have_an_effect_of_their_own():
    table = drawn(1.0, 0.0)
    label = table.label.to_numpy()
    for column in ("age", "male", "haematuria", "bmi"):
        assert abs(auc(label, table[column].to_numpy().astype(float)) - 0.5) < 0.06
    table = drawn(0.0, 1.0)
    clinical = phantom.physics().clinical
    for position, name in enumerate(("chromophobe", "papillary")):
        of_class = table[table.label == position]
        assert of_class.male.mean() == pytest.approx(clinical[name].male, abs=0.08)  # standard error 0.02
        assert of_class.age.mean() == pytest.approx(clinical[name].age[0], abs=2.0)  # standard error 0.5
    assert abs(auc(label, table.size_cm.to_numpy()) - 0.5) < 0.06


def test_boxes_hold_the_tumour():
    cohort = Cohort(patients=6, stack="phases")
    boxes = phantom.crops(cohort, size=24)
    assert boxes.voxels.shape == (6, 3, 24, 24, 24)
    assert boxes.voxels.dtype == np.float32
    assert 0 <= boxes.voxels.min() <= boxes.voxels.max() <= 1
    table = phantom.patients(cohort)
    assert list(boxes.label) == list(table.label)
    for number, mask in enumerate(boxes.mask):
        assert not np.logical_or.reduce(
            [mask[0], mask[-1], mask[:, 0], mask[:, -1], mask[:, :, 0], mask[:, :, -1]]
        ).any()
        volume_ml = mask.sum() * (boxes.spacing[number] / 10) ** 3
        # at most the ball of the largest diameter, swollen by the ripples; cut by the wall at most to a quarter of it
        ball = np.pi / 6 * table.size_cm.iloc[number] ** 3
        assert 0.25 * ball < volume_ml < 1.4 * ball
    alone = phantom.crops(Cohort(patients=1, first=3, stack="phases"), size=24)
    assert np.array_equal(alone.voxels[0], boxes.voxels[2])


def test_numbers_of_each_class():
    cohort = Cohort(patients=(39, 35))  # zuo2021: 39 papillary and 35 chromophobe carcinomas
    assert list(np.bincount(cohort.labels())) == [39, 35]
    assert abs(cohort.labels()[:20].mean() - 0.5) <= 0.1  # spread evenly


@settings(max_examples=25, deadline=None)
@given(
    st.fixed_dictionaries(
        {
            "patients": st.integers(1, 3),
            "classes": st.permutations(("chromophobe", "papillary", "clear cell")).map(lambda names: tuple(names[:2])),
            "effect": st.floats(0, 1),
            "clinical_effect": st.floats(0, 1),
            "seed": st.integers(0, 2**32 - 1),
            "first": st.integers(1, 80_000_000),
            "size": st.integers(16, 40),
            "slices_per_patient": st.none() | st.integers(1, 4),
            "phase": st.sampled_from(phantom.PHASES),
            "stack": st.sampled_from(("grey", "2.5d", "phases")),
            "roi": st.sampled_from(("slice", "kidney", "tumour")),
            "centres": st.sampled_from((("A",), ("B", "D"), ("A", "B", "C", "D"))),
            "shift": st.floats(0, 1),
            "confounding": st.floats(0, 1),
        }
    )
)
def test_every_allowed_setting_gives_slices(values):
    cohort = Cohort(**values)
    shown = phantom.slices(cohort)
    assert shown.pixels.shape[1:] == (cohort.depth, cohort.size, cohort.size)
    assert len(shown.clinical) == cohort.total
    assert shown.mask.any(axis=(1, 2)).all()
    assert len(set(shown.patient)) == cohort.total
    assert shown.pixels.std() > 0


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"effect": 1.5}, "effect is 1.5; allowed: "),
        ({"effect": float("nan")}, "effect is nan"),
        ({"patients": 0}, "patients is 0"),
        ({"patients": True}, "patients is True"),
        ({"patients": (3, 4, 5)}, "patients has 3 numbers for 2 classes; allowed: one number for each"),
        ({"classes": ("papilary", "chromophobe")}, "did you mean 'papillary'?"),
        ({"classes": ("papillary",)}, "allowed: at least 2, each once"),
        ({"centres": ("Z",)}, "centres has 'Z'; allowed: A, B, C, D"),
        ({"centre_weights": (1.0, 2.0)}, "one number for each of the 1 centres"),
        ({"phase": "excretory"}, "phase is 'excretory'; allowed: 'unenhanced', 'corticomedullary' or 'nephrographic'"),
        ({"stack": "2.5d", "channels": 1}, "channels is 1 with stack '2.5d'; allowed: 3"),
        ({"efect": 1}, "did you mean 'effect'?"),
        ({"window": (0, 40)}, "window is 0"),
    ],
)
def test_wrong_settings_are_named(values, said):
    with pytest.raises(UsageError) as error:
        Cohort(**values)
    assert said in str(error.value)


def test_all_wrong_settings_are_named_at_once():
    with pytest.raises(UsageError) as error:
        Cohort(effect=-1, size=3, seed=-1, nothing=2)
    for name in ("effect", "size", "seed", "nothing"):
        assert name in str(error.value)
    with pytest.raises(UsageError, match=r"classes has 'x'.*centres has 'y'"):
        Cohort(classes=("x", "papillary"), centres=("y",))


def test_what_is_not_there_is_named():
    cohort = Cohort(patients=2, **SMALL)
    with pytest.raises(UsageError, match="patient 3 is not in the cohort; allowed: 1 to 2"):
        phantom.volume(cohort, 3)
    with pytest.raises(UsageError, match="device 'tpu' is not on this machine; allowed: cpu"):
        phantom.slices(cohort, device="tpu")
    with pytest.raises(UsageError, match="size is 4; allowed: 16 to 128"):
        phantom.crops(cohort, size=4)
    with pytest.raises(UsageError, match="which is for slices"):
        phantom.crops(cohort.changed(stack="2.5d"))
