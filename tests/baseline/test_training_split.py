"""Division by patient and by image."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from trainingkit import made

from dlrrc_core.baseline.slices import Slices
from dlrrc_core.baseline.training import folds, split
from dlrrc_core.problems import UsageError


@st.composite
def cohorts(draw: st.DrawFn) -> Slices:
    """Draw slices of 10 to 40 patients in two or three classes, with different numbers of slices, in any order."""
    classes = draw(st.integers(2, 3))
    labels = [each for each in range(classes) for _ in range(draw(st.integers(5, 13)))]
    slices = draw(st.lists(st.integers(1, 4), min_size=len(labels), max_size=len(labels)))
    who = np.repeat(np.arange(len(labels)), slices)
    who = np.random.default_rng(draw(st.integers(0, 99))).permutation(who)
    n = len(who)
    return Slices(
        np.zeros((n, 1, 2, 2), np.uint8),
        np.array(labels)[who],
        np.array([f"p{each}" for each in who]),
        np.zeros(n),
        np.full(n, "A"),
        ("a", "b", "c")[:classes],
    )


fractions = st.sampled_from([(0.9, 0.1), (0.8, 0.2), (0.5, 0.5), (0.6, 0.2, 0.2), (1 / 3, 1 / 3, 1 / 3)])


@given(cohorts(), fractions, st.integers(0, 99), st.sampled_from(["patient", "image"]))
def test_parts_are_stratified_and_patients_stay_together(
    slices: Slices, wanted: tuple[float, ...], seed: int, unit: str
) -> None:
    try:
        parts = split(slices, unit, wanted, seed)
    except UsageError as error:
        units = slices.patients() if unit == "patient" else slices
        fewest = min(np.bincount(units.label)[np.unique(units.label)])
        assert min(wanted) * fewest < 1  # otherwise every part has at least one
        assert "a part would have no" in str(error)
        return
    np.testing.assert_array_equal(np.sort(np.concatenate(parts)), np.arange(len(slices)))
    assert all((np.diff(part) > 0).all() for part in parts)
    if unit == "patient":
        held = [set(slices.patient[part]) for part in parts]
        assert sum(map(len, held)) == len(set(slices.patient))
    for part, share in zip(parts, wanted, strict=True):
        for value in np.unique(slices.label):
            inside, all_of = slices.label[part] == value, slices.label == value
            if unit == "patient":
                found, n = len(set(slices.patient[part][inside])), len(set(slices.patient[all_of]))
            else:
                found, n = inside.sum(), all_of.sum()
            assert found >= 1
            assert abs(found - share * n) < 1 + 1e-9
    assert all(np.array_equal(*pair) for pair in zip(parts, split(slices, unit, wanted, seed), strict=True))


@given(cohorts(), st.integers(2, 5), st.integers(0, 99), st.sampled_from(["patient", "image"]))
def test_folds_cover_everything_once(slices: Slices, k: int, seed: int, unit: str) -> None:
    found = folds(slices, k, unit, seed)
    assert len(found) == k
    np.testing.assert_array_equal(np.sort(np.concatenate([part for _, part in found])), np.arange(len(slices)))
    for rest, part in found:
        np.testing.assert_array_equal(np.sort(np.concatenate([rest, part])), np.arange(len(slices)))
        assert set(slices.label[part]) == set(slices.label)
        if unit == "patient":
            assert not set(slices.patient[rest]) & set(slices.patient[part])


def test_split_by_image_shares_patients_and_seeds_differ() -> None:
    slices = made(10, 10)
    train, valid = split(slices, "image")
    assert (len(train), len(valid)) == (90, 10)
    assert set(slices.patient[valid]) <= set(slices.patient[train])
    assert not np.array_equal(valid, split(slices, "image", seed=2)[1])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda s: split(s, "slice"), "unknown unit 'slice'; allowed: patient, image"),
        (lambda s: split(s, fractions=(0.9, 0.2)), "fractions are .*together 1"),
        (lambda s: split(s, fractions=(1.0,)), "at least two"),
        (lambda s: split(s, fractions=(1.1, -0.1)), "each above 0"),
        (
            lambda s: split(s, "patient", (0.9, 0.1)),
            "papillary has 4 patients; chromophobe has 4 patients; allowed: at least one per class",
        ),
        (lambda s: split(s.select(s.label == 1)), r"one class \(chromophobe\); allowed: at least 2"),
        (lambda s: folds(s, 1), "there are 1 folds; allowed: at least 2"),
        (lambda s: folds(s, 5), "with 5 folds a part would have no patient"),
        (lambda s: folds(s, 5, "person"), "unknown unit"),
    ],
)
def test_what_cannot_be_divided_is_refused(call: object, message: str) -> None:
    assert callable(call)
    with pytest.raises(UsageError, match=message):
        call(made(8, 3))
