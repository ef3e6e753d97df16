"""DICOM segmentations of three kinds lie where the test drew them, whatever the order and the axes of their frames."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dicomkit import image, save, segmentation, volume, write
from pydicom import dcmread
from pydicom.uid import DeflatedExplicitVRLittleEndian

from dlrrc_core.baseline.images.dicom import read_series
from dlrrc_core.baseline.images.segmentation import read_segmentation, referenced_series
from dlrrc_core.baseline.images.series import Series
from dlrrc_core.problems import DataError, UsageError

HU = volume(6, 9, 14)  # 126 pixels: frames of a binary segmentation do not begin at whole bytes
RNG = np.random.default_rng(3)
KIDNEY = RNG.random(HU.shape) < 0.3
TUMOUR = RNG.random(HU.shape) < 0.1
TUMOUR[[0, 5]] = False


@pytest.fixture
def ct(tmp_path: Path) -> tuple[Series, Any, Path]:
    paths = write(tmp_path / "ct", HU)
    return read_series(tmp_path / "ct"), dcmread(paths[0]), tmp_path / "seg.dcm"


def frames(masks: dict[int, np.ndarray], scale: int = 1, position: bool = True) -> list[Any]:
    """Return the frames of segments, slice by slice, only where there is something; shuffled."""
    found = [
        (number, mask[k] * scale, (-100, -80, -400 + 2.5 * k) if position else None, None)
        for number, mask in masks.items()
        for k in range(len(mask))
        if mask[k].any()
    ]
    return [found[i] for i in np.random.default_rng(0).permutation(len(found))]


def test_binary(ct: tuple[Series, Any, Path]) -> None:
    series, reference, path = ct
    segmentation(path, frames({1: KIDNEY, 2: TUMOUR}), ["Kidney", "Mass"], reference)
    masks = read_segmentation(path, series)
    assert list(masks) == ["Kidney", "Mass"]
    np.testing.assert_array_equal(masks["Kidney"], KIDNEY)
    np.testing.assert_array_equal(masks["Mass"], TUMOUR)
    assert referenced_series(path) == (series.series_uid,)


def test_fractional_counts_from_half(ct: tuple[Series, Any, Path]) -> None:
    series, reference, path = ct
    share = RNG.integers(0, 256, HU.shape)
    given = [(1, share[k], (-100, -80, -400 + 2.5 * k), None) for k in range(6)]
    segmentation(path, given, ["Mass"], reference, kind="FRACTIONAL")
    np.testing.assert_array_equal(read_segmentation(path, series)["Mass"], share >= 127.5)


def test_label_map_deflated(ct: tuple[Series, Any, Path]) -> None:
    # the kind and the transfer syntax in which the collection RCC-AID stands in the IDC
    series, reference, path = ct
    values = np.where(TUMOUR, 2, np.where(KIDNEY, 1, 0))
    given = [(0, values[k], (-100, -80, -400 + 2.5 * k), None) for k in (3, 1, 2, 0, 4, 5)]
    segmentation(path, given, ["Kidney", "Mass"], reference, kind="LABELMAP", syntax=DeflatedExplicitVRLittleEndian)
    masks = read_segmentation(path, series)
    np.testing.assert_array_equal(masks["Mass"], TUMOUR)
    np.testing.assert_array_equal(masks["Kidney"], KIDNEY & ~TUMOUR)


def test_frames_that_name_their_image(ct: tuple[Series, Any, Path]) -> None:
    series, reference, path = ct
    given = [(1, KIDNEY[k], None, series.images[k]) for k in (4, 0, 2)]
    segmentation(path, given, ["Kidney"], reference)
    found = read_segmentation(path, series)["Kidney"]
    np.testing.assert_array_equal(found[[0, 2, 4]], KIDNEY[[0, 2, 4]])
    assert not found[[1, 3, 5]].any()


def test_frames_with_other_axes_and_a_turned_series(tmp_path: Path) -> None:
    from dicomkit import turned

    turned(tmp_path / "ct", HU, transpose=True, flip_rows=False, flip_columns=True)
    series = read_series(tmp_path / "ct")
    reference = dcmread(series.files[0])
    last = (-100 + 13 * 0.8, -80 + 8 * 0.8)
    given = [(1, TUMOUR[k, ::-1, ::-1], (*last, -400 + 2.5 * k), None) for k in range(6)]
    segmentation(tmp_path / "s", given, ["Mass"], reference, orientation=(-1, 0, 0, 0, -1, 0))
    np.testing.assert_array_equal(read_segmentation(tmp_path / "s", series)["Mass"], TUMOUR)


def test_equal_labels_keep_their_numbers(ct: tuple[Series, Any, Path]) -> None:
    series, reference, path = ct
    segmentation(path, frames({1: KIDNEY, 2: TUMOUR}), ["Mass", "Mass"], reference)
    assert list(read_segmentation(path, series)) == ["Mass#1", "Mass#2"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"refers": "1.2.9"}, "a segmentation of series 1.2.9; allowed: series "),
        ({"spacing": (0.7, 0.8)}, "frames of 9 x 14 pixels of 0.7000 x 0.8000 mm"),
        ({"orientation": (1, 0, 0, 0, 0, -1)}, "coronal slices; allowed: the grid of the series"),
    ],
)
def test_segmentations_that_do_not_fit(ct: tuple[Series, Any, Path], changes: dict[str, Any], expected: str) -> None:
    series, reference, path = ct
    segmentation(path, frames({1: KIDNEY}), ["Kidney"], reference, **changes)
    with pytest.raises(DataError) as found:
        read_segmentation(path, series)
    assert str(path) in str(found.value)
    assert expected in str(found.value)


def test_frames_elsewhere(ct: tuple[Series, Any, Path]) -> None:
    series, reference, path = ct
    given = [(1, KIDNEY[k], (-100, -80, 2.5 * k), None) for k in range(6)]
    segmentation(path, given, ["Kidney"], reference)
    with pytest.raises(DataError, match=r"6 frame\(s\) that lie on no slice \(first: 1 at"):
        read_segmentation(path, series)
    segmentation(path, [(1, KIDNEY[0], (-90, -80, -400), None)], ["Kidney"], reference)
    with pytest.raises(DataError, match=r"10\.00 mm beside the slices"):
        read_segmentation(path, series)
    segmentation(path, [(1, KIDNEY[0], None, "1.2.3")], ["Kidney"], reference)
    with pytest.raises(DataError, match=r"lie on no slice \(first: 1 at no position\)"):
        read_segmentation(path, series)


def test_another_frame_of_reference(ct: tuple[Series, Any, Path]) -> None:
    series, reference, path = ct
    reference.FrameOfReferenceUID = "1.2.8"
    segmentation(path, frames({1: KIDNEY}), ["Kidney"], reference, refers=None)
    with pytest.raises(DataError, match=r"frame of reference '1\.2\.8', no series named"):
        read_segmentation(path, series)


def test_files_that_are_no_segmentation(ct: tuple[Series, Any, Path], tmp_path: Path) -> None:
    series, reference, path = ct
    with pytest.raises(UsageError, match="does not exist; allowed: a DICOM segmentation of series"):
        read_segmentation(path, series)
    save(image(HU[0], (0, 0, 0), "1.2.3"), path)
    with pytest.raises(DataError, match=r"modality 'CT'.*allowed: a DICOM segmentation"):
        read_segmentation(path, series)
    segmentation(path, frames({1: KIDNEY}), ["Kidney"], reference)
    data = dcmread(path)
    data.PixelData = data.PixelData[:10]
    save(data, path)
    with pytest.raises(DataError, match=r"10 bytes of pixel data \(cut off\)"):
        read_segmentation(path, series)
    data.Rows = 60000
    save(data, path)
    with pytest.raises(DataError, match="1 to 4096 rows and columns"):
        read_segmentation(path, series)
