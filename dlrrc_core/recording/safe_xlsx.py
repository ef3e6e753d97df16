"""Whether a workbook from elsewhere may be opened at all: checked on the archive, before any library reads a cell."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path
from xml.parsers import expat

from dlrrc_core.problems import UsageError

MAX_BYTES = 2_000_000  # of the file; a filled workbook has about 12 000
MAX_UNPACKED = 20_000_000  # of all members together
MAX_MEMBERS = 200
MAX_RATIO = 200  # unpacked to packed size of one member; text of a filled workbook stays below 20
#: Parts of a workbook that run, load or embed something.
FORBIDDEN = {
    "vbaproject": "macros",
    "macrosheets/": "macro sheets",
    "externallinks/": "links to other files",
    "embeddings/": "embedded objects",
    "activex/": "controls",
    "ctrlprops/": "controls",
    "customui": "changes of the program's menus",
    "connections.xml": "connections to databases",
    "querytables/": "connections to databases",
}
ADVICE = "save the sheet anew as a plain .xlsx workbook"


class _DocumentTypeError(Exception):
    """An XML part declares a document type, and with it perhaps entities."""


def read(path: Path) -> bytes:
    """Return the bytes of a workbook after checking its archive.

    Parameters
    ----------
    path : Path
        File with the ending ``.xlsx``.

    Returns
    -------
    bytes
        The file, as it is.

    Raises
    ------
    UsageError
        When the file cannot be read, is no archive, is too large packed or unpacked, holds macros, links to other files,
        embedded objects or connections, is encrypted, or has XML with a document type or references to outside.
    """
    if path.suffix.lower() != ".xlsx":
        raise UsageError(f"{path.name} is no .xlsx workbook; allowed: .xlsx without macros; {ADVICE}")
    try:
        if path.stat().st_size > MAX_BYTES:
            raise UsageError(f"{path.name} has {path.stat().st_size} bytes; allowed: at most {MAX_BYTES}")
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror}); allowed: an .xlsx workbook") from error
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            _members(archive, path.name)
            for member in archive.infolist():
                if member.filename.lower().endswith((".xml", ".rels", ".vml")):
                    _xml(archive.read(member), member.filename, path.name)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError, OSError) as error:
        if isinstance(error, UsageError):
            raise
        raise UsageError(f"{path.name} is no workbook that can be unpacked ({error}); {ADVICE}") from error
    except Exception as error:
        if type(error).__name__ == "error":  # zlib.error, lzma's and their like
            raise UsageError(f"{path.name} is no workbook that can be unpacked ({error}); {ADVICE}") from error
        raise
    return content


def _members(archive: zipfile.ZipFile, file: str) -> None:
    """Refuse archives that are too large, double, encrypted, or hold what a table does not need."""
    members = archive.infolist()
    names = [member.filename.replace("\\", "/").lower() for member in members]
    wrong = []
    if len(members) > MAX_MEMBERS:
        wrong.append(f"{len(members)} parts (allowed: at most {MAX_MEMBERS})")
    if len(set(names)) != len(names):
        wrong.append("two parts of the same name")
    unpacked = sum(member.file_size for member in members)
    if unpacked > MAX_UNPACKED:
        wrong.append(f"{unpacked} bytes unpacked (allowed: at most {MAX_UNPACKED})")
    for member in members:
        if member.file_size > 100_000 and member.file_size > MAX_RATIO * max(member.compress_size, 1):
            wrong.append(f"{member.filename}, packed more than {MAX_RATIO} times (as in a zip bomb)")
    if any(member.flag_bits & 0x1 for member in members):
        wrong.append("encrypted parts")
    wrong += [what for part, what in FORBIDDEN.items() if any(part in name for name in names)]
    if wrong:
        raise UsageError(f"{file} holds {'; '.join(dict.fromkeys(wrong))}; allowed: cells only; {ADVICE}")
    if "[content_types].xml" not in names:
        raise UsageError(f"{file} is an archive, but no workbook; {ADVICE}")


def _xml(content: bytes, member: str, file: str) -> None:
    """Refuse XML with a document type, macro content types, and relations to outside other than plain web links."""

    def doctype(*_: object) -> None:
        raise _DocumentTypeError

    def start(name: str, attributes: dict[str, str]) -> None:
        kind = attributes.get("ContentType", "") + attributes.get("Type", "")
        if re.search(r"macroEnabled|vbaProject", kind, re.IGNORECASE):
            raise UsageError(f"{file} holds macros; allowed: cells only; {ADVICE}")
        outside = attributes.get("TargetMode", "").lower() == "external"
        if outside and not attributes.get("Type", "").endswith("/hyperlink"):
            raise UsageError(f"{file} holds links to other files ({member}); allowed: cells only; {ADVICE}")

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = doctype
    parser.StartElementHandler = start
    try:
        parser.Parse(content, True)
    except _DocumentTypeError as error:
        raise UsageError(f"{file} holds XML with a document type ({member}); allowed: none; {ADVICE}") from error
    except expat.ExpatError as error:
        raise UsageError(f"{file} holds broken XML ({member}: {error}); {ADVICE}") from error
