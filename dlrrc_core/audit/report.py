"""Every check of the audit on every printed result, as findings: the chapter, the paper pages and ``dlrrc audit`` read them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from dlrrc_core.audit.findings import VERDICTS, Finding, ranked
from dlrrc_core.audit.row_checks import row_findings
from dlrrc_core.audit.study_checks import count_findings, quotation_findings, software_findings, training_findings
from dlrrc_core.problems import one_of
from dlrrc_core.repository import Repository


def audit(repository: Repository, papers: Iterable[str]) -> tuple[Finding, ...]:
    """Run every check on some papers.

    Parameters
    ----------
    repository : Repository
        All records.
    papers : iterable of str
        Ids.

    Returns
    -------
    tuple of Finding
        By paper; within a paper what cannot be comes first. Numbers that could not be tested are findings too.

    Raises
    ------
    UsageError
        When a paper does not exist.
    """
    names = [one_of(paper, repository.papers, "paper") for paper in papers]
    folder = repository.root / "data/audit"
    found: list[Finding] = []
    for name in names:
        paper = repository.papers[name]
        found += row_findings(name, paper)
        found += count_findings(name, folder)
        found += software_findings(name, paper)
        found += training_findings(name, folder)
    found += quotation_findings(names, folder)
    return ranked(found)


def audit_statistics(findings: Iterable[Finding]) -> dict[str, Any]:
    """Return how many findings there are of each kind.

    Parameters
    ----------
    findings : iterable of Finding
        Result of :func:`audit`.

    Returns
    -------
    dict
        ``total`` (how many), ``papers``, ``groups`` (what cannot be, differs, fits, is open), ``verdicts``, and ``checks`` with the groups
        of each check.
    """
    found = list(findings)
    checks: dict[str, Counter[str]] = {}
    for finding in found:
        checks.setdefault(finding.check, Counter())[finding.group] += 1
    groups = ("cannot be", "differs", "fits", "open")
    return {
        "total": len(found),
        "papers": len({finding.paper for finding in found}),
        "groups": {group: sum(finding.group == group for finding in found) for group in groups},
        "verdicts": {verdict: sum(finding.verdict == verdict for finding in found) for verdict in VERDICTS},
        "checks": {check: {group: counts[group] for group in groups} for check, counts in checks.items()},
    }
