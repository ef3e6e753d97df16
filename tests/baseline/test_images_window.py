"""Windowing against the formula worked by hand and against pydicom; segmentations that the test wrote itself."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import Dataset
from pydicom.pixels import apply_voi_lut, apply_windowing

from dlrrc_core.baseline.images.window import window
from dlrrc_core.problems import UsageError


def test_values_worked_by_hand() -> None:
    # DICOM PS3.3 C.11.2.1.2.1 for width 400, centre 40: black up to 39.5 - 199.5 = -160, white above 239;
    # at 40: ((40 - 39.5) / 399 + 0.5) * 255 = 127.8196 -> 128; at -60: (-99.5 / 399 + 0.5) * 255 = 63.91 -> 64;
    # at 140: (100.5 / 399 + 0.5) * 255 = 191.73 -> 192; at -159: (-198.5 / 399 + 0.5) * 255 = 0.639 -> 1; at 238: 254.36 -> 254
    hu = np.array([-1024, -161, -160, -159, -60, 40, 140, 238, 239, 240, 3071])
    assert window(hu).tolist() == [0, 0, 0, 1, 64, 128, 192, 254, 255, 255, 255]
    assert window(hu).dtype == np.uint8


def test_the_printed_order_of_the_seed_paper_would_blacken_soft_tissue() -> None:
    # "40 HU (width) and 400 HU (level)" taken literally: everything up to 380 HU is black
    assert window(np.arange(-1000, 381), width=40, level=400).max() == 0
    assert window([381, 420], width=40, level=400).tolist() == [7, 255]  # (-18.5 / 39 + 0.5) * 255 = 6.54


def test_a_window_of_one_is_a_step() -> None:
    assert window([39, 39.5, 40], width=1, level=40).tolist() == [0, 0, 255]


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 3000), st.integers(-500, 500), st.integers(0, 2**31))
def test_against_pydicom(width: int, level: int, seed: int) -> None:
    hu = np.random.default_rng(seed).integers(-2048, 2048, 200).astype(np.int16)
    header = Dataset()
    header.WindowWidth, header.WindowCenter, header.VOILUTFunction = width, level, "LINEAR"
    header.BitsStored, header.PixelRepresentation, header.PhotometricInterpretation = 8, 0, "MONOCHROME2"
    with np.errstate(divide="ignore", invalid="ignore"):  # pydicom divides by width - 1
        peer = apply_windowing(hu, header)
        np.testing.assert_array_equal(apply_voi_lut(hu, header), peer)
    # both are the same sums in another order: equal but for a half that rounds the other way; worst difference seen 0
    assert np.abs(window(hu, width, level).astype(float) - np.rint(peer)).max() <= (1 if width > 1 else 0)
    assert np.abs(window(hu, width, level) - peer).max() <= 0.5 + 1e-9


@pytest.mark.parametrize(("width", "level"), [(0, 40), (-400, 40), (np.nan, 40), (400, np.inf)])
def test_windows_that_are_none(width: float, level: float) -> None:
    with pytest.raises(UsageError, match="allowed: finite numbers, a width of at least 1 HU"):
        window([0], width, level)
