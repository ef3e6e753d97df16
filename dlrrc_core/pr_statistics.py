"""What a change does to the statistics of the fields, also when some of its records are broken."""

from __future__ import annotations

from typing import Any

from dlrrc_core.entries import merged
from dlrrc_core.fieldstats import field_statistics, without_nan
from dlrrc_core.problems import relative
from dlrrc_core.repository import Reading, Repository


def usable(reading: Reading) -> Repository | None:
    """Return the records of a side without those that break a rule of the loader.

    Parameters
    ----------
    reading : Reading
        Records and problems.

    Returns
    -------
    Repository or None
        None when there is no checklist.
    """
    if reading.checklist is None:
        return None
    broken = {problem.file for problem in reading.problems}
    papers = {name: entry.record for name, entry in reading.papers.items() if entry.record.id == name}
    ratings = tuple(
        entry.record
        for entry in reading.ratings
        if relative(entry.path, reading.root) not in broken and entry.record.paper in papers
    )
    return Repository(
        reading.root,
        reading.checklist,
        {},
        papers,
        ratings,
        {name: entry.record for name, entry in reading.fields.items()},
        {},
        merged(reading.raters, reading.own_raters),
        reading.journals[~reading.journals.index.duplicated()],
    )


def moved(old: Reading, new: Reading) -> list[dict[str, Any]]:
    """Return the statistics of each field that a change moves, before and after.

    Parameters
    ----------
    old, new : Reading
        Records of both sides.

    Returns
    -------
    list of dict
        ``field``, and under ``before`` and ``after`` (None where there is no such field): ``papers``, ``rated`` and ``groups``, which holds by
        rater, and for their mean: ``n``, ``mean`` (points), ``ci`` (95% interval) and ``acceptable`` (share with interval).
    """
    before, after = _statistics(old), _statistics(new)
    return [
        {"field": field, "before": before.get(field), "after": after.get(field)}
        for field in sorted(before.keys() | after.keys())
        if before.get(field) != after.get(field)
    ]


def _statistics(reading: Reading) -> dict[str, dict[str, Any]]:
    """Return by field: papers, rated papers, and by group of ratings the mean total with its interval and the share that is acceptable."""
    records = usable(reading)
    if records is None:
        return {}
    found = {}
    for field in records.fields:
        all_numbers = field_statistics(records, field)
        found[field] = {
            "papers": all_numbers["papers"],
            "rated": all_numbers["rated"],
            "groups": {
                name: {
                    "n": group["total"]["n"],
                    "mean": group["total"]["mean"],
                    "ci": group["total"]["ci"],
                    "acceptable": group["acceptable"],
                }
                for name, group in all_numbers["groups"].items()
            },
        }
    plain: dict[str, dict[str, Any]] = without_nan(found)
    return plain
