"""Findings that are kept between builds: a paper is audited again only when its record, the tables or the audit itself changed."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from dlrrc_core import freshness
from dlrrc_core.audit import report
from dlrrc_core.audit.findings import Finding
from dlrrc_core.files import write
from dlrrc_core.problems import one_of
from dlrrc_core.repository import Repository

KEPT = "_build/dlrrc/audit.json"
SHAPING = ("numpy", "scipy", "statsmodels", "packaging")


def audit(repository: Repository, papers: Iterable[str]) -> tuple[Finding, ...]:
    """Return what :func:`dlrrc_core.audit.report.audit` finds, from the last run where nothing changed.

    Parameters
    ----------
    repository : Repository
        All records; findings are kept in ``_build`` below its root.
    papers : iterable of str
        Ids.

    Returns
    -------
    tuple of Finding

    Raises
    ------
    UsageError
        When a paper does not exist.
    """
    names = list(papers)
    path = repository.root / KEPT
    kept = _read(path)
    shared = _shared(repository)
    records = {name: repository.papers[one_of(name, repository.papers, "paper")].model_dump_json() for name in names}
    digests = {name: freshness.digest((shared + record).encode()) for name, record in records.items()}
    stale = [name for name in names if kept.get(name, {}).get("digest") != digests[name]]
    if stale:
        new: dict[str, list[Finding]] = {name: [] for name in stale}
        for finding in report.audit(repository, stale):
            new[finding.paper].append(finding)
        kept |= {name: {"digest": digests[name], "findings": [asdict(f) for f in found]} for name, found in new.items()}
        write(path, json.dumps(kept, ensure_ascii=False).encode())
    return tuple(_finding(entry) for name in names for entry in kept[name]["findings"])


def _read(path: Path) -> dict[str, Any]:
    """Return what was kept, nothing when there is no such file or it was cut off."""
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def _shared(repository: Repository) -> str:
    """Return a hash of what shapes the findings of every paper: tables, the audit's source, and libraries."""
    files = [*sorted(repository.root.glob("data/audit/*.csv")), *freshness.library_sources(Path(report.__file__))]
    parts = [f"{path.name}:{freshness.digest_of(path)}" for path in files] + [version(name) for name in SHAPING]
    return freshness.digest("\n".join(parts).encode())


def _finding(entry: dict[str, Any]) -> Finding:
    """Return a kept finding."""
    fields: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()}
    return Finding(**fields)
