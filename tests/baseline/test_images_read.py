"""CT series: what is written comes back, in any order and orientation; expected values are those that the test itself wrote."""

from __future__ import annotations

import random
import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest
from dicomkit import image, save, turned, volume, write
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.uid import RLELossless, generate_uid

from dlrrc_core.baseline.images.dicom import read_series


def test_a_volume_comes_back(tmp_path: Path) -> None:
    hu = volume()
    write(tmp_path, hu, spacing=(0.7, 0.9))
    series = read_series(tmp_path)
    assert series.hu.dtype == np.int16
    np.testing.assert_array_equal(series.hu, hu)
    assert series.spacing == pytest.approx((2.5, 0.7, 0.9))
    np.testing.assert_allclose(series.positions[2], (-100, -80, -395))
    np.testing.assert_allclose(series.heights, -400 + 2.5 * np.arange(5))
    assert (series.patient, series.manufacturer, series.kernel, series.kvp, series.thickness, series.phase) == (
        "P1", "SIEMENS", "B31f", 120.0, 2.0, "arterial",
    )  # fmt: skip
    assert [path.name for path in series.files] == [f"{k:04d}.dcm" for k in range(5)]


def test_rescale_of_every_slice_is_its_own(tmp_path: Path) -> None:
    hu, uid = volume(4), generate_uid()
    for k, (slope, intercept) in enumerate(((1.0, -1024.0), (0.5, -500.0), (0.25, 0.0), (2.0, -8.0))):
        save(image(hu[k], (0, 0, 3.0 * k), uid, slope=slope, intercept=intercept), tmp_path / f"{k}")
    series = read_series(tmp_path)
    assert series.hu.dtype == np.float32
    # stored values are whole: half a slope is lost at most (slope 2: 1 HU); worst seen 1.0
    for k, slope in enumerate((1.0, 0.5, 0.25, 2.0)):
        np.testing.assert_allclose(series.hu[k], hu[k], atol=slope / 2)


@pytest.mark.parametrize("names", [(4, 3, 2, 1, 0), (2, 0, 4, 1, 3)])
def test_file_names_and_order_do_not_matter(tmp_path: Path, names: tuple[int, ...]) -> None:
    hu = volume()
    paths = write(tmp_path, hu, names=names)
    np.testing.assert_array_equal(read_series(tmp_path).hu, hu)
    np.testing.assert_array_equal(read_series(paths[::-1]).hu, hu)


@settings(max_examples=25, deadline=None)
@given(st.booleans(), st.booleans(), st.booleans(), st.permutations(range(4)), st.sampled_from([0.5, 1.0, 5.0]))
def test_any_axes_and_any_order_give_the_same_volume(
    transpose: bool, flip_rows: bool, flip_columns: bool, names: list[int], step: float
) -> None:
    hu = volume(4, 5, 7)
    folder = Path(tempfile.mkdtemp())
    try:
        turned(folder, hu, transpose, flip_rows, flip_columns, names=names, step=step, spacing=(0.6, 0.9))
        series = read_series(folder)
    finally:
        shutil.rmtree(folder)
    np.testing.assert_array_equal(series.hu, hu)
    assert series.spacing == pytest.approx((step, 0.6, 0.9))
    np.testing.assert_allclose(series.positions[0], (-100, -80, -400), atol=1e-3)
    np.testing.assert_allclose(series.orientation, [[1, 0, 0], [0, 1, 0]])


def test_run_length_encoding_is_read(tmp_path: Path) -> None:
    hu = volume()
    write(tmp_path, hu, syntax=RLELossless)
    np.testing.assert_array_equal(read_series(tmp_path).hu, hu)


def test_one_of_several_series_is_chosen(tmp_path: Path) -> None:
    first, second = volume(seed=1), volume(seed=2)
    write(tmp_path / "a", first, series="1.2.3")
    write(tmp_path / "b", second, series="1.2.4")
    np.testing.assert_array_equal(read_series(tmp_path, "1.2.4").hu, second)


def test_companions_of_a_series_are_left_alone(tmp_path: Path) -> None:
    hu = volume()
    paths = write(tmp_path, hu)
    (tmp_path / "LICENSE").write_text("CC BY 3.0")
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / ".DS_Store").write_bytes(b"x")
    random.Random(1).shuffle(paths)
    np.testing.assert_array_equal(read_series(tmp_path).hu, hu)


def test_a_patient_a_little_askew_is_still_axial(tmp_path: Path) -> None:
    hu, uid, angle = volume(3), generate_uid(), np.deg2rad(3)
    normal = np.array([0, -np.sin(angle), np.cos(angle)])
    for k in range(3):
        axes = (1, 0, 0, 0, float(f"{np.cos(angle):.6f}"), float(f"{np.sin(angle):.6f}"))
        save(image(hu[k], 2 * k * normal, uid, orientation=axes), tmp_path / str(k))
    series = read_series(tmp_path)
    np.testing.assert_array_equal(series.hu, hu)
    assert series.spacing[0] == pytest.approx(2, abs=1e-4)  # worst seen 2e-6: positions are written with 6 digits
