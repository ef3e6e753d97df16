"""Slices of a folder of patients; resizing against Pillow; every fault of a cohort in one message."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dicomkit import segmentation, volume, write
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pydicom import dcmread

from dlrrc_core.baseline.images import read_cohort, read_series, to_slices, window
from dlrrc_core.baseline.images.series import Series
from dlrrc_core.baseline.images.slicing import nearest, resized
from dlrrc_core.problems import DataError, UsageError

CLASSES = ("chromophobe", "papillary")


@pytest.fixture
def ct(tmp_path: Path) -> tuple[Series, np.ndarray]:
    hu = volume(6, 32, 32)
    write(tmp_path, hu)
    mask = np.zeros(hu.shape, dtype=bool)
    mask[2:5, 10:14, 20:26] = True
    return read_series(tmp_path), mask


@settings(max_examples=40, deadline=None)
@given(st.integers(4, 60), st.integers(4, 60), st.integers(0, 99))
def test_resizing_against_pillow(before: int, after: int, seed: int) -> None:
    picture = np.random.default_rng(seed).uniform(0, 255, (before, before)).astype(np.float32)
    kind = Image.Resampling.BOX if after <= before else Image.Resampling.BILINEAR
    peer = np.asarray(Image.fromarray(picture).resize((after, after), kind))
    if after > before:
        # Pillow cuts the triangle at the edge where we hold the last pixel; both then weigh only that pixel
        np.testing.assert_allclose(resized(picture[None], after)[0], peer, atol=1e-3)
    elif before % after == 0:
        # Pillow's BOX counts a pixel whole or not at all where an edge falls inside it; equal for whole factors
        np.testing.assert_allclose(resized(picture[None], after)[0], peer, atol=1e-3)
    # worst difference seen 2e-5 of 255: Pillow sums in single precision
    # the mean of a picture that becomes smaller stays, whatever the factor
    if after <= before:
        assert resized(picture[None], after).mean() == pytest.approx(picture.mean(), rel=1e-5)


def test_smaller_is_the_mean_of_the_area() -> None:
    # 3 to 2 pixels by hand: each new pixel covers 1.5 old ones
    found = resized(np.array([[[0.0, 3, 6], [0, 3, 6], [0, 3, 6]]]), 2)[0]
    np.testing.assert_allclose(found, [[1, 5], [1, 5]])
    # stripes of one pixel vanish into grey and are not aliased
    stripes = np.tile([0.0, 255.0], (1, 64, 32))
    assert np.ptp(resized(stripes, 32)) == 0


def test_masks_take_the_nearest_pixel() -> None:
    mask = np.zeros((1, 4, 4), dtype=bool)
    mask[0, 1, 2] = True
    np.testing.assert_array_equal(nearest(mask, 8)[0], np.kron(mask[0], np.ones((2, 2), dtype=bool)))


def test_slices_through_the_tumour(ct: tuple[Series, np.ndarray]) -> None:
    series, mask = ct
    slices = to_slices(series, mask, "papillary", CLASSES, size=32)
    np.testing.assert_array_equal(slices.pixels[:, 0], window(series.hu[2:5]))
    assert slices.mask is not None
    np.testing.assert_array_equal(slices.mask, mask[2:5])
    np.testing.assert_allclose(slices.position, [-395, -392.5, -390])
    assert slices.label.tolist() == [1, 1, 1]
    assert set(slices.patient) == {"P1"}
    assert set(slices.centre) == {"SIEMENS"}
    assert len(to_slices(series, None, "papillary", CLASSES, size=16)) == 6


def test_three_neighbours_as_channels(ct: tuple[Series, np.ndarray]) -> None:
    series, _ = ct
    grey = window(series.hu)
    slices = to_slices(series, None, "papillary", CLASSES, size=32, stack="2.5d")
    np.testing.assert_array_equal(slices.pixels[3], grey[2:5])
    np.testing.assert_array_equal(slices.pixels[0], grey[[0, 0, 1]])
    np.testing.assert_array_equal(slices.pixels[5], grey[[4, 5, 5]])


def test_a_square_around_the_tumour(ct: tuple[Series, np.ndarray]) -> None:
    series, mask = ct
    # 4 rows, 6 columns: side ceil(6 * 1.2) = 8, rows 8-15, columns 19-26
    slices = to_slices(series, mask, "papillary", CLASSES, size=8, roi="tumour")
    np.testing.assert_array_equal(slices.pixels[:, 0], window(series.hu[2:5, 8:16, 19:27]))
    edge = np.zeros_like(mask)
    edge[1, 0:10, 0:10] = True
    beyond = to_slices(series, edge, "papillary", CLASSES, size=12, roi="tumour")
    assert beyond.pixels[0, 0, 0].max() == 0  # beyond the image is black
    np.testing.assert_array_equal(beyond.pixels[0, 0, 1:, 1:], window(series.hu[1, :11, :11]))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"label": "clear cell"}, "unknown class 'clear cell'; allowed: chromophobe, papillary"),
        ({"roi": "tumor"}, "unknown roi 'tumor'; allowed: slice, tumour; did you mean 'tumour'"),
        ({"stack": "rgb"}, "unknown stack 'rgb'"),
        ({"size": 4}, "size 4; allowed: 8 to 2048"),
        ({"mask": None, "roi": "tumour"}, "needs a mask"),
        ({"mask": np.zeros((6, 32, 32), dtype=bool)}, "the mask of P1 is empty"),
        ({"mask": np.ones((6, 32, 30), dtype=bool)}, "is (6, 32, 30) and the series (6, 32, 32)"),
    ],
)
def test_slices_that_cannot_be(ct: tuple[Series, np.ndarray], changes: dict[str, Any], expected: str) -> None:
    series, mask = ct
    with pytest.raises(UsageError) as found:
        to_slices(**{"series": series, "mask": mask, "label": "papillary", "classes": CLASSES, **changes})
    assert expected in str(found.value)


def cohort(folder: Path, rows: int = 4) -> list[str]:
    """Write patients of two classes with a mask each; return the lines of the table."""
    lines = []
    for number in range(rows):
        hu = volume(4, 16, 16, seed=number)
        paths = write(folder / f"s{number}", hu)
        mask = np.zeros((16, 16), dtype=bool)
        mask[4:9, 4 + number : 9 + number] = True
        frames = [
            (segment, mask, (-100, -80, -400 + 2.5 * k), None)
            for segment, ks in ((1, range(4)), (2, (1, 2)))
            for k in ks
        ]
        segmentation(folder / f"m{number}.dcm", frames, ["Kidney", "Renal mass"], dcmread(paths[0]))
        lines.append(f"Q{number},{CLASSES[number % 2]},s{number},m{number}.dcm,,C{number}")
    return lines


def table(folder: Path, lines: list[str], heading: str = "patient,class,series,segmentation,segment,centre") -> None:
    (folder / "cohort.csv").write_text("\n".join([heading, *lines]) + "\n")


def test_a_cohort_is_read(tmp_path: Path) -> None:
    table(tmp_path, cohort(tmp_path))
    slices = read_cohort(tmp_path, size=16)
    assert slices.classes == CLASSES
    assert slices.patients()[["label", "centre", "slices"]].to_dict("list") == {
        "label": [0, 1, 0, 1],
        "centre": ["C0", "C1", "C2", "C3"],
        "slices": [2, 2, 2, 2],
    }
    assert slices.mask is not None
    assert slices.mask.sum() == 8 * 25
    (tmp_path / "cohort.json").write_text('{"classes": ["papillary", "chromophobe"]}')
    assert read_cohort(tmp_path, size=16).label[0] == 1


def test_the_named_segment_is_the_tumour(tmp_path: Path) -> None:
    lines = cohort(tmp_path)
    table(tmp_path, [line.replace(".dcm,,", ".dcm,Kidney,") for line in lines])
    assert len(read_cohort(tmp_path, size=16)) == 16


def test_patients_without_a_mask(tmp_path: Path) -> None:
    lines = cohort(tmp_path)
    lines[3] = "Q3,papillary,s3,,,C3"
    table(tmp_path, lines)
    assert len(read_cohort(tmp_path, size=16).patients()) == 3
    everything = read_cohort(tmp_path, size=16, unsegmented="all")
    assert len(everything) == 2 * 3 + 4
    assert everything.mask is None
    with pytest.raises(DataError, match=r"cohort.csv:5:1: Q3 has no segmentation"):
        read_cohort(tmp_path, unsegmented="refuse")
    lines[1] = "Q1,papillary,s1,,,C1"
    table(tmp_path, lines)
    with pytest.raises(UsageError, match=r"segmented patients of 1 class\(es\) \(chromophobe\)"):
        read_cohort(tmp_path)


def test_every_fault_of_the_table_at_once(tmp_path: Path) -> None:
    lines = cohort(tmp_path)
    lines += [
        "Q0,papillary,s0,,,",
        "Q8,oncocytoma,s9,m9.dcm,,",
        "Q9,papillary,../out,/etc/passwd,,",
        ",papillary,s1,,,",
    ]
    table(tmp_path, lines)
    with pytest.raises(DataError) as found:
        read_cohort(tmp_path, classes=CLASSES)
    message = str(found.value)
    for expected in (
        "cohort.csv:6:1: Q0 has a second class",
        "cohort.csv:7:1: class 'oncocytoma' of Q8; allowed: chromophobe, papillary",
        "cohort.csv:7:1: series s9 of Q8 is missing",
        "cohort.csv:7:1: segmentation m9.dcm of Q8 is missing",
        "out' of Q9; allowed: a path inside the folder",
        "segmentation '/etc/passwd' of Q9; allowed: a path inside the folder",
        "cohort.csv:9:1: no patient",
        "cohort.csv:6:1: series s0 stands in the rows of Q0 and of Q0; allowed: each series and segmentation once",
        "cohort.csv:9:1: series s1 stands in the rows of Q1 and of ",
    ):
        assert expected in message
    assert len(message.splitlines()) == 9


def test_a_series_under_two_names_is_refused(tmp_path: Path) -> None:
    # else its images could be in training and in the test set
    lines = cohort(tmp_path)
    patient, *others = lines[-1].split(",")
    table(tmp_path, [*lines, ",".join(["P99", *others])])
    with pytest.raises(DataError, match=rf"series \S+ stands in the rows of {patient} and of P99"):
        read_cohort(tmp_path, classes=CLASSES)


def test_tables_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"cohort.csv does not exist; allowed: a folder built by"):
        read_cohort(tmp_path)
    lines = cohort(tmp_path, 2)
    table(tmp_path, lines[:1])
    with pytest.raises(DataError, match=r"a cohort of 1 class\(es\) \(chromophobe\); allowed: two or more"):
        read_cohort(tmp_path)
    table(tmp_path, [], "patient,class,series")
    with pytest.raises(DataError, match="no column segmentation, segment, centre"):
        read_cohort(tmp_path)
    table(tmp_path, lines)
    (tmp_path / "cohort.json").write_text("{}")
    with pytest.raises(DataError, match=r"cohort.json: no classes"):
        read_cohort(tmp_path)


def test_the_faults_of_all_series_at_once(tmp_path: Path) -> None:
    table(tmp_path, cohort(tmp_path))
    (tmp_path / "s1/0001.dcm").unlink()
    for path in (tmp_path / "s2").iterdir():
        path.unlink()
    (tmp_path / "m3.dcm").write_bytes((tmp_path / "m0.dcm").read_bytes())
    with pytest.raises(DataError) as found:
        read_cohort(tmp_path)
    message = str(found.value)
    assert "1 slice(s) missing between 0000.dcm" in message
    assert "s2 is empty" in message
    assert "m3.dcm: a segmentation of series" in message
    table(tmp_path, ["Q0,papillary,s0,m0.dcm,liver,", "Q1,chromophobe,s1,m1.dcm,,"])
    with pytest.raises(DataError, match="segments Kidney, Renal mass; allowed: one that is liver; name the tumour"):
        read_cohort(tmp_path)
