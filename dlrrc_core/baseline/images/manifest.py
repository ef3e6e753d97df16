"""The checksums of a downloaded cohort."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Sequence
from pathlib import Path

from dlrrc_core import files
from dlrrc_core.baseline.images.source import Remote
from dlrrc_core.problems import DataError, Problem

NAME = "manifest.csv"
COLUMNS = ("series", "file", "bytes", "md5", "sha256")


class Manifest:
    """``manifest.csv`` of a cohort: every file with its size, the MD5 that the bucket stated and its SHA-256.

    Parameters
    ----------
    folder : Path
        Folder of the cohort; the manifest may be missing.

    Raises
    ------
    DataError
        When the manifest cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rows: list[dict[str, str]] = []
        path = folder / NAME
        if path.is_file():
            reader = csv.DictReader(io.StringIO(path.read_text(encoding="utf-8", errors="replace")))
            self.rows = list(reader)
            if tuple(reader.fieldnames or ()) != COLUMNS or any(None in (*row, *row.values()) for row in self.rows):
                fix = "delete it: files are kept and checked against the bucket"
                raise DataError([Problem(str(path), 0, 0, "a damaged manifest", ", ".join(COLUMNS), fix)])

    @property
    def complete(self) -> set[str]:
        """Return the SeriesInstanceUIDs whose files were all downloaded and are still there."""
        gone = {row["series"] for row in self.rows if not self.path(row).is_file()}
        return {row["series"] for row in self.rows} - gone

    def path(self, row: dict[str, str]) -> Path:
        """Return where the file of a row lies."""
        return self.folder / "series" / row["series"] / row["file"]

    def add(self, series: str, entries: Sequence[tuple[Remote, str]]) -> None:
        """Add a whole series and write the manifest.

        Parameters
        ----------
        series : str
            SeriesInstanceUID.
        entries : sequence of (Remote, str)
            Files, and their SHA-256.
        """
        self.rows = [row for row in self.rows if row["series"] != series]
        for file, sha in entries:
            self.rows.append(dict(zip(COLUMNS, (series, file.name, str(file.size), file.md5, sha), strict=True)))
        text = io.StringIO()
        writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.rows)
        files.write(self.folder / NAME, text.getvalue().encode())

    def broken(self) -> list[str]:
        """Return the files that are there and differ from their SHA-256, relative to the folder."""
        found = []
        for row in self.rows:
            path = self.path(row)
            if path.is_file() and (str(path.stat().st_size) != row["bytes"] or digest(path) != row["sha256"]):
                found.append(path.relative_to(self.folder).as_posix())
        return found

    def missing(self) -> list[str]:
        """Return the files that are not there, relative to the folder."""
        return [self.path(row).relative_to(self.folder).as_posix() for row in self.rows if not self.path(row).is_file()]


def digest(path: Path, algorithm: str = "sha256") -> str:
    """Return the checksum of a file as hexadecimal digits.

    Parameters
    ----------
    path : Path
    algorithm : {"sha256", "md5"}, default "sha256"
        MD5 is what the bucket states; it guards against damage, not against intent.
    """
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.new(algorithm, usedforsecurity=False)).hexdigest()
