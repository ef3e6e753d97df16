"""Reads the dated tables of software releases and builds in ``data/audit``."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from pathlib import Path

from packaging.version import InvalidVersion, Version

from dlrrc_core.audit.software_refresh import BUILDS, RELEASES
from dlrrc_core.problems import DataError, Problem

FOLDER = Path(__file__).resolve().parents[2] / "data" / "audit"
OTHER_RELEASES, TESTED_BUILDS = "releases-other.csv", "builds-tested.csv"
REQUIRED = {
    RELEASES: {"product", "version", "date", "python", "source", "retrieved"},
    OTHER_RELEASES: {"product", "version", "date", "exists_by", "source", "retrieved", "note"},
    BUILDS: {"product", "version", "part", "part_version", "source", "retrieved"},
    TESTED_BUILDS: {"product", "version", "part", "part_version", "source", "retrieved", "note"},
}


@dataclass(frozen=True)
class Release:
    """One release of a product.

    Attributes
    ----------
    product : str
    version : Version
    day : date, optional
        First day on which it may have been had; the first of the month where only the month is known.
    exists_by : date, optional
        A day on which it had been released, where the day itself is not known.
    python : tuple of str
        Python versions that it has a file for; empty where that is not known or one file serves all.
    complete : bool
        Whether the table of this product lists every release of the package index.
    row : str
        Table, line, source and day of retrieval, for a message.
    """

    product: str
    version: Version
    day: date | None
    exists_by: date | None
    python: tuple[str, ...]
    complete: bool
    row: str


@dataclass(frozen=True)
class Build:
    """What a release was built for or tested with.

    Attributes
    ----------
    product, version : str
        The version may name a whole series (2.4 stands for every 2.4.x).
    part : str
        ``cuda``, ``cudnn``, ``python`` or ``pytorch``.
    options : tuple of str
        Versions, series, or ranges of series (3.6-3.9).
    row : str
        As in :class:`Release`.
    """

    product: str
    version: str
    part: str
    options: tuple[str, ...]
    row: str


@dataclass(frozen=True)
class Tables:
    """All tables of one folder.

    Attributes
    ----------
    releases : tuple of Release
    builds : tuple of Build
    """

    releases: tuple[Release, ...]
    builds: tuple[Build, ...]

    @cached_property
    def _by_product(self) -> dict[str, tuple[Release, ...]]:
        found: dict[str, list[Release]] = {}
        for release in sorted(self.releases, key=lambda r: r.version):
            found.setdefault(release.product, []).append(release)
        return {product: tuple(releases) for product, releases in found.items()}

    def of(self, product: str) -> tuple[Release, ...]:
        """Return the releases of a product by version."""
        return self._by_product.get(product, ())


@lru_cache(maxsize=4)
def load(folder: Path = FOLDER) -> Tables:
    """Read the tables of a folder.

    Parameters
    ----------
    folder : Path, default ``data/audit`` of the checkout
        Holds ``releases-pypi.csv``, ``releases-other.csv``, ``builds-pypi.csv`` and ``builds-tested.csv``.

    Returns
    -------
    Tables

    Raises
    ------
    DataError
        With every missing file, missing column, and every version or day that cannot be read.
    """
    problems: list[Problem] = []
    releases: list[Release] = []
    builds: list[Build] = []
    for name in REQUIRED:
        for line, cells in _rows(folder / name, problems):
            row = _line(name, line, cells)
            if "part" in cells:
                options = tuple(cells["part_version"].split())
                builds.append(Build(cells["product"], cells["version"], cells["part"], options, row))
                continue
            try:
                releases.append(
                    Release(
                        cells["product"],
                        Version(cells["version"]),
                        _day(cells["date"]),
                        _day(cells.get("exists_by", "")),
                        tuple(cells.get("python", "").split()),
                        name == RELEASES and cells["product"] != "cudnn",
                        row,
                    )
                )
            except (InvalidVersion, ValueError) as error:
                problems.append(Problem(name, line, 0, str(error), "a version, and a day as YYYY-MM-DD or YYYY-MM"))
    if problems:
        raise DataError(problems)
    return Tables(tuple(releases), tuple(builds))


def _line(name: str, line: int, cells: dict[str, str]) -> str:
    """Return a row for a message, with its source and the day it was retrieved."""
    values = ", ".join(
        f"existed by {value}" if column == "exists_by" else value
        for column, value in cells.items()
        if value and column not in ("source", "note", "retrieved")
    )
    note = f", {cells['note']}" if cells.get("note") else ""
    return f"{name} line {line}: {values} ({cells['source']}, retrieved {cells['retrieved']}{note})"


def _rows(path: Path, problems: list[Problem]) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            missing = REQUIRED[path.name] - set(reader.fieldnames or ())
            if missing:
                problems.append(Problem(path.name, 1, 0, "columns are missing", ", ".join(sorted(REQUIRED[path.name]))))
                return
            for cells in reader:
                if None in cells or None in cells.values():
                    problems.append(Problem(path.name, reader.line_num, 0, "another number of cells", "one per column"))
                else:
                    yield reader.line_num, cells
    except (OSError, UnicodeDecodeError) as error:
        problems.append(Problem(path.name, 0, 0, f"cannot be read ({error})", "a table in UTF-8"))


def _day(text: str) -> date | None:
    if not text:
        return None
    return date.fromisoformat(text if len(text) > 7 else f"{text}-01")
