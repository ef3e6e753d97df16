"""Runs every rule on a checkout and keeps the findings of the files that were asked about."""

from __future__ import annotations

import datetime
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from dlrrc_core.problems import Problem, UsageError, relative
from dlrrc_core.repository import Reading, read
from dlrrc_core.validation import addresses, bibliography, dates, duplicates, evidence, papers, ratings, results, totals
from dlrrc_core.validation.report import Finding, Report

Check = Callable[[Reading], Iterable[Problem]]
CHECKS: tuple[Check, ...] = (
    papers.check,
    duplicates.check,
    totals.check,
    bibliography.check,
    ratings.check,
    evidence.check,
    results.check,
    addresses.check,
)


def validate(root: Path, paths: Sequence[Path] = (), today: datetime.date | None = None) -> Report:
    """Check every record of a checkout against every rule.

    Parameters
    ----------
    root : Path
        Root of a checkout.
    paths : sequence of Path, default ()
        Files or folders: only their findings are kept. Everything is read all the same, so that duplicates are found.
    today : datetime.date, optional
        Day that is not yet the future; by default the day of the computer.

    Returns
    -------
    Report
        Findings sorted by file and line. Broken records give findings; nothing is raised for them and nothing is written.

    Raises
    ------
    UsageError
        When a path does not exist or lies outside the checkout.
    """
    root = root.resolve()
    wanted = [_inside(path, root) for path in paths]
    reading = read(root)
    problems = set(reading.problems)
    for check in CHECKS:
        problems.update(check(reading))
    problems.update(dates.check(reading, today or datetime.date.today()))
    kept = [problem for problem in problems if not wanted or any(_below(problem.file, place) for place in wanted)]
    counts = {"papers": len(reading.papers), "ratings": len(reading.ratings), "fields": len(reading.fields)}
    return Report(tuple(Finding(problem) for problem in sorted(kept)), counts)


def _inside(path: Path, root: Path) -> str:
    """Return a path relative to the root."""
    if not path.exists() and not path.is_symlink():
        raise UsageError(f"no file or folder {path}; allowed: files and folders of the checkout {root}")
    place = relative(Path(os.path.normpath(path.absolute())), root)  # without ..; a link keeps its own name
    if Path(place).is_absolute() or place.startswith(".."):
        raise UsageError(f"{path} lies outside the checkout {root}; allowed: files and folders inside it")
    return place


def _below(file: str, place: str) -> bool:
    return place == "." or file == place or file.startswith(f"{place}/")
