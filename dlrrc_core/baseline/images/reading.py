"""Opening DICOM files with limits: what is too large, too deep, packed or no DICOM is refused before memory is spent on it."""

from __future__ import annotations

import io
import logging
import os
import warnings
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pydicom import Dataset, dcmread
from pydicom.filereader import read_file_meta_info
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian

from dlrrc_core.baseline.images.series import Finding, text
from dlrrc_core.problems import UsageError

MAX_DEPTH = 8  # folders below the given one
MAX_FILES = 20_000  # a whole-body series has 3000
MAX_BYTES = 512 * 2**20  # of one file, also after inflating; a segmentation of 1000 slices has 60 MB
# what lies beside images in archives; anything else without the mark of DICOM is reported
BESIDE = frozenset((".txt", ".csv", ".json", ".md", ".yaml", ".yml", ".xml", ".html", ".pdf", ".png", ".jpg"))
BESIDE_NAMES = frozenset(("LICENSE", "README", "DICOMDIR", "Thumbs.db"))
PREAMBLE = 128  # bytes before the mark "DICM", DICOM PS3.10 7.1


class UnreadableError(Exception):
    """A file cannot be read; holds the finding about it."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.found)
        self.finding = finding


@contextmanager
def quiet() -> Iterator[None]:
    """Silence the remarks of pydicom on values against the standard: what is used is checked here, with a message of its own."""
    logger = logging.getLogger("pydicom")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def files_of(source: Path | Sequence[Path]) -> list[Path]:
    """Return the files to read, sorted by name.

    Parameters
    ----------
    source : Path or sequence of Path
        A folder (its folders too, at most 8 deep; links and hidden files are left out), or files.

    Returns
    -------
    list of Path
        Files that bear the mark of DICOM, and others that are no known companions (text, tables, pictures), so that a damaged
        image is reported and not left out.

    Raises
    ------
    UsageError
        When the folder or a file is missing, there is nothing in it, nothing of it is DICOM, it is too deep or holds too many files.
    """
    if not isinstance(source, Path):
        if missing := [str(path) for path in source if not path.is_file()]:
            raise UsageError(f"file {', '.join(missing[:5])} does not exist; allowed: DICOM files of one CT series")
        if not source:
            raise UsageError("no file is given; allowed: DICOM files of one CT series, or their folder")
        return sorted(source)
    if source.is_file():
        return [source]
    if not source.is_dir():
        raise UsageError(f"folder {source} does not exist; allowed: a folder with the DICOM files of one CT series")
    found = sorted(_walk(source))
    if not found:
        raise UsageError(f"folder {source} is empty; allowed: a folder with the DICOM files of one CT series")
    marked = [path for path in found if is_dicom(path)]
    if not marked:
        names = ", ".join(path.name for path in found[:5])
        raise UsageError(
            f"folder {source} holds {len(found)} file(s) and no DICOM among them ({names}); allowed: files with the mark DICM "
            "after 128 bytes, as scanners and archives write them; NIfTI, pictures and archives (zip) must be converted first"
        )
    return sorted({*marked, *(p for p in found if p.suffix.lower() not in BESIDE and p.name not in BESIDE_NAMES)})


def _walk(folder: Path) -> list[Path]:
    """Return the regular files of a folder within the limits."""
    found: list[Path] = []
    base = len(folder.parts)
    for place, folders, names in os.walk(folder):
        if folders and len(Path(place).parts) - base >= MAX_DEPTH:
            raise UsageError(
                f"folder {place} is more than {MAX_DEPTH} deep; allowed: give the folder of the series itself"
            )
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [
            path
            for name in names
            if not name.startswith(".") and (path := Path(place) / name).is_file() and not path.is_symlink()
        ]
        if len(found) > MAX_FILES:
            raise UsageError(f"folder {folder} holds more than {MAX_FILES} files; allowed: the folder of one series")
    return found


def is_dicom(path: Path) -> bool:
    """Return whether a file bears the mark of DICOM."""
    with path.open("rb") as stream:
        return stream.read(PREAMBLE + 4)[PREAMBLE:] == b"DICM"


def read(path: Path, tags: Sequence[str]) -> Dataset:
    """Read attributes of a file, or raise one finding that says why it cannot be read.

    Parameters
    ----------
    path : Path
        File.
    tags : sequence of str
        Keywords of the attributes; ``PixelData`` only where the pixels are needed. Nothing else is parsed.

    Returns
    -------
    pydicom.Dataset
        With ``file_meta``; a deflated file is inflated.

    Raises
    ------
    UnreadableError
        With the finding.
    """
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise UnreadableError(Finding(path, f"{size} bytes", f"at most {MAX_BYTES} bytes a file"))
    if not is_dicom(path):
        raise UnreadableError(
            Finding(
                path,
                "no DICOM file (the mark DICM is missing)",
                "DICOM files",
                "remove it, or copy it again if it is one",
            )
        )
    try:
        with quiet():
            meta = read_file_meta_info(path)
            packed = meta.get("TransferSyntaxUID") == DeflatedExplicitVRLittleEndian
            source = _inflated(path, meta) if packed else path
            data = dcmread(source, stop_before_pixels="PixelData" not in tags, specific_tags=list(tags))
            for _ in data.iterall():  # pydicom converts a value when it is first asked for; here its remarks are silent
                pass
            return data
    except UnreadableError:
        raise
    # a damaged file fails anywhere in the parser: wrong lengths, wrong types, nesting without end
    except (Exception, RecursionError) as error:
        raise UnreadableError(
            Finding(
                path, f"damaged DICOM ({type(error).__name__}: {error})", "a whole file", "copy or download it again"
            )
        ) from error


def syntax_of(data: Dataset) -> UID:
    """Return the transfer syntax of a file; an empty UID when it states none."""
    with quiet():
        return UID(text(data.file_meta.get("TransferSyntaxUID")))


def _inflated(path: Path, meta: Dataset) -> io.BytesIO:
    """Return a deflated file as a plain one; at most ``MAX_BYTES`` are inflated, so that a small file cannot fill the memory."""
    if "FileMetaInformationGroupLength" not in meta:
        raise UnreadableError(
            Finding(path, "FileMetaInformationGroupLength is missing", "where the deflated part begins")
        )
    start = PREAMBLE + 4 + 12 + int(meta.FileMetaInformationGroupLength)  # 12 bytes hold the length itself
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    content = inflater.decompress(path.read_bytes()[start:], MAX_BYTES)
    if inflater.unconsumed_tail:
        raise UnreadableError(
            Finding(path, f"more than {MAX_BYTES} bytes after inflating", f"at most {MAX_BYTES} bytes")
        )
    head = io.BytesIO()
    head.write(bytes(PREAMBLE) + b"DICM")
    # explicit little endian: (0002,0010) UI, even length
    uid = ExplicitVRLittleEndian.encode() + b"\0" * (len(ExplicitVRLittleEndian) % 2)
    element = b"\x02\x00\x10\x00UI" + len(uid).to_bytes(2, "little") + uid
    head.write(b"\x02\x00\x00\x00UL\x04\x00" + len(element).to_bytes(4, "little") + element + content)
    head.seek(0)
    return head
