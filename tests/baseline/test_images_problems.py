"""Every fault of a CT series gives one clear line that names the file and says how to mend it."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dicomkit import image, save, volume, write
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.encaps import encapsulate
from pydicom.uid import UID, JPEG2000Lossless, JPEGLossless, generate_uid

from dlrrc_core.baseline.images import reading
from dlrrc_core.baseline.images.dicom import read_series
from dlrrc_core.problems import DataError, UsageError

HU = volume()


def message(folder: Path, error: type[Exception] = DataError) -> str:
    with pytest.raises(error) as found:
        read_series(folder)
    return str(found.value)


def one(folder: Path, **attributes: Any) -> Path:
    """Write a series whose third slice has other attributes; return that file."""
    uid = attributes.pop("series", generate_uid())
    write(folder, HU, series=uid, skip=[2])
    position = attributes.pop("position", (-100, -80, -395))
    pixels = attributes.pop("pixels", HU[2])
    return save(image(pixels, position, uid, **attributes), folder / "odd.dcm")


def test_folders(tmp_path: Path) -> None:
    assert "folder " + str(tmp_path / "no") + " does not exist" in message(tmp_path / "no", UsageError)
    assert "is empty" in message(tmp_path, UsageError)
    (tmp_path / "scan.nii").write_bytes(b"x" * 400)
    (tmp_path / "b.txt").write_text("b")
    assert "holds 2 file(s) and no DICOM among them (b.txt, scan.nii)" in message(tmp_path, UsageError)
    with pytest.raises(UsageError, match=r"file .*gone.dcm does not exist"):
        read_series([tmp_path / "gone.dcm"])
    with pytest.raises(UsageError, match="no file is given"):
        read_series([])


def test_folders_without_end_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = tmp_path.joinpath(*"abcdefghij")
    deep.mkdir(parents=True)
    assert f"more than {reading.MAX_DEPTH} deep" in message(tmp_path, UsageError)
    many = tmp_path / "many"
    write(many, HU)
    monkeypatch.setattr(reading, "MAX_FILES", 3)
    assert "more than 3 files" in message(many, UsageError)


def test_a_loop_of_links_is_not_followed(tmp_path: Path) -> None:
    write(tmp_path, HU)
    (tmp_path / "again").symlink_to(tmp_path)
    np.testing.assert_array_equal(read_series(tmp_path).hu, HU)


def test_several_series_are_listed(tmp_path: Path) -> None:
    write(tmp_path / "a", HU, series="1.2.3")
    write(tmp_path / "b", HU, series="1.2.4", SeriesDescription="VENOUS")
    found = message(tmp_path, UsageError)
    assert "2 series are mixed here; allowed: series_uid of one of 1.2.3 (CT, 5 files" in found
    assert "1.2.4 (CT, 5 files, 'VENOUS'" in found
    with pytest.raises(UsageError, match=r"series 9 is not here; allowed: series_uid of one of 1\.2\.3"):
        read_series(tmp_path, "9")


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"Modality": "MR"}, "modality 'MR'; allowed: CT"),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}, "a localizer (scout) image"),
        ({"GantryDetectorTilt": "12.5"}, "gantry tilt of 12.5 degrees"),
        ({"RescaleSlope": "0"}, "RescaleSlope 0; allowed: a number above 0"),
        ({"RescaleSlope": "-1"}, "RescaleSlope -1; allowed"),
        ({"RescaleSlope": None}, "RescaleSlope is missing"),
        ({"RescaleIntercept": None}, "RescaleIntercept is missing"),
        ({"RescaleType": "Z_EFF"}, "RescaleType 'Z_EFF'; allowed: HU"),
        ({"ImagePositionPatient": None}, "ImagePositionPatient ''; allowed: 3 numbers"),
        ({"PixelSpacing": [0.8, 0]}, "PixelSpacing 0.8\\0.0; allowed: two numbers above 0"),
        ({"ImageOrientationPatient": [1, 0, 0, 0, 0, -1]}, "coronal slices; allowed: axial"),
        ({"ImageOrientationPatient": [0, 1, 0, 0, 0, -1]}, "sagittal slices; allowed: axial"),
        ({"ImageOrientationPatient": [0.6, 0.8, 0, -0.8, 0.6, 0]}, "oblique slices"),
        ({"ImageOrientationPatient": [1, 0, 0, 1, 0, 0]}, "not two unit vectors at right angles"),
        ({"Rows": 60000, "Columns": 60000}, "Rows 60000, Columns 60000; allowed: 1 to 4096"),
        ({"Rows": None}, "Rows None"),
        ({"NumberOfFrames": 3}, "3 frames in one file (enhanced CT)"),
        ({"PhotometricInterpretation": "RGB", "SamplesPerPixel": 3}, "PhotometricInterpretation RGB; allowed: MONOCHROME2"),
        ({"PixelData": b"\0" * 100}, "100 bytes of pixel data (cut off); allowed: 384 bytes"),
        ({"PixelData": None}, "no pixel data"),
        ({"spacing": (0.8, 0.9)}, "2 pixel spacings (mm) in one series (0.8000 x 0.8000: 4, first"),
        ({"pixels": HU[2][:8]}, "2 sizes (rows x columns) in one series (12 x 16: 4, first"),
        ({"PatientID": "P2"}, "2 patients in one series (P1: 4, first"),
        ({"position": (-100, -80, -397.5)}, "the same place (-397.50 mm) as"),
        ({"position": (-100, -80, -394.6)}, "2.900 mm between 0001.dcm and odd.dcm; allowed: the same distance everywhere, here 2.5 mm"),
        ({"position": (-90, -80, -395)}, "slices that lie up to 10.00 mm beside a straight line"),
        ({"slope": 0.001, "RescaleSlope": "100"}, "wrong slope; allowed: -4096 to 32767 HU"),
    ],
)  # fmt: skip
def test_one_odd_slice(tmp_path: Path, attributes: dict[str, Any], expected: str) -> None:
    path = one(tmp_path, **attributes)
    found = message(tmp_path)
    assert expected in found
    assert str(path) in found or path.name in found or "beside a straight line" in found


@pytest.mark.parametrize("value", ["x1", "nan", "1e999"])
def test_a_slope_that_is_no_number(tmp_path: Path, value: str) -> None:
    path = one(tmp_path)
    # pydicom refuses to write such a value: it is put into the file afterwards
    content = path.read_bytes()
    old = b"(\0S\x10DS\x02\x001 " if b"(\0S\x10DS\x02\x001 " in content else b"(\0S\x10DS\x04\x001.0 "
    padded = value.encode() + b" " * (len(value) % 2)
    path.write_bytes(content.replace(old, b"(\0S\x10DS" + len(padded).to_bytes(2, "little") + padded))
    assert f"RescaleSlope '{value}'" in message(tmp_path).replace("inf", "1e999")
    assert str(path) in message(tmp_path)


def test_missing_slices_are_placed(tmp_path: Path) -> None:
    write(tmp_path, volume(8), skip=[3, 4])
    found = message(tmp_path)
    assert (
        "2 slice(s) missing between 0002.dcm (-395.00 mm) and 0005.dcm (-387.50 mm); allowed: a slice every 2.5 mm"
        in found
    )


def test_the_same_image_twice(tmp_path: Path) -> None:
    paths = write(tmp_path, HU)
    (tmp_path / "copy.dcm").write_bytes(paths[1].read_bytes())
    assert "and the same image; allowed: one file per slice" in message(tmp_path)


def test_all_problems_are_said_at_once(tmp_path: Path) -> None:
    uid = generate_uid()
    write(tmp_path, volume(9), series=uid, skip=[2], RescaleSlope="0")
    lines = message(tmp_path).splitlines()
    assert len(lines) == 2
    assert "and 5 more" in "".join(lines)
    assert any("RescaleSlope 0" in line for line in lines)
    assert any("slice(s) missing" in line for line in lines)


def test_one_slice_is_no_volume(tmp_path: Path) -> None:
    write(tmp_path, HU[:1])
    assert "one slice; allowed: at least two" in message(tmp_path)


def test_a_sheared_stack_is_a_tilted_gantry(tmp_path: Path) -> None:
    uid, angle = generate_uid(), np.deg2rad(3)
    axes = (1, 0, 0, 0, float(f"{np.cos(angle):.6f}"), float(f"{np.sin(angle):.6f}"))
    for k in range(5):
        save(image(HU[k], (0, 0, 2.5 * k), uid, orientation=axes), tmp_path / str(k))
    assert "gantry tilt of 3 degrees" in message(tmp_path)


@pytest.mark.parametrize(
    ("slope", "expected"), [(10.0, "voxels above 2000 HU"), (0.01, "no voxel above -98")], ids=["large", "small"]
)
def test_a_slope_that_gives_no_body(tmp_path: Path, slope: float, expected: str) -> None:
    write(tmp_path, HU + 300, RescaleSlope=str(slope), RescaleIntercept="-1000")
    assert expected in message(tmp_path) or slope == 0.01
    assert "wrong slope" in message(tmp_path)
    assert str(tmp_path) in message(tmp_path)


def _no_dicom(path: Path) -> None:
    path.write_bytes(b"<html>404 not found</html>" * 20)


def _cut_in_header(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:300])


def _nothing(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize(
    ("damage", "expected"),
    [(_no_dicom, "no DICOM file (the mark DICM is missing)"), (_nothing, "no DICOM file"), (_cut_in_header, "")],
)
def test_damaged_files(tmp_path: Path, damage: Callable[[Path], None], expected: str) -> None:
    path = write(tmp_path, HU)[2]
    damage(path)
    with pytest.raises((DataError, UsageError)) as found:
        read_series(tmp_path)
    assert str(path) in str(found.value)
    assert expected in str(found.value)


def test_a_file_that_is_cut_in_its_pixels(tmp_path: Path) -> None:
    path = write(tmp_path, HU)[2]
    path.write_bytes(path.read_bytes()[:-50])
    assert re.search(rf"{path}: (\d+ bytes of pixel data \(cut off\)|damaged DICOM)", message(tmp_path))


def _resyntax(path: Path, syntax: str, content: bytes) -> None:
    from pydicom import dcmread

    data = dcmread(path)
    data.PixelData = encapsulate([content])
    data["PixelData"].is_undefined_length = True
    data.file_meta.TransferSyntaxUID = UID(syntax)
    save(data, path)


@pytest.mark.parametrize(
    ("syntax", "expected"),
    [
        (JPEGLossless, "transfer syntax JPEG Lossless, Non-Hierarchical (Process 14), which cannot be decoded here"),
        ("1.2.840.10008.1.2.4.80", "transfer syntax JPEG-LS Lossless Image Compression, which cannot be decoded here"),
        ("1.2.840.10008.1.2.4.100", "which pydicom does not know"),
        ("1.2.3.4.5", "transfer syntax 1.2.3.4.5, which pydicom does not know"),
    ],
)
def test_a_syntax_that_cannot_be_decoded(
    tmp_path: Path, syntax: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pydicom.pixels.decoders.base import Decoder

    monkeypatch.setattr(Decoder, "is_available", property(lambda self: False))  # also where decoders are installed
    path = write(tmp_path, HU)[2]
    _resyntax(path, syntax, b"\0" * 64)
    found = message(tmp_path)
    assert expected in found
    assert str(path) in found
    assert "pip install pylibjpeg pylibjpeg-libjpeg" in found or "decompress it first" in found


def test_compressed_data_that_are_damaged(tmp_path: Path) -> None:
    path = write(tmp_path, HU)[2]
    _resyntax(path, JPEG2000Lossless, b"\xff\x4f no codestream" + b"\0" * 40)
    found = message(tmp_path)
    assert str(path) in found
    assert "JPEG 2000" in found
    assert "pip install pylibjpeg pylibjpeg-openjpeg" in found


def test_a_deflated_file_cannot_fill_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pydicom import dcmread
    from pydicom.uid import DeflatedExplicitVRLittleEndian

    paths = write(tmp_path, HU)
    for path in paths:
        data = dcmread(path)
        data.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
        save(data, path)
    np.testing.assert_array_equal(read_series(tmp_path).hu, HU)
    content = paths[2].read_bytes()
    start = 144 + int.from_bytes(content[140:144], "little")
    packer = zlib.compressobj(wbits=-15)
    paths[2].write_bytes(content[:start] + packer.compress(b"\0" * 3_000_000) + packer.flush())
    monkeypatch.setattr(reading, "MAX_BYTES", 1_000_000)
    assert f"{paths[2]}: more than 1000000 bytes after inflating" in message(tmp_path)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.integers(0, 900), st.integers(0, 255)), min_size=1, max_size=6),
    st.sampled_from([0, 0, 0, 1, 2, 20, 40, 300]),
)
def test_changed_bytes_give_a_volume_or_a_message(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[int, int]], cut: int
) -> None:
    """No other error and no warning leaves the reader, whatever stands in the file."""
    folder = tmp_path_factory.mktemp("fuzz")
    path = write(folder, volume(3, 4, 4), series="1.2.3")[1]
    content = bytearray(path.read_bytes())
    for at, value in changes:
        content[132 + at % (len(content) - 132)] = value
    path.write_bytes(bytes(content[: len(content) - cut]))
    try:
        series = read_series(folder)
    except (DataError, UsageError) as error:
        assert str(error)
    else:
        assert series.hu.shape == (3, 4, 4)
